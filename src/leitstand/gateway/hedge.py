"""Two candidates side by side: who comes first with content answers, the other one is stopped.

A hedged request shortens the long tail of waiting times. It may cost twice: most providers bill what they had
begun. So it is the wish of a model's owner, there are never more than two, and enough for both is held.
Source: Dean and Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from leitstand.core.conversation import Frame
from leitstand.core.errors import Refusal
from leitstand.gateway.values import Attempt
from leitstand.policy.admit import Candidate
from leitstand.providers.faults import UpstreamFault


@dataclass(eq=False)
class Runner:
    """An attempt on its way to its first content. frames: yields nothing before that; close it."""

    attempt: Attempt
    frames: AsyncGenerator[Frame, None]
    first: Frame | None = None
    fault: UpstreamFault | None = None

    @property
    def candidate(self) -> Candidate:
        return self.attempt.candidate

    async def run(self) -> None:
        """Up to the first content, or the fault before it."""
        try:
            self.first = await anext(self.frames)
        except UpstreamFault as fault:
            self.fault = fault


async def race(
    lead: Runner,
    after_s: float,
    rival: Callable[[], Runner | None],
    failed: Callable[[Candidate, UpstreamFault], None],
) -> tuple[Runner | None, list[Runner]]:
    """The runner that has its first content, None when all have failed; and those that were overtaken.

    after_s: when the rival is asked for, unless the lead has ended. rival: None when nobody may run beside.
    failed: told of each fault as it comes; the Refusal it may raise ends the race. Those overtaken are closed.
    """
    loop = asyncio.get_running_loop()
    running: dict[asyncio.Task[None], Runner] = {}
    ended: Refusal | None = None
    winner: Runner | None = None
    async with asyncio.TaskGroup() as tasks:
        running[tasks.create_task(lead.run(), name="lead")] = lead
        rival_at: float | None = loop.time() + after_s
        while running and winner is None and ended is None:
            wait_s = None if rival_at is None else max(0.0, rival_at - loop.time())
            done, _ = await asyncio.wait(running, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                rival_at = None
                if (second := rival()) is not None:
                    running[tasks.create_task(second.run(), name="rival")] = second
            for task in done:
                if winner is not None:
                    break
                runner = running.pop(task)
                try:
                    winner = _outcome(runner, failed)
                except Refusal as refusal:
                    ended = refusal
        for task in running:
            task.cancel()
    overtaken = list(running.values())
    for runner in overtaken:
        await runner.frames.aclose()
    if ended is not None:
        raise ended
    return winner, overtaken


def _outcome(runner: Runner, failed: Callable[[Candidate, UpstreamFault], None]) -> Runner | None:
    if runner.fault is None:
        return runner
    failed(runner.candidate, runner.fault)
    return None
