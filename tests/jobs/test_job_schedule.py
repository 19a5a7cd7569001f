"""When jobs are due, as a table: newest and next slot of a moment, over the changes of the clock in Berlin too."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from leitstand.jobs.schedule import Schedule

ZONE = ZoneInfo("Europe/Berlin")
HALF_PAST = time(2, 30)


@pytest.mark.parametrize(
    ("schedule", "now", "latest", "following"),
    [
        (Schedule("hourly", time(0, 20)), "2026-03-02T12:19", "2026-03-02T11:20+01:00", "2026-03-02T12:20+01:00"),
        (Schedule("hourly"), "2026-03-02T12:00", "2026-03-02T12:00+01:00", "2026-03-02T13:00+01:00"),
        (Schedule("daily", time(2)), "2026-03-02T01:59", "2026-03-01T02:00+01:00", "2026-03-02T02:00+01:00"),
        (Schedule("weekly", time(3), 1), "2026-03-01T12:00", "2026-02-23T03:00+01:00", "2026-03-02T03:00+01:00"),
        (Schedule("monthly", time(4), 2), "2026-01-01T12:00", "2025-12-02T04:00+01:00", "2026-01-02T04:00+01:00"),
        # 02:30 does not exist on 29 March: an hour on. It occurs twice on 25 October: once, the first time.
        (Schedule("daily", HALF_PAST), "2026-03-29T12:00", "2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"),
        (Schedule("daily", HALF_PAST), "2026-10-25T12:00", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"),
    ],
)  # fmt: skip
def test_slots(schedule: Schedule, now: str, latest: str, following: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=ZONE)
    assert schedule.latest(moment).isoformat(timespec="minutes") == latest
    assert schedule.following(moment).isoformat(timespec="minutes") == following


@pytest.mark.parametrize("begin", [datetime(2026, 3, 28, tzinfo=ZONE), datetime(2026, 10, 24, tzinfo=ZONE)])
def test_a_daily_slot_is_one_each_day_over_a_change_of_the_clock(begin: datetime) -> None:
    quarters = [
        datetime.fromtimestamp(begin.timestamp() + 900 * number, ZONE) for number in range(4 * 24 * 3)
    ]
    slots = sorted({Schedule("daily", HALF_PAST).latest(moment) for moment in quarters})
    days = [begin.date() + timedelta(days) for days in range(-1, 3)]
    assert [slot.date() for slot in slots] == days
