"""Texts as rows of word pieces: Unigram segmentation with exact places in the text.

The vocabulary is a part of that of multilingual-e5-small (XLM-RoBERTa, 250,002 pieces). Line breaks and tabs
are a piece of their own, because forms, tables and signatures are read by lines.
Source: Kudo, "Subword Regularization", 2018 (Unigram); UAX 15 (NFKC).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\s\x00-\x1f]+|[\n\t]")
_CLUSTER = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]*|[\u0300-\u036f]+")
_PLAIN = re.compile(r"[!-~äöüÄÖÜßéèáàóòçñ§€°„“”–—·•«»]*")
_INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
_BREAK = "▁|"
_BLANK = "▁"
_UNKNOWN_PENALTY = 10.0
_CACHE_WORDS = 50_000
_CACHE_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text: its number in the vocabulary, and its characters start to end (end exclusive)."""

    id: int
    start: int
    end: int


class Segmenter:
    """Cuts texts into pieces; safe to share between threads. unknown: the number of pieces not in the vocabulary."""

    def __init__(self, pieces: Sequence[str], scores: Sequence[float], unknown: int) -> None:
        """pieces, scores: the vocabulary in the order of its numbers; scores are log probabilities."""
        self._pieces = {
            piece: (number, score) for number, (piece, score) in enumerate(zip(pieces, scores, strict=True))
        }
        self._reach: dict[str, int] = {}
        for piece in self._pieces:
            self._reach[piece[:3]] = max(self._reach.get(piece[:3], 2), len(piece))
        self._unknown = (unknown, min(scores) - _UNKNOWN_PENALTY)
        self._cache: dict[str, tuple[tuple[int, int, int], ...]] = {}

    def cut(self, text: str) -> list[Piece]:
        """The pieces in order. Between them lies white space; the mark of a word's beginning may stand alone, without width."""
        return [
            Piece(number, match.start() + start, match.start() + end)
            for match in _WORD.finditer(text)
            for number, start, end in self._of_word(match.group())
        ]

    def _of_word(self, word: str) -> tuple[tuple[int, int, int], ...]:
        known = self._cache.get(word)
        if known is not None:
            return known
        cut = self._cut_word(word)
        if len(word) <= _CACHE_LENGTH:
            if len(self._cache) >= _CACHE_WORDS:
                self._cache.clear()
            self._cache[word] = cut
        return cut

    def _cut_word(self, word: str) -> tuple[tuple[int, int, int], ...]:
        if word in "\n\t":
            return ((self._pieces.get(_BREAK, self._unknown)[0], 0, 1),)
        letters, places = _normalised(word)
        if not letters:
            return ()
        text = _BLANK + letters
        return tuple(
            (number, places[max(begin - 1, 0)], places[end - 1]) for number, begin, end in self._best(text)
        )

    def _best(self, text: str) -> list[tuple[int, int, int]]:
        """The most probable row of pieces (number, begin, end) that spells `text`: Viterbi, from the left."""
        length = len(text)
        score = [0.0] + [-1e30] * length
        back = [(0, 0)] * (length + 1)
        pieces, reach = self._pieces, self._reach
        unknown, unknown_score = self._unknown
        for begin in range(length):
            base = score[begin]
            for end in range(begin + 1, min(length, begin + reach.get(text[begin : begin + 3], 2)) + 1):
                piece = pieces.get(text[begin:end])
                if piece is not None and base + piece[1] > score[end]:
                    score[end], back[end] = base + piece[1], (piece[0], begin)
            if base + unknown_score > score[begin + 1]:
                score[begin + 1], back[begin + 1] = base + unknown_score, (unknown, begin)
        return list(reversed(list(_trace(back, length))))


def _trace(back: list[tuple[int, int]], end: int) -> Iterator[tuple[int, int, int]]:
    while end:
        number, begin = back[end]
        yield number, begin, end
        end = begin


def _normalised(word: str) -> tuple[str, Sequence[int]]:
    """The word in NFKC, and for each border between its characters the place in the word as it came."""
    if _PLAIN.fullmatch(word):
        return word, range(len(word) + 1)
    letters: list[str] = []
    places = [0]
    for match in _CLUSTER.finditer(word):
        for char in unicodedata.normalize("NFKC", match.group()).translate(_INVISIBLE).replace(" ", _BLANK):
            letters.append(char)
            places.append(match.end())
    return "".join(letters), places
