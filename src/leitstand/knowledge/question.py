"""A question as groups of stems: each word asked for, with the parts of its compound."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from leitstand.knowledge import compounds
from leitstand.knowledge.repository import Reading
from leitstand.knowledge.words import fold, stem, words

_PART_SHARE = 0.8  # what the parts of a compound are worth, together, against the whole word

# Words that ask for a kind of answer and seldom stand in it; they count for search, not for coverage.
_ASKING_WORDS = """
    lange hoch groß oft schnell teuer genau bekommen bekomme bekommt gelten gilt sagen sag nennen nenne
    erklären erkläre zeigen zeige brauchen brauche braucht darf dürfen geben wissen weiß heißt bedeutet
    passiert tun long much many often tell show explain need get does mean Firma Unternehmen bei uns
"""


@cache
def _asking() -> frozenset[str]:
    return frozenset(map(stem, _ASKING_WORDS.split()))


@dataclass(frozen=True, slots=True)
class Term:
    """One word of the question. parts: stems of its compound parts, () when it is simple."""

    stem: str
    parts: tuple[str, ...]


def read_question(text: str, reading: Reading) -> list[Term]:
    """The terms of a question, each once, in its order; compounds are split by the corpus."""
    asked = list(dict.fromkeys(fold(word) for word in words(text)))
    written = {fold(word): word for word in words(text)}
    known = reading.parts_of(asked)
    strange = [word for word in asked if word not in known]
    pieces = reading.parts_of({piece for word in strange for piece in compounds.candidates(word)})
    terms: dict[str, Term] = {}
    for word in asked:
        parts = known[word] if word in known else compounds.split(word, pieces.__contains__)
        found = stem(written[word])
        terms.setdefault(found, Term(found, tuple(dict.fromkeys(map(stem, parts)))))
    return list(terms.values())


def stems_of(terms: Sequence[Term]) -> list[str]:
    """All stems that a passage may be found by."""
    return list(dict.fromkeys(each for term in terms for each in (term.stem, *term.parts)))


class Coverage:
    """How much of a question a text mentions, rare words counting more."""

    def __init__(self, terms: Sequence[Term], passages_with: Mapping[str, int], passages: int) -> None:
        """passages_with: by stem. passages: how many there are in all."""
        asking = [term for term in terms if term.stem in _asking()]
        self._terms = [term for term in terms if term not in asking] or list(terms)
        self._weights = {
            each: math.log(1 + passages / (0.5 + passages_with.get(each, 0))) for each in stems_of(terms)
        }
        self._total = sum(self._weights[term.stem] for term in self._terms)

    def of(self, stems: Collection[str]) -> float:
        """From 0 (nothing) to 1 (every word of the question)."""
        if not self._total:
            return 0.0
        return sum(self._weights[term.stem] * _share(term, stems) for term in self._terms) / self._total


def _share(term: Term, stems: Collection[str]) -> float:
    if term.stem in stems:
        return 1.0
    if not term.parts:
        return 0.0
    return _PART_SHARE * sum(part in stems for part in term.parts) / len(term.parts)
