"""What was backed up comes back whole, or not at all."""

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from installation import IDENTITY, RECIPIENT, build, ids, spool_up

from leitstand.backup.create import create
from leitstand.backup.drill import drill
from leitstand.backup.envelope import BrokenBackup
from leitstand.backup.keys import Passphrase, WrongBackupKey
from leitstand.backup.restore import prove, restore
from leitstand.configuration.secrets import SecretResolver, load_sealer
from leitstand.core.errors import InvalidRequest
from leitstand.journal.chain import Signer
from leitstand.journal.verify import verify
from leitstand.journal.writer import Writer
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from support.databases import PostgreSQL


@pytest.fixture
def data(tmp_path: Path) -> Path:
    build(tmp_path / "data")
    return tmp_path / "data"


def secret_of(data: Path) -> str:
    engine = open_engine(data)
    try:
        return SecretResolver(engine, load_sealer(data)).resolve("sealed:provider/p/api_key")
    finally:
        engine.dispose()


def test_a_drill_of_a_whole_backup_passes(database: str, tmp_path: Path) -> None:
    build(tmp_path / "data")
    create(tmp_path / "data", tmp_path / "b", RECIPIENT)
    drilled = drill(tmp_path / "b", IDENTITY)
    assert drilled.passed, drilled.problems
    assert drilled.rows["journal"] == 9


def test_a_restored_folder_has_all_records_secrets_and_documents(data: Path, tmp_path: Path) -> None:
    create(data, tmp_path / "b", RECIPIENT)
    done = restore(tmp_path / "b", tmp_path / "back", IDENTITY)
    back = tmp_path / "back"
    assert ids(back)[:12] == [
        f"req_{number:06d}" for number in range(1, 13)
    ]  # three of them were in the spool
    assert (done.verdict.intact, done.verdict.rows) == (True, 13)  # and the record of the restore
    assert verify(back).intact
    assert secret_of(back) == "sk-very-secret"
    knowledge = sqlite3.connect(back / "knowledge.sqlite")
    assert knowledge.execute("SELECT name FROM document").fetchall() == [("Schubladenauszug",)]
    knowledge.close()
    assert not (back / "limits.counters").exists()  # rebuilt from the journal
    assert done.manifest.left_out == ("models/klein.gguf",)
    assert stat.S_IMODE((back / "secrets" / "master.key").stat().st_mode) == 0o600
    assert not list(back.glob(".*"))


@pytest.mark.parametrize("way", ["to postgresql", "from postgresql"])
def test_an_installation_moves_between_databases(
    way: str, tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_database()
    for step in ("make", "restore"):
        on_server = (step == "make") is (way == "from postgresql")
        monkeypatch.setenv("LEITSTAND_DATABASE", url if on_server else "")
        if step == "make":
            build(tmp_path / "data")
            create(tmp_path / "data", tmp_path / "b", RECIPIENT)
    assert restore(tmp_path / "b", tmp_path / "back", IDENTITY).verdict.intact
    assert len(ids(tmp_path / "back")) == 13
    assert secret_of(tmp_path / "back") == "sk-very-secret"


def test_a_shared_database_that_is_not_empty_is_left_alone(
    data: Path, tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(data, tmp_path / "b", RECIPIENT)
    monkeypatch.setenv("LEITSTAND_DATABASE", postgresql.new_database())
    build(tmp_path / "other")
    before = ids(tmp_path / "other")
    with pytest.raises(InvalidRequest, match="not empty"):
        restore(tmp_path / "b", tmp_path / "back", IDENTITY)
    assert ids(tmp_path / "other") == before
    assert not (tmp_path / "back").exists()


def test_records_of_a_server_at_work_are_in_the_backup(data: Path, tmp_path: Path) -> None:
    """Whatever was acknowledged before the backup began is in it, while the writer moves files under its hands."""
    stop = threading.Event()
    engine = open_engine(data)

    def work() -> None:
        with Writer(engine, data / "spool", Signer.load(data)) as writer:
            number = 1000
            while not stop.is_set():
                spool_up(data, number, 20)
                writer.drain()
                number += 20

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for round_number in range(5):
            before = set(ids(data))
            create(data, tmp_path / "b", RECIPIENT)
            back = tmp_path / f"back{round_number}"
            assert restore(tmp_path / "b", back, IDENTITY).verdict.intact
            assert before <= set(ids(back))
    finally:
        stop.set()
        thread.join(20)
        engine.dispose()


def test_a_growing_file_of_the_spool_is_taken_up_to_its_last_whole_line(data: Path, tmp_path: Path) -> None:
    from installation import record

    from leitstand.journal.spool import Spool

    spool = Spool(data / "spool")
    spool.write_now(record(500))
    create(data, tmp_path / "b", RECIPIENT)
    spool.close()
    done = restore(tmp_path / "b", tmp_path / "back", IDENTITY)
    assert done.verdict.intact
    assert ids(tmp_path / "back")[-2] == "req_000500"
    assert "journal.spool.torn" not in done.verdict.problems


@pytest.mark.parametrize("harm", ["cut", "changed", "longer", "header"])
def test_a_damaged_backup_is_refused_and_nothing_written(harm: str, data: Path, tmp_path: Path) -> None:
    create(data, tmp_path / "b", RECIPIENT)
    raw = bytearray((tmp_path / "b").read_bytes())
    match harm:
        case "cut":
            del raw[-1:]
        case "changed":
            raw[len(raw) // 2] ^= 1
        case "longer":
            raw += b"x"
        case "header":
            raw[raw.index(b"created") + 12] ^= 1
    (tmp_path / "b").write_bytes(raw)
    with pytest.raises(BrokenBackup, match="cannot be used"):
        restore(tmp_path / "b", tmp_path / "back", IDENTITY)
    assert not (tmp_path / "back").exists()


def test_a_wrong_passphrase_is_told_from_damage(data: Path, tmp_path: Path) -> None:
    create(data, tmp_path / "b", Passphrase("ein guter langer Satz"))
    with pytest.raises(WrongBackupKey, match="passphrase is wrong"):
        prove(tmp_path / "b", Passphrase("ein anderer langer Satz"))
    assert prove(tmp_path / "b", Passphrase("ein guter langer Satz"))[1].rows["journal"] == 9


def test_a_short_passphrase_is_refused_and_leaves_no_file(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="12"):
        create(data, tmp_path / "b", Passphrase("kurz"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_nothing_readable_is_in_the_file(data: Path, tmp_path: Path) -> None:
    create(data, tmp_path / "b", RECIPIENT)
    raw = (tmp_path / "b").read_bytes()
    for clear in (
        "jürgen".encode(),
        b"Schubladenauszug",
        b"req_0000",
        (data / "secrets" / "master.key").read_bytes(),
    ):
        assert clear not in raw


def test_a_folder_with_something_in_it_is_left_alone(data: Path, tmp_path: Path) -> None:
    create(data, tmp_path / "b", RECIPIENT)
    back = tmp_path / "back"
    back.mkdir()
    (back / "wichtig.txt").write_text("bleibt")
    with pytest.raises(InvalidRequest, match="not empty"):
        restore(tmp_path / "b", back, IDENTITY)
    assert [path.name for path in back.iterdir()] == ["wichtig.txt"]


def test_a_backup_of_a_newer_version_is_refused(data: Path, tmp_path: Path) -> None:
    engine = open_engine(data)
    migrate(engine)
    create(data, tmp_path / "b", RECIPIENT)
    engine.dispose()
    import leitstand.backup.restore as room

    known = room.revisions
    try:
        room.revisions = lambda: ["0000"]
        with pytest.raises(InvalidRequest, match="newer version"):
            restore(tmp_path / "b", tmp_path / "back", IDENTITY)
    finally:
        room.revisions = known


def test_a_backup_does_not_open_under_another_master_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", "a" * 64)
    build(tmp_path / "data")
    create(tmp_path / "data", tmp_path / "b", RECIPIENT)
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", "b" * 64)
    with pytest.raises(InvalidRequest, match="master key does not fit"):
        restore(tmp_path / "b", tmp_path / "back", IDENTITY)
    assert not (tmp_path / "back").exists()
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", "a" * 64)
    assert restore(tmp_path / "b", tmp_path / "back", IDENTITY).verdict.intact


def test_a_drill_finds_a_journal_that_was_damaged_before_the_backup(data: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(data / "leitstand.sqlite")
    with connection:
        connection.execute("UPDATE journal SET cost_nano = 1 WHERE seq = 4")
    connection.close()
    create(data, tmp_path / "b", RECIPIENT)
    done = drill(tmp_path / "b", IDENTITY)
    assert not done.passed
    assert "was changed" in done.problems[0]


def test_a_backup_in_the_data_folder_is_refused(data: Path) -> None:
    with pytest.raises(InvalidRequest, match="another disk"):
        create(data, data / "b", RECIPIENT)
