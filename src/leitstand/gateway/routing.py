"""From the allowed candidates to one answer: order, attempts, fallback before the first content.

Frames are held back until one has content; from then on the target is committed, and a later fault is
passed on as one clear error instead of a silent switch.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Protocol

from leitstand.core.conversation import Frame, Masked, has_content
from leitstand.core.errors import Refusal
from leitstand.gateway import retry
from leitstand.gateway.health import Health
from leitstand.gateway.values import Attempt, Trace
from leitstand.policy.admit import Candidate
from leitstand.policy.rulebook import Strategy
from leitstand.providers.base import Target
from leitstand.providers.faults import UpstreamFault

Protect = Callable[[Candidate], Masked]
PriceOf = Callable[[Target], Decimal]


class Sender(Protocol):
    """The way out to a model; the real one is providers/door.py."""

    def send(self, masked: Masked, target: Target) -> AsyncGenerator[Frame, None]:
        """Ask the target and yield the frames of its answer; raises UpstreamFault."""


class BrokenOff(Exception):
    """The committed target failed after its first content. refusal: what the client is told."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.en)
        self.refusal = refusal


class Router:
    """Sends a prompt to the first candidate that answers."""

    def __init__(self, door: Sender, health: Health, price_of: PriceOf) -> None:
        """price_of: EUR per million tokens, input plus output, for the strategy `cheapest`."""
        self._door = door
        self._health = health
        self._price_of = price_of

    async def send(
        self, candidates: Sequence[Candidate], strategy: Strategy, protect: Protect, trace: Trace
    ) -> AsyncGenerator[tuple[Candidate, Frame], None]:
        """Frames of the answer, each with the candidate that gives it; preamble first, nothing twice.

        protect: the prompt as this candidate may see it. trace: filled with every attempt.
        Raises a Refusal when nobody answered, BrokenOff after the first content.
        """
        queue = self.order(candidates, strategy)
        faults: list[tuple[str, UpstreamFault]] = []
        for place, candidate in enumerate(queue):
            tries = 0
            while True:
                tries += 1
                try:
                    async with aclosing(self._attempt(candidate, protect, trace)) as frames:
                        async for frame in frames:
                            yield candidate, frame
                    return
                except UpstreamFault as fault:
                    faults.append((candidate.target.provider, fault))
                    step = retry.next_step(fault, tries, others_left=place + 1 < len(queue))
                    if step is retry.Step.STOP:
                        raise retry.refusal(faults) from fault
                    if step is retry.Step.NEXT:
                        trace.fallback += 1
                        break
                    await asyncio.sleep(retry.pause_s(fault))
        raise retry.refusal(faults) from faults[-1][1]

    def order(self, candidates: Sequence[Candidate], strategy: Strategy) -> list[Candidate]:
        """The candidates in the order of trying; resting ones last, the one due first before the others."""
        now = asyncio.get_running_loop().time()
        ranked = list(candidates)
        if len(ranked) > 1:
            if strategy == "weighted":
                ranked.sort(key=_lottery)
            elif strategy == "cheapest":
                ranked.sort(key=lambda candidate: self._price_of(candidate.target))
            elif strategy == "fastest":
                ranked.sort(key=lambda candidate: self._health.of(candidate.target).first_token_s)
            ranked.sort(key=lambda candidate: max(0.0, self._health.of(candidate.target).resting_until - now))
        return ranked

    async def _attempt(
        self, candidate: Candidate, protect: Protect, trace: Trace
    ) -> AsyncGenerator[Frame, None]:
        target, entry = candidate.target, self._health.of(candidate.target)
        loop = asyncio.get_running_loop()
        attempt = Attempt(target.provider, target.model, started=loop.time())
        trace.attempts.append(attempt)
        held: list[Frame] | None = []
        first_token_s = 0.0
        entry.open_calls += 1
        try:
            async with aclosing(self._door.send(protect(candidate), target)) as frames:
                async for frame in frames:
                    if held is not None:
                        held.append(frame)
                        if not has_content(frame):
                            continue
                        first_token_s = loop.time() - attempt.started
                        for early in held:
                            yield early
                        held = None
                    else:
                        yield frame
            for frame in held or ():
                yield frame
            self._health.succeeded(target, loop.time(), first_token_s)
        except UpstreamFault as fault:
            attempt.fault, attempt.status = fault.kind.value, fault.status
            self._health.failed(target, fault, loop.time())
            if held is None:
                raise BrokenOff(retry.broken_off(target.provider, fault)) from fault
            raise
        finally:
            attempt.ended = loop.time()
            entry.open_calls -= 1


def _lottery(candidate: Candidate) -> float:
    """A draw in which a weight of 2 wins twice as often (Efraimidis and Spirakis 2006); smallest first."""
    weight = candidate.offer.weight
    return random.expovariate(weight) if weight > 0 else float("inf")
