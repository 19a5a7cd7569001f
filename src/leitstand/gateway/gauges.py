"""What is left of what a provider told with its last answer."""

from dataclasses import dataclass

from leitstand.gateway.budgets import NEVER, SHORTEST_NAP_S
from leitstand.gateway.health import MAX_REST_S
from leitstand.providers.allowance import Allowance


@dataclass(slots=True)
class Gauge:
    """One learnt allowance. used: what went out since it was told.

    at: when it was told. began: when its window began, as far as seen. A provider that says when all will be
    there again refills evenly (a token bucket); one that does not begins anew with each window. Nothing told
    is believed for longer than 90 seconds: then one asks again.
    """

    allowance: Allowance
    at: float
    began: float
    used: int = 0

    @property
    def full_at(self) -> float:
        """When everything is there again."""
        told = self.allowance
        if told.full_in_s is None:
            return self.began + min(MAX_REST_S, told.window_s)
        return self.at + min(MAX_REST_S, told.full_in_s)

    def left(self, now: float) -> float:
        """What is left now, reckoned; infinite once the figure is old."""
        if now >= self.full_at:
            return NEVER
        return self.allowance.remaining + self._rate * (now - self.at) - self.used

    def wait_s(self, need: int, now: float) -> float:
        """Seconds until `need` is left; at the latest until all is full."""
        missing = min(need, self.allowance.limit or need) - self.left(now)
        if missing <= 0:
            return 0.0
        until_full_s = max(SHORTEST_NAP_S, self.full_at - now)
        return min(until_full_s, missing / self._rate) if self._rate else until_full_s

    @property
    def _rate(self) -> float:
        """What comes back per second."""
        told = self.allowance
        if told.limit is None or not told.full_in_s:
            return 0.0
        return max(0, told.limit - told.remaining) / told.full_in_s

    def followed_by(self, told: Allowance, now: float) -> "Gauge":
        """The gauge after a newer figure; one that has not risen belongs to the same window."""
        same = told.remaining <= self.allowance.remaining and now < self.full_at
        return Gauge(told, now, self.began if same else now)
