"""When people work: days of the week, hours, public holidays, company holidays, by the organisation's wall clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from leitstand.core.holidays import public_holidays

_FAR_DAYS = 400  # somebody works within a year


@dataclass(frozen=True)
class Hours:
    """days: 1 is Monday. From `begins` on, before `ends`, local time."""

    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    begins: time = time(7)
    ends: time = time(18)


@dataclass(frozen=True)
class BusinessHours:
    """The company's hours and those of departments with their own. state: for public holidays; None: those of all Germany.

    closed: (first day, last day, name) of company holidays.
    """

    zone: tzinfo
    hours: Hours = Hours()
    state: str | None = None
    holidays: bool = True
    closed: Sequence[tuple[date, date, str]] = ()
    teams: Mapping[str, Hours] = field(default_factory=dict)

    def free(self, day: date) -> str | None:
        """Why nobody works on a day of the week that is a working day: the holiday's name."""
        for first, last, name in self.closed:
            if first <= day <= last:
                return name
        return public_holidays(day.year, self.state).get(day) if self.holidays else None

    def is_working_day(self, day: date, department: str = "") -> bool:
        """Whether somebody works on that day."""
        return day.isoweekday() in self._of(department).days and self.free(day) is None

    def is_open(self, moment: datetime, department: str = "") -> bool:
        """Whether people work at an aware moment."""
        local, hours = moment.astimezone(self.zone), self._of(department)
        return hours.begins <= local.time() < hours.ends and self.is_working_day(local.date(), department)

    def opens(self, moment: datetime, department: str = "") -> datetime:
        """The moment itself while people work, else the next begin of work."""
        if self.is_open(moment, department):
            return moment
        local, hours = moment.astimezone(self.zone), self._of(department)
        day = local.date() if local.time() < hours.begins else local.date() + timedelta(1)
        for _ in range(_FAR_DAYS):
            if self.is_working_day(day, department):
                return datetime.combine(day, hours.begins, self.zone)
            day += timedelta(1)
        return moment  # nobody ever works: then there is nothing to wait for

    def _of(self, department: str) -> Hours:
        return self.teams.get(department, self.hours)
