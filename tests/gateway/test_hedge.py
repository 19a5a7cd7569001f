"""A slow candidate gets a rival: one answers, the other is stopped, and both are booked."""

import asyncio
from contextlib import aclosing
from decimal import Decimal

import pytest

from gateway.gateway_kit import END, HELLO, MORE, PREAMBLE, PlainErrand, ScriptedDoor, Step, candidate, fault
from leitstand.core.conversation import Frame
from leitstand.core.errors import InvalidRequest, UpstreamFailed
from leitstand.gateway.health import Health
from leitstand.gateway.routing import Router
from leitstand.policy.rulebook import Route
from leitstand.providers.faults import FaultKind

K = FaultKind
ONE, TWO, THREE = candidate("p1"), candidate("p2"), candidate("p3")
SOON = Route("standard", (), hedge_after_s=0.01)
LATE = Route("standard", (), hedge_after_s=30.0)


class Race:
    """One hedged sending, with everything to be looked at afterwards."""

    def __init__(self, scripts: dict[str, list[list[Step]]], route: Route = SOON, **errand: object) -> None:
        self.door = ScriptedDoor(scripts)
        self.health = Health()
        self.errand = PlainErrand((ONE, TWO, THREE), route, **errand)  # type: ignore[arg-type]  # fields of it
        self.router = Router(self.door, self.health, lambda _target: Decimal(0))
        self.frames: list[Frame] = []
        self.by: set[str] = set()

    async def run(self) -> "Race":
        async with aclosing(self.router.send(self.errand)) as answer:
            async for who, frame in answer:
                self.frames.append(frame)
                self.by.add(who.target.provider)
        return self

    def open_calls(self) -> int:
        return sum(self.health.of(each.target).open_calls for each in (ONE, TWO, THREE))


def never() -> asyncio.Event:
    return asyncio.Event()


async def test_a_fast_candidate_gets_no_rival() -> None:
    race = await Race({"p1": [[PREAMBLE, HELLO, END]]}, LATE).run()
    assert race.door.asked == ["p1"]
    assert race.errand.doubled == 0


async def test_the_rival_of_a_silent_candidate_answers_alone() -> None:
    race = await Race({"p1": [[PREAMBLE, never()]], "p2": [[PREAMBLE, HELLO, MORE, END]]}).run()
    assert race.frames == [PREAMBLE, HELLO, MORE, END]
    assert race.by == {"p2"}
    assert race.door.happened == ["provider closed", "provider closed"]
    assert race.open_calls() == 0


async def test_the_one_that_was_overtaken_is_booked_and_counts_as_no_failure() -> None:
    race = await Race({"p1": [[never()]], "p2": [[HELLO, END]]}).run()
    assert [(each.provider, each.fault) for each in race.errand.lost] == [("p1", "overtaken")]
    assert race.health.of(ONE.target).failures_in_row == 0
    assert race.errand.trace.fallback == 0


async def test_the_first_candidate_may_still_win() -> None:
    go = never()

    race = Race({"p1": [[go, HELLO, END]], "p2": [[never()]]})
    running = asyncio.create_task(race.run())
    while race.door.asked != ["p1", "p2"]:
        await asyncio.sleep(0.005)
    go.set()
    await running
    assert race.by == {"p1"}
    assert [each.provider for each in race.errand.lost] == ["p2"]


async def test_never_more_than_two_are_asked_at_a_time() -> None:
    race = Race({"p1": [[never()]], "p2": [[never()]], "p3": [[HELLO, END]]})
    running = asyncio.create_task(race.run())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await running
    assert race.door.asked == ["p1", "p2"]
    assert race.open_calls() == 0


async def test_without_money_for_two_there_is_no_rival() -> None:
    go = never()
    race = Race({"p1": [[go, HELLO, END]], "p2": [[HELLO, END]]}, has_room=False)
    asyncio.get_running_loop().call_later(0.05, go.set)
    await race.run()
    assert race.door.asked == ["p1"]


async def test_when_one_fails_the_other_goes_on() -> None:
    go = never()
    race = Race({"p1": [[go, HELLO, END]], "p2": [[fault(K.SERVER)]]})
    asyncio.get_running_loop().call_later(0.1, go.set)
    await race.run()
    assert race.by == {"p1"}
    assert race.errand.trace.fallback == 1


async def test_when_both_fail_the_next_candidate_is_asked() -> None:
    late = never()
    race = Race({"p1": [[late, fault(K.CUT)]], "p2": [[late, fault(K.SERVER)]], "p3": [[HELLO, END]]})
    asyncio.get_running_loop().call_later(0.05, late.set)
    await race.run()
    assert race.door.asked == ["p1", "p2", "p3"]
    assert race.by == {"p3"}
    assert race.errand.trace.fallback == 2


async def test_a_refusal_for_content_ends_the_race() -> None:
    race = Race({"p1": [[never()]], "p2": [[fault(K.CONTENT_FILTER)]], "p3": [[HELLO, END]]})
    with pytest.raises(InvalidRequest):
        await race.run()
    assert race.door.asked == ["p1", "p2"]
    assert race.open_calls() == 0


async def test_when_all_fail_the_refusal_names_them() -> None:
    with pytest.raises(UpstreamFailed, match=r"p1 .*p2 .*p3"):
        await Race({"p1": [[fault(K.AUTH)]], "p2": [[fault(K.AUTH)]], "p3": [[fault(K.QUOTA)]]}).run()


async def test_who_leaves_during_the_race_closes_both() -> None:
    race = Race({"p1": [[never()]], "p2": [[never()]]})
    running = asyncio.create_task(race.run())
    while len(race.door.asked) < 2:
        await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert race.door.happened == ["provider closed", "provider closed"]
    assert race.open_calls() == 0


async def test_a_lead_that_fails_before_it_has_a_rival_is_asked_again_as_always() -> None:
    race = await Race({"p1": [[fault(K.CUT)], [HELLO, END]]}, LATE).run()
    assert race.door.asked == ["p1", "p1"]
    assert race.errand.trace.fallback == 0


async def test_whoever_is_stopped_by_a_refusal_is_booked() -> None:
    race = Race({"p1": [[never()]], "p2": [[fault(K.CONTENT_FILTER)]]})
    with pytest.raises(InvalidRequest):
        await race.run()
    assert [(each.provider, each.fault) for each in race.errand.lost] == [("p1", "overtaken")]
