"""Whatever is done to a journal behind Leitstand's back is found and named."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from journal_kit import House, record

from leitstand.journal import chain
from leitstand.journal.chain import COLUMNS, Checkpoint, Head, Signer, link
from leitstand.journal.repository import Unreadable
from leitstand.journal.segments import encode_line
from leitstand.journal.spool import Spool
from leitstand.journal.verify import verify
from leitstand.store.engine import DATABASE_FILE
from leitstand.store.schema import journal

TEXT = [c.name for c in journal.columns if c.type.python_type is str and c.name != "hash"]


def fingerprints(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_untouched_journal_is_intact(filled: House):
    verdict = filled.verify()
    assert (verdict.intact, verdict.rows, verdict.problems) == (True, 9, [])
    assert verdict.head == filled.column("hash")[-1]


@pytest.mark.parametrize(
    ("column", "seq"),
    [(name, 5) for name in (*COLUMNS[1:], "hash")] + [("user", 1), ("user", 9), ("hash", 1), ("hash", 9)],
)
def test_a_changed_value_in_any_column_is_found_and_the_record_named(filled: House, column: str, seq: int):
    value = f"\"{column}\" || 'x'" if column in (*TEXT, "hash") else f'"{column}" + 1'
    filled.sql(f'UPDATE journal SET "{column}" = {value} WHERE seq = {seq}')
    first = filled.verify().problems[0]
    assert first.seq == seq
    assert first.id == f"req_{seq:06d}" + ("x" if column == "id" else "")
    assert [p.seq for p in filled.verify().problems if p.seq != seq] == [], "only the changed record is named"


@pytest.mark.parametrize(
    "value",
    ["NULL", "''", "'120'", "120.5", "x'313230'", "true", "CAST(x'ff' AS TEXT)", "'a' || char(0) || 'b'"],
)
@pytest.mark.parametrize("column", ["user", "input_tokens", "estimated", "detail"])
def test_a_value_of_another_type_is_found(filled: House, column: str, value: str):
    filled.sql(
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'journal'",
    )
    filled.sql(f'UPDATE journal SET "{column}" = {value} WHERE seq = 4')
    assert filled.verify().problems[0].seq == 4


def test_a_deleted_record_is_found_and_its_number_named(filled: House):
    filled.sql("DELETE FROM journal WHERE seq = 4")
    verdict = filled.verify()
    assert [p.seq for p in verdict.problems] == [4]
    assert verdict.problems[0].what == "record 4 is missing, between req_000003 and req_000005"


def test_the_deleted_first_record_is_found(filled: House):
    filled.sql("DELETE FROM journal WHERE seq = 1")
    assert filled.verify().problems[0].seq == 1


def test_a_cut_tail_is_found(filled: House):
    filled.sql("DELETE FROM journal WHERE seq = 9")
    verdict = filled.verify()
    assert verdict.problems[0] == (8, "req_000008", "records 9 to 9 are missing at the end")


def test_an_emptied_journal_is_found(filled: House):
    filled.sql("DELETE FROM journal")
    assert "records 1 to 9 are missing" in filled.verify().problems[0].what
    filled.sql("DELETE FROM journal_checkpoint")
    assert not filled.verify().intact


def test_swapped_records_are_found(filled: House):
    filled.sql(
        "UPDATE journal SET seq = 100 WHERE seq = 3",
        "UPDATE journal SET seq = 3 WHERE seq = 6",
        "UPDATE journal SET seq = 6 WHERE seq = 100",
    )
    first = filled.verify().problems[0]
    assert (first.seq, first.id) == (3, "req_000006")


def test_swapped_contents_are_found(filled: House):
    filled.sql(
        "UPDATE journal SET user = 'a' WHERE seq = 3",
        "UPDATE journal SET (cost_nano, time_us) = (SELECT cost_nano, time_us FROM journal WHERE seq = 7) "
        "WHERE seq = 3",
    )
    assert filled.verify().problems[0].seq == 3


@pytest.mark.parametrize("seq", [0, -5, 10])
def test_an_added_record_is_found(filled: House, seq: int):
    columns = ", ".join(f'"{name}"' for name in (*COLUMNS[2:], "hash"))
    filled.sql(
        f"INSERT INTO journal (seq, id, {columns}) SELECT {seq}, 'req_new', {columns} FROM journal WHERE seq = 9"
    )
    assert "req_new" in {p.id for p in filled.verify().problems}


def test_a_well_chained_record_behind_the_signed_head_is_found(filled: House):
    forged = chain.row_of(10, record(10, user="mallory"))
    digest = link(str(filled.column("hash")[-1]), forged)
    connection = sqlite3.connect(filled.data / DATABASE_FILE)
    connection.execute(f"INSERT INTO journal VALUES ({','.join('?' * 30)})", (*forged, digest))
    connection.commit()
    connection.close()
    problem = filled.verify().problems[0]
    assert (problem.seq, problem.id) == (10, "req_000010")
    assert "not signed" in problem.what


def test_a_chain_that_was_recomputed_behind_a_change_does_not_fit_the_signature(filled: House):
    connection = sqlite3.connect(filled.data / DATABASE_FILE)
    connection.execute("UPDATE journal SET cost_nano = 1 WHERE seq = 5")
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    digest = str(filled.column("hash")[3])
    for row in connection.execute(f"SELECT {names} FROM journal WHERE seq >= 5 ORDER BY seq").fetchall():
        typed = [
            bool(v) if name in ("estimated", "unpriced") else v for name, v in zip(COLUMNS, row, strict=True)
        ]
        digest = link(digest, typed)
        connection.execute("UPDATE journal SET hash = ? WHERE seq = ?", (digest, row[0]))
    connection.commit()
    connection.close()
    assert "not the one that was signed" in filled.verify().problems[0].what


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal_checkpoint SET seq = seq - 1",
        "UPDATE journal_checkpoint SET hash = (SELECT hash FROM journal WHERE seq = 8)",
        "UPDATE journal_checkpoint SET time_us = time_us + 1",
        "UPDATE journal_checkpoint SET signature = 'AAAA'",
        "UPDATE journal_checkpoint SET signature = x'00'",
        "DELETE FROM journal_checkpoint",
        "UPDATE journal_checkpoint SET id = 2",
        "INSERT INTO journal_checkpoint SELECT 2, seq, hash, time_us, signature FROM journal_checkpoint",
    ],
)
def test_an_edited_checkpoint_is_found(filled: House, change: str):
    filled.sql(change)
    assert not filled.verify().intact


def test_a_replaced_key_is_found_even_if_the_head_was_signed_anew(filled: House):
    for file in ("secrets/audit.key", "audit.pub"):
        (filled.data / file).unlink()
    forger = Signer.load(filled.data)
    signed: Checkpoint = forger.sign(Head(9, str(filled.column("hash")[-1])), 1)
    filled.sql(f"UPDATE journal_checkpoint SET time_us = 1, signature = '{signed.signature}'")
    assert filled.verify().problems[0].seq == 1


def test_a_replaced_public_or_private_key_alone_is_found(filled: House):
    private = filled.data / "secrets/audit.key"
    original = private.read_bytes()
    private.write_bytes(b"\7" * 32)
    assert "key was replaced" in filled.verify().problems[0].what
    private.write_bytes(original)
    assert filled.verify().intact
    (filled.data / "audit.pub").unlink()
    assert "missing" in filled.verify().problems[0].what


def test_an_auditor_needs_no_private_key_and_can_bring_a_public_one(filled: House, tmp_path: Path):
    known = shutil.copy(filled.data / "audit.pub", tmp_path / "known.pub")
    shutil.rmtree(filled.data / "secrets")
    assert verify(filled.data, Path(known)).intact
    chain._publish(tmp_path / "other.pub", Ed25519PrivateKey.generate().public_key())
    assert not verify(filled.data, tmp_path / "other.pub").intact


def test_a_column_that_the_chain_does_not_cover_is_found(filled: House):
    filled.sql("ALTER TABLE journal ADD COLUMN remark TEXT")
    assert filled.verify().problems[0].what == "column 'remark' is not covered by the chain"


def test_a_missing_column_is_found(filled: House):
    filled.sql("ALTER TABLE journal DROP COLUMN region")
    assert filled.verify().problems[0].what == "column 'region' is missing"


def test_at_most_twenty_problems_are_listed_and_all_are_counted(house: House):
    house.fill(60)
    house.sql("UPDATE journal SET user = 'x' WHERE seq % 2 = 0")
    verdict = house.verify()
    assert (verdict.problem_count, len(verdict.problems)) == (30, 20)
    assert [p.seq for p in verdict.problems][:3] == [2, 4, 6]


def test_records_that_wait_in_the_spool_are_counted_and_wrong_lines_there_named(filled: House):
    filled.spool_up([record(20), record(21)])
    spool = Spool(filled.spool)
    spool.write_now(record(22))
    assert (filled.verify().spooled, filled.verify().intact) == (3, True)
    path = sorted(filled.spool.glob("*.log"))[0]
    path.write_bytes(path.read_bytes()[:-5])
    verdict = filled.verify()
    assert (verdict.spooled, verdict.torn, verdict.corrupt, verdict.intact) == (2, 1, 0, True)
    path.write_bytes(b"x" + encode_line(record(20)) + encode_line(record(21)))
    verdict = filled.verify()
    assert (verdict.spooled, verdict.corrupt, verdict.intact) == (2, 1, False)
    spool.close()


def test_verifying_a_copy_of_a_killed_installation_sees_its_log_and_changes_nothing(
    house: House, tmp_path: Path
):
    """The child dies with all its rows in the write-ahead log; a copy of the folder is verified."""
    script = (
        "import os, sys, pathlib; sys.path.insert(0, sys.argv[2]); from journal_kit import House;"
        "house = House.build(pathlib.Path(sys.argv[1])); house.fill(30); os.kill(os.getpid(), 9)"
    )
    folder = tmp_path / "killed"
    child = subprocess.run([sys.executable, "-c", script, folder, Path(__file__).parent], timeout=60)
    assert child.returncode == -9
    assert (folder / f"{DATABASE_FILE}-wal").stat().st_size > 0
    (folder / f"{DATABASE_FILE}-shm").unlink()
    before = fingerprints(folder)
    verdict = verify(folder)
    assert (verdict.rows, verdict.intact) == (30, True)
    assert fingerprints(folder) == before


def test_verifying_beside_a_running_writer_sees_its_rows(house: House):
    with house.writer() as writer:
        writer.drain()
        house.spool_up([record(1), record(2)])
        writer.drain()
        verdict = house.verify()
    assert (verdict.rows, verdict.intact) == (2, True)


def test_a_stopped_installation_is_not_changed_by_verifying_it(filled: House):
    filled.engine.dispose()
    before = fingerprints(filled.data)
    assert filled.verify().intact
    assert fingerprints(filled.data) == before


def test_a_nonsense_offset_of_a_spool_file_does_not_hide_its_records(filled: House):
    filled.spool_up([record(20)])
    name = next(filled.spool.glob("*.log")).name
    filled.sql(f"INSERT INTO journal_spool VALUES ('{name}', 'x')")
    assert filled.verify().spooled == 1


def test_a_folder_without_a_journal_cannot_be_read(tmp_path: Path):
    with pytest.raises(Unreadable, match="does not exist"):
        verify(tmp_path)
    (tmp_path / DATABASE_FILE).write_bytes(b"not a database" * 100)
    with pytest.raises(Unreadable):
        verify(tmp_path)


def test_a_destroyed_page_is_reported_and_not_taken_for_the_end(house: House):
    house.fill(2500)
    house.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    house.engine.dispose()
    path = house.data / DATABASE_FILE
    content = bytearray(path.read_bytes())
    place = content.find(b"req_002400")
    content[place - place % 4096 : place - place % 4096 + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    assert not house.verify().intact
