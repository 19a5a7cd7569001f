"""Placeholders such as `Person_001`: how they look, which number is whose, what stands behind them.

One placeholder stands for one exact spelling, so restoring gives back what the user wrote, letter by letter.
So that a person still stays one person to the model, names are replaced part by part (parts.py): in
`Anna Aydin`, `Frau Aydin` and `Aydins Angebot` the surname is `Person_001` each time (`Vorname_001 Person_001`,
`Frau Person_001`, `Person_001s Angebot`). The model sees how the forms belong together and can build a
salutation from a full name; nothing has to be guessed when restoring.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from leitstand.privacy.entities import GIVEN_NAME_WORD, WORDS

_ALL_WORDS = (*WORDS.values(), GIVEN_NAME_WORD)
_ALTERNATIVES = "|".join(sorted(_ALL_WORDS, key=len, reverse=True))
_LEFT = r"(?:(?<![^\W_])|(?<=\\[nrt]))"  # no word in front, but perhaps a JSON escape
PLACEHOLDER = re.compile(
    _LEFT + rf"(?P<word>{_ALTERNATIVES})"
    r"(?:(?P<line>[ ]?\\{0,2}_[ ]?)(?P<free>[0-9]{1,9})|(?:[ \u00a0\u202f]|[-‐‑–])?(?P<full>[0-9]{3,9}))(?![0-9])"
    r"(?P<genitive>s(?![^\W_]))?",
    re.IGNORECASE,
)
"""A placeholder as written by us or reformatted by a model: `person_1`, `PERSON 001`, `Person\\_001`,
`Person-001`, `Person001`, with or without a German genitive. Without the underscore all digits must be
there, so that `Person 1` in a sentence stays what it is."""

MAX_LENGTH = max(map(len, _ALL_WORDS)) + 4 + 9 + 1
"""The longest match of PLACEHOLDER in characters; a stream holds back less than this."""

PARTIAL = re.compile(
    _LEFT + rf"(?:{'|'.join('(?:'.join(word) + ')?' * (len(word) - 1) for word in _ALL_WORDS)}"
    rf"|(?:{_ALTERNATIVES})(?:[ ]?\\{{0,2}}_?[ ]?|[\u00a0\u202f]|[-‐‑–])(?:[0-9]{{1,9}}s?)?)\Z",
    re.IGNORECASE,
)
"""What may be the beginning of a placeholder at the end of a text that goes on."""

Key = tuple[str, int]


def key_of(match: re.Match[str]) -> Key | None:
    """Which placeholder a match of PLACEHOLDER means, None when it is no way to write one."""
    digits = match["free"] or match["full"]
    number = int(digits)
    if match["full"] and digits != f"{number:03d}":
        return None
    return match["word"].casefold(), number


def write(word: str, number: int) -> str:
    """The placeholder as it leaves the house."""
    return f"{word}_{number:03d}"


@dataclass(frozen=True)
class Mapping:
    """What stands behind each placeholder of a request or scope. Empty when nothing was masked."""

    entries: tuple[tuple[str, str], ...] = ()
    _originals: dict[Key, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_entries(cls, entries: Iterable[tuple[str, str]]) -> "Mapping":
        """From pairs (placeholder, original), as `entries` gave them; raises ValueError on other words."""
        pairs = tuple(entries)
        originals: dict[Key, str] = {}
        for placeholder, original in pairs:
            match = PLACEHOLDER.fullmatch(placeholder)
            key = key_of(match) if match else None
            if key is None or originals.setdefault(key, original) != original:
                raise ValueError(f"'{placeholder}' is no placeholder, or stands for two originals")
        return cls(pairs, originals)

    def original(self, key: Key) -> str | None:
        """The text behind a placeholder, None for one that was never given out."""
        return self._originals.get(key)

    def __bool__(self) -> bool:
        """Whether there is anything to restore."""
        return bool(self.entries)


class Numbering:
    """Gives out placeholders, numbered per word by first appearance; grows from an earlier mapping."""

    def __init__(self, base: Mapping | None = None) -> None:
        self._by_original: dict[tuple[str, str], str] = {}
        self._entries: dict[str, str] = {}
        self._taken: set[Key] = set()
        self._last: dict[str, int] = {}
        for placeholder, original in base.entries if base else ():
            self._note(placeholder.partition("_")[0], placeholder, original)

    def reserve(self, text: str) -> None:
        """Never give out the numbers of placeholder look-alikes in a text that came from outside."""
        for match in PLACEHOLDER.finditer(text):
            key = key_of(match)
            if key is not None and not self.is_given(key):
                self._taken.add(key)

    def is_given(self, key: Key) -> bool:
        """Whether this placeholder stands for somebody's data already."""
        return self._canonical(key) in self._entries

    def known(self, word: str, original: str) -> str | None:
        """The placeholder of an original, if it has one; names share theirs across `Person` and `Vorname`."""
        return self._by_original.get((_group(word), original))

    def give(self, word: str, original: str) -> str:
        """The placeholder of an original: the one that it has, else the next free number."""
        placeholder = self.known(word, original)
        if placeholder is not None:
            return placeholder
        number = self._last.get(word, 0) + 1
        while (word.casefold(), number) in self._taken:
            number += 1
        placeholder = write(word, number)
        self._note(word, placeholder, original)
        return placeholder

    def mapping(self) -> Mapping:
        """All that was given out, in order."""
        return Mapping.from_entries(self._entries.items())

    def _note(self, word: str, placeholder: str, original: str) -> None:
        number = int(placeholder.partition("_")[2])
        self._by_original[(_group(word), original)] = placeholder
        self._entries[placeholder] = original
        self._taken.add((word.casefold(), number))
        self._last[word] = max(self._last.get(word, 0), number)

    def _canonical(self, key: Key) -> str:
        return write(_WORD_OF[key[0]], key[1])


_WORD_OF = {word.casefold(): word for word in _ALL_WORDS}


def _group(word: str) -> str:
    return "Person" if word == GIVEN_NAME_WORD else word
