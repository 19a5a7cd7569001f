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
    overtaken: Callable[[Attempt], None],
) -> Runner | None:
    """The runner that has its first content; None when both have failed.

    after_s: when the rival is asked for, unless the lead has ended. rival: None when nobody may run beside.
    failed: told of each fault of two; the Refusal that it may raise ends the race. overtaken: told of the one
    that was stopped. A lead that fails before it has a rival raises its UpstreamFault, as without a race.
    """
    field = _Field(failed)
    async with asyncio.TaskGroup() as tasks:
        field.enter(tasks, lead)
        if not await field.first_within(after_s) and (second := rival()) is not None:
            field.enter(tasks, second)
        while field.running and field.is_open:
            await field.first_within(None)
        for task in field.running:
            task.cancel()
    for runner in field.running.values():
        await runner.frames.aclose()
        overtaken(runner.attempt)
    if field.verdict is not None:
        raise field.verdict
    return field.winner


class _Field:
    """Those who run, and what has come of the race so far. verdict: what ends it without a winner."""

    def __init__(self, failed: Callable[[Candidate, UpstreamFault], None]) -> None:
        self.running: dict[asyncio.Task[None], Runner] = {}
        self.winner: Runner | None = None
        self.verdict: Refusal | UpstreamFault | None = None
        self._failed = failed
        self._entered = 0

    @property
    def is_open(self) -> bool:
        return self.winner is None and self.verdict is None

    def enter(self, tasks: asyncio.TaskGroup, runner: Runner) -> None:
        self._entered += 1
        self.running[tasks.create_task(runner.run(), name=f"runner {self._entered}")] = runner

    async def first_within(self, wait_s: float | None) -> bool:
        """Wait for somebody to end and judge it; without a limit each runner's own patience is one."""
        done, _ = await asyncio.wait(self.running, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if self.is_open:
                self._judge(self.running.pop(task))
        return bool(done)

    def _judge(self, runner: Runner) -> None:
        if runner.fault is None:
            self.winner = runner
        elif self._entered == 1:
            self.verdict = runner.fault
        else:
            try:
                self._failed(runner.candidate, runner.fault)
            except Refusal as refusal:
                self.verdict = refusal
