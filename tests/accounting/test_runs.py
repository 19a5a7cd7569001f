"""Agent runs: steps are exact over several holders of the counters, money stops the next step."""

import threading
from pathlib import Path

import pytest
from accounting_cases import NOON

from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.runs import Run, RunLimits, Runs
from leitstand.core.errors import RunLimited
from leitstand.core.money import nano


class Noon:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = NOON

    def time(self) -> float:
        return self.now_s


RUN = Run("key_1", "lauf-1")


def make() -> tuple[Runs, Noon]:
    clock = Noon()
    return Runs(MemoryCounters(), clock), clock  # type: ignore[arg-type]  # all that runs ask of a clock is the time


def steps(runs: Runs, limits: RunLimits, run: Run = RUN, most: int = 100) -> int:
    """How many steps a run may make."""
    for number in range(most):
        try:
            runs.step(run, limits, f"req_{number}")
        except RunLimited:
            return number
    return most


def test_a_run_makes_as_many_steps_as_it_may_and_no_more() -> None:
    runs, _ = make()
    assert steps(runs, RunLimits(max_steps=7)) == 7
    with pytest.raises(RunLimited, match="7 steps") as caught:
        runs.step(RUN, RunLimits(max_steps=7), "req_8")
    assert caught.value.code == "run_limit"
    assert caught.value.detail == {"run": "lauf-1", "measure": "steps", "limit": 7}


def test_the_same_id_of_another_key_is_another_run() -> None:
    runs, _ = make()
    assert steps(runs, RunLimits(max_steps=3)) == 3
    assert steps(runs, RunLimits(max_steps=3), Run("key_2", "lauf-1")) == 3


def test_no_step_begins_once_the_money_is_used() -> None:
    runs, _ = make()
    limits = RunLimits(max_steps=50, max_nano=nano("0.02"))
    runs.step(RUN, limits, "req_1")
    runs.book(RUN, nano("0.019"))
    runs.step(RUN, limits, "req_2")
    runs.book(RUN, nano("0.019"))
    with pytest.raises(RunLimited, match=r"EUR 0\.02"):
        runs.step(RUN, limits, "req_3")


def test_without_a_limit_in_euros_money_does_not_count() -> None:
    runs, _ = make()
    runs.book(RUN, nano(1_000))
    runs.step(RUN, RunLimits(), "req_1")


def test_a_new_day_is_a_new_run() -> None:
    runs, clock = make()
    assert steps(runs, RunLimits(max_steps=2)) == 2
    clock.now_s += 86_400
    assert steps(runs, RunLimits(max_steps=2)) == 2


def test_holders_of_the_same_counters_share_the_steps_of_a_run(tmp_path: Path) -> None:
    counters = [SharedCounters(tmp_path / "counters") for _ in range(2)]
    holders = [Runs(each, Noon()) for each in counters]  # type: ignore[arg-type]  # as above
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda runs=runs: made.append(steps(runs, RunLimits(max_steps=40))))
        for runs in holders * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for each in counters:
        each.close()
    assert sum(made) == 40
