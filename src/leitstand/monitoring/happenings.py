"""Signals made of audit events: how many of some kinds lie in the window, by subject."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leitstand.monitoring.facts import Facts
from leitstand.monitoring.values import Labels, Reading, labels

Subject = Callable[[str, Mapping[str, Any]], Labels | None]


def counting(kinds: Sequence[str], subject: Subject) -> Callable[[Facts, float], list[Reading]]:
    """A `read` for signals. subject: kind and detail of an event to its labels; None: it does not count.

    A subject that is no longer there reads as no data, which resolves its alert.
    """

    def read(facts: Facts, window_s: float) -> list[Reading]:
        found: dict[Labels, int] = {}
        for each in facts.happened(kinds, window_s):
            if (whose := subject(each.kind, each.detail)) is not None:
                found[whose] = found.get(whose, 0) + 1
        return [Reading(whose, float(count), count) for whose, count in found.items()]

    return read


def by_kind(kind: str, _detail: Mapping[str, Any]) -> Labels:
    """One subject per kind of event."""
    return labels(event=kind)
