"""Which originals of the vault belong to a person who wants to be forgotten."""

import re
import unicodedata

_WORD = re.compile(r"\w+")


def is_of(person: str, original: str) -> bool:
    """Whether an original names this person: parts of the name alone, or all of it among other words.

    For `Anna Kowalczyk`: `Kowalczyk`, `Anna`, `anna.kowalczyk@beispiel.example`; not `Frau Kowalczyk-Huber`. A first
    name goes although others have it too: they get another number, which is better than being found. The same
    rule finds any value, such as a telephone number, by its figures.
    """
    return belongs(words_in(person), words_in(original))


def belongs(wanted: frozenset[str], there: frozenset[str]) -> bool:
    """The rule itself, on words, or on digests of words."""
    return bool(wanted and there) and (there <= wanted or wanted <= there)


def words_in(text: str) -> frozenset[str]:
    """The words of a text by which persons are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return frozenset(word for part in _WORD.findall(folded) for word in part.split("_") if word)
