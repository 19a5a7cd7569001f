"""Rules and network together: what each of them knows better.

Numbers belong to the rules, which know their check digits and cue words; the network adds those that it is
sure of. Names belong to both: a rule's find counts unless the network is sure that the words are ordinary,
and the network's finds count from a chance on that was set on texts and corpora it was not trained on
(training/pii/README.md).
"""

from collections.abc import Iterable

from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.tagging.words import Word, entities_of

_THRESHOLD = 0.5
_WEAK = 0.3
_NUMBER_THRESHOLD = 0.7
_NAMES = frozenset({EntityType.PERSON, EntityType.ORG, EntityType.ADDRESS})
_DOUBTED = {"person": 0.79, "organisation": 0.79, "address": 0.79}
_ORDINARY = 0.05


def joined(text: str, finds: Iterable[Entity], words: list[Word]) -> list[Entity]:
    """All finds that count, overlaps unresolved. finds: of the rules. words: as the network read the text."""
    kept = [find for find in finds if not _is_doubted(find, words)]
    return kept + [find for find in entities_of(text, words, _THRESHOLD, _WEAK) if _is_sure(find)]


def _is_sure(find: Entity) -> bool:
    return find.type in _NAMES or find.score >= 0.5 + 0.4 * _NUMBER_THRESHOLD


def _is_doubted(find: Entity, words: list[Word]) -> bool:
    """Whether a weak rule found words that the network takes for ordinary ones."""
    if find.score >= _DOUBTED.get(find.detector, 0.0):
        return False
    return all(word.chance < _ORDINARY for word in words if word.start < find.end and find.start < word.end)
