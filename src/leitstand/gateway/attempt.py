"""One call to one candidate, from its turn to its last frame: what came of it, and who has to know.

Frames are held back until one has content, so that another candidate may still take over unseen; where the
model is buffered, until the answer is whole.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from leitstand.core.conversation import Frame, Masked, has_content
from leitstand.core.errors import Refusal
from leitstand.gateway import retry
from leitstand.gateway.health import Health
from leitstand.gateway.journey import Journey
from leitstand.gateway.tally import Tally
from leitstand.gateway.values import Attempt
from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind, UpstreamFault


class Sender(Protocol):
    """The way out to a model; the real one is providers/door.py."""

    def send(self, masked: Masked, target: Target, *, again: bool = False) -> AsyncGenerator[Frame, None]:
        """Ask the target and yield the frames of its answer; raises UpstreamFault.

        again: it was asked once already, so nobody below may send the request a second time.
        """


class BrokenOff(Exception):
    """The committed target failed after its first content. refusal: what the client is told."""

    def __init__(self, refusal: Refusal, fault: UpstreamFault) -> None:
        super().__init__(refusal.en)
        self.refusal = refusal
        self.fault = fault


async def make(
    attempt: Attempt, journey: Journey, door: Sender, health: Health, *, again: bool
) -> AsyncGenerator[Frame, None]:
    """The frames of an attempt whose turn it is.

    Raises UpstreamFault as long as nothing was yielded, BrokenOff after that.
    """
    target, tally = attempt.candidate.target, attempt.tally
    loop = asyncio.get_running_loop()
    held: list[Frame] | None = []
    first_token_s: float | None = (
        None  # 0.0 is a time like others: the loop's clock may stand still for a millisecond
    )
    is_trial = health.begin(target)
    try:
        masked = journey.protect(attempt.candidate)
        async with aclosing(door.send(masked, target, again=again)) as frames:
            async for frame in frames:
                tally.add(frame)
                if held is None:
                    yield frame
                    continue
                held.append(frame)
                if first_token_s is None and has_content(frame):
                    first_token_s = loop.time() - attempt.started
                    health.answers(target)
                if first_token_s is not None and not journey.errand.route.buffered:
                    for early in held:
                        yield early
                    held = None
        _refuse_nothing(tally)
        health.succeeded(target, loop.time(), first_token_s or 0.0)
        for frame in held or ():
            yield frame
    except UpstreamFault as fault:
        attempt.fault, attempt.status = fault.kind.value, fault.status
        attempt.turn.settle(0)
        health.failed(target, fault, loop.time())
        if retry.is_billed(fault, tally.has_output):
            journey.errand.lose(attempt)
        if held is None:
            raise BrokenOff(retry.broken_off(target.provider, fault), fault) from fault
        raise
    finally:
        attempt.ended = loop.time()
        health.end(target, is_trial)
        attempt.turn.end()


def _refuse_nothing(tally: Tally) -> None:
    """An answer without a single frame is none."""
    if not tally.has_begun:
        raise UpstreamFault(FaultKind.EMPTY, "the answer is empty", status=200)
