"""Make a prompt ready to leave the house.

    scan(prompt, scanner) → Scanned     what is in it, and how sensitive that makes it
    mask(scanned) → Masked, Mapping     stand-ins in; the only place where `Masked` is made
    clear(scanned) → Masked, Mapping    as it is, for targets inside the house
    release(scanned) → Masked           as it is, because the policy table says so
    selected(masked, places) → Masked   some of its inputs, where the others need not be sent

Numbers are given in the order in which a growing conversation reveals names, so the next turn keeps every
number of this one: first the fixed parts (tools, answer format, extra fields), then message by message. A
name that a later message reveals is masked in earlier ones too, but numbered when it was revealed.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from leitstand.core.classes import DataClass
from leitstand.core.conversation import (
    Masked,
    Media,
    Message,
    Opaque,
    Part,
    Prompt,
    Text,
    ToolCall,
    ToolResult,
    map_texts,
    texts,
)
from leitstand.core.links import named_values
from leitstand.privacy.detectors.fields import is_value, type_of
from leitstand.privacy.enclosures import (
    COUNT_AS_PERSONAL,
    Pictures,
    StandIn,
    count,
    enclosed_texts,
    mask_enclosed,
)
from leitstand.privacy.entities import WORDS, Entity, EntityType, implied_class
from leitstand.privacy.names import Known, known_from
from leitstand.privacy.overlap import resolve
from leitstand.privacy.parts import NamePart, parts_of
from leitstand.privacy.pictures.values import Unseen, Why
from leitstand.privacy.placeholders import PLACEHOLDER, Mapping, Numbering, key_of
from leitstand.privacy.scan import Reading, Scanner


@dataclass(frozen=True)
class Scanned:
    """A prompt and what was found in it.

    texts: its different texts, fixed parts first. entities: those of each text, disjoint, in order.
    discoveries: (number of the text, its entities as known by then) in the order of finding; the last one of
    a text is in `entities`. counts: how many entities of each type, repeated texts counted once.
    data_class: the highest class that an entity implies, PUBLIC when there is none; of an image that could not be
    read, PERSONAL. pictures: what was read in its images.
    """

    prompt: Prompt
    texts: tuple[str, ...]
    entities: tuple[tuple[Entity, ...], ...]
    discoveries: tuple[tuple[int, tuple[Entity, ...]], ...]
    counts: dict[EntityType, int]
    data_class: DataClass
    pictures: Pictures = field(default_factory=dict)

    @property
    def unread(self) -> frozenset[Why]:
        """Why images were not read."""
        return frozenset(seen.why for seen in self.pictures.values() if isinstance(seen, Unseen))


def scan(prompt: Prompt, scanner: Scanner, pictures: Pictures | None = None) -> Scanned:
    """Find personal data in every text of a prompt; a name found in one text counts in all.

    pictures: what was read in its images, which counts as text.
    """
    pictures = pictures or {}
    different = tuple(dict.fromkeys(_reading_order(prompt, pictures)))
    readings = [scanner.read(text) for text in different]
    named = _named_values(prompt)
    known = Known()
    found: list[tuple[Entity, ...]] = []
    discoveries: list[tuple[int, tuple[Entity, ...]]] = []
    for number, (text, reading) in enumerate(zip(different, readings, strict=True)):
        own = _with_name_of_field(reading, named.get(text))
        fresh = own.known.minus(known)
        known = known.plus(fresh)
        readings[number] = own
        found.append(scanner.complete(own, known))
        discoveries.append((number, own.view.carry_back(found[number])))
        if fresh:
            discoveries += _look_back(scanner, readings, found, fresh)
    finds = tuple(reading.view.carry_back(seen) for reading, seen in zip(readings, found, strict=True))
    counts = count(dict(zip(different, finds, strict=True)), pictures)
    data_class = max(map(implied_class, counts), default=DataClass.PUBLIC)
    scanned = Scanned(prompt, different, finds, tuple(discoveries), dict(counts), data_class, pictures)
    if scanned.unread & COUNT_AS_PERSONAL:
        return dataclasses.replace(scanned, data_class=max(data_class, DataClass.PERSONAL))
    return scanned


def _look_back(
    scanner: Scanner,
    readings: list[Reading],
    found: list[tuple[Entity, ...]],
    fresh: Known,
) -> Iterator[tuple[int, tuple[Entity, ...]]]:
    """Earlier texts in which the fresh names stand as well; updates `found`."""
    for number in range(len(found) - 1):
        reading = dataclasses.replace(readings[number], entities=found[number])
        entities = scanner.complete(reading, fresh)
        if entities != found[number]:
            found[number] = entities
            yield number, reading.view.carry_back(entities)


def mask(scanned: Scanned, base: Mapping | None = None) -> tuple[Masked, Mapping]:
    """The prompt with placeholders, and what stands behind them.

    base: the mapping of the scope so far; its numbers stay, new ones are added. What is returned holds only
    what this prompt uses, so that no answer can show anybody else of the scope.
    Invariant: restoring a masked text gives the text. Look-alikes of placeholders that the prompt brings
    along are never restored to somebody's data: free numbers are left out, taken ones are masked themselves.
    """
    numbering = Numbering(base)
    for number, entities in scanned.discoveries:
        text = scanned.texts[number]
        numbering.reserve(text)
        for _ in _stand_ins(text, entities, numbering):
            pass
    stand_ins = {
        text: list(_stand_ins(text, entities, numbering))
        for text, entities in zip(scanned.texts, scanned.entities, strict=True)
    }
    masked = {text: _with(text, replaced) for text, replaced in stand_ins.items()}
    mapping = numbering.mapping()
    prompt = map_texts(scanned.prompt, masked.__getitem__) if mapping else scanned.prompt
    prompt = mask_enclosed(prompt, scanned.pictures, stand_ins.__getitem__, masked.__getitem__)
    return Masked(prompt, sum(scanned.counts.values()) if mapping else 0), mapping


def clear(scanned: Scanned) -> tuple[Masked, Mapping]:
    """The prompt as it is, marked so that only a target inside the house accepts it."""
    return Masked(scanned.prompt, clear=True), Mapping()


def release(scanned: Scanned) -> Masked:
    """The prompt as it is, for targets outside: only where the policy table asks for no pseudonymisation."""
    return Masked(scanned.prompt)


def capped(masked: Masked, max_tokens: int) -> Masked:
    """A masked prompt with another cap on its answer."""
    return replace(masked, prompt=replace(masked.prompt, max_tokens=max_tokens))


def with_beginning(masked: Masked, text: str, max_tokens: int | None) -> Masked:
    """A masked prompt with the beginning of its answer as the last turn, for a model to go on with.

    text: what a provider has written to this very prompt, so it holds nothing that the prompt does not show.
    """
    turn = Message("assistant", (Text(text),))
    prompt = replace(masked.prompt, messages=(*masked.prompt.messages, turn), max_tokens=max_tokens)
    return replace(masked, prompt=prompt)


def selected(masked: Masked, places: Iterable[int]) -> Masked:
    """The same with only some of its inputs (the parts of its one message), in the order of `places`."""
    (message,) = masked.prompt.messages
    kept = replace(message, parts=tuple([message.parts[place] for place in places]))
    return replace(masked, prompt=replace(masked.prompt, messages=(kept,)))


def _reading_order(prompt: Prompt, pictures: Pictures) -> Iterator[str]:
    """Fixed parts first: they stay in place while messages are added."""
    yield from texts(replace(prompt, messages=()))
    for message in prompt.messages:
        yield from texts(Prompt(prompt.dialect, prompt.model, (message,)))
        yield from enclosed_texts(message, pictures)


def _stand_ins(text: str, entities: tuple[Entity, ...], numbering: Numbering) -> Iterator[StandIn]:
    for entity in _with_look_alikes(text, entities, numbering):
        for part in parts_of(text, entity):
            start, end = part.start, _without_genitive(text, part, numbering)
            yield StandIn(start, end, numbering.give(part.word, text[start:end]))


def _with(text: str, stand_ins: Iterable[StandIn]) -> str:
    pieces: list[str] = []
    place = 0
    for each in stand_ins:
        pieces += (text[place : each.start], each.placeholder)
        place = each.end
    return "".join((*pieces, text[place:]))


def _without_genitive(text: str, part: NamePart, numbering: Numbering) -> int:
    """Where the part ends: before a genitive s when the name without it has a placeholder already."""
    if part.word not in _INFLECTED or part.end - part.start < 4 or text[part.end - 1] != "s":
        return part.end
    nominative = text[part.start : part.end - 1]
    if nominative[-1] in "sxzßSXZ" or not nominative[-1].isalnum():
        return part.end
    if text[part.end : part.end + 1] in ("'", "’") or numbering.known(part.word, text[part.start : part.end]):
        return part.end
    return part.end - 1 if numbering.known(part.word, nominative) else part.end


_INFLECTED = frozenset({WORDS[EntityType.PERSON], WORDS[EntityType.ORG], "Vorname"})
_TYPE_OF_WORD = {word.casefold(): type_ for type_, word in WORDS.items()}


def _with_look_alikes(text: str, entities: tuple[Entity, ...], numbering: Numbering) -> tuple[Entity, ...]:
    """The entities, and placeholders that stood in the text already and mean somebody else's data."""
    alike = [
        Entity(match.start(), match.end(), _TYPE_OF_WORD.get(key[0], EntityType.REF_ID), "look-alike", 1.0)
        for match in PLACEHOLDER.finditer(text)
        if (key := key_of(match)) is not None and numbering.is_given(key)
    ]
    return resolve(text, (*entities, *alike)) if alike else entities


def _named_values(prompt: Prompt) -> dict[str, EntityType]:
    """Values that a key names (`{"geburtsdatum": "12.03.1980"}`): arguments, extra fields, opaque parts, addresses."""
    named: dict[str, EntityType] = {}
    for document in _documents(prompt):
        _collect(document, "", named)
    for message in prompt.messages:
        for part in message.parts:
            if isinstance(part, Media):
                for key, value in named_values(part.url):
                    _collect(value, key, named)
    return named


def _documents(prompt: Prompt) -> Iterator[Any]:
    yield prompt.extra
    for tool in prompt.tools:
        yield tool.native if isinstance(tool, Opaque) else tool.extra
    for message in prompt.messages:
        yield message.extra
        yield from _part_documents(message.parts)


def _part_documents(parts: Iterable[Part]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, Opaque):
            yield part.native
        elif isinstance(part, ToolResult):
            yield from _part_documents(part.parts)
        elif isinstance(part, ToolCall):
            try:
                yield msgspec.json.decode(part.arguments)
            except msgspec.DecodeError:
                continue  # no JSON: scanned as plain text


def _collect(value: Any, key: str, named: dict[str, EntityType]) -> None:
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            _collect(inner, str(inner_key), named)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, key, named)
    elif isinstance(value, str | int) and not isinstance(value, bool) and key:
        type_ = type_of(key)
        if type_ is not None and is_value(type_, str(value)):
            named.setdefault(str(value), type_)


def _with_name_of_field(reading: Reading, type_: EntityType | None) -> Reading:
    if type_ is None:
        return reading
    text = reading.view.text
    whole = Entity(0, len(text), type_, "fields", 0.82, "JSON key")
    entities = resolve(text, (*reading.entities, whole))
    return dataclasses.replace(reading, entities=entities, known=known_from(text, entities))
