"""From candidates to one answer: the order of trying, fallback, and when nothing is tried any more."""

import asyncio
import random
from collections import Counter
from contextlib import aclosing
from decimal import Decimal

import pytest

from gateway.gateway_kit import END, HELLO, MORE, PREAMBLE, PlainErrand, ScriptedDoor, Step, candidate, fault
from leitstand.core.conversation import Frame
from leitstand.core.errors import InvalidRequest, Overloaded, UpstreamFailed, UpstreamTimeout
from leitstand.gateway.health import Health
from leitstand.gateway.routing import BrokenOff, Router
from leitstand.gateway.values import Trace
from leitstand.policy.admit import Candidate
from leitstand.policy.rulebook import Strategy
from leitstand.providers.faults import FaultKind

K = FaultKind
ONE, TWO = candidate("p1"), candidate("p2")


class Routed:
    """One sending over p1 and p2, with everything that can be looked at afterwards."""

    def __init__(
        self, scripts: dict[str, list[list[Step]]], candidates: tuple[Candidate, ...] = (ONE, TWO)
    ) -> None:
        self.door = ScriptedDoor(scripts)
        self.health = Health()
        self.trace = Trace()
        self.frames: list[Frame] = []
        self.by: list[str] = []
        self.errand = PlainErrand(candidates, trace=self.trace)
        self._router = Router(self.door, self.health, lambda _target: Decimal(0))

    async def run(self) -> "Routed":
        async with aclosing(self._router.send(self.errand)) as answer:
            async for who, frame in answer:
                self.by.append(who.target.provider)
                self.frames.append(frame)
        return self


async def test_the_first_candidate_answers_and_nobody_else_is_asked() -> None:
    done = await Routed({"p1": [[PREAMBLE, HELLO, MORE, END]]}).run()
    assert done.frames == [PREAMBLE, HELLO, MORE, END]
    assert set(done.by) == {"p1"}
    assert done.door.asked == ["p1"]
    assert done.trace.fallback == 0


async def test_content_that_comes_within_one_tick_of_the_clock_is_passed_on_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """uvloop's clock stands still for a millisecond; a quick provider takes less to its first content."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now)
    routed = Routed({"p1": [[PREAMBLE, HELLO, fault(K.CUT)]], "p2": [[HELLO, END]]})
    with pytest.raises(BrokenOff):
        await routed.run()
    assert routed.frames == [PREAMBLE, HELLO]
    assert routed.door.asked == ["p1"]


@pytest.mark.parametrize("kind", [K.CONNECT, K.CUT, K.MALFORMED, K.EMPTY])
async def test_a_fault_before_the_first_content_is_tried_once_more_then_the_next_answers(
    kind: FaultKind,
) -> None:
    done = await Routed({"p1": [[PREAMBLE, fault(kind)], [fault(kind)]], "p2": [[HELLO, END]]}).run()
    assert done.door.asked == ["p1", "p1", "p2"]
    assert done.frames == [HELLO, END]
    assert done.trace.fallback == 1
    assert [attempt.fault for attempt in done.trace.attempts] == [kind.value, kind.value, ""]


@pytest.mark.parametrize(
    "kind",
    [K.AUTH, K.QUOTA, K.FORBIDDEN, K.MODEL_MISSING, K.TIMEOUT_FIRST, K.RATE_LIMITED, K.CONTEXT_TOO_LONG],
)
async def test_a_fault_that_a_second_try_cannot_mend_goes_to_the_next_at_once(kind: FaultKind) -> None:
    done = await Routed({"p1": [[fault(kind)]], "p2": [[HELLO, END]]}).run()
    assert done.door.asked == ["p1", "p2"]


@pytest.mark.parametrize("kind", [K.INVALID, K.CONTENT_FILTER])
async def test_after_a_refusal_for_content_or_form_nobody_else_is_asked(kind: FaultKind) -> None:
    routed = Routed({"p1": [[fault(kind)]], "p2": [[HELLO, END]]})
    with pytest.raises(InvalidRequest):
        await routed.run()
    assert routed.door.asked == ["p1"]


@pytest.mark.parametrize("kind", [K.CUT, K.TIMEOUT_IDLE, K.SERVER, K.CONTENT_FILTER, K.RATE_LIMITED])
async def test_after_the_first_content_a_fault_breaks_off_and_nobody_else_is_asked(kind: FaultKind) -> None:
    routed = Routed({"p1": [[HELLO, fault(kind)]], "p2": [[HELLO, END]]})
    with pytest.raises(BrokenOff) as broken:
        await routed.run()
    assert routed.frames == [HELLO]
    assert routed.door.asked == ["p1"]
    expected = UpstreamTimeout if kind is K.TIMEOUT_IDLE else UpstreamFailed
    assert type(broken.value.refusal) is expected
    assert "incomplete" in broken.value.refusal.en


async def test_a_preamble_of_a_target_that_fails_is_never_seen() -> None:
    first = Frame((), raw=b'{"of":"p1"}')
    done = await Routed({"p1": [[first, fault(K.TIMEOUT_FIRST)]], "p2": [[PREAMBLE, HELLO, END]]}).run()
    assert done.frames == [PREAMBLE, HELLO, END]


async def test_an_answer_without_content_still_comes_through() -> None:
    done = await Routed({"p1": [[PREAMBLE]]}).run()
    assert done.frames == [PREAMBLE]


async def test_when_nobody_answers_the_refusal_names_all() -> None:
    routed = Routed({"p1": [[fault(K.AUTH)]], "p2": [[fault(K.QUOTA)]]})
    with pytest.raises(UpstreamFailed, match=r"p1 \(key rejected\), p2 \(quota used up\)"):
        await routed.run()
    assert routed.trace.fallback == 2


async def test_when_all_are_busy_the_shortest_wait_is_told() -> None:
    busy = [[fault(K.RATE_LIMITED, retry_after_s=40.0)]]
    routed = Routed({"p1": busy, "p2": [[fault(K.RATE_LIMITED, retry_after_s=30.0)]]})
    with pytest.raises(Overloaded) as refused:
        await routed.run()
    assert refused.value.retry_after_s == 30.0


async def test_the_only_target_is_asked_again_after_a_short_wait() -> None:
    busy = fault(K.RATE_LIMITED, retry_after_s=0.01)
    done = await Routed({"p1": [[busy], [HELLO, END]]}, (ONE,)).run()
    assert done.door.asked == ["p1", "p1"]


async def test_a_program_error_is_no_fault_of_the_provider() -> None:
    routed = Routed({"p1": [[RuntimeError("ours")]], "p2": [[HELLO, END]]})
    with pytest.raises(RuntimeError, match="ours"):
        await routed.run()
    assert routed.health.of(ONE.target).failures_in_row == 0
    assert routed.health.of(ONE.target).open_calls == 0


async def test_who_stops_reading_closes_the_provider_and_counts_no_failure() -> None:
    routed = Routed({"p1": [[HELLO, asyncio.Event()]]}, (ONE,))
    async with aclosing(routed._router.send(routed.errand)) as answer:
        await anext(answer)
        assert routed.health.of(ONE.target).open_calls == 1
    assert routed.door.happened == ["provider closed"]
    assert routed.health.of(ONE.target).open_calls == 0
    assert routed.health.of(ONE.target).last_fault == ""


# ------------------------------------------------------------ order

PRICES = {"p1": Decimal(9), "p2": Decimal(1), "p3": Decimal(5)}
SPEEDS = {"p1": 0.9, "p2": 0.5, "p3": 0.1}
THREE = [candidate("p1"), candidate("p2"), candidate("p3")]


def router() -> Router:
    health, now = Health(), asyncio.get_running_loop().time()
    for each in THREE:
        health.succeeded(each.target, now, SPEEDS[each.target.provider])
    return Router(ScriptedDoor({}), health, lambda target: PRICES[target.provider])


def names(candidates: list[Candidate]) -> list[str]:
    return [each.target.provider for each in candidates]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("priority", ["p1", "p2", "p3"]), ("cheapest", ["p2", "p3", "p1"]), ("fastest", ["p3", "p2", "p1"])],
)
async def test_the_strategy_orders_the_candidates(strategy: Strategy, expected: list[str]) -> None:
    assert names(router().order(THREE, strategy)) == expected


async def test_under_fastest_an_unknown_target_gets_its_chance() -> None:
    unknown = candidate("p4")
    assert names(router().order([*THREE, unknown], "fastest"))[0] == "p4"


async def test_weights_share_the_traffic() -> None:
    random.seed(7)
    heavy, light, never = candidate("p1", 3.0), candidate("p2", 1.0), candidate("p3", 0.0)
    first = Counter(names(router().order([never, light, heavy], "weighted"))[0] for _ in range(2000))
    assert first["p3"] == 0
    assert 0.70 < first["p1"] / 2000 < 0.80


@pytest.mark.parametrize("strategy", ["priority", "cheapest", "fastest", "weighted"])
async def test_a_resting_target_goes_last_under_every_strategy(strategy: Strategy) -> None:
    asked = router()
    resting = names(asked.order(THREE, strategy))[0]
    asked._health.of(candidate(resting).target).resting_until = asyncio.get_running_loop().time() + 30
    assert names(asked.order(THREE, strategy))[-1] == resting


async def test_when_all_rest_the_one_due_first_is_tried_first() -> None:
    asked, now = router(), asyncio.get_running_loop().time()
    for name, rest in (("p1", 60), ("p2", 20), ("p3", 40)):
        asked._health.of(candidate(name).target).resting_until = now + rest
    assert names(asked.order(THREE, "priority")) == ["p2", "p3", "p1"]
