"""What a question says, as symbols that can be compared: quantities, placeholders, closed words, other words.

Whatever is not known to be empty (articles, politeness) is a symbol. So two readings agree only when every
word of one has its match in the other, and the first symbol without one tells why they do not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from leitstand.gateway import quantities
from leitstand.gateway import wording as words
from leitstand.gateway.stems import PARTICLES, stem_of_noun, stems_of_other, substantive_gender
from leitstand.privacy.placeholders import PLACEHOLDER, key_of

MAX_CHARACTERS = 400  # longer questions carry material to work on, and take the encoder over 100 ms
_QUOTED = re.compile(r"„([^“”\"]+)[“”\"]|\"([^\"]+)\"|»([^«]+)«|“([^”]+)”|`([^`]+)`")
_UNITS = "|".join(sorted(quantities.UNITS, key=len, reverse=True))
_TOKEN = re.compile(
    rf"[@#][^\s@#]*[\w](?: (?:{_UNITS})\b)?|>?[^\W\d_]+|(?<=\S\s)[-–/](?=\s+#)|[^\s\w/()\[\]'’\"–-]"
)
_CAPITALISED = re.compile(r"(?<![.?!:] )(?<!^)\b[A-ZÄÖÜ][\wäöüß]*")
_PUNCTUATION = frozenset(".,;:?!")


@dataclass(frozen=True, slots=True)
class Reading:
    """One question.

    symbols: kind by symbol, in order of first appearance; kinds are those of same_words.toml and `number`,
    `name`, `quote`, `word`. sequence: all symbols in order. nouns: those written with a capital. forms: how
    the other words were written.
    governed: (preposition, symbol after it), for prepositions that decide. ways: `from` or `towards` of what
    stands after `von`, `auf` and the like. leads: what introduces a symbol: its preposition, else `the` for an
    article (for names the article itself), else nothing. pairs: symbols joined by `und` or `oder`.
    cases: `nominative` or `object` of nouns without a preposition. passive: `wird geprüft`. impersonal: `ich`,
    `wir` or `man` does it.
    """

    symbols: Mapping[str, str]
    sequence: tuple[str, ...]
    governed: frozenset[tuple[str, str]]
    leads: Mapping[str, str]
    pairs: frozenset[frozenset[str]]
    ways: Mapping[str, str]
    cases: Mapping[str, str]
    nouns: frozenset[str]
    forms: Mapping[str, str]
    passive: bool
    impersonal: bool

    @property
    def is_telling(self) -> bool:
        """Whether it says enough to be known by: two words, names or numbers at least."""
        return sum(kind in ("word", "name", "number", "quote") for kind in self.symbols.values()) > 1

    @property
    def names(self) -> frozenset[str]:
        """The placeholders in it."""
        return frozenset(symbol for symbol, kind in self.symbols.items() if kind == "name")


def is_lasting(text: str) -> bool:
    """Whether the same question deserves the same answer later: nothing of now, of today, of another try."""
    return words.wording().moving.isdisjoint(re.findall(r"\w+", text.lower()))


def is_readable(text: str) -> bool:
    """Whether a text is one short paragraph, so that all of it is the question."""
    return 0 < len(text.strip()) <= MAX_CHARACTERS and "\n" not in text.strip() and "```" not in text


def read(text: str) -> Reading:
    """Read a question that `is_readable`, with placeholders in place of names."""
    tables = words.wording()
    nouns = {word.lower() for word in _CAPITALISED.findall(text)}
    text, quotes = _quoted(text)
    text = PLACEHOLDER.sub(_placeholder, text).lower()
    for pattern, new in tables.phrases:
        text = pattern.sub(partial(_expand, new), text)
    _, text = quantities.take(text)
    return _Reader(tables, nouns).read(_TOKEN.findall(text), quotes)


def _expand(new: str, match: re.Match[str]) -> str:
    """The replacement with its group filled in, empty where the group took no part."""
    return f" {new} " if "\\1" not in new else f" {new.replace(chr(92) + '1', match[1] or '')} "


def _quoted(text: str) -> tuple[str, list[str]]:
    """The text without what it quotes, and the quotations: they count letter by letter."""
    quotes = [next(filter(None, groups)) for groups in _QUOTED.findall(text)]
    text = _QUOTED.sub(" ", text)
    lead, colon, material = text.partition(": ")
    return (lead, [*quotes, material.strip()]) if colon and material.strip() else (text, quotes)


def _placeholder(match: re.Match[str]) -> str:
    key = key_of(match)
    return match[0] if key is None else f" @{key[0]}_{key[1]} "


class _Reader:
    """Turns tokens into a Reading, token by token."""

    def __init__(self, tables: words.Wording, nouns: set[str]) -> None:
        self._tables = tables
        self._capitalised = nouns
        self._symbols: dict[str, str] = {}
        self._sequence: list[str] = []
        self._governed: set[tuple[str, str]] = set()
        self._leads: dict[str, str] = {}
        self._pairs: set[frozenset[str]] = set()
        self._last = ""
        self._joined = False
        self._ways: dict[str, str] = {}
        self._cases: dict[str, str] = {}
        self._nouns: set[str] = set()
        self._preposition = ""
        self._article = ""
        self._auxiliary = ""
        self._verb = ""
        self._forms: dict[str, str] = {}
        self._passive = False
        self._impersonal = False

    def read(self, tokens: list[str], quotes: list[str]) -> Reading:
        for quote in quotes:
            self._note(f'"{quote}"', "quote")
        for token, following in pairwise([*tokens, ".", "."]):
            self._token(token, following)
        return Reading(
            self._symbols,
            tuple(self._sequence),
            frozenset(self._governed),
            self._leads,
            frozenset(self._pairs),
            self._ways,
            self._cases,
            frozenset(self._nouns),
            self._forms,
            self._passive,
            self._impersonal,
        )

    def _token(self, token: str, following: str) -> None:
        tables = self._tables
        self._joined = self._joined or token in words.AND
        if token in _PUNCTUATION:
            self._end_of_clause()
        elif token[0] in "@#" and len(token) > 1:
            self._note(token, "name" if token[0] == "@" else "number")
        elif token in PARTICLES and following in _PUNCTUATION and token not in words.INFINITIVE:
            self._note(f"~{token}", "word")
        elif token in words.GOVERNING or token in words.LOOSE:
            self._preposition = words.SHORT.get(token, token)
            if token in tables.markers:
                self._symbol(token, tables.markers[token])
        elif token in words.OBJECTS and self._preposition:
            self._governed.add((self._preposition, token))
            self._preposition = ""
        elif token in tables.markers:
            self._symbol(tables.same.get(token, token), tables.markers[token])
        elif token in tables.fillers:
            self._article = token if token in words.ARTICLES else self._article
            self._auxiliary = words.AUXILIARIES.get(token, self._auxiliary)
            self._impersonal = self._impersonal or token in words.IMPERSONAL
        else:
            self._word(token)

    def _end_of_clause(self) -> None:
        """`hat geliefert` and `ist geliefert` are done, `liefert` and `wird geliefert` are not."""
        if self._auxiliary == ">passive":
            self._passive = self._passive or self._verb.endswith("t") or "ge" in self._verb[:-3]
        elif self._auxiliary and self._verb.endswith(("t", "en")):
            self._symbol(self._auxiliary, "tense")
        self._preposition = self._article = self._auxiliary = self._verb = ""
        self._joined = False

    def _word(self, token: str) -> None:
        is_noun = token in self._capitalised
        self._verb = "" if is_noun else token
        stems = (stem_of_noun(token),) if is_noun else stems_of_other(token)
        for stem in stems:
            symbol = self._tables.same.get(stem, stem)
            if symbol in self._tables.markers and stem == symbol:
                symbol = token if token not in self._tables.markers else f"{token}!"
            if is_noun:
                self._nouns.add(symbol)
                self._note_case(symbol)
                if gender := substantive_gender(token, self._article):
                    self._symbol(f"{symbol}:{gender}", "gender")
            else:
                self._forms[symbol] = token
            self._note(symbol, "word")

    def _note_case(self, symbol: str) -> None:
        if not self._preposition and self._article in words.NOMINATIVE | words.OBJECT:
            self._cases[symbol] = "nominative" if self._article in words.NOMINATIVE else "object"

    def _note(self, symbol: str, kind: str) -> None:
        """A symbol that a preposition may govern; adjectives leave it to the noun behind them."""
        preposition = self._preposition
        if preposition in words.GOVERNING or (preposition and kind == "name"):
            self._governed.add((preposition, symbol))
        if preposition in words.WAYS:
            self._ways[symbol] = words.WAYS[preposition]
        self._leads.setdefault(symbol, self._lead(kind))
        if self._joined:
            self._pairs.add(frozenset((self._last, symbol)))
            self._leads[symbol] = self._leads[symbol] or self._leads.get(self._last, "")
        if kind != "word" or symbol in self._nouns or not self._capitalised:
            self._last, self._joined = symbol, False
            self._preposition = self._article = ""
        self._symbol(symbol, kind)

    def _lead(self, kind: str) -> str:
        if self._preposition or kind == "name":
            return self._preposition or self._article
        return "the" if self._article in words.ARTICLES else ""

    def _symbol(self, symbol: str, kind: str) -> None:
        self._symbols.setdefault(symbol, kind)
        self._sequence.append(symbol)
