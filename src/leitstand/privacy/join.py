"""Rules, word lists and network together: what each of them knows better.

Numbers belong to the rules, which know their check digits and cue words; the network adds those it is sure of.
Names belong to both. A rule's find always counts, but ordinary words at its begin (`Wohnung Beispielweg 5`) are
cut off where list and network agree on them. The network's finds count from a chance on that is higher for
words which the list knows as ordinary ones. The chances were set on texts and corpora that the network was not
trained on (training/pii/README.md).
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.lexicon import lexicon
from leitstand.privacy.tagging.words import Word, entities_of, score_of

_THRESHOLD = 0.3
_WEAK = 0.2
_NUMBER_THRESHOLD = 0.7
_REFERENCE_THRESHOLD = 0.55
_ORDINARY = 0.1
_COMMON_LOGIT = -2.0
_NAMES = frozenset({EntityType.PERSON, EntityType.ORG, EntityType.ADDRESS})
_TRIMMED = frozenset({"person", "organisation", "address"})


def joined(text: str, finds: Iterable[Entity], words: list[Word]) -> list[Entity]:
    """All finds that count, overlaps unresolved. finds: of the rules. words: as the network read the text."""
    kept = [_trimmed(text, find, words) if find.detector in _TRIMMED else find for find in finds]
    weighed = [_weighed(text, word) for word in words]
    return kept + [find for find in entities_of(text, weighed, _THRESHOLD, _WEAK) if _is_sure(find)]


def _weighed(text: str, word: Word) -> Word:
    """The word with its chance as a name lowered where it is an ordinary word."""
    if word.type not in _NAMES or not 0.02 < word.chance < 0.99:
        return word
    if not lexicon().is_common(text[word.start : word.end]):
        return word
    odds = math.log(word.chance / (1 - word.chance)) + _COMMON_LOGIT
    return replace(word, chance=1 / (1 + math.exp(-odds)))


def _is_sure(find: Entity) -> bool:
    if find.type in _NAMES:
        return True
    least = _REFERENCE_THRESHOLD if find.type is EntityType.REF_ID else _NUMBER_THRESHOLD
    return find.score >= score_of(least)


def _trimmed(text: str, find: Entity, words: list[Word]) -> Entity:
    """The find without ordinary words at its begin; at least its last word stays."""
    inside = [word for word in words if find.start <= word.start and word.end <= find.end]
    for word in inside[:-1]:
        surface = text[word.start : word.end]
        if word.chance >= _ORDINARY or not surface.isalpha() or not lexicon().is_common(surface):
            return find.at(max(find.start, word.start), find.end) if word is not inside[0] else find
    return find.at(inside[-1].start, find.end) if len(inside) > 1 else find
