"""Answers that are held back until they are whole: any fault is rescued, and nothing is seen twice."""

from contextlib import aclosing
from decimal import Decimal

import pytest

from gateway.gateway_kit import END, HELLO, MORE, PREAMBLE, PlainErrand, ScriptedDoor, Step, candidate, fault
from leitstand.core.conversation import Frame
from leitstand.core.errors import InvalidRequest, UpstreamTimeout
from leitstand.gateway.health import Health
from leitstand.gateway.routing import Router
from leitstand.policy.rulebook import Route
from leitstand.providers.faults import FaultKind

K = FaultKind
ONE, TWO = candidate("p1"), candidate("p2")
BUFFERED = Route("standard", (), buffered=True)


async def play(
    scripts: dict[str, list[list[Step]]],
) -> tuple[list[tuple[str, Frame]], PlainErrand, ScriptedDoor]:
    errand, door = PlainErrand((ONE, TWO), BUFFERED), ScriptedDoor(scripts)
    router = Router(door, Health(), lambda _target: Decimal(0))
    async with aclosing(router.send(errand)) as answer:
        return [(who.target.provider, frame) async for who, frame in answer], errand, door


@pytest.mark.parametrize(
    "kind", [K.CUT, K.TIMEOUT_IDLE, K.TIMEOUT_TOTAL, K.MALFORMED, K.SERVER, K.OVERLOADED]
)
async def test_a_fault_in_the_middle_is_rescued_from_the_start(kind: FaultKind) -> None:
    broken: list[Step] = [PREAMBLE, HELLO, fault(kind)]
    frames, errand, _ = await play({"p1": [broken, list(broken)], "p2": [[PREAMBLE, HELLO, MORE, END]]})
    assert frames == [("p2", PREAMBLE), ("p2", HELLO), ("p2", MORE), ("p2", END)]
    assert errand.trace.fallback == 1


async def test_the_same_target_is_asked_again_after_a_cut() -> None:
    frames, _, door = await play({"p1": [[HELLO, fault(K.CUT)], [HELLO, END]]})
    assert frames == [("p1", HELLO), ("p1", END)]
    assert door.asked == ["p1", "p1"]
    assert door.again == [False, True]


async def test_what_the_lost_answer_used_is_booked() -> None:
    _, errand, _ = await play({"p1": [[HELLO, fault(K.TIMEOUT_IDLE)]], "p2": [[HELLO, END]]})
    (lost,) = errand.lost
    assert lost.provider == "p1"
    assert errand.trace.lost.output_tokens == 3
    assert errand.trace.lost.estimated


async def test_a_refusal_for_content_is_never_routed_around_even_in_the_middle() -> None:
    with pytest.raises(InvalidRequest):
        await play({"p1": [[HELLO, fault(K.CONTENT_FILTER)]], "p2": [[HELLO, END]]})


async def test_when_everybody_breaks_off_it_is_a_plain_error() -> None:
    with pytest.raises(UpstreamTimeout):
        await play({"p1": [[HELLO, fault(K.TIMEOUT_IDLE)]], "p2": [[HELLO, fault(K.TIMEOUT_IDLE)]]})
