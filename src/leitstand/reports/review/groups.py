"""Groups of people, merged until none that is shown has fewer than `LEAST_PEOPLE`, by differences neither."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from leitstand.reports.review.values import LEAST_PEOPLE


@dataclass
class Group:
    """A group as it is added up."""

    people: set[str] = field(default_factory=set)
    requests: int = 0
    tokens: int = 0
    cost_nano: int = 0

    def add(self, other: "Group") -> None:
        """Take another one in."""
        self.people |= other.people
        self.requests += other.requests
        self.tokens += other.tokens
        self.cost_nano += other.cost_nano


def merged(groups: dict[str, Group]) -> tuple[dict[str, Group], Group | None]:
    """(the groups that may be shown, the dearest first; all others as one).

    Where the others are too few people themselves, the smallest group that could be shown joins them: the total is
    known, so their sum would be, too.
    """
    order = sorted(groups, key=lambda name: (-groups[name].cost_nano, name))
    shown = [name for name in order if len(groups[name].people) >= LEAST_PEOPLE]
    hidden = [name for name in order if name not in shown]
    rest = _together(groups[name] for name in hidden)
    while hidden and shown and len(rest.people) < LEAST_PEOPLE:
        smallest = min(shown, key=lambda name: (len(groups[name].people), groups[name].cost_nano))
        shown.remove(smallest)
        rest.add(groups[smallest])
    return {name: groups[name] for name in shown}, rest if hidden else None


def _together(groups: Iterable[Group]) -> Group:
    total = Group()
    for group in groups:
        total.add(group)
    return total
