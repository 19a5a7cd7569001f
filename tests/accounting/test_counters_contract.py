"""Both kinds of counters keep the same contract."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from accounting_cases import FAR, NOON, part

from leitstand.accounting.counters import (
    Counters,
    Hold,
    Pace,
    Part,
    Reading,
    Short,
    TooFast,
    counter,
)
from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.counters.shared import SharedCounters


@pytest.fixture(params=["memory", "shared"])
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counters]:
    made: Counters = (
        MemoryCounters() if request.param == "memory" else SharedCounters(tmp_path / "counters.bin")
    )
    yield made
    made.close()


def held(counters: Counters, *parts: Part) -> Hold:
    taken = counters.hold(parts, [], "req_1", b"{}", NOON)
    assert isinstance(taken, Hold)
    return taken


def reading(counters: Counters, name: str) -> Reading:
    return counters.read([counter(name, FAR)])[0]


def test_a_hold_is_seen_and_a_settlement_replaces_it(counters: Counters) -> None:
    hold = held(counters, part("company", 60, 100))
    assert reading(counters, "company") == (0, 60)
    assert counters.settle(hold, [45])
    assert reading(counters, "company") == (45, 0)


def test_a_refund_leaves_no_trace(counters: Counters) -> None:
    assert counters.refund(held(counters, part("company", 60, 100)))
    assert reading(counters, "company") == (0, 0)


def test_nothing_is_reserved_where_one_part_does_not_fit(counters: Counters) -> None:
    held(counters, part("company", 60, 100))
    short = counters.hold([part("anna", 50, 100), part("company", 50, 100)], [], "req_2", b"", NOON)
    assert short == Short((Reading(0, 0), Reading(0, 60)))
    assert reading(counters, "anna") == (0, 0)


def test_the_last_unit_can_be_held(counters: Counters) -> None:
    held(counters, part("company", 99, 100))
    held(counters, part("company", 1, 100))
    assert isinstance(counters.hold([part("company", 1, 100)], [], "r", b"", NOON), Short)


def test_a_margin_is_asked_only_while_others_hold(counters: Counters) -> None:
    first = held(counters, part("company", 10, 100, margin=500))
    assert isinstance(counters.hold([part("company", 10, 100, margin=500)], [], "r", b"", NOON), Short)
    counters.settle(first, [10])
    held(counters, part("company", 10, 100, margin=500))


def test_an_amount_of_nothing_fits_into_a_spent_budget(counters: Counters) -> None:
    counters.settle(held(counters, part("company", 100, 100)), [130])
    held(counters, part("company", 0, 100))
    assert reading(counters, "company") == (130, 0)


def test_a_hold_tells_whether_little_is_left_beside_it(counters: Counters) -> None:
    assert not held(counters, part("company", 5, 1000)).tight
    assert held(counters, part("anna", 100, 1000)).tight


def test_a_hold_is_finished_once_only(counters: Counters) -> None:
    hold = held(counters, part("company", 60, 100))
    assert counters.settle(hold, [10])
    held(counters, part("company", 20, 100))
    assert not counters.settle(hold, [10])
    assert not counters.refund(hold)
    assert reading(counters, "company") == (10, 20)


def test_a_sliding_minute_admits_its_number_and_tells_when_the_next_fits(counters: Counters) -> None:
    pace = [Pace(counter("anna|rpm", 0), 3)]
    for second in (0, 10, 20):
        assert isinstance(counters.hold([], pace, "r", b"", NOON + second), Hold)
    refused = counters.hold([], pace, "r", b"", NOON + 30)
    assert refused == TooFast(0, 31.0)
    assert isinstance(counters.hold([], pace, "r", b"", NOON + 60.9), TooFast)
    assert isinstance(counters.hold([], pace, "r", b"", NOON + 61), Hold)
    assert isinstance(counters.hold([], pace, "r", b"", NOON + 62), TooFast)


def test_no_sixty_seconds_ever_see_more_than_the_pace(counters: Counters) -> None:
    pace = [Pace(counter("anna|rpm", 0), 5)]
    moments = [NOON + step * 1.7 for step in range(200)]
    admitted = [now for now in moments if isinstance(counters.hold([], pace, "r", b"", now), Hold)]
    for begin in admitted:
        assert sum(begin <= now <= begin + 60 for now in admitted) <= 5
    assert len(admitted) >= 25


def test_a_full_pace_reserves_no_money(counters: Counters) -> None:
    taken = counters.hold([part("company", 5, 10)], [Pace(counter("rpm", 0), 0)], "r", b"", NOON)
    assert isinstance(taken, TooFast)
    assert reading(counters, "company") == (0, 0)


def test_rebuilding_replaces_what_was_spent_and_keeps_what_is_held(counters: Counters) -> None:
    counters.settle(held(counters, part("company", 60, 100), part("anna", 60, 100)), [10, 10])
    hold = held(counters, part("company", 20, 100))
    counters.rebuild([(counter("company", FAR), 33)])
    assert reading(counters, "company") == (33, 20)
    assert reading(counters, "anna") == (0, 0)
    assert not counters.needs_rebuild
    assert counters.settle(hold, [7])
    assert reading(counters, "company") == (40, 0)


def test_seeding_sets_only_counters_that_are_new(counters: Counters) -> None:
    counters.settle(held(counters, part("company", 60, 100)), [10])
    counters.seed([(counter("company", FAR), 99), (counter("anna", FAR), 5)])
    assert reading(counters, "company").spent == 10
    assert reading(counters, "anna").spent == 5


def test_sweeping_drops_old_periods_but_none_with_open_holds(counters: Counters) -> None:
    old, held_old = counter("old", int(NOON)), counter("held", int(NOON))
    finished = counters.hold([Part(old, 1, 9, 1, 1)], [], "r", b"", NOON)
    assert isinstance(finished, Hold)
    counters.settle(finished, [1])
    running = counters.hold([Part(held_old, 1, 9, 1, 1)], [], "r", b"", NOON)
    assert isinstance(running, Hold)
    counters.settle(held(counters, part("new", 1, 9)), [1])
    assert counters.sweep(NOON + 3600) == 0
    assert counters.sweep(NOON + 2 * 86_400) == 1
    assert counters.read([old, held_old]) == [(0, 0), (0, 1)]
    assert reading(counters, "new") == (1, 0)
    assert counters.settle(running, [1])


def test_threads_of_one_process_never_pass_the_limit_together(counters: Counters) -> None:
    won: list[Hold] = []

    def grab() -> None:
        for _ in range(100):
            taken = counters.hold([part("company", 3, 100)], [], "r", b"", NOON)
            if isinstance(taken, Hold):
                won.append(taken)

    threads = [threading.Thread(target=grab) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 33
    assert reading(counters, "company") == (0, 99)


def test_a_hold_that_is_too_large_for_its_record_is_a_programming_error(counters: Counters) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        counters.hold([], [], "r", b"x" * 401, NOON)
