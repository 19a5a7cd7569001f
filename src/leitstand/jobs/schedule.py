"""When a job is due, by the organisation's wall clock: a slot that the change to summer time skips moves an hour on,
one that occurs twice counts once."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

Rhythm = Literal["hourly", "daily", "weekly", "monthly"]


@dataclass(frozen=True)
class Schedule:
    """A slot in each hour, day, week or month.

    at: local wall-clock time; of an hourly one only the minute counts. day: 1 to 7 (Monday is 1) for weekly,
    1 to 28 for monthly.
    """

    rhythm: Rhythm
    at: time = time(0)
    day: int = 1

    def latest(self, now: datetime) -> datetime:
        """The newest slot that is not after `now` (aware, in the organisation's zone)."""
        wall = now.replace(tzinfo=None, fold=0)
        slot = self._begin(wall)
        while _real(slot, now).timestamp() > now.timestamp():
            slot = self._begin(slot - timedelta(microseconds=1))
        return _real(slot, now)

    def following(self, now: datetime) -> datetime:
        """The first slot after `now`."""
        slot = self._begin(now.replace(tzinfo=None, fold=0))
        while _real(slot, now).timestamp() <= now.timestamp():
            slot = self._after(slot)
        return _real(slot, now)

    def _begin(self, wall: datetime) -> datetime:
        """The newest slot whose wall-clock time is not after `wall`."""
        if self.rhythm == "hourly":
            slot = wall.replace(minute=self.at.minute, second=0, microsecond=0)
            return slot if slot <= wall else slot - timedelta(hours=1)
        slot = datetime.combine(wall.date(), self.at)
        if self.rhythm == "weekly":
            slot -= timedelta(days=(wall.isoweekday() - self.day) % 7)
        if self.rhythm == "monthly":
            slot = slot.replace(day=self.day)
        return slot if slot <= wall else self._before(slot)

    def _before(self, slot: datetime) -> datetime:
        if self.rhythm == "monthly":
            return (slot.replace(day=1) - timedelta(days=1)).replace(day=self.day)
        return slot - timedelta(days=7 if self.rhythm == "weekly" else 1)

    def _after(self, slot: datetime) -> datetime:
        if self.rhythm == "monthly":
            return (slot.replace(day=1) + timedelta(days=32)).replace(day=self.day)
        return (
            slot + {"hourly": timedelta(hours=1), "daily": timedelta(1), "weekly": timedelta(7)}[self.rhythm]
        )


def _real(wall: datetime, now: datetime) -> datetime:
    """The moment at which clocks in `now`'s zone show `wall`; the next one that exists, the first of two."""
    return datetime.fromtimestamp(wall.replace(tzinfo=now.tzinfo, fold=0).timestamp(), now.tzinfo)
