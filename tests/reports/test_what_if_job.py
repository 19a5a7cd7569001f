"""A scenario as a job: days are steps, a killed run goes on where it stopped, and comes to the same."""

from pathlib import Path

import pytest
from what_if_cases import NOON_US, Company

from leitstand.core.conversation import Usage
from leitstand.reports.what_if.result import Result
from leitstand.reports.what_if.scenario import read
from leitstand.reports.what_if.scenarios import Told
from leitstand.store.engine import open_engine
from leitstand.store.schema import metadata
from support.turns import Killed, MemoryTurn

_DAY_US = 86_400_000_000
SCENARIO = {
    "period": {"begin": "2026-03-02", "end": "2026-03-05"},
    "replace": {"gross": "klein"},
    "cache": {"klein": True},
}


def company(folder: Path) -> Company:
    folder.mkdir(parents=True, exist_ok=True)
    engine = open_engine(folder)
    metadata.create_all(engine)
    made = Company(engine)
    for number in range(24):
        made.call(
            "gross", Usage(1000 + number, 200), time_us=NOON_US + number // 6 * _DAY_US,
            detail={"same": f"q{number % 5}"},
        )  # fmt: skip
    made.store()
    return made


def done(made: Company, scenario_id: str) -> tuple[Told, Result]:
    told = made.scenarios.get(scenario_id)
    assert told.result is not None
    return told, told.result


def test_each_day_is_a_step_and_progress_is_seen(tmp_path: Path) -> None:
    made = company(tmp_path)
    scenario_id = made.scenarios.ask(read(SCENARIO), "petra")
    turn = MemoryTurn()
    made.scenarios.work(turn)
    days = [f"{scenario_id}-2026-03-0{day}" for day in (2, 3, 4, 5)]
    assert turn.done == ["next-0", f"{scenario_id}-measure", *days, "next-1"]
    assert turn.progress_seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    told, result = done(made, scenario_id)
    assert (told.state, told.done, told.total) == ("done", 4, 4)
    assert result.requests == 24
    made.engine.dispose()


def test_a_killed_run_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    made, other = company(tmp_path / "a"), company(tmp_path / "b")
    scenario_id, other_id = (each.scenarios.ask(read(SCENARIO), "petra") for each in (made, other))
    turn = MemoryTurn(kill_before=f"{scenario_id}-2026-03-04")
    with pytest.raises(Killed):
        made.scenarios.work(turn)
    assert made.scenarios.get(scenario_id).state == "running"
    made.scenarios.work(turn)
    assert len(turn.done) == len(set(turn.done))
    other.scenarios.work(MemoryTurn())
    assert done(made, scenario_id)[1] == done(other, other_id)[1]
    for each in (made, other):
        each.engine.dispose()


def test_one_run_replays_all_that_waits_in_its_order(tmp_path: Path) -> None:
    made = company(tmp_path)
    numbers = [made.scenarios.ask(read(SCENARIO | {"title": f"{n}"}), "petra") for n in range(3)]
    made.scenarios.work(MemoryTurn())
    assert [made.scenarios.get(number).state for number in numbers] == ["done"] * 3
    assert [told.title for told in made.scenarios.list()] == ["2", "1", "0"]
    made.engine.dispose()
