"""The patterns of all scopes of a kind, and the bound above which an amount is unusual.

Amounts of an hour, day or week in use are taken as log-normal. A scope's own mean and spread are drawn towards those of
all scopes of its kind, the more the less is known of it, so a new one is judged by its peers (empirical Bayes: the
weight of the peers is the ratio of the variance within scopes to that between them). The bound leaves the tail that
the demanded rate of false alarms allows: the rate, shared among scopes, windows, measures and the looks of a week,
divided by how often the scope is active at such a time at all. Tails of real use are heavier than that model's, so a
Student quantile is taken, and nothing is unusual that is not well above the largest amount ever seen there.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist, fmean, median, pvariance

from leitstand.accounting.unusual.calendar import PARTS, Part, Place
from leitstand.accounting.unusual.history import Level, Past
from leitstand.accounting.unusual.values import (
    DAY_US,
    MEASURES,
    WINDOWS,
    Demand,
    Known,
    Measure,
    Now,
    Unusual,
    Window,
)

LEARN_DAYS = 14  # of the oldest scope of a kind: before that nobody has a pattern
_LOOKS = {
    "hour": 2 * 168.0,
    "day": 7.0,
    "off": 7.0,
    "week": 2.0,
}  # independent looks in a week; windows that slide count twice
_FACTOR = {
    "hour": 4.0,
    "day": 3.0,
    "off": 4.0,
    "week": 2.0,
}  # an amount below so many times the usual is no event for people
_ABOVE_MOST = 1.2
_PRIOR_HOURS = 40.0  # weight of the peers when a scope is active
_PRIOR_FREEDOM = 20.0  # weight of the peers in how far amounts spread
_LEAST_SPREAD = 0.35  # of logarithms: below it a machine's even use would make every change an alarm
_MOST_GROWTH = 3.0


@dataclass(frozen=True)
class _Peers:
    """All scopes of a kind, for a window and measure. between, within: variances of logarithms."""

    mean: float
    between: float
    within: float

    @property
    def weight(self) -> float:
        return min(max(self.within / max(self.between, 1e-6), 1.0), 30.0)


@dataclass(frozen=True)
class _Size:
    """How large the scope's windows are: a distribution of logarithms. freedom: of Student's distribution."""

    mean: float
    deviation: float
    freedom: float

    def above(self, tail: float) -> float:
        """The amount that is exceeded with probability `tail`."""
        if tail >= 0.5:
            return math.exp(self.mean)
        z = -NormalDist().inv_cdf(tail)
        student = z + (z**3 + z) / (4 * self.freedom)  # first term of Cornish and Fisher
        return math.exp(min(self.mean + student * self.deviation, 60.0))


class Patterns:
    """All scopes of one kind as they were up to a moment."""

    def __init__(
        self, kind: str, pasts: Mapping[str, Past], now_us: int, demand: Demand, scopes: int
    ) -> None:
        """scopes: how many scopes of all kinds share the rate of false alarms."""
        self._kind = kind
        self._pasts = pasts
        self._demand = demand
        self._share = demand.false_per_week / (max(scopes, 1) * len(WINDOWS) * len(MEASURES))
        self._peers = {
            (window, measure): found
            for window in WINDOWS
            for measure in MEASURES
            if (found := _peers(past.levels.get((window, measure)) for past in pasts.values()))
        }
        self._activity = {
            part: _ratio((past.active[part], past.open[part]) for past in pasts.values()) for part in PARTS
        }
        self._daily = {
            (window, workday): _ratio(_days(past, window)[workday] for past in pasts.values())
            for window in ("day", "off")
            for workday in (True, False)
        }
        oldest_us = min((past.first_us for past in pasts.values()), default=now_us)
        self.is_ready = now_us - oldest_us >= LEARN_DAYS * DAY_US
        self._bounds: dict[tuple[str, Window, Measure, Part, float], tuple[float, float, float]] = {}

    def growth(self, weeks: Mapping[str, Now]) -> float:
        """By how much the middle scope's tokens of the last seven days are above its own usual week; at least 1."""
        ratios = [
            now.week.tokens / math.exp(level.mean)
            for name, now in weeks.items()
            if (past := self._pasts.get(name)) and (level := past.levels.get(("week", "tokens"))) and level.weight
        ]  # fmt: skip
        return min(max(median(ratios), 1.0), _MOST_GROWTH) if len(ratios) >= 5 else 1.0

    def judge(self, name: str, now: Now, place: Place, known: Known, growth: float = 1.0) -> Unusual | None:
        """What is most unusual about a scope now, by the multiple of its bound; None while patterns are learnt."""
        if not self.is_ready:
            return None
        found: list[tuple[float, Unusual]] = []
        for window in WINDOWS:
            for measure in MEASURES:
                amount = now.amount(window, measure)
                if amount < getattr(self._demand.least, measure):
                    continue
                unusual = self._judge(name, window, measure, amount, place, known, growth)
                if unusual:
                    found.append((amount / unusual.bound, unusual))
        critical = [each for each in found if each[1].rule == "token_use_unusual"]
        return max(critical or found, key=lambda each: each[0])[1] if found else None

    def _judge(
        self, name: str, window: Window, measure: Measure, amount: int, place: Place, known: Known, growth: float
    ) -> Unusual | None:  # fmt: skip
        key = name, window, measure, place.part, growth
        bounds = self._bounds.get(key) or self._bound(*key)
        if bounds is None:
            return None
        typical, bound, anytime = self._bounds.setdefault(key, bounds)
        scope = f"{self._kind}:{name}"
        bound = max(bound, known.accepted.get((scope, window, measure), 0))
        if amount <= bound:
            return None
        return Unusual(
            scope, window, measure, amount, round(typical), max(round(bound), 1), amount <= anytime
        )

    def _bound(
        self, name: str, window: Window, measure: Measure, part: Part, growth: float
    ) -> tuple[float, float, float] | None:
        """(typical, bound now, bound at the scope's busiest time)."""
        size = self._size(name, window, measure)
        if size is None:
            return None
        past, tail = self._pasts.get(name), self._share / _LOOKS[window]
        typical = math.exp(size.mean)
        least = max(typical * _FACTOR[window], float(getattr(self._demand.least, measure)))
        grown = growth if window != "hour" else 1.0
        here = max(size.above(tail / self._active(past, window, part)) * grown, least)
        busiest = max((self._active(past, window, each) for each in self._activity), default=1.0)
        anytime = max(size.above(tail / busiest) * grown, least)
        if past is not None:
            top = past.level(window, measure).most * _ABOVE_MOST
            anytime = max(anytime, top)
            here = max(here, past.most.get((part, measure), 0) * _ABOVE_MOST if window == "hour" else top)
        return typical, min(here, anytime), anytime

    def _active(self, past: Past | None, window: Window, part: Part) -> float:
        """How likely the scope uses anything in such a window."""
        if window == "week":
            return 1.0
        prior, (used, all_) = self._activity[part], (0.0, 0.0)
        if window != "hour":
            prior = self._daily[window, part != "weekend"]
        if past is not None and window == "hour":
            used, all_ = past.active[part], past.open[part]
        elif past is not None:
            used, all_ = _days(past, window)[part != "weekend"]
        return max((used + _PRIOR_HOURS * prior) / (all_ + _PRIOR_HOURS), 1e-4)

    def _size(self, name: str, window: Window, measure: Measure) -> _Size | None:
        peers = self._peers.get((window, measure))
        if peers is None:
            return None
        past = self._pasts.get(name)
        level = past.levels.get((window, measure)) if past else None
        count, mean, spread = (
            (level.weight, level.mean, level.spread) if level and level.weight else (0.0, 0.0, 0.0)
        )
        known = count + peers.weight
        freedom = max(count - 1, 0.0) + _PRIOR_FREEDOM
        within = max((spread + _PRIOR_FREEDOM * peers.within) / freedom, _LEAST_SPREAD**2)
        return _Size(
            (count * mean + peers.weight * peers.mean) / known, math.sqrt(within * (1 + 1 / known)), freedom
        )


def _peers(levels: Iterable[Level | None]) -> _Peers | None:
    """None where not even one scope has used something of the measure."""
    known = [level for level in levels if level and level.weight > 0]
    if not known:
        return None
    steady = [level for level in known if level.weight >= 3] or known
    means = [level.mean for level in steady]
    freedom = sum(max(level.weight - 1, 0.0) for level in steady)
    within = sum(level.spread for level in steady) / freedom if freedom > 0 else 1.0
    between = pvariance(means) if len(means) >= 5 else 1.0
    return _Peers(fmean(means), between, max(within, _LEAST_SPREAD**2))


def _days(past: Past, window: Window) -> Mapping[bool, tuple[float, float]]:
    return past.off if window == "off" else past.days


def _ratio(pairs: Iterable[tuple[float, float]]) -> float:
    used, all_ = (
        (sum(column) for column in zip(*pairs, strict=True)) if (pairs := list(pairs)) else (0.0, 0.0)
    )
    return used / all_ if all_ else 0.5
