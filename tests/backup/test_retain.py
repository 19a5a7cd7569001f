"""The retention rules, applied to a whole installation."""

from pathlib import Path

import pytest
from installation import START_US, build, ids
from sqlalchemy import insert

from leitstand.backup.retain import foresee, retain
from leitstand.configuration.models import Retention
from leitstand.core.clock import Clock, from_us
from leitstand.journal.chain import Signer
from leitstand.journal.purge import Damaged
from leitstand.journal.records import Record
from leitstand.journal.verify import verify
from leitstand.store.engine import open_engine
from leitstand.store.schema import kept_response

DAY_US = 86_400_000_000
RULES = Retention(journal_days=100)


def clock_at(records: int) -> Clock:
    """A hundred days after so many of the records."""
    return Clock(1e-9, from_us(START_US + 100 * DAY_US + records * 1_000_000 + 500_000))


def test_old_rows_and_records_go_and_the_journal_is_told(database: str, tmp_path: Path) -> None:
    build(tmp_path, spooled=0)
    engine, clock, told = open_engine(tmp_path), clock_at(4), list[Record]()
    with engine.begin() as connection:
        connection.execute(
            insert(kept_response).values(id="r1", user="anna", use_case="", body=b"", created_us=START_US)
        )
    found = foresee(engine, RULES, clock.time_us())
    assert (found.rows, found.journal_up_to) == ({"responses_days": 1, "unusual_days": 0}, 4)
    removed = retain(engine, Signer.load(tmp_path), RULES, clock, told.append)
    assert removed == {"responses_days": 1, "journal_days": 4}
    assert ids(tmp_path) == [f"req_{number:06d}" for number in range(5, 10)]
    assert verify(tmp_path).intact
    (event,) = told
    assert (event.kind, event.detail["journal_up_to"]) == ("retention.records.purged", 4)
    assert retain(engine, Signer.load(tmp_path), RULES, clock, told.append) == {}
    assert len(told) == 1
    engine.dispose()


def test_what_was_removed_before_an_interruption_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leitstand.journal.purge.BATCH", 2)
    build(tmp_path, spooled=0)
    engine, told = open_engine(tmp_path), list[Record]()
    assert retain(engine, Signer.load(tmp_path), RULES, clock_at(6), told.append, lambda: False) == {
        "journal_days": 2
    }
    assert told[0].detail["journal_up_to"] == 2
    assert verify(tmp_path).intact
    engine.dispose()


def test_a_damaged_journal_keeps_its_old_records(tmp_path: Path) -> None:
    build(tmp_path, spooled=0)
    engine = open_engine(tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE journal SET cost_nano = 1 WHERE seq = 2")
    with pytest.raises(Damaged, match="record 2"):
        retain(engine, Signer.load(tmp_path), RULES, clock_at(6), lambda _: None)
    assert len(ids(tmp_path)) == 9
    engine.dispose()


def test_without_rules_only_kept_responses_grow_old(tmp_path: Path) -> None:
    build(tmp_path, spooled=0)
    engine = open_engine(tmp_path)
    assert retain(engine, Signer.load(tmp_path), Retention(), Clock(), lambda _: None) == {}
    assert len(ids(tmp_path)) == 9
    engine.dispose()
