"""Words of a text with their places and shapes, as name rules need them."""

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:[-'’‑][^\W\d_]+)*")


def word_set(words: str) -> frozenset[str]:
    """Words separated by blanks, as a set."""
    return frozenset(words.split())


PARTICLES = word_set(
    """
    von vom zu zum zur van der den de del della di da dos du la le el al bin ben ibn abu ten ter und auf
    """
)
"""Small words inside names: `von und zu`, `van der`, `al`."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word; glued: how it hangs on to the word before: ` ` by blanks, `.` by a dot and blank, `` not at all."""

    text: str
    start: int
    end: int
    glued: str

    @property
    def is_capital(self) -> bool:
        """Begins with a capital letter."""
        return self.text[0].isupper()

    @property
    def is_initial(self) -> bool:
        """A single capital letter."""
        return len(self.text) == 1 and self.text.isupper()


def words_of(text: str) -> list[Word]:
    """The words in order; numbers and signs only separate."""
    words: list[Word] = []
    last_end = -9
    for match in _WORD.finditer(text):
        words.append(Word(match.group(), match.start(), match.end(), _glue(text[last_end : match.start()])))
        last_end = match.end()
    return words


def _glue(gap: str) -> str:
    if 0 < len(gap) <= 2 and not gap.strip(" \u00a0"):
        return " "
    if gap in (".", ". ", ".  ", ".-"):
        return "."
    if gap in (", ", ","):
        return ","
    return ""
