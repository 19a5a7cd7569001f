"""Old records leave from the front; what stays is proven, and nothing else can leave with them."""

from pathlib import Path

import pytest
from journal_kit import START_US, House, record

from leitstand.journal.chain import Head, Signer
from leitstand.journal.purge import Damaged, Purged, due, purge
from leitstand.journal.spool import Spool

SECOND_US = 1_000_000


def purge_before(house: House, number: int) -> list[Purged]:
    """Remove the records 1 to `number` - 1."""
    signer = Signer.load(house.data)
    return list(purge(house.engine, signer, START_US + number * SECOND_US, START_US + 99 * SECOND_US))


def test_what_stays_is_intact_and_the_rest_is_gone(filled: House) -> None:
    (batch,) = purge_before(filled, 5)
    assert (batch.rows, batch.cut.seq) == (4, 4)
    assert filled.column("seq") == [5, 6, 7, 8, 9]
    verdict = filled.verify()
    assert (verdict.intact, verdict.rows, verdict.purged) == (True, 5, 4)


def test_the_journal_goes_on_after_a_purge_and_can_be_purged_again(filled: House) -> None:
    purge_before(filled, 5)
    filled.fill(4, first=10)
    purge_before(filled, 8)
    assert filled.column("seq") == [8, 9, 10, 11, 12, 13]
    assert filled.verify().intact
    assert purge_before(filled, 8) == []


def test_many_records_go_in_batches_that_each_stand_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leitstand.journal.purge.BATCH", 3)
    house.fill(10)
    signer = Signer.load(house.data)
    counts = []
    for batch in purge(house.engine, signer, START_US + 9 * SECOND_US, START_US):
        counts.append(batch.rows)
        assert house.verify().intact  # a process killed here leaves this
    assert counts == [3, 3, 2]
    assert house.column("seq") == [9, 10]


def test_the_newest_record_always_stays(filled: House) -> None:
    purge_before(filled, 1000)
    assert filled.column("seq") == [9]
    assert filled.verify().intact


def test_an_old_record_behind_a_young_one_waits_for_it(house: House) -> None:
    house.spool_up([record(1), record(2, time_us=START_US + 50 * SECOND_US), record(3), record(4)])
    with house.writer() as writer:
        writer.drain()
    purge_before(house, 40)
    assert house.column("seq") == [2, 3, 4]


def test_an_empty_journal_has_nothing_due(house: House) -> None:
    assert due(house.engine, START_US) == 0
    assert purge_before(house, 5) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM journal WHERE seq = 5", "record 5 is missing"),
        ("DELETE FROM journal_cut", "records 1 to 4 are missing"),
        ("UPDATE journal_cut SET seq = 5", "not signed"),
        ("UPDATE journal_cut SET time_us = 1", "not signed"),
        ("UPDATE journal SET cost_nano = 1 WHERE seq = 5", "was changed"),
    ],
)
def test_whoever_takes_more_than_the_purge_is_found(filled: House, statement: str, said: str) -> None:
    purge_before(filled, 5)
    filled.sql(statement)
    verdict = filled.verify()
    assert not verdict.intact
    assert any(said in problem.what for problem in verdict.problems), verdict.problems


def test_a_checkpoint_cannot_stand_for_a_cut(filled: House) -> None:
    """Both are signed heads; taking one for the other would make all records before it vanish."""
    filled.sql("INSERT INTO journal_cut SELECT id, seq, hash, time_us, signature FROM journal_checkpoint")
    filled.fill(3, first=10)
    filled.sql("DELETE FROM journal WHERE seq <= 9")
    assert not filled.verify().intact


def test_a_cut_of_another_key_is_refused(filled: House, tmp_path: Path) -> None:
    other = Signer.load(tmp_path / "other")
    forged = other.cut(Head(4, "0" * 64), 1)
    filled.sql(f"INSERT INTO journal_cut VALUES (1, 4, '{forged.hash}', 1, '{forged.signature}')")
    filled.sql("DELETE FROM journal WHERE seq <= 4")
    assert not filled.verify().intact


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        ("UPDATE journal SET cost_nano = 1 WHERE seq = 3", 3),
        ("DELETE FROM journal WHERE seq = 2", 2),
        ("UPDATE journal SET hash = 'x' WHERE seq = 1", 1),
    ],
)
def test_a_purge_does_not_take_away_the_traces_of_a_change(filled: House, statement: str, at: int) -> None:
    filled.sql(statement)
    before = filled.column("seq")
    with pytest.raises(Damaged, match=f"record {at} "):
        purge_before(filled, 8)
    assert filled.column("seq") == before
    assert not filled.verify().intact


def test_the_writer_goes_on_while_records_are_purged(house: House) -> None:
    house.fill(40)
    spool = Spool(house.spool)
    with house.writer() as writer:
        for number, _ in enumerate(purge_before(house, 30)):
            spool.write_now(record(100 + number))
            assert writer.drain() == 1
    spool.close()
    assert house.verify().intact
