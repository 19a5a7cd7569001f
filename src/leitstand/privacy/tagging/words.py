"""From probabilities of pieces to entities: by words, because half a name helps nobody."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.tagging.labels import BEGINS, LABELS
from leitstand.privacy.tagging.pieces import Piece

_RUN = re.compile(r"[^\W_]+")
_TYPES = tuple(EntityType)
_FIRST_TYPE = LABELS.index(_TYPES[0].value)
_FIRST_BEGIN = len(LABELS) - len(BEGINS)
_BEGIN_PLACES = [_TYPES.index(EntityType(name)) for name in BEGINS]
_GAPS = {
    EntityType.PERSON: re.compile(r" |[-‑'’.´`]|\. ?|, | - "),
    EntityType.ORG: re.compile(r" |[-‑'’./&+|@]|\. |, | [&+/|-] "),
    EntityType.ADDRESS: re.compile(r"[ ,./\n\t·;()|-]{1,4}| in "),
}
_OTHER_GAP = re.compile(r"[ ./:()+@_-]{1,3}")


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters and digits. chance: that it is personal data, 0 to 1; type: which, if it is; own: that
    type's probability; begins: whether a new name begins here rather than goes on."""

    start: int
    end: int
    chance: float
    type: EntityType
    own: float
    begins: bool


def words_of(text: str, pieces: list[Piece], probabilities: NDArray[np.float32]) -> list[Word]:
    """Each word with the mean over its characters of what the network says about its pieces."""
    if not pieces:
        return []
    types = probabilities[:, _FIRST_TYPE:_FIRST_BEGIN].copy()
    begins = probabilities[:, _FIRST_BEGIN:]
    types[:, _BEGIN_PLACES] += begins
    return list(_by_run(text, pieces, types, begins))


def _by_run(
    text: str, pieces: list[Piece], types: NDArray[np.float32], begins: NDArray[np.float32]
) -> Iterator[Word]:
    place = 0
    for run in _RUN.finditer(text):
        start, end = run.span()
        while place < len(pieces) and pieces[place].end <= start:
            place += 1
        last = place
        while last < len(pieces) and pieces[last].start < end:
            last += 1
        if last == place:
            continue
        weights = np.array(
            [max(min(p.end, end) - max(p.start, start), 0) for p in pieces[place:last]], np.float32
        )
        if not weights.any():
            continue
        mean = weights @ types[place:last] / weights.sum()
        best = int(mean.argmax())
        type_ = _TYPES[best]
        begun = float(begins[place:last, BEGINS.index(type_)].max()) if type_ in BEGINS else 0.0
        yield Word(start, end, float(mean.sum()), type_, float(mean[best]), begun > float(mean[best]) / 2)


def entities_of(text: str, words: list[Word], threshold: float, weak: float) -> list[Entity]:
    """Entities out of words that are personal data by `threshold`; their neighbours of one type by `weak`."""
    found: list[Entity] = []
    row: list[Word] = []
    for word in [*words, None]:
        if word is not None and word.chance >= weak and (not row or _goes_on(text, row, word)):
            row.append(word)
            continue
        found += _entity(row, threshold)
        row = [word] if word is not None and word.chance >= weak else []
    return found


def _goes_on(text: str, row: list[Word], word: Word) -> bool:
    before = row[-1]
    if word.type is not before.type:
        return False
    gap = text[before.end : word.start]
    if word.begins and gap not in ("-", "'", "’", "."):
        return False
    return _GAPS.get(word.type, _OTHER_GAP).fullmatch(gap) is not None or not gap


def _entity(row: list[Word], threshold: float) -> Iterator[Entity]:
    surest = max((word.chance for word in row), default=0.0)
    if surest >= threshold:
        yield Entity(
            row[0].start, row[-1].end, row[0].type, "tagger", score_of(surest), f"network, {surest:.0%}"
        )


def score_of(chance: float) -> float:
    """How an entity's score follows from its surest word, so that cue words and check digits of rules win."""
    return 0.5 + 0.4 * chance
