"""Whose turn it is: what a provider allows is foreseen, so that its limits are not run into.

A target is free when the provider's configured limits (requests and tokens of the last 60 seconds, calls at
the same time) and what the provider itself told with its last answers leave room. A request takes its first
free candidate. When none is free it waits in one short queue: people take turns, and each one's own requests
keep their order, so that one person's batch does not starve the others. Who would wait too long is told so.

Configured limits belong to a provider, learnt ones to a model there. Several processes each use their share
of the configured limits; what providers tell counts for all of them anyway.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from leitstand.core.errors import Overloaded
from leitstand.gateway.budgets import NEVER, SHORTEST_NAP_S, Budget, Spent
from leitstand.gateway.gauges import Gauge
from leitstand.policy.admit import Candidate
from leitstand.providers.allowance import Allowance
from leitstand.providers.base import Target

MOST_WAITING = 200


@dataclass(frozen=True, slots=True)
class Load:
    """Who asks, and for how much: input tokens as far as known before the call."""

    person: str = ""
    tokens: int = 0


class Turn:
    """A call that may be made now; it counts from here on until `end`."""

    __slots__ = ("_budget", "_is_open", "_pacing", "_spent", "candidate", "load")

    def __init__(self, pacing: "Pacing", candidate: Candidate, load: Load, now: float) -> None:
        self.candidate = candidate
        self.load = load
        self._pacing = pacing
        self._budget = pacing.budget(candidate.target)
        self._spent = Spent(now, load.tokens, candidate.target.limits.per_minute)
        self._budget.open += 1
        self._is_open = True
        if self._spent.counted:
            self._budget.count(self._spent)

    def settle(self, tokens: int) -> None:
        """Replace the estimate by what the provider counted."""
        self._budget.recount(self._spent, tokens)

    def end(self) -> None:
        """The call is over; a second time changes nothing."""
        if self._is_open:
            self._is_open = False
            self._budget.open -= 1
            self._pacing.pump()


@dataclass(eq=False, slots=True)
class _Waiting:
    """A request in the queue."""

    candidates: Sequence[Candidate]
    load: Load
    turn: asyncio.Future[Turn]


class Pacing:
    """Gives turns. All on one event loop; nothing here blocks or fails."""

    def __init__(self) -> None:
        self.share = 1
        """How many processes use the same limits."""
        self._budgets: dict[str, Budget] = {}
        self._gauges: dict[tuple[str, str], dict[tuple[str, str], Gauge]] = {}
        self._queues: dict[str, deque[_Waiting]] = {}  # by person, in the order of their turns
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return self._waiting

    def budget(self, target: Target) -> Budget:
        """The calls of a target's provider."""
        found = self._budgets.get(target.provider)
        if found is None:
            found = self._budgets[target.provider] = Budget()
        return found

    def learn(self, target: Target, told: Sequence[Allowance]) -> None:
        """Take over what the provider tells with an answer."""
        gauges = self._gauges.setdefault((target.provider, target.model), {})
        now = asyncio.get_running_loop().time()
        for allowance in told:
            key = (allowance.measure, allowance.window)
            known = gauges.get(key)
            gauges[key] = known.followed_by(allowance, now) if known else Gauge(allowance, now, now)
        if self._waiting:
            self.pump()

    def gauges(self, target: Target) -> tuple[Gauge, ...]:
        """What is known of a target's allowances, for pages."""
        return tuple(self._gauges.get((target.provider, target.model), {}).values())

    def wait_s(self, target: Target, load: Load, now: float) -> float:
        """Seconds until a call to this target may be made; 0.0: now."""
        wait_s = self.budget(target).wait_s(target.limits, self.share, load.tokens, now)
        for gauge in self._gauges.get((target.provider, target.model), {}).values():
            need = 1 if gauge.allowance.measure == "requests" else load.tokens
            wait_s = max(wait_s, gauge.wait_s(need, now))
        return wait_s

    async def turn(self, candidates: Sequence[Candidate], load: Load) -> Turn:
        """The turn of the first candidate that is free, waiting for one if need be.

        Raises Overloaded (503, with the time to wait) when none gets free within its provider's `max_wait_s`.
        """
        now = asyncio.get_running_loop().time()
        if not self._waiting and (turn := self._take(candidates, load, now)):
            return turn
        wanted = {name for queue in self._queues.values() for each in queue for name in _providers(each)}
        unwanted = [each for each in candidates if each.target.provider not in wanted]
        if turn := self._take(unwanted, load, now):
            return turn
        shortest_s = self._shortest_s(candidates, load, now)
        patience_s = max(each.target.limits.max_wait_s for each in candidates)
        in_vain = patience_s == 0 or patience_s < shortest_s < NEVER
        if in_vain or self._waiting >= MOST_WAITING:
            raise _overloaded(candidates, shortest_s)
        waiting = _Waiting(candidates, load, asyncio.get_running_loop().create_future())
        return await self._wait(waiting, patience_s)

    def again(self, turn: Turn) -> Turn:
        """A further call to the same target, after a fault that asking again may mend; it is not held up."""
        return self._started(turn.candidate, turn.load, asyncio.get_running_loop().time())

    def at_once(self, candidate: Candidate, load: Load) -> Turn | None:
        """A turn for this candidate if it is free and nobody waits; for a call that is not worth waiting."""
        now = asyncio.get_running_loop().time()
        return None if self._waiting else self._take([candidate], load, now)

    async def _wait(self, waiting: _Waiting, patience_s: float) -> Turn:
        self._queues.setdefault(waiting.load.person, deque()).append(waiting)
        self._waiting += 1
        self.pump()
        try:
            async with asyncio.timeout(patience_s):
                return await waiting.turn
        except TimeoutError as late:
            if _has_come(waiting.turn):
                return waiting.turn.result()
            now = asyncio.get_running_loop().time()
            wait_s = self._shortest_s(waiting.candidates, waiting.load, now)
            raise _overloaded(waiting.candidates, wait_s) from late
        except asyncio.CancelledError:
            if _has_come(waiting.turn):
                waiting.turn.result().end()  # the client left while its turn came: the next one goes
            raise
        finally:
            self._leave(waiting)

    def _leave(self, waiting: _Waiting) -> None:
        queue = self._queues.get(waiting.load.person)
        if queue is None or waiting not in queue:
            return
        queue.remove(waiting)
        self._waiting -= 1
        if not queue:
            del self._queues[waiting.load.person]

    def pump(self) -> None:
        """Give turns to those who wait, one per person and round, as long as something is free."""
        if not self._waiting:
            return
        now = asyncio.get_running_loop().time()
        while self._round(now):
            pass
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        naps = [
            wait_s
            for queue in self._queues.values()
            for each in queue
            if (wait_s := self._shortest_s(each.candidates, each.load, now)) != NEVER
        ]
        if naps:
            nap_s = max(SHORTEST_NAP_S, min(naps))
            self._timer = asyncio.get_running_loop().call_later(nap_s, self.pump)

    def _round(self, now: float) -> int:
        """One turn for each person who waits; how many got one."""
        return sum(self._serve(person, now) for person in list(self._queues))

    def _serve(self, person: str, now: float) -> bool:
        """Give a person's first request that can go its turn; then it is the others' turn."""
        for waiting in self._queues.get(person, ()):
            if waiting.turn.done() or not (turn := self._take(waiting.candidates, waiting.load, now)):
                continue
            waiting.turn.set_result(turn)
            self._leave(waiting)
            if person in self._queues:
                self._queues[person] = self._queues.pop(person)  # to the end of the round
            return True
        return False

    def _take(self, candidates: Sequence[Candidate], load: Load, now: float) -> Turn | None:
        for candidate in candidates:
            if self.wait_s(candidate.target, load, now) <= 0:
                return self._started(candidate, load, now)
        return None

    def _started(self, candidate: Candidate, load: Load, now: float) -> Turn:
        target = candidate.target
        for gauge in self._gauges.get((target.provider, target.model), {}).values():
            gauge.used += 1 if gauge.allowance.measure == "requests" else load.tokens
        return Turn(self, candidate, load, now)

    def _shortest_s(self, candidates: Sequence[Candidate], load: Load, now: float) -> float:
        return min((self.wait_s(each.target, load, now) for each in candidates), default=NEVER)


def _has_come(turn: asyncio.Future[Turn]) -> bool:
    return turn.done() and not turn.cancelled()


def _providers(waiting: _Waiting) -> list[str]:
    return [each.target.provider for each in waiting.candidates]


def _overloaded(candidates: Sequence[Candidate], wait_s: float) -> Overloaded:
    names = ", ".join(dict.fromkeys(each.target.provider for each in candidates))
    retry_after_s = 5.0 if wait_s == NEVER else max(1.0, wait_s)
    return Overloaded(
        f"Zurzeit ist kein Platz frei: Bei {names} sind die Grenzen erreicht. Versuchen Sie es in {retry_after_s:.0f} Sekunden noch einmal.",
        f"There is no room at the moment: the limits at {names} are reached. Try again in {retry_after_s:.0f} seconds.",
        retry_after_s=retry_after_s,
    )
