"""What is left of a provider's configured limits: requests and tokens of the last minute, calls under way."""

from collections import deque
from dataclasses import dataclass, field

from leitstand.providers.base import Limits

WINDOW_S = 60.0
SHORTEST_NAP_S = 0.01
NEVER = float("inf")  # it depends on others: on a call that ends


@dataclass(eq=False, slots=True)
class Spent:
    """One call. counted: whether it is among those of the last minute."""

    at: float
    tokens: int
    counted: bool = True


@dataclass(slots=True)
class Budget:
    """The calls of one provider in the last minute and now, against its configured limits."""

    open: int = 0
    tokens: int = 0
    calls: deque[Spent] = field(default_factory=deque)

    def wait_s(self, limits: Limits, share: int, tokens: int, now: float) -> float:
        """Seconds until there is room; 0.0: now. A call that is larger than its limit goes when all is free."""
        self._forget(now)
        if limits.concurrency is not None and self.open >= _part(limits.concurrency, share):
            return NEVER
        wait_s = 0.0
        per_minute = limits.requests_per_minute
        if per_minute is not None and len(self.calls) >= (most := _part(per_minute, share)):
            wait_s = self._until(now, len(self.calls) - most)
        if limits.tokens_per_minute is not None and self.tokens:
            excess = self.tokens + tokens - _part(limits.tokens_per_minute, share)
            for place, call in enumerate(self.calls):
                if excess <= 0:
                    break
                excess -= call.tokens
                wait_s = max(wait_s, self._until(now, place))
        return wait_s

    def count(self, call: Spent) -> None:
        self.calls.append(call)
        self.tokens += call.tokens

    def recount(self, call: Spent, tokens: int) -> None:
        if call.counted:
            self.tokens += tokens - call.tokens
        call.tokens = tokens

    def _until(self, now: float, place: int) -> float:
        return max(SHORTEST_NAP_S, self.calls[place].at + WINDOW_S - now)

    def _forget(self, now: float) -> None:
        while self.calls and self.calls[0].at <= now - WINDOW_S:
            gone = self.calls.popleft()
            gone.counted = False
            self.tokens -= gone.tokens


def _part(limit: int, share: int) -> int:
    return max(1, limit // share)
