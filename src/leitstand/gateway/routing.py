"""From the allowed candidates to one answer: order, attempts, fallback, and what rescues a broken stream.

Frames are held back until one has content; from then on the target is committed, and a later fault is
passed on as one clear error instead of a silent switch. The owner of a model may wish for more: that the whole
answer is held back (`buffered`), that a broken one is continued (`continuation.py`), that a slow candidate
gets a rival (`hedge.py`).
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Protocol

from leitstand.core.conversation import Frame, Prompt
from leitstand.core.errors import Refusal
from leitstand.gateway import retry
from leitstand.gateway.attempt import BrokenOff, Sender, make
from leitstand.gateway.continuation import MOST, Joint, Transcript
from leitstand.gateway.health import Health
from leitstand.gateway.hedge import Runner, race
from leitstand.gateway.journey import Errand, Journey
from leitstand.gateway.pacing import Pacing, Turn
from leitstand.gateway.values import Attempt
from leitstand.policy.admit import Candidate
from leitstand.policy.rulebook import Strategy
from leitstand.providers.base import Target
from leitstand.providers.faults import UpstreamFault

__all__ = ["Abilities", "BrokenOff", "Router", "Sender"]

PriceOf = Callable[[Target], Decimal]
Answer = AsyncGenerator[tuple[Candidate, Frame], None]


class Abilities(Protocol):
    """What is known of models; the real one is `app/abilities.py`."""

    def window(self, target: Target) -> int | None:
        """Tokens of its context as far as listed, None when unknown."""

    def continues(self, target: Target, prompt: Prompt) -> bool:
        """Whether it goes on with a turn of the assistant that ends the prompt."""


class Router:
    """Sends a prompt to the first candidate that answers."""

    def __init__(
        self,
        door: Sender,
        health: Health,
        price_of: PriceOf,
        pacing: Pacing | None = None,
        abilities: Abilities | None = None,
    ) -> None:
        """price_of: EUR per million tokens, input plus output, for the strategy `cheapest`."""
        self._door = door
        self._health = health
        self._price_of = price_of
        self._pacing = pacing or Pacing()
        self._abilities = abilities

    def through(self, around: Callable[[Sender], Sender], health: Health | None = None) -> "Router":
        """The same router with something before its door; health: another board to write on."""
        board = health or self._health
        return Router(around(self._door), board, self._price_of, self._pacing, self._abilities)

    async def send(self, errand: Errand) -> Answer:
        """Frames of the answer, each with the candidate that gives it; preamble first, nothing twice.

        Raises a Refusal when nobody answered, BrokenOff after the first content.
        """
        queue = self.order(errand.affordable(), errand.route.strategy, errand.input_least)
        journey = Journey(errand, queue, self._window)
        runner = await self._begin(journey)
        continued = errand.route.continuation
        answer = self._with_continuations(journey, runner) if continued else _frames(runner)
        async with aclosing(answer) as frames:
            async for candidate, frame in frames:
                yield candidate, frame

    async def _begin(self, journey: Journey) -> Runner:
        """A runner that has its first content. Raises a Refusal when nobody gives one."""
        while queue := journey.ahead():
            turn = await self._pacing.turn(self._well(queue), journey.errand.trace.load)
            journey.ask(turn.candidate)
            if (runner := await self._try(turn, journey)) is not None:
                return runner
        raise journey.dead_end() from journey.cause

    async def _try(self, turn: Turn, journey: Journey) -> Runner | None:
        """Ask one candidate, twice at most; None when the next one is to be asked."""
        tries = 0
        while True:
            runner = self._runner(turn, journey, again=tries > 0)
            try:
                return await self._first(runner, journey)
            except UpstreamFault as fault:
                tries += 1
                if journey.after(turn.candidate, fault, tries) is retry.Step.NEXT:
                    return None
                await asyncio.sleep(retry.pause_s(fault))
                turn = self._pacing.again(turn)

    async def _first(self, lead: Runner, journey: Journey) -> Runner | None:
        """The lead, or the rival that overtook it, with its first content; None when both have failed."""
        after_s = journey.errand.route.hedge_after_s
        if after_s is None:
            lead.first = await anext(lead.frames)
            return lead
        return await race(lead, after_s, lambda: self._rival(journey), journey.lost, journey.overtaken)

    def _rival(self, journey: Journey) -> Runner | None:
        """The next candidate that is free at once and paid for beside the first."""
        trace = journey.errand.trace
        for candidate in self._well(journey.ahead()):
            if self._health.is_resting(candidate.target, asyncio.get_running_loop().time()):
                continue
            turn = self._pacing.at_once(candidate, trace.load)
            if turn is None:
                continue
            if not journey.errand.double():
                turn.end()
                return None
            journey.ask(candidate)
            return self._runner(turn, journey)
        return None

    async def _with_continuations(self, journey: Journey, runner: Runner) -> Answer:
        """The frames of an answer that is continued where it breaks off, as long as somebody can."""
        begun_by, said = runner.candidate, Transcript(journey.errand.prompt)
        joint: Joint | None = None
        trace = journey.errand.trace
        while True:
            try:
                async with aclosing(_frames(runner)) as frames:
                    async for _, frame in frames:
                        joined = joint.frame(frame) if joint else frame
                        if joined is not None:
                            said.add(joined)
                            yield begun_by, joined
                return
            except BrokenOff as broken:
                if trace.continued == MOST or not said.can_continue:
                    raise
                runner = await self._resume(journey, runner, said.text, broken)
                trace.continued += 1
                joint = Joint(said.text, trace.lost)

    async def _resume(self, journey: Journey, last: Runner, text: str, broken: BrokenOff) -> Runner:
        """Somebody who goes on with the text. Raises `broken` when nobody can."""
        candidates = [
            each for each in (last.candidate, *journey.rest()) if self._can_resume(each, last, journey)
        ]
        if not candidates:
            raise broken
        if retry.next_step(broken.fault, 1, others_left=True) is not retry.Step.AGAIN:
            candidates = [*candidates[1:], *candidates[:1]]
        try:
            return await self._begin(Journey(journey.errand, candidates, self._window, said=text))
        except Refusal as refusal:
            raise broken from refusal

    def _can_resume(self, candidate: Candidate, last: Runner, journey: Journey) -> bool:
        """Only who sees the prompt in the same way: neither clear text nor placeholders change the house."""
        if self._abilities is None or candidate.protection is not last.candidate.protection:
            return False
        return self._abilities.continues(candidate.target, journey.errand.prompt)

    def order(
        self, candidates: Sequence[Candidate], strategy: Strategy, least_tokens: int = 0
    ) -> list[Candidate]:
        """The candidates in the order of trying; resting ones last, the one due first before the others.

        Behind them come those whose window is listed as too small for the prompt. least_tokens: its size at least.
        """
        now = asyncio.get_running_loop().time()
        ranked = list(candidates)
        if len(ranked) > 1:
            if strategy == "weighted":
                ranked.sort(key=_lottery)
            elif strategy == "cheapest":
                ranked.sort(key=lambda candidate: self._price_of(candidate.target))
            elif strategy == "fastest":
                ranked.sort(key=lambda candidate: self._health.expected_s(candidate.target, now))
            ranked.sort(key=lambda candidate: self._health.rest_s(candidate.target, now))
            ranked.sort(key=lambda candidate: least_tokens > (self._window(candidate) or least_tokens))
        return ranked

    def _well(self, queue: list[Candidate]) -> list[Candidate]:
        """Those that do not rest; of resting ones only the first, as the last resort."""
        now = asyncio.get_running_loop().time()
        return [each for each in queue if not self._health.is_resting(each.target, now)] or queue[:1]

    def _window(self, candidate: Candidate) -> int | None:
        if candidate.offer.context_tokens is not None or self._abilities is None:
            return candidate.offer.context_tokens
        return self._abilities.window(candidate.target)

    def _runner(self, turn: Turn, journey: Journey, *, again: bool = False) -> Runner:
        attempt = Attempt(turn, journey.tally(), asyncio.get_running_loop().time())
        journey.errand.trace.attempts.append(attempt)
        return Runner(attempt, make(attempt, journey, self._door, self._health, again=again))


async def _frames(runner: Runner) -> Answer:
    """The first frame, which has come, and those after it."""
    async with aclosing(runner.frames) as frames:
        if runner.first is not None:
            yield runner.candidate, runner.first
        async for frame in frames:
            yield runner.candidate, frame


def _lottery(candidate: Candidate) -> float:
    """A draw in which a weight of 2 wins twice as often (Efraimidis and Spirakis 2006); smallest first."""
    weight = candidate.offer.weight
    return random.expovariate(weight) if weight > 0 else float("inf")
