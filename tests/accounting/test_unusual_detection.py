"""Who is outside their own pattern: pure detection on made-up weeks of use."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from leitstand.accounting.unusual.calendar import Hours
from leitstand.accounting.unusual.findings import FOUND, finding_id, followed, found_record, is_news, known
from leitstand.accounting.unusual.history import read_past
from leitstand.accounting.unusual.pattern import Patterns
from leitstand.accounting.unusual.repository import Finding
from leitstand.accounting.unusual.values import (
    DAY_US,
    HOUR_US,
    NOTHING,
    Amounts,
    Demand,
    HourUse,
    Known,
    Now,
    Unusual,
)

HOURS = Hours("Europe/Berlin")
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)  # a Tuesday, 12:00 in Berlin
NOW_US = int(NOON.timestamp() * 1e6)
NIGHT_US = NOW_US + 14 * HOUR_US  # 2:00
TEAM = [f"u{number}" for number in range(30)]


def amounts(tokens: float, requests: int = 10) -> Amounts:
    """At two euros per million tokens."""
    return Amounts(int(tokens) * 2000, int(tokens), requests)


def weeks(name: str, days: int = 42, tokens: float = 40_000, growth: float = 0.0) -> list[HourUse]:
    """Working days from nine to four, with spread, up to yesterday."""
    chance, found = random.Random(name), []
    for back in range(days, 0, -1):
        day = NOON - timedelta(days=back)
        if day.weekday() > 4:
            continue
        for hour in range(-3, 4):
            at = int((day + timedelta(hours=hour)).timestamp() * 1e6)
            size = tokens * chance.lognormvariate(0, 0.7) * (1 + growth) ** ((days - back) / 7)
            found.append(HourUse(name, at, amounts(size)))
    return found


def patterns(pasts: dict[str, list[HourUse]], per_week: float = 0.5, left_out: tuple[tuple[int, int], ...] = ()) -> Patterns:  # fmt: skip
    read = {name: read_past(uses, HOURS, NOW_US, left_out) for name, uses in pasts.items() if uses}
    return Patterns("user", read, NOW_US, Demand(per_week), len(pasts))


@pytest.fixture(scope="module")
def team() -> Patterns:
    return patterns({name: weeks(name) for name in TEAM})


def judge(team: Patterns, now: Now, name: str = "u1", at_us: int = NOW_US, said: Known | None = None) -> Unusual | None:  # fmt: skip
    return team.judge(name, now, HOURS.place(at_us), said or Known())


def test_an_hour_as_always_is_not_unusual(team: Patterns) -> None:
    usual = Now(amounts(60_000), amounts(300_000), NOTHING, amounts(1_600_000))
    assert judge(team, usual) is None


def test_a_run_away_hour_is_critical_and_says_how_far(team: Patterns) -> None:
    found = judge(team, Now(amounts(8_000_000, 900), amounts(8_200_000), NOTHING, amounts(9_500_000)))
    assert found is not None
    assert (found.scope, found.window, found.rule) == ("user:u1", "hour", "token_use_unusual")
    assert found.amount > found.bound > found.typical
    assert found.times > 50


def test_the_same_amount_at_night_is_a_warning_where_by_day_it_is_none(team: Patterns) -> None:
    now = Now(amounts(700_000), amounts(700_000), amounts(700_000), amounts(2_000_000))
    by_day = Now(now.hour, now.day, NOTHING, now.week)
    found = judge(team, now, at_us=NIGHT_US)
    assert found is not None
    assert (found.by_time, found.rule) == (True, "usage_pattern_unusual")
    assert judge(team, by_day) is None


def test_below_the_least_amounts_nothing_is_unusual() -> None:
    tiny = patterns({name: weeks(name, tokens=100) for name in TEAM})
    assert judge(tiny, Now(amounts(200_000), amounts(200_000), NOTHING, amounts(200_000))) is None
    assert judge(tiny, Now(amounts(600_000), amounts(600_000), NOTHING, amounts(600_000))) is not None


def test_a_new_person_is_measured_by_the_others(team: Patterns) -> None:
    first_day = Now(amounts(90_000), amounts(200_000), NOTHING, amounts(200_000))
    run_away = Now(amounts(20_000_000), amounts(20_000_000), NOTHING, amounts(20_000_000))
    assert judge(team, first_day, "new") is None
    assert judge(team, run_away, "new") is not None


def test_nobody_is_judged_before_two_weeks_are_known() -> None:
    young = patterns({name: weeks(name, days=10) for name in TEAM})
    assert judge(young, Now(amounts(90_000_000), amounts(90_000_000), NOTHING, amounts(90_000_000))) is None


def test_growth_that_all_share_is_not_one_persons(team: Patterns) -> None:
    grown = {name: Now(week=amounts(4_300_000)) for name in TEAM}
    growth = team.growth(grown)
    assert growth > 2
    week = Now(NOTHING, NOTHING, NOTHING, amounts(9_000_000))
    assert team.judge("u1", week, HOURS.place(NOW_US), Known()) is not None
    assert team.judge("u1", week, HOURS.place(NOW_US), Known(), growth) is None


def test_what_people_expected_is_not_unusual_again(team: Patterns) -> None:
    now = Now(amounts(8_000_000), NOTHING, NOTHING, NOTHING)
    found = judge(team, now)
    assert found is not None
    said = Known({("user:u1", "hour", measure): 10**12 for measure in ("cost_nano", "tokens", "requests")})
    assert judge(team, now, said=said) is None
    assert judge(team, now, "u2", said=said) is not None


def test_a_run_away_day_that_nobody_expected_teaches_nothing() -> None:
    wild = [HourUse("u1", NOW_US - DAY_US - hour * HOUR_US, amounts(9_000_000)) for hour in range(5)]
    spans = ((NOW_US - 2 * DAY_US, NOW_US - DAY_US // 2),)
    now = Now(amounts(8_000_000), amounts(8_000_000), NOTHING, NOTHING)
    others = {name: weeks(name) for name in TEAM}
    learnt = patterns(others | {"u1": [*weeks("u1"), *wild]})
    left_out = patterns(others | {"u1": [*weeks("u1"), *wild]}, left_out=spans)
    assert judge(learnt, now) is None
    assert judge(left_out, now) is not None


def test_a_higher_sensitivity_finds_less_extreme_use(team: Patterns) -> None:
    pasts = {name: weeks(name) for name in TEAM}
    bounds = []
    for per_week in (0.1, 2.0):
        found = judge(patterns(pasts, per_week), Now(amounts(30_000_000), NOTHING, NOTHING, NOTHING))
        assert found is not None
        bounds.append(found.bound)
    assert bounds[0] > bounds[1]


# ---------------------------------------------------------------- findings over time

UNUSUAL = Unusual("user:u1", "hour", "tokens", 8_000_000, 40_000, 900_000)
WEEK = Unusual("user:u1", "week", "tokens", 8_000_000, 40_000, 900_000)
FINDING = Finding("unu_1", "user:u1", "token_use_unusual", "hour", "tokens", 8_000_000, 40_000, 900_000, NOW_US, NOW_US)  # fmt: skip
MIDNIGHT = NOW_US - 12 * HOUR_US


def changed(**more: object) -> Finding:
    return Finding(**(vars(FINDING) | more))


def test_people_are_told_once_a_day_and_again_when_it_becomes_critical() -> None:
    warning = changed(rule="usage_pattern_unusual", window="off", ended_us=NOW_US)
    later = NOW_US + HOUR_US
    assert is_news(UNUSUAL, [], MIDNIGHT, later)
    assert not is_news(UNUSUAL, [changed(ended_us=NOW_US)], MIDNIGHT, later)
    assert is_news(UNUSUAL, [warning], MIDNIGHT, later)
    assert not is_news(UNUSUAL, [changed(ended_us=NOW_US, verdict="expected")], MIDNIGHT, later)
    assert is_news(UNUSUAL, [changed(ended_us=NOW_US)], MIDNIGHT + DAY_US, later + DAY_US)
    old_week = [changed(rule="usage_pattern_unusual", window="week")]
    assert not is_news(WEEK, old_week, MIDNIGHT + 3 * DAY_US, later + 3 * DAY_US)


def test_a_finding_ends_well_below_its_bound_only() -> None:
    near = followed(FINDING, None, Now(amounts(700_000)), NOW_US + 60)
    assert near == FINDING
    assert followed(FINDING, None, Now(amounts(600_000)), NOW_US + 60).ended_us == NOW_US + 60
    grown = followed(FINDING, None, Now(amounts(9_500_000)), NOW_US + 60)
    assert (grown.amount, grown.last_us) == (9_500_000, NOW_US + 60)


def test_expected_amounts_are_accepted_with_room_and_for_ninety_days() -> None:
    expected = changed(verdict="expected", judged_us=NOW_US)
    assert known([expected], NOW_US).accepted == {("user:u1", "hour", "tokens"): 10_000_000}
    assert known([expected], NOW_US).left_out == {}
    assert known([expected], NOW_US + 91 * DAY_US).accepted == {}
    ((begin, end),) = known([changed(ended_us=NOW_US + HOUR_US)], NOW_US + DAY_US).left_out["user:u1"]
    assert (begin, end) == (NOW_US - HOUR_US, NOW_US + HOUR_US)


def test_a_record_tells_amounts_in_euro_and_is_the_same_for_the_same_finding() -> None:
    record = found_record(changed(measure="cost_nano", amount=4_500_000_000), NOW_US)
    assert (record.kind, record.user) == (FOUND, "system")
    assert record.detail["amount"] == pytest.approx(4.5)
    assert (record.detail["measure"], record.detail["severity"]) == ("eur", "critical")
    assert found_record(FINDING, NOW_US).id == record.id
    assert finding_id("user:u1", "token_use_unusual", NOW_US) == finding_id(
        "user:u1", "token_use_unusual", NOW_US + 1
    )
