"""Who is on duty: a pure function of the rota and the moment.

Turns follow each other from `first_day` on, each `weeks` long, handed over at `at` by the wall clock of the company;
a swap puts somebody else in the place of whoever's turn it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from leitstand.configuration.on_call import OnCall, OnCallPerson, Swap

_LONGEST_DAYS = 100  # a rota of one person has turns, too
_OCTETS = 75


@dataclass(frozen=True)
class Turn:
    """begins <= moment < ends: on duty. instead_of: whose turn it would be, where somebody has swapped."""

    person: OnCallPerson
    begins: datetime
    ends: datetime
    instead_of: str = ""


@dataclass(frozen=True)
class Rota:
    """The turns of an `on_call` section in a time zone."""

    plan: OnCall
    zone: tzinfo

    def on_duty(self, moment: datetime) -> Turn | None:
        """Whose turn it is; None before the first one begins."""
        turn = next(self.turns(moment, moment + timedelta(seconds=1)), None)
        return turn if turn is not None and turn.begins <= moment else None

    def turns(self, since: datetime, until: datetime) -> Iterator[Turn]:
        """The turns that touch the span, whole and in order; days of one person that follow each other are one."""
        day = self._first_of(self._day_of(since))
        while (turn := self._of_day(day)).begins < until:
            first = day
            day += timedelta(1)
            while _same(turn, following := self._of_day(day)) and (day - first).days < _LONGEST_DAYS:
                turn, day = replace(turn, ends=following.ends), day + timedelta(1)
            yield turn

    def _first_of(self, day: date) -> date:
        """The day on which the turn of a day began."""
        if day <= self.plan.first_day:
            return self.plan.first_day
        turn, first = self._of_day(day), day
        while (
            first > self.plan.first_day
            and (day - first).days < _LONGEST_DAYS
            and _same(turn, self._of_day(first - timedelta(1)))
        ):
            first -= timedelta(1)
        return first

    def _day_of(self, moment: datetime) -> date:
        local = moment.astimezone(self.zone)
        return local.date() if local.time() >= self._at else local.date() - timedelta(1)

    def _of_day(self, day: date) -> Turn:
        number = (day - self.plan.first_day).days // (self.plan.weeks * 7)
        regular = self.plan.people[number % len(self.plan.people)]
        person = self._named(swap.person) if (swap := self._swap(day)) is not None else regular
        instead_of = regular.name if person is not regular else ""
        return Turn(person, self._starts(day), self._starts(day + timedelta(1)), instead_of)

    def _swap(self, day: date) -> Swap | None:
        return next((each for each in reversed(self.plan.swaps) if each.begins <= day <= each.ends), None)

    def _named(self, name: str) -> OnCallPerson:
        return next(person for person in self.plan.people if person.name == name)

    def _starts(self, day: date) -> datetime:
        return datetime.combine(day, self._at, self.zone)

    @property
    def _at(self) -> time:
        return time.fromisoformat(self.plan.at)


def _same(first: Turn, second: Turn) -> bool:
    return (first.person, first.instead_of) == (second.person, second.instead_of)


# ---------------------------------------------------------------- as a calendar


def ics(turns: Iterator[Turn], stamp: datetime, summary: str) -> str:
    """The turns as iCalendar (RFC 5545). summary: with `{name}`. stamp: when this was written."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Leitstand//On call//DE", "METHOD:PUBLISH"]
    for turn in turns:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_utc(turn.begins)}-on-call@leitstand",
            f"DTSTAMP:{_utc(stamp)}",
            f"DTSTART:{_utc(turn.begins)}",
            f"DTEND:{_utc(turn.ends)}",
            f"SUMMARY:{_escaped(summary.format(name=turn.person.name))}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{folded}\r\n" for line in (*lines, "END:VCALENDAR") for folded in _folded(line))


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """At most 75 octets a line; what follows begins with a space."""
    while len(line.encode()) > _OCTETS:
        head = line.encode()[:_OCTETS].decode(errors="ignore")
        yield head
        line = f" {line[len(head) :]}"
    yield line
