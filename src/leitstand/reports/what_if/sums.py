"""What one day of a replay adds up to; JSON holds it between two steps of the job."""

from typing import Any

import msgspec

from leitstand.reports.what_if.speed import Times


class Group(msgspec.Struct):
    """One public model in one use case, in nano-euro. lost: what cache hits saved that would be asked now.

    asked_before, asked_after: of the calls alone that are answered otherwise, to price those hits alike.
    """

    requests: int = 0
    moved: int = 0
    before: int = 0
    low: int = 0
    value: int = 0
    high: int = 0
    lost: int = 0
    asked_before: int = 0
    asked_low: int = 0
    asked_value: int = 0
    asked_high: int = 0


Ways = dict[str, dict[str, dict[str, int]]]


class Sums(msgspec.Struct):
    """groups: use case → model asked for. times: use case → public model. ways: use case → before → after → calls.

    targets: as ways, of the providers' models.
    """

    groups: dict[str, dict[str, Group]] = {}
    times: dict[str, dict[str, Times]] = {}
    ways: Ways = {}
    targets: Ways = {}
    stays: dict[str, int] = {}
    cut: int = 0
    unpriced: int = 0
    hits_lost: int = 0
    hits_won: int = 0
    unknown: int = 0
    since_us: int | None = None
    exact: int = 0
    estimated: int = 0
    unknown_price: int = 0
    differing: int = 0
    difference_nano: int = 0

    def group(self, use_case: str, model: str) -> Group:
        """The one of that place, made if it is not there."""
        return self.groups.setdefault(use_case, {}).setdefault(model, Group())

    def timing(self, use_case: str, model: str) -> Times:
        """The one of that place, made if it is not there."""
        return self.times.setdefault(use_case, {}).setdefault(model, Times())

    def stay(self, reason: str) -> None:
        """Count a call that stays where it is though the scenario would move it."""
        self.stays[reason] = self.stays.get(reason, 0) + 1

    def add(self, other: "Sums") -> None:
        """Both together, in this one."""
        for use_case, models in other.groups.items():
            for model, theirs in models.items():
                mine = self.group(use_case, model)
                for name in Group.__struct_fields__:
                    setattr(mine, name, getattr(mine, name) + getattr(theirs, name))
        for use_case, timed in other.times.items():
            for model, times in timed.items():
                self.timing(use_case, model).add(times)
        for ours, others in ((self.ways, other.ways), (self.targets, other.targets)):
            for use_case, rows in others.items():
                for before, afters in rows.items():
                    for after, number in afters.items():
                        count(ours, use_case, before, after, number)
        for reason, number in other.stays.items():
            self.stays[reason] = self.stays.get(reason, 0) + number
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        known = [moment for moment in (self.since_us, other.since_us) if moment is not None]
        self.since_us = min(known, default=None)


def count(ways: Ways, use_case: str, before: str, after: str, number: int = 1) -> None:
    """Count calls that go another way."""
    row = ways.setdefault(use_case, {}).setdefault(before, {})
    row[after] = row.get(after, 0) + number


_NUMBERS = (
    "cut", "unpriced", "hits_lost", "hits_won", "unknown", "exact", "estimated", "unknown_price",
    "differing", "difference_nano",
)  # fmt: skip


def plain(sums: Sums) -> dict[str, Any]:
    """As JSON holds it."""
    built: dict[str, Any] = msgspec.to_builtins(sums)
    return built


def read(built: dict[str, Any]) -> Sums:
    """Back again."""
    return msgspec.convert(built, Sums)
