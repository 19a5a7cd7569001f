"""Which limits bind whom, and where days and months begin."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from accounting_cases import NOON

from leitstand.accounting.limits import LimitRule, Rulebook, Subject
from leitstand.accounting.periods import Calendar

ANNA = Subject("anna", "vertrieb", "angebote", "key_1", "standard")
BERLIN = ZoneInfo("Europe/Berlin")


def bound(subject: Subject, *rules: LimitRule) -> list[tuple[str, int]]:
    limits = Rulebook(rules, Calendar()).limits(subject, NOON)
    return [(limit.scope, limit.units) for limit in (*limits.amounts, *limits.paces)]


def tokens(scope: str, amount: int) -> LimitRule:
    return LimitRule(scope, "tokens_per_day", Decimal(amount))


@pytest.mark.parametrize(
    "scope",
    ["company", "department:vertrieb", "use_case:angebote", "user:anna", "key:key_1", "model:standard"],
)
def test_every_kind_of_scope_binds_its_own(scope: str) -> None:
    assert bound(ANNA, tokens(scope, 5)) == [(scope, 5)]
    stranger = Subject("ben", "einkauf", "mahnungen", "key_2", "klein")
    assert bound(stranger, tokens(scope, 5)) == ([("company", 5)] if scope == "company" else [])


def test_a_star_counts_each_one_for_itself() -> None:
    assert bound(ANNA, tokens("user:*", 5)) == [("user:anna", 5)]
    assert bound(ANNA._replace(user="ben"), tokens("user:*", 5)) == [("user:ben", 5)]
    assert bound(ANNA._replace(user=""), tokens("user:*", 5)) == []


def test_a_rule_for_a_name_takes_the_place_of_the_rule_for_each() -> None:
    assert bound(ANNA, tokens("user:*", 5), tokens("user:anna", 50)) == [("user:anna", 50)]
    assert bound(ANNA, tokens("user:anna", 50), tokens("user:*", 5)) == [("user:anna", 50)]


def test_of_two_equal_rules_the_smaller_counts() -> None:
    assert bound(ANNA, tokens("company", 9), tokens("company", 5), tokens("company", 7)) == [("company", 5)]


def test_euros_are_counted_in_nano_euro() -> None:
    assert bound(ANNA, LimitRule("company", "eur_per_month", Decimal("0.5"))) == [("company", 500_000_000)]


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": "firma"},
        {"scope": "user"},
        {"scope": "company:x"},
        {"measure": "eur_per_year"},
        {"amount": Decimal(-1)},
        {"at_limit": "explode"},
        {"at_limit": "downgrade:"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="limit"):
        LimitRule(**{"scope": "company", "measure": "eur_per_day", "amount": Decimal(1)} | fields)


@pytest.mark.parametrize(
    ("moment", "day", "hours", "month", "days"),
    [
        (datetime(2026, 11, 23, 12, tzinfo=BERLIN), "2026-11-23", 24, "2026-11", 30),
        (datetime(2026, 3, 29, 5, tzinfo=BERLIN), "2026-03-29", 23, "2026-03", 31 - 1 / 24),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN), "2026-10-25", 25, "2026-10", 31 + 1 / 24),
        (datetime(2026, 12, 31, 23, 59, tzinfo=BERLIN), "2026-12-31", 24, "2026-12", 31),
        (datetime(2028, 2, 29, 0, 0, tzinfo=BERLIN), "2028-02-29", 24, "2028-02", 29),
    ],
)
def test_days_and_months_follow_the_local_calendar(
    moment: datetime, day: str, hours: int, month: str, days: float
) -> None:
    calendar = Calendar("Europe/Berlin")
    today, this_month = (calendar.period(span, moment.timestamp()) for span in ("day", "month"))  # type: ignore[arg-type]  # literals
    assert (today.label, today.ends_s - today.begins_s) == (day, hours * 3600)
    assert (this_month.label, this_month.ends_s - this_month.begins_s) == (month, days * 86_400)
    assert today.begins_s <= moment.timestamp() < today.ends_s


def test_counters_of_two_days_differ_and_expire_with_their_day() -> None:
    book = Rulebook([tokens("company", 5)], Calendar())
    (today,), (tomorrow,) = (book.limits(ANNA, NOON + day * 86_400).amounts for day in (0, 1))
    assert today.counter[:2] != tomorrow.counter[:2]
    assert tomorrow.counter.expires_s - today.counter.expires_s == 86_400
