"""Images and text files inside a prompt: what is written in them is read and masked like any other text.

An image goes out with its personal places covered, each box with the placeholder of what stood there; a text file goes
out with placeholders in it. All else (sounds, PDF, office files, addresses) cannot be read here: policy/media.py.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from leitstand.core.conversation import Media, Message, Part, Prompt, ToolResult
from leitstand.core.errors import PrivacyUnavailable
from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.pictures.canvas import NotReadable
from leitstand.privacy.pictures.cover import covered
from leitstand.privacy.pictures.values import Cover, Seen, Unseen, Why

Pictures = Mapping[str, Seen | Unseen]
"""What was read in the images of a prompt, by their base64 text."""

COUNT_AS_PERSONAL = frozenset({Why.NO_IMAGE, Why.TOO_LARGE, Why.TOO_SLOW, Why.FAILED, Why.ILLEGIBLE})
"""An image that was to be read and could not: nobody knows what it shows, so it counts as personal data."""
_TEXT_FILES = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})


@dataclass(frozen=True, slots=True)
class StandIn:
    """Characters start to end of a text are replaced by a placeholder."""

    start: int
    end: int
    placeholder: str


def media_of(parts: Iterable[Part]) -> Iterator[Media]:
    """All media of a message, those in tool results as well."""
    for part in parts:
        if isinstance(part, Media):
            yield part
        elif isinstance(part, ToolResult):
            yield from media_of(part.parts)


def images(prompt: Prompt) -> dict[str, Media]:
    """The images whose bytes are in the prompt, by their base64 text."""
    found = (media for message in prompt.messages for media in media_of(message.parts))
    return {media.data: media for media in found if media.kind == "image" and media.data}


def enclosed_texts(message: Message, pictures: Pictures) -> Iterator[str]:
    """What is written in the images and text files of a message."""
    for media in media_of(message.parts):
        seen = pictures.get(media.data)
        if isinstance(seen, Seen):
            yield from (look.text for look in seen.looks)
        elif (text := text_of(media)) is not None:
            yield text


def text_of(media: Media) -> str | None:
    """The text of a text file; None for every other medium."""
    kind = media.media_type.partition(";")[0].strip().lower()
    if media.kind != "file" or not media.data or not (kind.startswith("text/") or kind in _TEXT_FILES):
        return None
    try:
        return base64.b64decode(media.data).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def is_readable(media: Media, pictures: Pictures) -> bool:
    """Whether what a medium says is known, so that it can be masked."""
    return not media.url and (isinstance(pictures.get(media.data), Seen) or text_of(media) is not None)


def count(found: Mapping[str, tuple[Entity, ...]], pictures: Pictures) -> Counter[EntityType]:
    """How many entities of each type; what both looks at a picture found counts once."""
    counts = Counter(entity.type for entities in found.values() for entity in entities)
    for seen in pictures.values():
        if isinstance(seen, Seen) and len(seen.looks) > 1:
            counts -= Counter(_twice(seen, found))
    return counts


def _twice(seen: Seen, found: Mapping[str, tuple[Entity, ...]]) -> Iterator[EntityType]:
    first, *others = seen.looks
    known = [box for entity in found.get(first.text, ()) for box in first.boxes(entity.start, entity.end)]
    for look in others:
        if look.text == first.text:
            continue
        for entity in found.get(look.text, ()):
            if any(box.meets(one) for box in look.boxes(entity.start, entity.end) for one in known):
                yield entity.type


def mask_enclosed(
    prompt: Prompt,
    pictures: Pictures,
    stand_ins: Callable[[str], list[StandIn]],
    masked: Callable[[str], str],
) -> Prompt:
    """The prompt with covered images and masked text files. Raises PrivacyUnavailable.

    stand_ins: what is replaced in the text of a look; masked: a file's text with placeholders.
    """

    def change(media: Media) -> Media:
        seen = pictures.get(media.data)
        if isinstance(seen, Seen) and media.kind == "image":
            return _covered(media, covers(seen, stand_ins))
        text = text_of(media)
        if text is None or (shown := masked(text)) == text:
            return media
        return replace(media, data=base64.b64encode(shown.encode()).decode())

    if not any(True for message in prompt.messages for _ in media_of(message.parts)):
        return prompt
    return replace(
        prompt, messages=tuple(replace(m, parts=_changed(m.parts, change)) for m in prompt.messages)
    )


def _changed(parts: tuple[Part, ...], change: Callable[[Media], Media]) -> tuple[Part, ...]:
    changed: list[Part] = []
    for part in parts:
        if isinstance(part, Media):
            changed.append(change(part))
        elif isinstance(part, ToolResult):
            inner = tuple(change(each) if isinstance(each, Media) else each for each in part.parts)
            changed.append(replace(part, parts=inner))
        else:
            changed.append(part)
    return tuple(changed)


def covers(seen: Seen, stand_ins: Callable[[str], list[StandIn]]) -> list[Cover]:
    """Where a picture is to be covered; places that both looks found are joined."""
    found: list[Cover] = []
    for look in seen.looks:
        for each in stand_ins(look.text):
            for box in look.boxes(each.start, each.end):
                _join(found, Cover(box, each.placeholder))
    for box in seen.doubtful:
        _join(found, Cover(box))
    return found


def _join(covers: list[Cover], fresh: Cover) -> None:
    for place, known in enumerate(covers):
        if known.box.mostly_is(fresh.box):
            covers[place] = Cover(known.box.around(fresh.box), known.label or fresh.label)
            return
    covers.append(fresh)


def _covered(media: Media, wanted: list[Cover]) -> Media:
    try:
        content, media_type = covered(base64.b64decode(media.data), media.media_type, wanted)
    except NotReadable as cause:
        raise PrivacyUnavailable(
            "Ein Bild ließ sich nicht abdecken; es hat das Haus nicht verlassen. Schicken Sie es als PNG oder JPEG.",
            "A picture could not be covered; it has not left the house. Send it as PNG or JPEG.",
        ) from cause
    return replace(media, data=base64.b64encode(content).decode(), media_type=media_type)
