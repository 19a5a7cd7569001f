"""One scope's own history, boiled down to a few numbers: how large its hours, days and weeks are, and when it works."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from leitstand.accounting.unusual.calendar import PARTS, Hours, Part
from leitstand.accounting.unusual.values import (
    DAY_US,
    HOUR_US,
    MEASURES,
    NOTHING,
    Amounts,
    HourUse,
    Measure,
    Window,
)

HISTORY_DAYS = 56
_HALF_LIFE_US = 21 * DAY_US  # so that growth is followed


@dataclass
class Level:
    """Logarithms of amounts: their weight, weighted sum and sum of squares; the largest amount itself."""

    weight: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    most: int = 0

    def add(self, amount: int, weight: float) -> None:
        """One more amount greater than 0."""
        log = math.log(amount)
        self.weight += weight
        self.total += weight * log
        self.squares += weight * log * log
        self.most = max(self.most, amount)

    @property
    def mean(self) -> float:
        return self.total / self.weight

    @property
    def spread(self) -> float:
        """Sum of squared distances from the mean."""
        return max(self.squares - self.total**2 / self.weight, 0.0)


@dataclass
class Past:
    """What is known of one scope. active, open: weighted hours of each part in which it used something, and all.

    days: (used on, all) weighted days, workdays and weekends apart; off: the same of use outside working hours.
    most: the largest hour of each part.
    """

    first_us: int
    levels: dict[tuple[Window, Measure], Level] = field(default_factory=dict)
    active: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    open: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    days: dict[bool, tuple[float, float]] = field(default_factory=dict)
    off: dict[bool, tuple[float, float]] = field(default_factory=dict)
    most: dict[tuple[Part, Measure], int] = field(default_factory=dict)

    def level(self, window: Window, measure: Measure) -> Level:
        """Of amounts in windows of a length; empty where nothing was used."""
        return self.levels.setdefault((window, measure), Level())


def read_past(
    uses: Sequence[HourUse], hours: Hours, now_us: int, left_out: Sequence[tuple[int, int]]
) -> Past:
    """Boil down one scope's hours (any order, at least one). left_out: spans that are no part of the pattern."""
    kept = [use for use in uses if not any(begin <= use.hour_us < end for begin, end in left_out)]
    past = Past(min(use.hour_us for use in uses))
    by_day: dict[int, Amounts] = {}
    off: dict[int, Amounts] = {}
    for use in kept:
        place, weight = hours.place(use.hour_us), _weight(now_us - use.hour_us)
        past.active[place.part] += weight
        _add(past, "hour", use.amounts, weight)
        for measure in MEASURES:
            key = place.part, measure
            past.most[key] = max(past.most.get(key, 0), getattr(use.amounts, measure))
        by_day[place.day] = by_day.get(place.day, NOTHING).plus(use.amounts)
        if place.part != "work":
            off[place.day] = off.get(place.day, NOTHING).plus(use.amounts)
    _exposure(past, hours, now_us)
    today, first = hours.place(now_us).day, hours.place(past.first_us).day
    past.days = _days(past, "day", by_day, range(first, today))
    past.off = _days(past, "off", off, range(first, today))
    for end in range(today, first + 6, -7):
        amounts = _sum(by_day.get(day, NOTHING) for day in range(end - 7, end))
        _add(past, "week", amounts, _weight((today - end) * DAY_US))
    return past


def _weight(age_us: int) -> float:
    return float(0.5 ** (age_us / _HALF_LIFE_US))


def _add(past: Past, window: Window, amounts: Amounts, weight: float) -> None:
    for measure in MEASURES:
        amount = getattr(amounts, measure)
        if amount > 0:
            past.level(window, measure).add(amount, weight)


def _exposure(past: Past, hours: Hours, now_us: int) -> None:
    for hour_us in range(past.first_us, now_us, HOUR_US):
        past.open[hours.place(hour_us).part] += _weight(now_us - hour_us)


def _days(
    past: Past, window: Window, amounts: Mapping[int, Amounts], days: range
) -> dict[bool, tuple[float, float]]:
    """Add the levels of whole days; returns on how many of them something was used, workdays (True) and weekends."""
    found = {True: (0.0, 0.0), False: (0.0, 0.0)}
    for day in days:
        weight, workday = _weight((days.stop - day) * DAY_US), (day - 1) % 7 < 5
        used, all_ = found[workday]
        found[workday] = used + weight * (day in amounts), all_ + weight
        if day in amounts:
            _add(past, window, amounts[day], weight)
    return found


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    total = NOTHING
    for each in amounts:
        total = total.plus(each)
    return total
