"""Public holidays against a well-kept library, and working hours on the nights when the clocks change."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import holidays as library
import pytest

from leitstand.core.business_hours import BusinessHours, Hours
from leitstand.core.holidays import STATES, public_holidays

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("state", [*STATES, None])
def test_holidays_are_those_of_the_library(state: str | None) -> None:
    for year in range(2018, 2051):
        theirs = library.country_holidays("DE", subdiv=state, years=year)
        assert set(public_holidays(year, state)) == set(theirs), (state, year)


def at(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("moment", "state", "opens"),
    [
        ("2026-11-18T12:00", "BW", "2026-11-18T12:00"),
        ("2026-11-18T12:00", "SN", "2026-11-19T07:00"),  # Repentance Day is a holiday in Saxony only
        ("2026-11-18T18:00", "BW", "2026-11-19T07:00"),
        ("2026-11-20T18:30", "BW", "2026-11-23T07:00"),  # over the weekend
        ("2026-12-24T19:00", "BW", "2026-12-28T07:00"),  # Christmas, then a weekend
        ("2026-03-28T23:00", "BW", "2026-03-30T07:00"),  # the clocks go forward
        ("2026-10-24T23:00", "BW", "2026-10-26T07:00"),  # and back
        ("2026-01-05T22:00", "BY", "2026-01-07T07:00"),
        ("2026-01-05T22:00", "BE", "2026-01-06T07:00"),
    ],
)
def test_work_begins_after_nights_weekends_and_holidays(moment: str, state: str, opens: str) -> None:
    assert BusinessHours(BERLIN, state=state).opens(at(moment)) == at(opens)


def test_departments_and_company_holidays_have_their_own_times() -> None:
    hours = BusinessHours(
        BERLIN, state="BW", teams={"service": Hours(frozenset(range(1, 8)), time(5), time(23))},
        closed=[(date(2026, 8, 3), date(2026, 8, 14), "Betriebsferien")],
    )  # fmt: skip
    assert not hours.is_open(at("2026-11-22T06:00"))
    assert hours.is_open(at("2026-11-22T06:00"), "service")
    assert hours.opens(at("2026-08-01T10:00")) == at("2026-08-17T07:00")
    assert hours.free(date(2026, 8, 4)) == "Betriebsferien"
    assert not hours.is_open(at("2026-08-04T10:00"), "service")


def test_nobody_who_never_works_is_waited_for() -> None:
    never = BusinessHours(BERLIN, closed=[(date(2020, 1, 1), date(2100, 1, 1), "zu")])
    assert never.opens(at("2026-01-01T00:00")) == at("2026-01-01T00:00")
