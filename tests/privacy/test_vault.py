"""The vault: numbers that last, are never shared, and can be erased for good."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from leitstand.core.clock import Clock
from leitstand.core.conversation import Message, Prompt, Text, texts
from leitstand.core.errors import PrivacyUnavailable
from leitstand.core.sealing import Sealer
from leitstand.journal.records import Record
from leitstand.privacy.mask import scan
from leitstand.privacy.persons import is_of
from leitstand.privacy.repository import VaultRows
from leitstand.privacy.restore import Restorer
from leitstand.privacy.scan import Scanner
from leitstand.privacy.vault import Vault
from leitstand.store.engine import DATABASE_FILE, open_engine
from leitstand.store.migrate import migrate

SCANNER = Scanner()
_DAY_S = 86_400.0
OpenVault = Callable[[], Vault]


class Days(Clock):
    """Time that tests move."""

    now_s = 1_800_000_000.0

    def time(self) -> float:
        return self.now_s

    def time_us(self) -> int:
        return int(self.now_s * 1_000_000)


def open_vault(engine: Engine, clock: Clock, note: Callable[[Record], None] = lambda _record: None) -> Vault:
    """As another process would open it."""
    return Vault(VaultRows(engine), Sealer(b"k" * 32), b"p" * 32, clock, note)


@pytest.fixture
def clock() -> Days:
    return Days()


@pytest.fixture
def notes() -> list[Record]:
    return []


@pytest.fixture
def reopened(
    tmp_path: Path, clock: Days, notes: list[Record], opened: list[Engine], database: str
) -> OpenVault:
    """Each call opens the database anew; the test runs on SQLite and on PostgreSQL."""
    engine = open_engine(tmp_path)
    opened.append(engine)
    migrate(engine)

    def reopen() -> Vault:
        opened.append(open_engine(tmp_path))
        return open_vault(opened[-1], clock, notes.append)

    return reopen


@pytest.fixture
def opened() -> Iterator[list[Engine]]:
    engines: list[Engine] = []
    yield engines
    for engine in engines:
        engine.dispose()


def masked(vault: Vault, scope: str, text: str) -> str:
    found, _ = vault.mask(scope, scan(Prompt("chat", "m", (Message("user", (Text(text),)),)), SCANNER))
    return next(texts(found.prompt))


def test_a_scope_keeps_its_numbers_over_time_and_processes(reopened: OpenVault) -> None:
    assert masked(reopened(), "akte", "Frau Aydın ruft an.") == "Frau Person_001 ruft an."
    assert (
        masked(reopened(), "akte", "Herr Kowalczyk grüßt Frau Aydın.")
        == "Herr Person_002 grüßt Frau Person_001."
    )
    assert masked(reopened(), "andere", "Herr Kowalczyk") == "Herr Person_001"
    assert Restorer(reopened().mapping("akte")).plain("Person_002 und Person_001") == "Kowalczyk und Aydın"


def test_an_answer_can_show_nobody_else_of_the_scope(reopened: OpenVault) -> None:
    vault = reopened()
    masked(vault, "akte", "Frau Aydın ruft an.")
    prompt = Prompt("chat", "m", (Message("user", (Text("Wer ist Person_001? Fragt Herr Kowalczyk."),)),))
    found, mapping = vault.mask("akte", scan(prompt, SCANNER))
    assert "Aydın" not in dict(mapping.entries).values()
    assert "Aydın" not in Restorer(mapping).plain("Person_001 ist Person_002; " + next(texts(found.prompt)))


def test_numbers_are_on_disk_before_the_placeholder_leaves(reopened: OpenVault) -> None:
    masked(reopened(), "akte", "Frau Aydın")  # the process ends here, without closing anything
    assert masked(reopened(), "akte", "Frau Kowalczyk") == "Frau Person_002"


def _give(data: str, worker: int) -> list[tuple[str, str]]:
    engine = open_engine(Path(data))
    vault = open_vault(engine, Days())
    names = [f"Zwirn{chr(97 + worker)}{chr(97 + number)}ow" for number in range(6)] + ["Kowalczyk"]
    try:
        return [(name, masked(vault, "akte", f"Frau {name}").removeprefix("Frau ")) for name in names]
    finally:
        engine.dispose()


def test_processes_and_threads_never_give_one_number_to_two_people(
    reopened: OpenVault, tmp_path: Path
) -> None:
    reopened()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        futures = [processes.submit(_give, str(tmp_path), worker) for worker in range(2)]
        with ThreadPoolExecutor(4) as threads:
            here = [threads.submit(_give, str(tmp_path), 10 + worker) for worker in range(4)]
        given = {pair for future in (*futures, *here) for pair in future.result(60)}
    assert len({placeholder for _, placeholder in given}) == len({name for name, _ in given}) == 6 * 6 + 1
    assert len(given) == 6 * 6 + 1


def test_erasing_a_person_leaves_the_others_and_never_reuses_the_number(
    reopened: OpenVault, notes: list[Record]
) -> None:
    vault = reopened()
    masked(vault, "akte", "Frau Anna Kowalczyk und Herr Aydın")
    receipt = vault.erase_person("Anna Kowalczyk", "dpo")

    assert (receipt.scopes, receipt.entries) == (1, 2)
    assert [original for _, original in reopened().mapping("akte").entries] == ["Aydın"]
    assert masked(vault, "akte", "Frau Kowalczyk und Herr Aydın") == "Frau Person_003 und Herr Person_002"
    assert [(note.id, note.kind, note.user) for note in notes] == [
        (receipt.id, "privacy.person.erased", "dpo")
    ]
    assert "Kowalczyk" not in repr(notes)


def test_an_erased_scope_has_no_key_and_begins_after_its_last_number(
    reopened: OpenVault, opened: list[Engine]
) -> None:
    vault = reopened()
    masked(vault, "akte", "Frau Aydın und Herr Kowalczyk")
    assert vault.erase_scope("akte", "dpo").entries == 2
    with opened[0].connect() as connection:
        assert connection.execute(text("select sealed_key from privacy_scope")).all() == [(None,)]
        assert connection.execute(text("select count(*) from privacy_entry")).scalar() == 0
    assert masked(reopened(), "akte", "Frau Aydın") == "Frau Person_003"
    assert vault.erase_scope("nie gesehen", "dpo").entries == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_erased_bytes_and_their_key_are_gone_from_the_files(reopened: OpenVault, tmp_path: Path) -> None:
    vault = reopened()
    masked(vault, "akte", "Frau Aydın und Herr Kowalczyk")

    def stored() -> tuple[bytes, list[bytes]]:
        with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
            (key,) = connection.execute("select sealed_key from privacy_scope").fetchone()
            return key, [row[0] for row in connection.execute("select sealed from privacy_entry")]

    old_key, old_entries = stored()
    vault.erase_person("Kowalczyk", "dpo")
    files = b"".join(path.read_bytes() for path in tmp_path.glob(f"{DATABASE_FILE}*"))
    assert old_key not in files
    assert not any(entry in files for entry in old_entries)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_of_a_scope_lies_readable_on_disk(reopened: OpenVault, tmp_path: Path) -> None:
    masked(reopened(), "Mandant Kowalczyk", "Frau Zwickerl, zwickerl@beispiel.example")
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()).lower()
    assert b"zwickerl" not in content
    assert b"kowalczyk" not in content


def test_scopes_that_nobody_uses_expire_and_used_ones_stay(reopened: OpenVault, clock: Days) -> None:
    masked(reopened(), "alt", "Frau Aydın")
    masked(reopened(), "jung", "Frau Aydın")
    clock.now_s += 20 * _DAY_S
    masked(reopened(), "jung", "Frau Aydın")
    clock.now_s += 20 * _DAY_S
    assert reopened().remove_expired(30) is not None
    assert reopened().remove_expired(30) is None
    assert not reopened().mapping("alt")
    assert reopened().mapping("jung")


def test_a_scope_that_stays_in_memory_counts_as_used(reopened: OpenVault, clock: Days) -> None:
    vault = reopened()
    for _ in range(4):
        masked(vault, "akte", "Frau Aydın")
        clock.now_s += 20 * _DAY_S
    assert reopened().remove_expired(30) is None
    assert reopened().mapping("akte")


def test_another_process_forgets_the_erased_when_it_is_told_to(reopened: OpenVault) -> None:
    here, there = reopened(), reopened()
    masked(here, "akte", "Frau Aydın")
    masked(there, "akte", "Frau Aydın")
    there.erase_scope("akte", "dpo")
    here.forget()
    assert masked(here, "akte", "Frau Aydın") == "Frau Person_002"


def test_a_stale_process_adds_nothing_under_a_destroyed_key(reopened: OpenVault) -> None:
    here, there = reopened(), reopened()
    masked(here, "akte", "Frau Aydın")
    there.erase_scope("akte", "dpo")
    assert masked(here, "akte", "Herr Kowalczyk") == "Herr Person_002"
    assert [original for _, original in reopened().mapping("akte").entries] == ["Kowalczyk"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_disk_that_takes_nothing_stops_new_names_and_lets_known_ones_pass(
    reopened: OpenVault, tmp_path: Path
) -> None:
    vault = reopened()
    masked(vault, "akte", "Frau Aydın")
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        connection.execute("drop table privacy_entry")
    assert masked(vault, "akte", "Noch einmal Frau Aydın") == "Noch einmal Frau Person_001"
    with pytest.raises(PrivacyUnavailable):
        masked(vault, "akte", "Herr Kowalczyk")


@pytest.mark.parametrize(
    ("person", "original", "theirs"),
    [
        ("Anna Kowalczyk", "Kowalczyk", True), ("Anna Kowalczyk", "ANNA", True), ("Kowalczyk", "Anna Kowalczyk", True),
        ("Anna Kowalczyk", "anna.kowalczyk@beispiel.example", True), ("Anna Kowalczyk", "Kowalczyk-Huber", False),
        ("Anna Kowalczyk", "Kowalczykstraße 5", False), ("0711/123456", "0711 123456", True), ("...", "Anna", False),
        ("Anna", "Johanna", False), ("Müller", "MÜLLER", True), ("Aydın", "", False),
    ],
)  # fmt: skip
def test_what_belongs_to_a_person(person: str, original: str, theirs: bool) -> None:
    assert is_of(person, original) is theirs
