"""The test bench: what is found in a text, why, and what leaves the house of it.

It goes the way of a request, `scan` and `mask`, and so shows what a request would show.
"""

from dataclasses import dataclass

from leitstand.core.classes import DataClass
from leitstand.core.conversation import Message, Prompt, Text, texts
from leitstand.core.errors import InvalidRequest
from leitstand.privacy.entities import Entity, implied_class
from leitstand.privacy.mask import mask, scan
from leitstand.privacy.restore import Restorer
from leitstand.privacy.scan import Scanner

MAX_CHARACTERS = 50_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One entity. placeholders: of its parts, in order. data_class: what it makes of a text."""

    entity: Entity
    text: str
    placeholders: tuple[str, ...]
    data_class: DataClass


@dataclass(frozen=True, slots=True)
class Piece:
    """A slice of the text, with what stands there outside; finding: number of its Finding, from 0."""

    text: str
    placeholder: str | None = None
    finding: int | None = None


@dataclass(frozen=True)
class Examined:
    """A text on the bench. leaves: exactly what a provider outside would get."""

    text: str
    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...]
    leaves: str
    data_class: DataClass


def prompt_of(text: str, model: str = "") -> Prompt:
    """A text as a request.

    Raises InvalidRequest where it is empty or too long.
    """
    if not text.strip():
        raise InvalidRequest("Geben Sie einen Text ein.", "Give a text.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequest(
            f"Der Text hat {len(text)} Zeichen; der Prüfstand nimmt höchstens {MAX_CHARACTERS}. Kürzen Sie ihn.",
            f"The text has {len(text)} characters; the test bench takes {MAX_CHARACTERS} at most. Shorten it.",
        )
    return Prompt("chat", model, (Message("user", (Text(text),)),))


def examine(text: str, scanner: Scanner) -> Examined:
    """What is found in a text, and what leaves the house of it.

    Raises InvalidRequest where it is empty or too long, PrivacyUnavailable where it cannot be read.
    """
    scanned = scan(prompt_of(text), scanner)
    entities = scanned.entities[0]
    masked, mapping = mask(scanned)
    leaves = next(texts(masked.prompt))
    pieces: list[Piece] = []
    given: list[list[str]] = [[] for _ in entities]
    place = 0
    for piece, placeholder in Restorer(mapping).segments(leaves):
        if placeholder is None:
            pieces.append(Piece(piece))
        else:
            number = _entity_at(entities, place)
            pieces.append(Piece(piece, placeholder, number))
            if number is not None:
                given[number].append(placeholder)
        place += len(piece)
    findings = tuple(
        Finding(entity, text[entity.start : entity.end], tuple(names), implied_class(entity.type))
        for entity, names in zip(entities, given, strict=True)
    )
    return Examined(text, tuple(pieces), findings, leaves, scanned.data_class)


def _entity_at(entities: tuple[Entity, ...], place: int) -> int | None:
    return next(
        (number for number, entity in enumerate(entities) if entity.start <= place < entity.end), None
    )
