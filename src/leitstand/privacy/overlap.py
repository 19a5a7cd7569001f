"""Overlapping finds become a row of disjoint ones, and no found character gets lost."""

from collections.abc import Iterable

from leitstand.privacy.entities import Entity


def resolve(text: str, finds: Iterable[Entity]) -> tuple[Entity, ...]:
    """Disjoint entities in reading order that cover every character that was found.

    The surest find wins, the longer among equals; what a loser found beyond the winner stays as a piece of
    its own. Borders are widened to whole words, so that no letter or digit touches a placeholder.
    """
    whole = [entity for find in finds if (entity := _whole_words(text, find)) is not None]
    kept: list[Entity] = []
    for entity in sorted(whole, key=lambda e: (-_rank(e), e.start, e.end)):
        for piece in _outside(entity, kept):
            trimmed = _trim(text, piece)
            if trimmed is not None:
                kept.append(trimmed)
    return _join_touching(sorted(kept, key=lambda e: e.start))


def _join_touching(entities: list[Entity]) -> tuple[Entity, ...]:
    """Entities without a character between them become one, of the surer kind."""
    joined: list[Entity] = []
    for entity in entities:
        if joined and joined[-1].end == entity.start:
            surer = max(joined[-1], entity, key=_rank)
            joined[-1] = surer.at(joined[-1].start, entity.end)
        else:
            joined.append(entity)
    return tuple(joined)


def _rank(entity: Entity) -> float:
    """Certainty, with a little credit for length: a whole address beats the surname inside its street."""
    return entity.score + min(entity.end - entity.start, 60) / 300


def _whole_words(text: str, entity: Entity) -> Entity | None:
    start, end = max(0, entity.start), min(len(text), entity.end)
    while start < end and not _is_word(text[start]):
        start += 1
    while end > start and not _is_word(text[end - 1]):
        end -= 1
    if start == end:
        return None
    first, last = start, end
    while first > 0 and _is_word(text[first - 1]):
        first -= 1
    while last < len(text) and _is_word(text[last]):
        last += 1
    # A sign that the detector took on purpose, such as the `+` of a phone number, stays unless it touches a
    # word outside: a placeholder must stand free to be recognised again.
    if (0 < entity.start < start and not _is_word(text[entity.start - 1])) or entity.start == 0:
        first = min(first, entity.start)
    if (end < entity.end < len(text) and not _is_word(text[entity.end])) or entity.end == len(text):
        last = max(last, entity.end)
    return _trim(text, entity.at(first, last))


def _trim(text: str, entity: Entity) -> Entity | None:
    start, end = entity.start, entity.end
    while start < end and text[start] in _BLANK:
        start += 1
    while end > start and text[end - 1] in _BLANK:
        end -= 1
    if not any(char.isalnum() for char in text[start:end]):
        return None
    return entity.at(start, end)


_BLANK = " \t\r\n,;:\u00a0\u202f"


def _outside(entity: Entity, kept: list[Entity]) -> list[Entity]:
    pieces = [(entity.start, entity.end)]
    for other in kept:
        pieces = [rest for piece in pieces for rest in _minus(piece, (other.start, other.end))]
    return [entity.at(start, end) for start, end in pieces]


def _minus(piece: tuple[int, int], hole: tuple[int, int]) -> list[tuple[int, int]]:
    start, end = piece
    if hole[1] <= start or hole[0] >= end:
        return [piece]
    return [rest for rest in ((start, hole[0]), (hole[1], end)) if rest[0] < rest[1]]


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
