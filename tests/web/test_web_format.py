"""Numbers, money and times as people in each language write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from leitstand.web.format import Format

DE = Format("de", ZoneInfo("Europe/Berlin"))
EN = Format("en", ZoneInfo("Europe/Berlin"))
MOMENT = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("nano", "german", "english"),
    [
        (1_234_560_000_000, "1.234,56\u00a0€", "€1,234.56"),
        (4_000_000, "0,4\u00a0ct", "0.4\u00a0ct"),
        (-54_000_000_000, "\u221254,00\u00a0€", "\u2212€54.00"),
        (0, "0\u00a0ct", "0\u00a0ct"),
        (100_000, "unter 0,1\u00a0ct", "below 0.1\u00a0ct"),
        (250_000_000, "25\u00a0ct", "25\u00a0ct"),
    ],
)
def test_money_is_written_in_euros_or_cents(nano: int, german: str, english: str) -> None:
    assert (str(DE.money(nano)), str(EN.money(nano))) == (german, english)


def test_totals_above_a_hundred_euros_leave_the_cents_out() -> None:
    assert (str(DE.total(4_000_400_000_000)), str(DE.total(94_180_000_000))) == (
        "4.000\u00a0€",
        "94,18\u00a0€",
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0,04\u00a0s"), (1.44, "1,4\u00a0s"), (12.3, "12\u00a0s"), (180.0, "3\u00a0min")],
)
def test_durations_keep_the_digits_that_matter(seconds: float, text: str) -> None:
    assert str(DE.seconds(seconds)) == text


def test_shares_are_percent_with_a_space_in_german_only() -> None:
    assert (str(DE.percent(0.874)), str(EN.percent(0.874))) == ("87,4\u00a0%", "87.4%")


def test_differences_carry_their_sign() -> None:
    assert [DE.signed(value, 1) for value in (0.2, -54.0, 0.01)] == ["+0,2", "\u221254,0", "±0,0"]


def test_times_are_those_of_the_organisations_zone() -> None:
    assert (DE.time(MOMENT), DE.stamp(MOMENT)) == ("14:32\u00a0Uhr", "Di 17.11.2026 · 14:32")
    assert (EN.time(MOMENT), EN.stamp(MOMENT)) == ("14:32", "Tue 17/11/2026 · 14:32")
    assert (DE.short_date(MOMENT), EN.short_date(MOMENT)) == ("17.11.", "17 Nov")
    assert DE.iso(MOMENT) == "2026-11-17T14:32:08+01:00"
