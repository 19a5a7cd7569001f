"""The second look: stricter, slower, and with knowledge that the first one did not have.

Three ways, the surest counts:
- what the house knows: originals of the request itself, of its client's file, and unmistakable values (with figures,
  an @, or several words) of every other file, wherever they stand;
- the detectors and the tagger as they are tonight, on each text as a whole and line by line;
- the tagger's doubts: words it holds for names with a chance below what counts by day, if a list of names has them.

Placeholders are no finds, and neither is what the company wants readable.
"""

import re
from collections.abc import Iterable, Iterator

from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.leaks.values import Certainty, Spot, Suspicion
from leitstand.privacy.lexicon import lexicon
from leitstand.privacy.placeholders import PLACEHOLDER, key_of
from leitstand.privacy.scan import Scanner
from leitstand.privacy.tagging.words import Word

_LEAST = 4  # characters of a known value; shorter ones stand everywhere
_DOUBT = 0.08  # chance from which a listed name is worth a look
_RANK = {Certainty.CERTAIN: 0, Certainty.LIKELY: 1, Certainty.POSSIBLE: 2}


def standing(texts: Iterable[str], originals: Iterable[tuple[str, str]]) -> list[Spot]:
    """Where originals stand in texts, as whole words and in their own spelling. originals: (placeholder, original)."""
    by_value = {value: name.rpartition("_")[0] for name, value in originals if len(value) >= _LEAST}
    pattern = _pattern(by_value)
    if pattern is None:
        return []
    return [
        Spot(number, *match.span(), by_value[match.group()])
        for number, text in enumerate(texts)
        for match in pattern.finditer(text)
    ]


def unmistakable(originals: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Those that are nothing else wherever they stand: with two figures, an @, or several words."""
    for placeholder, original in originals:
        figures = sum(char.isdigit() for char in original)
        if "@" in original or figures >= 4 or (len(original.split()) > 1 and figures > 0):
            yield placeholder, original


def recheck(texts: tuple[str, ...], known: Iterable[Spot], scanner: Scanner) -> list[Suspicion]:
    """What may have leaked, the surest reading of each place. known: where values that the house knows stand."""
    found = [Suspicion(spot, Certainty.CERTAIN) for spot in known]
    for number, text in enumerate(texts):
        stand_ins = [m.span() for m in PLACEHOLDER.finditer(text) if key_of(m) is not None]
        found += [
            Suspicion(Spot(number, entity.start, entity.end, entity.type.value), certainty)
            for entity, certainty in _read(text, scanner)
            if not any(entity.start < end and start < entity.end for start, end in stand_ins)
        ]
    return _surest(found)


def _read(text: str, scanner: Scanner) -> Iterator[tuple[Entity, Certainty]]:
    for entity in scanner.scan_text(text):
        yield entity, Certainty.LIKELY
    start = 0
    for line in text.splitlines(keepends=True):
        if len(line) < len(text):
            for entity in scanner.scan_text(line):
                yield entity.at(entity.start + start, entity.end + start), Certainty.LIKELY
        start += len(line)
    if scanner.finder.tagger is not None:
        for word in scanner.finder.tagger.read(text):
            if _is_doubtful(text[word.start : word.end], word):
                entity = Entity(word.start, word.end, word.type, "tagger", word.chance)
                yield entity, Certainty.POSSIBLE


def _is_doubtful(written: str, word: Word) -> bool:
    if word.chance < _DOUBT or word.type is not EntityType.PERSON or not written[:1].isupper():
        return False
    lex = lexicon()
    return (lex.is_first_name(written) or lex.is_surname(written)) and not lex.is_ordinary(written.lower())


def _surest(found: list[Suspicion]) -> list[Suspicion]:
    kept: list[Suspicion] = []
    for each in sorted(found, key=lambda one: (_RANK[one.certainty], one.spot.text, one.spot.start)):
        spot = each.spot
        if not any(
            spot.text == one.spot.text and spot.start < one.spot.end and one.spot.start < spot.end
            for one in kept
        ):
            kept.append(each)
    return kept


def _pattern(values: Iterable[str]) -> re.Pattern[str] | None:
    longest = sorted(values, key=len, reverse=True)
    if not longest:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
