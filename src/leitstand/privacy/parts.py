"""Which characters of an entity become a placeholder: names by part, all else as a whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from leitstand.privacy.detectors.organisation import LEGAL_FORM
from leitstand.privacy.detectors.words import PARTICLES, Word, words_of
from leitstand.privacy.entities import GIVEN_NAME_WORD, WORDS, Entity, EntityType
from leitstand.privacy.lexicon import lexicon

_LEGAL_TAIL = re.compile(rf"[ ]{{1,2}}{LEGAL_FORM}(?:[ ]{{1,2}}{LEGAL_FORM})?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NamePart:
    """Characters start to end of a text, to be replaced by a placeholder with this word."""

    start: int
    end: int
    word: str


def parts_of(text: str, entity: Entity) -> list[NamePart]:
    """The parts of an entity, in order. What lies between them (blanks, commas, legal forms) stays readable."""
    if entity.type is EntityType.PERSON:
        return _person(text, entity)
    if entity.type is EntityType.ORG:
        tail = _LEGAL_TAIL.search(text, entity.start, entity.end)
        end = tail.start() if tail else entity.end
        if any(char.isalnum() for char in text[entity.start : end]):
            return [_trimmed(text, entity.start, end, WORDS[EntityType.ORG])]
    return [NamePart(entity.start, entity.end, WORDS[entity.type])]


def _person(text: str, entity: Entity) -> list[NamePart]:
    surface = text[entity.start : entity.end]
    words = [Word(w.text, w.start + entity.start, w.end + entity.start, w.glued) for w in words_of(surface)]
    if not words or any(char.isdigit() or char == "_" for char in surface) or "\n" in surface:
        return [NamePart(entity.start, entity.end, WORDS[EntityType.PERSON])]
    if not surface.isascii() and any(char.isalnum() for char in _between(text, entity, words)):
        return [NamePart(entity.start, entity.end, WORDS[EntityType.PERSON])]
    return list(_name(words))


def _between(text: str, entity: Entity, words: list[Word]) -> str:
    """What no word covers: letters there belong to scripts that the word pattern does not know."""
    edges = [entity.start, *(edge for word in words for edge in (word.start, word.end)), entity.end]
    return "".join(text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2))


def _name(words: list[Word]) -> Iterator[NamePart]:
    comma = next((place for place, word in enumerate(words) if word.glued == ","), None)
    if comma is not None and comma > 0:
        yield NamePart(words[0].start, words[comma - 1].end, WORDS[EntityType.PERSON])
        yield NamePart(words[comma].start, words[-1].end, GIVEN_NAME_WORD)
        return
    if len(words) == 1:
        yield NamePart(words[0].start, words[0].end, _single(words[0].text))
        return
    first = len(words) - 1
    while first > 0 and words[first - 1].text.lower() in PARTICLES:
        first -= 1
    if first > 0:
        yield NamePart(words[0].start, words[first - 1].end, GIVEN_NAME_WORD)
    yield NamePart(words[first].start, words[-1].end, WORDS[EntityType.PERSON])


def _single(name: str) -> str:
    lex = lexicon()
    return (
        GIVEN_NAME_WORD if lex.is_first_name(name) and not lex.is_surname(name) else WORDS[EntityType.PERSON]
    )


def _trimmed(text: str, start: int, end: int, word: str) -> NamePart:
    while end > start and text[end - 1].isspace():
        end -= 1
    return NamePart(start, end, word)
