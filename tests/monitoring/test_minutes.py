"""The sums by minute agree with the journal, whoever counts and however often."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_rows import BEGIN_US, MINUTE_US, record, traffic, write
from sqlalchemy import Engine

from leitstand.monitoring.minutes import Counts, Sum, Tries, bucket, quantile
from leitstand.monitoring.minutes_repository import Minutes
from leitstand.monitoring.values import Reading
from leitstand.reports.repository import ANSWERED, FAILED, Journal
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate

MINUTES = 90
END_US = BEGIN_US + MINUTES * MINUTE_US + 60 * MINUTE_US


@pytest.fixture
def engine(database: str, tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(tmp_path)
    migrate(opened)
    yield opened
    opened.dispose()


def whole(minutes: Minutes) -> Counts:
    found = minutes.timeline(BEGIN_US, END_US).at(END_US).sums(10 * 3600, ())
    return found.get((), Sum()).counts


def count_all(minutes: Minutes) -> None:
    while minutes.advance():
        pass


def test_the_sums_are_those_that_the_reports_have(engine: Engine) -> None:
    write(engine, traffic(3000, MINUTES))
    minutes = Minutes(engine)
    count_all(minutes)
    counts = whole(minutes)
    told = Journal(engine).counts(BEGIN_US, END_US, 900_000_000)
    assert counts.requests == sum(each.requests for each in told) == 3000
    assert counts.failed == sum(each.requests for each in told if each.outcome in FAILED)
    assert counts.answered == sum(each.requests for each in told if each.outcome in ANSWERED)
    assert counts.refused == sum(each.requests for each in told if each.outcome == "refused")
    assert counts.cost_nano == sum(each.cost_nano for each in told)


def test_a_long_history_says_the_same_as_the_single_minutes(engine: Engine) -> None:
    write(engine, traffic(2000, MINUTES))
    minutes = Minutes(engine)
    count_all(minutes)
    single, long = minutes.timeline(BEGIN_US, END_US), minutes.history(BEGIN_US, END_US)
    for moment_us in range(BEGIN_US, END_US, 7 * MINUTE_US):
        for by in ((), ("model",), ("provider", "use_case")):
            one, other = single.at(moment_us).sums(600, by), long.at(moment_us).sums(600, by)
            assert {key: each.counts for key, each in one.items()} == {
                key: each.counts for key, each in other.items()
            }
        assert single.durations(600, ("provider",)) == long.durations(600, ("provider",))
        assert single.providers() == long.providers()
        assert single.refusals(600) == long.refusals(600)


def test_two_processes_count_each_record_once(engine: Engine) -> None:
    written = write(engine, traffic(12_000, MINUTES))
    barrier = threading.Barrier(2)
    faults: list[BaseException] = []

    def work() -> None:
        minutes = Minutes(engine)
        barrier.wait(10)
        try:
            for _ in range(20):
                minutes.advance()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    assert whole(Minutes(engine)).requests == written


def test_counting_begins_where_back_tests_begin(engine: Engine) -> None:
    write(engine, [record(BEGIN_US + number * MINUTE_US) for number in range(30)])
    minutes = Minutes(engine)
    minutes.advance(BEGIN_US + 20 * MINUTE_US)
    assert whole(minutes).requests == 10
    write(engine, [record(BEGIN_US + 31 * MINUTE_US)])
    minutes.advance(BEGIN_US + 40 * MINUTE_US)  # only the first count looks at this
    assert whole(minutes).requests == 11


def test_a_recount_finds_the_same_and_mends_what_was_wrong(engine: Engine) -> None:
    write(engine, traffic(500, MINUTES))
    minutes = Minutes(engine)
    count_all(minutes)
    before = whole(minutes)
    minutes.remove_before(BEGIN_US + 40 * MINUTE_US)
    assert whole(minutes).requests < before.requests
    assert minutes.recount(BEGIN_US) > 80
    assert whole(minutes) == before


def test_minutes_are_removed_after_their_time_and_newer_ones_stay(engine: Engine) -> None:
    write(engine, [record(BEGIN_US), record(BEGIN_US + 50 * MINUTE_US)])
    minutes = Minutes(engine)
    count_all(minutes)
    minutes.note_gauges(BEGIN_US, [("disk_used", Reading((), 0.5))])
    minutes.remove_before(BEGIN_US + 10 * MINUTE_US)
    assert whole(minutes).requests == 1
    assert not minutes.timeline(BEGIN_US, END_US).at(END_US).gauge("disk_used")


def test_a_request_counts_in_the_minute_in_which_it_ended(engine: Engine) -> None:
    write(engine, [record(BEGIN_US, latency_us=3 * MINUTE_US)])
    minutes = Minutes(engine)
    count_all(minutes)
    assert minutes.begins_us() == BEGIN_US + 3 * MINUTE_US


def test_quantiles_are_off_by_a_twentieth_at_most() -> None:
    durations = [120_000 + number * 9_000 for number in range(1000)]
    histogram: dict[int, int] = {}
    for each in durations:
        histogram[bucket(each)] = histogram.get(bucket(each), 0) + 1
    for share in (0.1, 0.5, 0.95):
        exact = durations[int(share * len(durations))] / 1_000_000
        assert quantile(histogram, share) == pytest.approx(exact, rel=0.06)
    assert quantile({}, 0.5) is None


def test_tries_may_be_added_in_any_order() -> None:
    answered, early, late = Tries(1, answered_us=50), Tries(1, 1, 1, 0, 30, 30), Tries(1, 1, 1, 0, 70, 70)
    for first, second, third in ((answered, early, late), (late, answered, early), (early, late, answered)):
        both = first.plus(second).plus(third)
        assert (both.tries, both.answered_us, both.since_us, both.absent_us) == (3, 50, 70, 70)
