"""Forecasts of limits: that they hit, that their intervals hold, and that one odd day does not mislead them."""

import random
from datetime import date, timedelta

import pytest

from leitstand.accounting.budgets.forecast import LEAST_DAYS, forecast

TODAY, LAST = date(2026, 11, 16), date(2026, 11, 30)  # a Monday; the month's last day
WEEK = (100.0, 120.0, 110.0, 105.0, 80.0, 5.0, 0.0)


def days(back: int = 56) -> list[date]:
    return [TODAY - timedelta(days=age) for age in range(1, back + 1)]


def steady(back: int = 56) -> dict[date, float]:
    return {day: WEEK[day.weekday()] for day in days(back)}


def in_month(daily: dict[date, float]) -> float:
    return sum(amount for day, amount in daily.items() if day.month == TODAY.month and day < TODAY)


def test_steady_use_is_foreseen_to_the_day() -> None:
    daily = steady()
    spent = in_month(daily)
    found = forecast(daily, TODAY, LAST, spent, spent + sum(WEEK) + 150)
    assert found is not None
    assert (found.earliest, found.reached, found.latest) == (date(2026, 11, 24),) * 3
    assert found.total == pytest.approx(spent + 2 * sum(WEEK) + WEEK[0])
    assert found.probability == 1.0


def test_what_was_used_today_is_not_expected_twice() -> None:
    daily = steady() | {TODAY: 60.0}
    spent = in_month(daily) + 60
    found = forecast(daily, TODAY, LAST, spent, 10_000)
    assert found is not None
    assert found.total == pytest.approx(spent + 40 + sum(WEEK) * 2)
    assert (found.reached, found.probability) == (None, 0.0)


def test_a_run_away_day_is_paid_for_but_not_repeated() -> None:
    daily = steady()
    calm = forecast(daily, TODAY, LAST, 1000, 10_000)
    wild = forecast(daily | {date(2026, 11, 10): 5000.0}, TODAY, LAST, 1000, 10_000)
    assert calm is not None
    assert wild is not None
    assert wild.total < 1.25 * calm.total


def test_a_rise_of_the_last_weeks_is_followed() -> None:
    daily = {day: amount * (2 if (TODAY - day).days <= 14 else 1) for day, amount in steady().items()}
    before, after = forecast(steady(), TODAY, LAST, 0, 1e9), forecast(daily, TODAY, LAST, 0, 1e9)
    assert before is not None
    assert after is not None
    assert 1.4 * before.total < after.total <= 2 * before.total


@pytest.mark.parametrize("back", [0, 1, LEAST_DAYS - 1])
def test_without_a_whole_week_nothing_is_foretold(back: int) -> None:
    assert forecast(steady(back), TODAY, LAST, 10, 100) is None


def test_a_reached_limit_needs_no_forecast() -> None:
    assert forecast(steady(), TODAY, LAST, 100, 100) is None


def drawn(seed: int) -> tuple[dict[date, float], float]:
    """A noisy history, and what the rest of the month really brings."""
    noise = random.Random(seed)
    rest = [TODAY + timedelta(days=ahead) for ahead in range((LAST - TODAY).days + 1)]
    daily = {day: WEEK[day.weekday()] * noise.lognormvariate(-0.08, 0.4) for day in days()}
    return daily, sum(WEEK[day.weekday()] * noise.lognormvariate(-0.08, 0.4) for day in rest)


def test_four_of_five_months_end_within_the_interval() -> None:
    held = 0
    for seed in range(300):
        daily, truth = drawn(seed)
        found = forecast(daily, TODAY, LAST, 0, 1e9)
        assert found is not None
        held += found.low <= truth <= found.high
    assert 0.72 <= held / 300 <= 0.90


def test_a_likely_end_comes_as_often_as_foretold() -> None:
    foretold = came = 0.0
    for seed in range(400):
        daily, truth = drawn(seed)
        limit = random.Random(seed + 10_000).uniform(900, 1400)
        found = forecast(daily, TODAY, LAST, 0, limit)
        assert found is not None
        if found.probability >= 0.8:
            foretold, came = foretold + 1, came + (truth >= limit)
    assert foretold > 50
    assert came / foretold >= 0.78
