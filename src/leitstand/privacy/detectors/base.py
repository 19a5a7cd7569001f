"""What a detector is."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from leitstand.privacy.entities import Entity, EntityType


@dataclass(frozen=True)
class Detector:
    """One way to find personal data.

    types: what it can find. source: the standard, law or reasoning behind it.
    examples: texts in which «marks» stand around each find. counter_examples: texts without any find.
    find: pure; offsets into the text as given. Overlaps are allowed, scan.py resolves them.
    """

    name: str
    types: frozenset[EntityType]
    source: str
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    find: Callable[[str], list[Entity]]


def matches(
    pattern: re.Pattern[str], text: str, type_: EntityType, detector: str, score: float, reason: str
) -> Iterator[Entity]:
    """An entity for each match: its group `v` where the pattern has one, else the whole match."""
    group = "v" if "v" in pattern.groupindex else 0
    for match in pattern.finditer(text):
        start, end = match.span(group)
        if end > start:
            yield Entity(start, end, type_, detector, score, reason)


def has_digit(text: str) -> bool:
    """A cheap test that lets number detectors skip texts without digits."""
    return _DIGIT.search(text) is not None


_DIGIT = re.compile(r"[0-9]")


def unmark(example: str) -> tuple[str, list[tuple[int, int]]]:
    """An example without its «marks», and the spans that they enclosed."""
    text, spans = "", []
    for piece in re.split(r"(«[^»]*»)", example):
        if piece.startswith("«"):
            spans.append((len(text), len(text) + len(piece) - 2))
        text += piece.strip("«»")
    return text, spans
