"""Rules, word lists and network together: what each of them knows better.

Numbers belong to the rules, which know their check digits and cue words; the network adds those it is sure of.
Names belong to both. A rule's find counts unless it is a weak one (a word in the list of surnames) and the network
is sure of the contrary; ordinary words at its begin (`Wohnung Beispielweg 5`) are cut off where word list and
network agree on them. The network's finds count from a chance on that is higher for words which the list knows as
ordinary ones. The chances were set on texts and corpora that the network was not trained on
(training/pii/README.md).
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from leitstand.privacy.detectors.words import FUNCTION_WORDS, PARTICLES
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.lexicon import lexicon
from leitstand.privacy.tagging.words import Word, entities_of, score_of

_THRESHOLD = 0.2
_WEAK = 0.12
_NUMBER_THRESHOLD = 0.7
_REFERENCE_THRESHOLD = 0.55
_ORDINARY = 0.1
_SURELY_ORDINARY = 0.02
_WEAK_RULE = 0.6
_COMMON_LOGIT = -4.0
_PARTICLE_LOGIT = 1.5
_NAMES = frozenset({EntityType.PERSON, EntityType.ORG, EntityType.ADDRESS})
_NAME_RULES = frozenset({"person", "organisation", "address"})


def joined(text: str, finds: Iterable[Entity], words: list[Word]) -> list[Entity]:
    """All finds that count, overlaps unresolved. finds: of the rules. words: as the network read the text."""
    kept = [
        _trimmed(text, find, words) if find.detector in _NAME_RULES else find
        for find in finds
        if not _is_doubted(find, words)
    ]
    weighed = [_weighed(text, word) for word in words]
    sure = [find for find in entities_of(text, weighed, _THRESHOLD, _WEAK) if _is_sure(find)]
    return kept + [_with_first_particle(text, find) for find in sure]


def _weighed(text: str, word: Word) -> Word:
    """The word with its chance as a name as the word lists see it: lower for ordinary words, higher for `von`."""
    if word.type not in _NAMES or not 0.02 < word.chance < 0.995:
        return word
    odds = math.log(word.chance / (1 - word.chance)) + _listed_odds(text[word.start : word.end].lower())
    return replace(word, chance=1 / (1 + math.exp(-odds)))


def _listed_odds(word: str) -> float:
    """What the lists add to the odds (natural logarithm); ordinary words that are surnames (Koch) get nothing."""
    if word in PARTICLES:
        return _PARTICLE_LOGIT
    if not lexicon().is_ordinary(word) or (lexicon().is_also_a_name(word) and not _is_of_letters(word)):
        return 0.0
    return _COMMON_LOGIT


def _with_first_particle(text: str, find: Entity) -> Entity:
    """`von und zu Beispiel` where the network saw `und zu Beispiel` only: no name begins with `und`."""
    before = text[: find.start]
    if find.type is EntityType.PERSON and text.startswith("und ", find.start):
        for particle in ("von ", "zu "):
            if before.lower().endswith(particle):
                return find.at(find.start - len(particle), find.end)
    return find


def _is_of_letters(word: str) -> bool:
    """Whether the word belongs to grammar, letters and forms so much that hardly anybody is called so."""
    return word in FUNCTION_WORDS or word in lexicon().business


def _is_sure(find: Entity) -> bool:
    if find.type in _NAMES:
        return True
    least = _REFERENCE_THRESHOLD if find.type is EntityType.REF_ID else _NUMBER_THRESHOLD
    return find.score >= score_of(least)


def _is_doubted(find: Entity, words: list[Word]) -> bool:
    """Whether a rule has only the form of a word to go by, and the network is sure of the contrary."""
    if find.detector not in _NAME_RULES or find.score > _WEAK_RULE:
        return False
    inside = [word.chance for word in words if word.start < find.end and find.start < word.end]
    return bool(inside) and max(inside) < _SURELY_ORDINARY


def _trimmed(text: str, find: Entity, words: list[Word]) -> Entity:
    """The find without ordinary words at its begin; at least its last word stays."""
    inside = [word for word in words if find.start <= word.start and word.end <= find.end]
    for word in inside[:-1]:
        surface = text[word.start : word.end]
        if word.chance >= _ORDINARY or not lexicon().is_listed(surface):
            return find.at(max(find.start, word.start), find.end) if word is not inside[0] else find
    return find.at(inside[-1].start, find.end) if len(inside) > 1 else find
