"""Counters in Valkey: exact while it answers, bounded while it does not, made whole when it is back."""

import logging
import multiprocessing
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from accounting_cases import FAR, NOON, part

from leitstand.accounting.counters import Counter, Hold, LostHold, Pace, Reading, Short, TooFast, counter
from leitstand.accounting.counters.valkey import ValkeyCounters
from support.databases import Valkey

PATIENT_S = 5.0  # the tests' machine may be busy; what waits less than this is not about time


@pytest.fixture
def server() -> Iterator[Valkey]:
    with Valkey() as started:
        yield started


class Fleet:
    """Counters of several machines on one Valkey."""

    def __init__(self, server: Valkey, folder: Path) -> None:
        self.server = server
        self._folder = folder
        self.all: list[ValkeyCounters] = []

    def join(self, machine: str, *, timeout_s: float = PATIENT_S, ready: bool = True) -> ValkeyCounters:
        """One more process on a machine."""
        data = self._folder / machine
        data.mkdir(exist_ok=True)
        made = ValkeyCounters(self.server.url, data, machine, timeout_s=timeout_s)
        self.all.append(made)
        if made.needs_rebuild and ready:
            made.rebuild([])
        return made


@pytest.fixture
def fleet(server: Valkey, tmp_path: Path) -> Iterator[Fleet]:
    built = Fleet(server, tmp_path)
    yield built
    for each in built.all:
        each.close()


def held(counters: ValkeyCounters, amount: int, limit: int = 100, name: str = "company") -> Hold:
    taken = counters.hold([part(name, amount, limit)], [], "req_1", b"{}", NOON)
    assert isinstance(taken, Hold), taken
    return taken


def reading(counters: ValkeyCounters, name: str = "company") -> Reading:
    return counters.read([counter(name, FAR)])[0]


def wait_until_joined(*counters: ValkeyCounters) -> None:
    deadline = time.monotonic() + 20
    while any(each.away for each in counters):
        assert time.monotonic() < deadline, "it did not join again"
        for each in counters:
            each.beat()
        time.sleep(0.02)


def test_machines_share_a_limit(fleet: Fleet) -> None:
    north, south = fleet.join("north"), fleet.join("south")
    hold = held(north, 60)
    assert south.hold([part("company", 50, 100)], [], "req_2", b"", NOON) == Short((Reading(0, 60),))
    assert north.settle(hold, [30])
    assert reading(south) == (30, 0)
    held(south, 70)
    south.beat()
    assert south.processes() == 2


def test_machines_share_a_pace(fleet: Fleet) -> None:
    north, south = fleet.join("north"), fleet.join("south")
    pace = Pace(counter("rpm", FAR), 2)
    assert isinstance(north.hold([], [pace], "a", b"", NOON), Hold)
    assert isinstance(south.hold([], [pace], "b", b"", NOON + 5), Hold)
    taken = north.hold([], [pace], "c", b"", NOON + 10)
    assert taken == TooFast(0, pytest.approx(51.0, abs=1.01))
    assert isinstance(south.hold([], [pace], "c", b"", NOON + 62), Hold)


def _spend(url: str, folder: Path, machine: str, seed: int, most: int) -> None:
    """One process of random calls on random counters; each is settled within what it held."""
    dice = random.Random(seed)
    counters = ValkeyCounters(url, folder, machine, timeout_s=PATIENT_S)
    names = [f"user:{number}" for number in range(3)] + ["company"]
    for number in range(most):
        chosen = {dice.choice(names[:3]), "company"}
        parts = [
            part(name, dice.randint(1, 9), 2000 if name == "company" else 900) for name in sorted(chosen)
        ]
        taken = counters.hold(parts, [], f"r{seed}-{number}", b"", NOON)
        if isinstance(taken, Hold):
            counters.settle(taken, [dice.randint(0, each.amount) for each in parts])
    counters.close()


def test_no_limit_is_passed_by_four_processes_and_nothing_stays_held(fleet: Fleet, tmp_path: Path) -> None:
    watcher = fleet.join("watcher")
    context = multiprocessing.get_context("spawn")
    for machine in ("a", "b"):
        (tmp_path / machine).mkdir()
    workers = [
        context.Process(target=_spend, args=(fleet.server.url, tmp_path / machine, machine, seed, 400))
        for seed, machine in enumerate(("a", "a", "b", "b"))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(90)
        assert worker.exitcode == 0
    for name, limit in (("company", 2000), *((f"user:{number}", 900) for number in range(3))):
        spent, left_held = reading(watcher, name)
        assert left_held == 0
        assert 0 < spent <= limit


def test_a_frozen_valkey_costs_one_short_wait_and_each_machine_stays_in_its_share(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    north, south = fleet.join("north", timeout_s=0.04), fleet.join("south", timeout_s=0.04)
    wait_until_joined(north, south)
    assert north.settle(held(north, 20), [20])
    for each in (north, south):
        wait_until_joined(each)
        each.beat()
    caplog.clear()
    fleet.server.freeze()
    granted = 0
    for machine in (north, south):
        began = time.monotonic()
        for number in range(100):
            taken = machine.hold([part("company", 1, 100)], [], f"req_{number}", b"", NOON)
            if isinstance(taken, Hold):
                granted += 1
                machine.settle(taken, [1])
        assert (
            time.monotonic() - began < 2.0
        )  # 100 calls, of which one waited 40 ms; the rest is a busy machine
        assert machine.away
    assert granted == 80
    fleet.server.thaw()
    wait_until_joined(north, south)
    for each in (north, south):
        each.beat()
    assert reading(north) == (100, 0)
    said = [entry.message for entry in caplog.records if entry.levelno >= logging.WARNING]
    assert len([line for line in said if "does not answer" in line]) == 2  # one for each machine


def test_a_hold_whose_answer_never_came_is_given_back(fleet: Fleet) -> None:
    north = fleet.join("north", timeout_s=0.1)
    wait_until_joined(north)
    fleet.server.freeze()
    taken = held(north, 60)  # sent, then held alone
    fleet.server.thaw()
    wait_until_joined(north)
    assert reading(north) == (0, 60)
    north.settle(taken, [5])
    north.beat()
    assert reading(north) == (5, 0)


def test_a_settlement_without_an_answer_arrives_once(fleet: Fleet) -> None:
    north = fleet.join("north", timeout_s=0.1)
    wait_until_joined(north)
    first, second = held(north, 30), held(north, 30)
    fleet.server.freeze()
    assert north.settle(first, [10])
    assert north.settle(second, [20])
    fleet.server.thaw()
    wait_until_joined(north)
    assert reading(north) == (30, 0)


def test_a_killed_valkey_that_kept_its_file_knows_all_again(tmp_path: Path) -> None:
    with Valkey(durable=True) as server:
        fleet = Fleet(server, tmp_path)
        north = fleet.join("north")
        north.settle(held(north, 40), [40])
        running = held(north, 20)
        server.kill()
        alone = held(north, 10)
        north.settle(alone, [10])
        server.start()
        wait_until_joined(north)
        assert reading(north) == (50, 20)
        assert north.settle(running, [15])
        assert reading(north) == (65, 0)
        north.close()


def test_an_emptied_valkey_is_filled_from_the_journal_and_from_what_was_known(fleet: Fleet) -> None:
    north = fleet.join("north")
    north.settle(held(north, 40), [40])
    running = held(north, 20)
    fleet.server.kill()
    alone = held(north, 10)
    north.settle(alone, [10])
    fleet.server.start()
    north.beat()
    assert north.away
    assert north.needs_rebuild
    north.rebuild([(counter("company", FAR), 50)])  # as the journal tells it: 40 there and 10 alone
    wait_until_joined(north)
    assert reading(north) == (50, 20)
    assert north.settle(running, [20])
    assert reading(north) == (70, 0)


def test_a_start_without_valkey_counts_from_the_journal(fleet: Fleet) -> None:
    fleet.server.kill()
    north = fleet.join("north", ready=False)
    assert north.needs_rebuild
    north.rebuild([(counter("company", FAR), 90)])
    assert isinstance(north.hold([part("company", 20, 100)], [], "r", b"", NOON), Short)
    held(north, 10)


def test_holds_of_a_dead_process_are_booked_at_their_likely_amounts(fleet: Fleet, tmp_path: Path) -> None:
    north = fleet.join("north")
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=_die_holding, args=(fleet.server.url, tmp_path / "north"))
    child.start()
    child.join(60)
    north.beat()
    assert reading(north).held == 60
    (lost,) = north.recover()
    assert lost == LostHold("req_dead", b"facts", 0, lost.serial)
    assert reading(north) == (60, 0)
    assert [each.request_id for each in north.recover()] == ["req_dead"]  # until it is written down
    north.forget([lost])
    assert north.recover() == []


def _die_holding(url: str, folder: Path) -> None:
    import os

    counters = ValkeyCounters(url, folder, "north", timeout_s=PATIENT_S)
    counters.hold([part("company", 60, 100)], [], "req_dead", b"facts", NOON)
    os._exit(9)


def test_a_new_rule_is_seeded_and_known_counters_stay(fleet: Fleet) -> None:
    north = fleet.join("north")
    north.settle(held(north, 40), [40])
    new: Counter = counter("ben", FAR)
    north.seed([(new, 7), (counter("company", FAR), 99)])
    assert north.read([new]) == [Reading(7, 0)]
    assert reading(north) == (40, 0)
