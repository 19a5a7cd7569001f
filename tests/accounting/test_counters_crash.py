"""Shared counters survive a death at any instruction: every single store is a place to die."""

import multiprocessing
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from accounting_cases import (
    FAR,
    LIMIT,
    NOON,
    SCOPES,
    address,
    hold_and_die,
    part,
    report_spending,
    spend_until_killed,
)

from leitstand.accounting.counters import Hold, Part, Reading, counter
from leitstand.accounting.counters.shared import SharedCounters

SPAWN = multiprocessing.get_context("spawn")


class Died(BaseException):
    """The process died before a store."""


class Fuse:
    """The words of a mapped file; after `stores` stores the process is dead."""

    def __init__(self, words: memoryview, stores: int) -> None:
        self.words = words
        self.stores = stores

    def __getitem__(self, at: object) -> object:
        return self.words[at]  # type: ignore[index]  # any index a memoryview takes

    def __setitem__(self, at: object, value: object) -> None:
        if self.stores == 0:
            raise Died
        self.stores -= 1
        self.words[at] = value  # type: ignore[index, assignment]  # any value a memoryview takes

    def release(self) -> None:
        self.words.release()


def dying(path: Path, stores: int, act: Callable[[SharedCounters], object]) -> bool:
    """Act on the counters and die before store number `stores`; False if the act needed fewer."""
    counters = SharedCounters(path)
    whole = counters._mapped.words
    counters._mapped.words = Fuse(whole, stores)  # type: ignore[assignment]  # stands in for a memoryview
    try:
        act(counters)
    except Died:
        return True
    finally:
        counters._mapped.words = whole
        counters.close()
    return False


def state(path: Path) -> tuple[Reading, Reading, int]:
    counters = SharedCounters(path)
    company, anna = counters.read([counter("company", FAR), counter("user:anna", FAR)])
    open_records = len(list(counters._records.all()))
    counters.close()
    return company, anna, open_records


def test_a_settlement_happens_wholly_or_not_at_all_wherever_the_process_dies(tmp_path: Path) -> None:
    outcomes = set()
    for stores in range(200):
        path = tmp_path / f"{stores}.bin"

        def settle(counters: SharedCounters) -> None:
            hold = counters.hold([part("company", 50, 900), part("user:anna", 50, 900)], [], "r", b"{}", NOON)
            assert isinstance(hold, Hold)
            counters.settle(hold, [20, 20])

        died = dying(path, stores, settle)
        outcomes.add(state(path))
        if not died:
            break
    assert outcomes == {
        (Reading(0, 0), Reading(0, 0), 0),
        (Reading(0, 50), Reading(0, 50), 1),
        (Reading(20, 0), Reading(20, 0), 0),
    }


def test_a_sweep_cut_short_loses_no_other_counter(tmp_path: Path) -> None:
    names = [counter(f"n{number}", FAR if number % 3 else int(NOON)) for number in range(30)]
    crowded = [name._replace(k1=name.k1 & ~0xFFFFF) for name in names]  # all probe from the first slot
    for stores in range(0, 80, 3):
        path = tmp_path / f"{stores}.bin"
        counters = SharedCounters(path)
        counters.seed((name, 1) for name in crowded)
        counters.close()
        dying(path, stores, lambda counters: counters.sweep(NOON + 9 * 86_400, most=60))
        counters = SharedCounters(path)
        counters.sweep(NOON + 9 * 86_400, most=60)
        assert [reading.spent for reading in counters.read(crowded)] == [int(n % 3 > 0) for n in range(30)]
        counters.seed((name, 2) for name in crowded)
        assert [reading.spent for reading in counters.read(crowded)] == [1 if n % 3 else 2 for n in range(30)]
        assert len(counters._table.slots()) == 30
        counters.close()


def test_a_rebuild_cut_short_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    first = SharedCounters(path)
    assert first.needs_rebuild
    first.rebuild([])
    first.close()
    assert dying(path, 9, lambda counters: counters.rebuild([(counter("company", FAR), 5)]))
    again = SharedCounters(path)
    assert again.needs_rebuild
    again.rebuild([(counter("company", FAR), 5)])
    assert again.read([counter("company", FAR)]) == [(5, 0)]
    again.close()


def test_a_restarted_machine_asks_for_a_rebuild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.bin"
    first = SharedCounters(path)
    first.rebuild([])
    first.close()
    monkeypatch.setattr("leitstand.accounting.counters.mapped._boot_words", lambda: (7, 7))
    second = SharedCounters(path)
    assert second.needs_rebuild
    second.close()


def test_a_file_of_another_version_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="delete it"):
        SharedCounters(path)


def test_the_holds_of_a_killed_process_are_booked_and_told_once(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    survivor = SharedCounters(path)
    running = survivor.hold([part("company", 7, 1000)], [], "req_mine", b"", NOON)
    victim = SPAWN.Process(target=hold_and_die, args=(path,))
    victim.start()
    victim.join(30)
    assert victim.exitcode == -9
    company, anna = counter("company", FAR), counter("user:anna", FAR)
    assert survivor.read([company, anna]) == [(80, 37), (0, 30)]
    (lost,) = survivor.recover()
    assert (lost.request_id, lost.facts) == ("req_lost", b'{"u":1}')
    assert survivor.read([company, anna]) == [(110, 7), (30, 0)]
    assert survivor.recover() == []
    survivor.forget([lost])
    assert isinstance(running, Hold)
    assert survivor.refund(running)
    assert not list(survivor._records.all())
    survivor.close()


def test_the_holds_of_a_living_process_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    living, finder = SharedCounters(path), SharedCounters(path)
    hold = living.hold([part("company", 7, 1000)], [], "req_7", b"", NOON)
    assert finder.recover() == []
    assert isinstance(hold, Hold)
    assert living.settle(hold, [5])
    assert finder.read([counter("company", FAR)]) == [(5, 0)]
    living.close()
    finder.close()


def test_a_finder_that_dies_before_writing_down_leaves_the_loss_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    owner = SharedCounters(path)
    owner.hold([part("company", 7, 1000)], [], "req_7", b"", NOON)
    owner.close()
    finder = SharedCounters(path)
    assert [lost.request_id for lost in finder.recover()] == ["req_7"]
    finder.close()
    next_finder = SharedCounters(path)
    lost = next_finder.recover()
    assert [one.request_id for one in lost] == ["req_7"]
    assert next_finder.read([counter("company", FAR)]) == [(7, 0)]
    next_finder.forget(lost)
    assert not list(next_finder._records.all())
    next_finder.close()


def test_a_hold_beyond_its_lease_is_lost_and_its_late_settlement_is_refused(tmp_path: Path) -> None:
    counters = SharedCounters(tmp_path / "c.bin", lease_s=-1)
    hold = counters.hold([part("company", 7, 1000)], [], "req_7", b"", NOON)
    assert isinstance(hold, Hold)
    assert len(counters.recover()) == 1
    assert not counters.settle(hold, [9])
    assert counters.read([counter("company", FAR)]) == [(7, 0)]
    counters.close()


def test_processes_killed_at_random_moments_leave_sound_counters(tmp_path: Path) -> None:
    path, draw = tmp_path / "c.bin", random.Random(5)
    for turn in range(4):
        ready = [tmp_path / f"{turn}-{number}" for number in range(2)]
        victims = [
            SPAWN.Process(target=spend_until_killed, args=(path, turn * 10_000 + number * 1000, flag))
            for number, flag in enumerate(ready)
        ]
        for victim in victims:
            victim.start()
        deadline = time.monotonic() + 30
        while not all(flag.exists() for flag in ready) and time.monotonic() < deadline:
            time.sleep(0.005)
        for victim in victims:
            time.sleep(draw.random() * 0.05)
            victim.kill()
            victim.join(30)
    counters = SharedCounters(path)
    records = list(counters._records.all())
    held = dict.fromkeys(SCOPES, 0)
    for record in records:
        for at, amounts in enumerate(record.amounts):
            name = next(scope for scope in SCOPES if address(scope)[:2] == record.counter(at)[:2])
            held[name] += amounts[2]
    readings = counters.read([address(scope) for scope in SCOPES])
    assert [reading.held for reading in readings] == list(held.values())
    before = sum(reading.spent for reading in readings)
    assert before % 3 == 0
    lost = [hold for hold in counters.recover() if hold.request_id]
    after = counters.read([address(scope) for scope in SCOPES])
    assert all(reading.held == 0 for reading in after)
    fresh = sum(record.state == 1 for record in records)
    assert sum(reading.spent for reading in after) == before + 15 * fresh
    assert len(lost) == len(records)
    counters.forget(lost)
    assert not list(counters._records.all())
    counters.close()


def test_four_processes_never_pass_a_limit_and_leave_exactly_what_they_settled(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    observer = SharedCounters(path)
    outs = [tmp_path / f"out{number}" for number in range(4)]
    workers = [SPAWN.Process(target=report_spending, args=(path, n, 500, out)) for n, out in enumerate(outs)]
    for worker in workers:
        worker.start()
    looks = 0
    while any(worker.is_alive() for worker in workers):
        for reading in observer.read([address(scope) for scope in SCOPES]):
            assert reading.spent + reading.held <= LIMIT
            assert reading.held >= 0
        looks += 1
        time.sleep(0.001)
    assert [worker.exitcode for worker in workers] == [0] * 4
    company = observer.read([address("company")])[0]
    assert company == (sum(int(out.read_text()) for out in outs), 0)
    assert looks > 20
    observer.close()


def test_a_counter_that_hangs_on_a_colliding_key_is_still_found(tmp_path: Path) -> None:
    counters = SharedCounters(tmp_path / "c.bin")
    twins = [counter("x", FAR)._replace(k0=number) for number in range(2, 40)]
    for number, twin in enumerate(twins):
        hold = counters.hold([Part(twin, 1, 99, 1, 1)], [], "r", b"", NOON)
        assert isinstance(hold, Hold)
        counters.settle(hold, [number])
    assert [reading.spent for reading in counters.read(twins)] == list(range(38))
    counters.close()
