"""German compounds taken apart with the words of the corpus itself: `Lieferzeit` holds `liefern` and `Zeit`.

No dictionary is needed and none can be out of date: a part counts when it stands somewhere in the documents
as a word of its own.
"""

from collections.abc import Callable
from functools import cache

Known = Callable[[str], bool]

SHORTEST_PART = 4
SHORTEST_COMPOUND = 2 * SHORTEST_PART
LONGEST_COMPOUND = 40
_MOST_PARTS = 4
_JOINTS = ("", "s", "es", "n", "en", "er", "e")
_LOST_ENDINGS = ("e", "n", "en")  # Schul-e, liefer-n, Straß-e: dropped before the next part


def split(word: str, known: Known) -> tuple[str, ...]:
    """The parts of a folded word, each a known word; () when it is no compound.

    The fewest parts win, then the longest head (the last part carries the meaning in German).
    """
    if not SHORTEST_COMPOUND <= len(word) <= LONGEST_COMPOUND or not word.isalpha():
        return ()

    @cache
    def best(rest: str, parts_left: int) -> tuple[str, ...]:
        if rest != word and known(rest):
            return (rest,)
        if parts_left < 2:
            return ()
        found: tuple[str, ...] = ()
        for border in range(SHORTEST_PART, len(rest) - SHORTEST_PART + 1):
            first = _word_behind(rest[:border], known)
            tail = best(rest[border:], parts_left - 1) if first else ()
            if tail and (not found or len(tail) + 1 < len(found)):
                found = (first, *tail)
        return found

    return best(word, _MOST_PARTS)


def candidates(word: str) -> set[str]:
    """Every string that `split` may ask for: to look them all up at once."""
    if not SHORTEST_COMPOUND <= len(word) <= LONGEST_COMPOUND or not word.isalpha():
        return set()
    pieces = {
        word[start:end]
        for start in range(len(word))
        for end in range(start + SHORTEST_PART - 2, len(word) + 1)
    }
    whole = {piece + ending for piece in pieces for ending in _LOST_ENDINGS}
    return {piece for piece in pieces | whole if len(piece) >= SHORTEST_PART}


def _word_behind(piece: str, known: Known) -> str:
    """The word that stands before a joint as `piece`: `arbeits` is `arbeit`, `schul` is `schule`; or ""."""
    for joint in _JOINTS:
        if joint and not piece.endswith(joint):
            continue
        bare = piece[: len(piece) - len(joint)]
        if len(bare) >= SHORTEST_PART and known(bare):
            return bare
    return next((piece + ending for ending in _LOST_ENDINGS if known(piece + ending)), "")
