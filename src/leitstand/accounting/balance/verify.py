"""The proof: what the journal says, against the counters and against the sums by hour.

Calls go on meanwhile, so a counter is read before and after the journal: what is booked must lie between the two. A
difference counts when each of several looks has found it. A counter that is too low is raised, because money would be
spent twice; one that is too high stays, because a record may still be on its way from another machine. What is held
by no open hold is given back.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from leitstand.accounting.balance.accounts import Account, accounts, used
from leitstand.accounting.counters import Counters, Hold, Part
from leitstand.accounting.limits import LimitRule
from leitstand.accounting.periods import Calendar
from leitstand.accounting.rebuild import Settled

Kind = Literal["counter_low", "counter_high", "hours", "loose_hold"]
LOOKS = 3


@dataclass(frozen=True)
class Difference:
    """journal: what the journal says; other: what the counter or the hours say, or what is held by nobody."""

    account: Account
    kind: Kind
    journal: int
    other: int
    mended: bool = False

    @property
    def amount(self) -> int:
        """How far the two are apart, in nano-euro or tokens."""
        return self.other if self.kind == "loose_hold" else abs(self.journal - self.other)


@dataclass(frozen=True)
class Balance:
    """accounts: how many were compared. estimated, tokens: of the running month, tokens that no provider reported, of all."""

    accounts: int
    differences: tuple[Difference, ...]
    estimated: int = 0
    tokens: int = 0

    @property
    def estimated_share(self) -> float:
        """Of all tokens; 0 without any."""
        return self.estimated / self.tokens if self.tokens else 0.0


class Books(Protocol):
    """Where the sums come from. All block."""

    def catch_up(self) -> None:
        """Have what waits in the spool in the journal."""

    def settled(self, since_us: int) -> Iterable[Settled]:
        """Booked calls by the journal."""

    def hours(self, since_us: int) -> tuple[Iterable[Settled], Iterable[Settled]]:
        """The sums by hour, and the journal as far as it is added up in them."""

    def estimated(self, since_us: int) -> tuple[int, int]:
        """(tokens that no provider reported, all tokens)."""


@dataclass(frozen=True)
class Question:
    """Which limits, by which calendar, at which moment."""

    rules: Sequence[LimitRule]
    calendar: Calendar
    now_s: float

    @property
    def since_us(self) -> int:
        """Begin of the running month."""
        return int(self.calendar.period("month", self.now_s).begins_s * 1_000_000)

    def used(self, settled: Iterable[Settled]) -> Mapping[Account, int]:
        """See `accounts.used`."""
        return used(settled, self.rules, self.calendar, self.now_s)


def verify(
    question: Question, books: Books, counters: Counters, *, mend: bool, pause: Callable[[], None]
) -> Balance:
    """Compare; with `mend`, also raise what is too low and release what is loose. pause: between two looks."""
    compared, found = _look(question, books, counters)
    for _ in range(LOOKS - 1):
        if not found:
            break
        pause()
        compared, again = _look(question, books, counters)
        found = {place: again[place] for place in found.keys() & again.keys()}
    differences = [found[place] for place in sorted(found, key=lambda place: (place[0][:3], place[1]))]
    if mend:
        differences = [_mended(each, counters, question.now_s) for each in differences]
    return Balance(compared, tuple(differences), *books.estimated(question.since_us))


_Found = dict[tuple[Account, Kind], Difference]


def _look(question: Question, books: Books, counters: Counters) -> tuple[int, _Found]:
    books.catch_up()
    known = question.used(books.settled(question.since_us))
    places = list(dict.fromkeys([*accounts(question.rules, question.calendar, question.now_s), *known]))
    addresses = [place.counter for place in places]
    before = counters.read(addresses)
    books.catch_up()
    journal = question.used(books.settled(question.since_us))
    after = counters.read(addresses)
    found: _Found = {}
    for place, first, last, loose in zip(places, before, after, counters.loose(addresses), strict=True):
        booked = journal.get(place, 0)
        if booked < first.spent:
            found[place, "counter_high"] = Difference(place, "counter_high", booked, first.spent)
        elif booked > last.spent:
            found[place, "counter_low"] = Difference(place, "counter_low", booked, last.spent)
        if loose > 0:
            found[place, "loose_hold"] = Difference(place, "loose_hold", booked, loose)
    hours, added_up = (question.used(each) for each in books.hours(question.since_us))
    for place in {*hours, *added_up}:
        if hours.get(place, 0) != added_up.get(place, 0):
            found[place, "hours"] = Difference(place, "hours", added_up.get(place, 0), hours.get(place, 0))
    return len(places), found


def _mended(difference: Difference, counters: Counters, now_s: float) -> Difference:
    match difference.kind:
        case "counter_low":
            return replace(difference, mended=_raise(difference, counters, now_s))
        case "loose_hold":
            counters.loose([difference.account.counter], release=True)
            return replace(difference, mended=True)
        case _:
            return difference


def _raise(difference: Difference, counters: Counters, now_s: float) -> bool:
    """Book what is missing: a hold of nothing always fits, and its settlement adds to whatever is booked meanwhile."""
    nothing = Part(difference.account.counter, 0, 0, 0, 0)
    taken = counters.hold([nothing], (), "", b"", now_s)
    return isinstance(taken, Hold) and counters.settle(taken, [difference.amount])
