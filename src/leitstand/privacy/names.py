"""The consistency pass: what was found once is found everywhere, in all its forms.

A name found by a cue (`Frau Aydin`) is masked where it stands without one (`aydin`, `Aydins`, `AYDIN`,
`Aydın-Angebot`), in every text of the request. Ordinary words (Sommer, Koch) are not spread: they need
their own cue each time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from leitstand.privacy.detectors.organisation import LEGAL_FORM
from leitstand.privacy.detectors.words import PARTICLES, word_set, words_of
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.lexicon import lexicon

_FOLDS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ş": "s", "ğ": "g", "é": "e", "è": "e", "ł": "l"}
)
_LEGAL_TAIL = re.compile(rf"[ ]{{0,2}}{LEGAL_FORM}(?:[ ]{{0,2}}{LEGAL_FORM})?\s*$", re.IGNORECASE)
_TRADE_WORDS = word_set(
    """
    maschinenbau logistik transporte metallbau anlagenbau elektrotechnik elektro holding group gruppe
    consulting solutions systems technologies industries werke immobilien haustechnik software
    automotive engineering bau bedachungen architekten ingenieure rechtsanwälte steuerberater bäckerei
    metzgerei fleischerei schreinerei tischlerei autohaus spedition kanzlei steuerkanzlei praxis
    apotheke hotel brauerei getränke getraenke druckerei gärtnerei blumen möbelhaus modehaus taxi
    fahrschule zimmerei schlosserei bauunternehmen hausverwaltung handels handel vertriebs service
    services international deutschland europe germany technik und co partner söhne sohn gebrüder gebr
    """
)
_EXACT = frozenset(EntityType) - {
    EntityType.PERSON,
    EntityType.ORG,
    EntityType.DATE_OF_BIRTH,
    EntityType.ADDRESS,
}
_SCORE = 0.5


def fold(word: str) -> str:
    """One spelling for all: lower case, umlauts written out."""
    return word.lower().translate(_FOLDS)


@dataclass(frozen=True)
class Known:
    """What has been found so far. words: folded name words; values: numbers and addresses, character by character."""

    words: dict[str, EntityType] = field(default_factory=dict)
    values: dict[str, EntityType] = field(default_factory=dict)

    def plus(self, other: "Known") -> "Known":
        """Both together; what was known first keeps its type."""
        return Known({**other.words, **self.words}, {**other.values, **self.values})

    def minus(self, other: "Known") -> "Known":
        """What is in this and not in the other."""
        return Known(
            {word: type_ for word, type_ in self.words.items() if word not in other.words},
            {value: type_ for value, type_ in self.values.items() if value not in other.values},
        )

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.words or self.values)


def known_from(text: str, entities: Iterable[Entity]) -> Known:
    """The names and values of a text that shall be found in other places too."""
    words: dict[str, EntityType] = {}
    values: dict[str, EntityType] = {}
    for entity in entities:
        surface = text[entity.start : entity.end]
        if entity.type is EntityType.PERSON:
            words.update(dict.fromkeys(_person_words(surface), EntityType.PERSON))
        elif entity.type is EntityType.ORG:
            for word in _org_words(surface):
                words.setdefault(word, EntityType.ORG)
        elif entity.type is EntityType.EMAIL:
            _note_email(surface, words)
        if entity.type in _EXACT and len(surface) >= 5:
            values[surface] = entity.type
    return Known(words, values)


_FREE_MAIL = word_set(
    """
    gmail googlemail gmx web yahoo outlook hotmail live icloud aol freenet online posteo mailbox proton
    protonmail mail email
    """
)


def _note_email(address: str, words: dict[str, EntityType]) -> None:
    """`hans_loechel@elbwerk.de` names a person and a company: both are looked for in the text."""
    local, _, host = address.partition("@")
    lex = lexicon()
    for token in re.split(r"[._+\d-]", local):
        if len(token) >= 5 and not lex.is_common(token):
            words.setdefault(fold(token), EntityType.PERSON)
    label = host.split(".")[-2] if host.count(".") else ""
    if len(label) >= 5 and label not in _FREE_MAIL and not lex.is_common(label):
        words.setdefault(fold(label), EntityType.ORG)


def _person_words(surface: str) -> Iterator[str]:
    lex = lexicon()
    for word in words_of(surface):
        lower = word.text.lower()
        if len(lower) >= 3 and lower not in PARTICLES and not lex.is_common(lower):
            yield _without_genitive(word.text)


def _without_genitive(word: str) -> str:
    lex = lexicon()
    if (
        word.endswith("s")
        and not lex.is_surname(word)
        and (lex.is_surname(word[:-1]) or lex.is_first_name(word[:-1]))
    ):
        return fold(word[:-1])
    return fold(word)


def _org_words(surface: str) -> Iterator[str]:
    lex = lexicon()
    for word in words_of(_LEGAL_TAIL.sub("", surface)):
        lower = word.text.lower()
        if (
            len(lower) >= 3
            and lower not in _TRADE_WORDS
            and lower not in PARTICLES
            and not lex.is_common(lower)
        ):
            yield fold(word.text)


def index_of(text: str) -> dict[str, list[tuple[int, int]]]:
    """Where each folded word of a text stands, also without a genitive s; the halves of hyphenated words too."""
    index: dict[str, list[tuple[int, int]]] = {}
    for word in words_of(text):
        _note_place(index, fold(word.text), (word.start, word.end))
        if "-" in word.text:
            start = word.start
            for half in word.text.split("-"):
                _note_place(index, fold(half), (start, start + len(half)))
                start += len(half) + 1
    return index


def _note_place(index: dict[str, list[tuple[int, int]]], word: str, place: tuple[int, int]) -> None:
    index.setdefault(word, []).append(place)
    if len(word) > 3 and word[-1] == "s":
        index.setdefault(word[:-1], []).append(place)


def sweep(text: str, index: dict[str, list[tuple[int, int]]], known: Known) -> list[Entity]:
    """Every place where something known stands, plain or in the genitive."""
    found = [
        Entity(start, end, known.words[word], "consistency", _SCORE, "found elsewhere with a cue")
        for word in sorted(known.words.keys() & index.keys())
        for start, end in index[word]
    ]
    for value, type_ in known.values.items():
        start = text.find(value)
        while start >= 0:
            found.append(Entity(start, start + len(value), type_, "consistency", _SCORE, "found elsewhere"))
            start = text.find(value, start + len(value))
    return found
