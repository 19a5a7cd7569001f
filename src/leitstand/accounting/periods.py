"""Days and months in the organisation's time zone, summer time included."""

from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

Span = Literal["day", "month"]


class Period(NamedTuple):
    """One day or month. label: `2026-11-23` or `2026-11`; the borders are seconds since 1970."""

    label: str
    begins_s: float
    ends_s: float


class Calendar:
    """Finds the period of a moment; remembers the last day and month, as most moments fall into them."""

    def __init__(self, timezone: str = "Europe/Berlin") -> None:
        """timezone: IANA name; raises ZoneInfoNotFoundError if unknown."""
        self.zone = ZoneInfo(timezone)
        self._last: dict[Span, Period] = {}

    def period(self, span: Span, now_s: float) -> Period:
        """The day or month that holds the moment `now_s`."""
        known = self._last.get(span)
        if known is not None and known.begins_s <= now_s < known.ends_s:
            return known
        local = datetime.fromtimestamp(now_s, self.zone)
        found = self._last[span] = self._day(local) if span == "day" else self._month(local)
        return found

    def _day(self, local: datetime) -> Period:
        # Ordinals count calendar days, so a day of 23 or 25 hours ends at its own midnight.
        after = datetime.fromordinal(local.toordinal() + 1).replace(tzinfo=self.zone)
        begin = datetime(local.year, local.month, local.day, tzinfo=self.zone)
        return Period(f"{local:%Y-%m-%d}", begin.timestamp(), after.timestamp())

    def _month(self, local: datetime) -> Period:
        year, month = local.year + local.month // 12, local.month % 12 + 1
        begin = datetime(local.year, local.month, 1, tzinfo=self.zone)
        after = datetime(year, month, 1, tzinfo=self.zone)
        return Period(f"{local:%Y-%m}", begin.timestamp(), after.timestamp())
