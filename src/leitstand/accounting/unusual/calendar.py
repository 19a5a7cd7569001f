"""Hours of the week in groups that are used alike: working hours, their edges, night, weekend.

Public holidays are not known here. They are quiet, and only too much is looked for, so they raise no alarm; as part of
the past they make working hours look a little quieter than they are.
"""

from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from leitstand.accounting.unusual.values import HOUR_US

Part = Literal["work", "edge", "night", "weekend"]
PARTS: tuple[Part, ...] = ("work", "edge", "night", "weekend")
_WORK = range(7, 19)
_EDGE = range(5, 22)


class Place(NamedTuple):
    """Where an hour lies. day: ordinal of its local day."""

    day: int
    part: Part

    @property
    def is_workday(self) -> bool:
        return self.part != "weekend"


class Hours:
    """Finds the place of an hour; remembers, as each is asked for many scopes."""

    def __init__(self, timezone: str) -> None:
        """timezone: IANA name."""
        self._zone = ZoneInfo(timezone)
        self._known: dict[int, Place] = {}

    def place(self, time_us: int) -> Place:
        """The place of the hour that holds the moment."""
        hour = time_us // HOUR_US
        found = self._known.get(hour)
        if found is None:
            local = datetime.fromtimestamp(hour * 3600, self._zone)
            found = self._known[hour] = Place(local.toordinal(), _part(local))
        return found


def _part(local: datetime) -> Part:
    if local.weekday() > 4:
        return "weekend"
    if local.hour in _WORK:
        return "work"
    return "edge" if local.hour in _EDGE else "night"
