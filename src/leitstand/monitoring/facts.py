"""What signals read: sums over a sliding window, providers that are away, what happened, the state of the house.

The same at work and on history: a timeline is moved forward to a moment and asked there. At work it is made of the
last hours and asked once; a back-test moves it minute by minute through a month, where each window costs only what
enters and leaves it.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from leitstand.monitoring.minutes import MINUTE_US, Histogram, Place, Sum, Tries
from leitstand.monitoring.values import Labels, Reading, labels

_S = 1_000_000


@dataclass(frozen=True)
class Happening:
    """An audit event of the journal. detail: as it was written there; subject fields are copied from its columns."""

    kind: str
    time_us: int
    detail: Mapping[str, Any] = field(default_factory=dict)


class Facts(Protocol):
    """The world at a moment, as signals may see it."""

    @property
    def now_us(self) -> int:
        """The moment, application time."""
        ...

    def sums(self, window_s: float, by: tuple[str, ...]) -> Mapping[Labels, Sum]:
        """What was counted in the whole minutes of the window and the running one, apart by some of `Place`'s fields.

        Of the histograms nothing is promised: `durations` has them.
        """
        ...

    def durations(self, window_s: float, by: tuple[str, ...]) -> Mapping[Labels, Histogram]:
        """How long the answers of the same minutes took; caches left out."""
        ...

    def hit(self, window_s: float) -> Sequence[str]:
        """Use cases in which requests failed; none where nobody is told, in a back-test."""
        ...

    def providers(self) -> Mapping[str, Tries]:
        """How each provider has done since its last answer."""
        ...

    def happened(self, kinds: Sequence[str], window_s: float) -> Sequence[Happening]:
        """Audit events of these kinds; one that ends in `.` stands for all that begin so."""
        ...

    def refusals(self, window_s: float) -> Mapping[str, int]:
        """Refused requests by code."""
        ...

    def gauge(self, name: str) -> Sequence[Reading]:
        """A state of the house (monitoring/gauges.py) as it was last measured; empty: unknown."""
        ...


class Row(NamedTuple):
    """A minute of some places together."""

    minute_us: int
    labels: Labels
    sum: Sum


Grouped = Callable[[tuple[str, ...], bool], Sequence[Row]]
"""Rows by some of `Place`'s fields, sorted by time; with True those with durations only, and nothing but these."""


class Timeline:
    """Facts from rows that are sorted by time."""

    def __init__(
        self,
        sums: Sequence[tuple[Place, Sum]] | Grouped,
        tries: Sequence[tuple[int, str, Tries]] = (),
        happenings: Sequence[Happening] = (),
        gauges: Sequence[tuple[int, str, Reading]] = (),
        refusals: Sequence[tuple[int, str, int]] = (),
        before: Mapping[str, Tries] | None = None,
        *,
        named: bool = True,
    ) -> None:
        """tries, gauges, refusals: (minute, provider or name or code, ...). before: of providers, from earlier times.

        named: whether it matters who feels it.
        """
        self._named = named
        self._refused_us = [minute_us for minute_us, _, _ in refusals]
        self._grouped = sums if callable(sums) else _grouping(sums)
        self._refusals = refusals
        self._tries, self._happenings, self._gauges = tries, happenings, gauges
        self._happened_us = [each.time_us for each in happenings]
        self._before = dict(before or {})
        self._providers = dict(self._before)
        self._known: dict[str, dict[Labels, Reading]] = {}
        self._windows: dict[tuple[float, tuple[str, ...], bool], _Window] = {}
        self._tried = self._gauged = 0
        self._asked: list[Callable[[], int | None]] = []
        self.now_us = 0

    def rewound(self) -> "Timeline":
        """The same from its begin; what was loaded is not loaded again."""
        return Timeline(
            self._grouped, self._tries, self._happenings, self._gauges, self._refusals, self._before,
            named=self._named,
        )  # fmt: skip

    def at(self, now_us: int) -> "Timeline":
        """Move forward to a moment."""
        self.now_us = now_us
        self._asked.clear()
        return self

    def next_us(self) -> int | None:
        """The earliest moment after now at which what was asked since `at` may read differently; None: never again.

        Where nothing was asked, or something whose answer grows by itself, that is at once.
        """
        if not self._asked:
            return self.now_us + 1
        return min((moment for ask in self._asked if (moment := ask()) is not None), default=None)

    def sums(self, window_s: float, by: tuple[str, ...]) -> Mapping[Labels, Sum]:
        """See Facts."""
        window = self._window(window_s, by, timed=False)
        assert isinstance(window, _Sums)
        return window.held

    def durations(self, window_s: float, by: tuple[str, ...]) -> Mapping[Labels, Histogram]:
        """See Facts."""
        window = self._window(window_s, by, timed=True)
        assert isinstance(window, _Durations)
        return window.held

    def hit(self, window_s: float) -> Sequence[str]:
        """See Facts."""
        if not self._named:
            return ()
        found = self.sums(window_s, ("use_case",))
        return [name for key, each in sorted(found.items()) if each.counts.failed for _, name in key]

    def providers(self) -> Mapping[str, Tries]:
        """See Facts."""
        while self._tried < len(self._tries) and self._tries[self._tried][0] <= self.now_us:
            _, provider, tries = self._tries[self._tried]
            self._providers[provider] = self._providers.get(provider, Tries()).plus(tries)
            self._tried += 1
        self._asked.append(self._next_try)
        return self._providers

    def happened(self, kinds: Sequence[str], window_s: float) -> Sequence[Happening]:
        """See Facts."""
        since_us = self.now_us - int(window_s * _S)
        begin = bisect_right(self._happened_us, since_us)
        end = bisect_right(self._happened_us, self.now_us)
        found = [each for each in self._happenings[begin:end] if _is_one_of(each.kind, kinds)]
        leaves_us = found[0].time_us + int(window_s * _S) if found else None
        self._asked.append(lambda: _earlier(leaves_us, self._next_happening(end, kinds)))
        return found

    def refusals(self, window_s: float) -> Mapping[str, int]:
        """See Facts."""
        width_us = int(window_s * _S) + MINUTE_US
        begin = bisect_right(self._refused_us, self.now_us - width_us)
        end = bisect_right(self._refused_us, self.now_us)
        comes = self._refused_us[end] if end < len(self._refused_us) else None
        leaves = self._refused_us[begin] + width_us if begin < end else None
        self._asked.append(lambda: _earlier(comes, leaves))
        found = dict[str, int]()
        for _, code, count in self._refusals[begin:end]:
            found[code] = found.get(code, 0) + count
        return found

    def gauge(self, name: str) -> Sequence[Reading]:
        """See Facts."""
        while self._gauged < len(self._gauges) and self._gauges[self._gauged][0] <= self.now_us:
            _, which, reading = self._gauges[self._gauged]
            self._known.setdefault(which, {})[reading.labels] = reading
            self._gauged += 1
        self._asked.append(lambda: self._next_gauge(name))
        return tuple(self._known.get(name, {}).values())

    def _window(self, window_s: float, by: tuple[str, ...], *, timed: bool) -> "_Window":
        window = self._windows.get((window_s, by, timed))
        if window is None:
            kind = _Durations if timed else _Sums
            window = self._windows[window_s, by, timed] = kind(self._grouped(by, timed), int(window_s * _S))
        window.move(self.now_us)
        self._asked.append(window.next_us)
        return window

    def _next_try(self) -> int | None:
        if any(each.since_us for each in self._providers.values()):
            return self.now_us + 1  # an absence grows by itself
        return self._tries[self._tried][0] if self._tried < len(self._tries) else None

    def _next_happening(self, begin: int, kinds: Sequence[str]) -> int | None:
        later = self._happenings[begin:]
        return next((each.time_us for each in later if _is_one_of(each.kind, kinds)), None)

    def _next_gauge(self, name: str) -> int | None:
        for index in range(self._gauged, len(self._gauges)):
            if self._gauges[index][1] == name:
                return self._gauges[index][0]
        return None


class _Window(ABC):
    """The minutes of a window that only moves forward: those that begin until now and are not over before it begins."""

    def __init__(self, rows: Sequence[Row], width_us: int) -> None:
        self._rows, self._width_us = rows, width_us
        self._begin = self._end = 0

    def move(self, now_us: int) -> None:
        """To a moment."""
        while self._end < len(self._rows) and self._rows[self._end].minute_us <= now_us:
            self._add(self._rows[self._end])
            self._end += 1
        gone_us = now_us - self._width_us - MINUTE_US
        while self._begin < self._end and self._rows[self._begin].minute_us <= gone_us:
            self._take(self._rows[self._begin])
            self._begin += 1

    def next_us(self) -> int | None:
        """When the next row comes or goes."""
        comes = self._rows[self._end].minute_us if self._end < len(self._rows) else None
        held = self._begin < self._end
        return _earlier(
            comes, self._rows[self._begin].minute_us + MINUTE_US + self._width_us if held else None
        )

    @abstractmethod
    def _add(self, row: Row) -> None:
        """A row comes into the window."""

    @abstractmethod
    def _take(self, row: Row) -> None:
        """A row leaves it."""


class _Sums(_Window):
    """What was counted in the window."""

    def __init__(self, rows: Sequence[Row], width_us: int) -> None:
        super().__init__(rows, width_us)
        self.held: dict[Labels, Sum] = {}

    def _add(self, row: Row) -> None:
        known = self.held.get(row.labels)
        self.held[row.labels] = Sum(row.sum.counts if known is None else known.counts.plus(row.sum.counts))

    def _take(self, row: Row) -> None:
        left = self.held[row.labels].counts.less(row.sum.counts)
        if left.requests:
            self.held[row.labels] = Sum(left)
        else:
            del self.held[row.labels]


class _Durations(_Window):
    """How long the answers of the window took. The histograms change in place: copying them was most of the work."""

    def __init__(self, rows: Sequence[Row], width_us: int) -> None:
        super().__init__(rows, width_us)
        self.held: dict[Labels, dict[int, int]] = {}

    def _add(self, row: Row) -> None:
        held = self.held.setdefault(row.labels, {})
        for place, count in row.sum.took.items():
            held[place] = held.get(place, 0) + count

    def _take(self, row: Row) -> None:
        held = self.held[row.labels]
        for place, count in row.sum.took.items():
            if held[place] == count:
                del held[place]
            else:
                held[place] -= count
        if not held:
            del self.held[row.labels]


def _grouping(sums: Sequence[tuple[Place, Sum]]) -> Grouped:
    """Of single places."""

    def rows(by: tuple[str, ...], timed: bool) -> Iterator[Row]:
        for place, found in sums:
            if found.took or not timed:
                yield Row(place.minute_us, labels(**{name: getattr(place, name) for name in by}), found)

    return lambda by, timed: list(rows(by, timed))


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _is_one_of(kind: str, kinds: Iterable[str]) -> bool:
    return any(kind == each or (each.endswith(".") and kind.startswith(each)) for each in kinds)
