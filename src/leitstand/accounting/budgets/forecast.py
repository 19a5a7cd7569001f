"""When a limit will be reached: weekday means of the last eight weeks, recent ones weighing more, with an interval.

A day's expectation is the weighted mean of its weekdays, outliers cut down first, so that one run-away day does not
repeat itself every week. What a day differs from that by is noise; noise of days adds up as a root of squares, the doubt
about the level itself as a sum. Public holidays are not known here: they count as quiet weekdays.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

HISTORY_DAYS = 56
LEAST_DAYS = 7  # so that each weekday was seen
HALF_LIFE_DAYS = 14.0
_Z80 = 1.2816  # standard deviations on each side that hold 80 %
_OUTLIER = 5.0  # median absolute deviations above the median that a day may count for


@dataclass(frozen=True, slots=True)
class Forecast:
    """The end of a period as it looks now, in the units of the limit.

    total: expected at its end; low, high: an interval that holds in four of five cases. reached: the day on which the
    limit is expected to be reached, earliest and latest its interval; None: not in this period. probability: that it
    is reached in it at all.
    """

    total: float
    low: float
    high: float
    reached: date | None
    earliest: date | None
    latest: date | None
    probability: float


@dataclass(frozen=True, slots=True)
class _Profile:
    """By weekday: what is expected, and its standard deviation. doubt: of the level, as a share of it."""

    mean: Sequence[float]
    deviation: Sequence[float]
    doubt: float


def forecast(
    daily: Mapping[date, float], today: date, last: date, spent: float, limit: float
) -> Forecast | None:
    """Look ahead to the end of a period.

    daily: what was used on each day; days that are missing were quiet. last: last day of the period, included.
    spent: in the period so far, today included. None: too short a history, or the limit is reached already.
    """
    profile = _profile(daily, today)
    if profile is None or spent >= limit:
        return None
    total, spread = spent, 0.0
    reached = earliest = latest = None
    for day, total, spread in _path(profile, daily.get(today, 0.0), today, last, spent):
        reached = reached or (day if total >= limit else None)
        earliest = earliest or (day if total + _Z80 * spread >= limit else None)
        latest = latest or (day if total - _Z80 * spread >= limit else None)
    low, high = max(spent, total - _Z80 * spread), total + _Z80 * spread
    return Forecast(total, low, high, reached, earliest, latest, _above(limit, total, spread))


def _path(
    profile: _Profile, used_today: float, today: date, last: date, spent: float
) -> Iterator[tuple[date, float, float]]:
    """(day, expected sum at its end, standard deviation of that sum) for each day left."""
    ahead = variance = 0.0
    for offset in range((last - today).days + 1):
        day = today + timedelta(days=offset)
        mean, deviation = profile.mean[day.weekday()], profile.deviation[day.weekday()]
        ahead += max(mean - used_today, 0.0) if offset == 0 else mean
        variance += deviation**2
        yield day, spent + ahead, math.sqrt(variance + (profile.doubt * ahead) ** 2)


def _profile(daily: Mapping[date, float], today: date) -> _Profile | None:
    days = [today - timedelta(days=age) for age in range(1, HISTORY_DAYS + 1)]
    used = [day for day in days if daily.get(day)]
    if not used or (today - used[-1]).days < LEAST_DAYS:
        return None
    days = [day for day in days if day >= used[-1]]
    amounts = _cut({day: daily.get(day, 0.0) for day in days})
    weights = {day: 0.5 ** ((today - day).days / HALF_LIFE_DAYS) for day in days}
    rows = [[day for day in days if day.weekday() == weekday] for weekday in range(7)]
    means = [_mean([amounts[day] for day in row], [weights[day] for day in row]) for row in rows]
    deviations = [_deviation(group, amounts, means) for group in (range(5), range(5, 7))]
    independent = sum(weights.values()) ** 2 / sum(weight**2 for weight in weights.values())
    noise, level = math.hypot(*(deviations[each > 4] for each in range(7))), sum(means)
    doubt = noise / level * math.sqrt(7 / independent) if level else 0.0
    return _Profile(means, [deviations[weekday > 4] for weekday in range(7)], doubt)


def _cut(amounts: Mapping[date, float]) -> dict[date, float]:
    """The amounts with outliers cut down, working days and weekends each among themselves."""
    found: dict[date, float] = {}
    for weekend in (False, True):
        group = {day: amount for day, amount in amounts.items() if (day.weekday() > 4) is weekend}
        middle = median(group.values()) if group else 0.0
        off = median(abs(amount - middle) for amount in group.values()) if group else 0.0
        most = middle + _OUTLIER * max(off, middle / 5) if middle else math.inf  # rare use has no usual day
        found |= {day: min(amount, most) for day, amount in group.items()}
    return found


def _mean(amounts: Sequence[float], weights: Sequence[float]) -> float:
    return sum(amount * weight for amount, weight in zip(amounts, weights, strict=True)) / sum(weights)


def _deviation(weekdays: range, amounts: Mapping[date, float], means: Sequence[float]) -> float:
    """Standard deviation from the weekday's mean; each mean that was fitted costs a degree of freedom."""
    off = [amount - means[day.weekday()] for day, amount in amounts.items() if day.weekday() in weekdays]
    free = max(len(off) - len(weekdays), 1)
    return math.sqrt(sum(each**2 for each in off) / free)


def _above(limit: float, total: float, spread: float) -> float:
    """Probability that a normal variable lies above the limit."""
    if not spread:
        return float(total >= limit)
    return 0.5 * math.erfc((limit - total) / (spread * math.sqrt(2)))
