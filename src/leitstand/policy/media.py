"""What no detector can read: images that are not checked, sounds, files, encoded bytes. It does not leave the house
from class personal on, unless it goes to a target that gets clear text anyway."""

from collections.abc import Callable

from leitstand.core.conversation import Media, Message, Opaque, Part, ToolResult
from leitstand.privacy.pictures.values import Why

Readable = Callable[[Media], bool]


def holds_unread(message: Message, is_readable: Readable) -> bool:
    """Whether a message holds something that nobody has read."""
    return any(_is_unread(part, is_readable) for part in message.parts)


def _is_unread(part: Part, is_readable: Readable) -> bool:
    if isinstance(part, ToolResult):
        return any(_is_unread(inner, is_readable) for inner in part.parts)
    if isinstance(part, Media):
        return not is_readable(part)
    return isinstance(part, Opaque) and holds_base64(part.native)


def holds_base64(value: object) -> bool:
    """Whether JSON that we do not know carries encoded bytes, which no detector can read."""
    if isinstance(value, dict):
        return value.get("type") == "base64" or any(holds_base64(inner) for inner in value.values())
    if isinstance(value, list):
        return any(holds_base64(inner) for inner in value)
    return isinstance(value, str) and (";base64," in value[:200] or (len(value) > 1000 and " " not in value))


def why(unread: frozenset[Why]) -> tuple[str, str]:
    """German and English: why something stays in the house, of images with the reason that they were not read."""
    reasons = [_WHY[each] for each in sorted(unread) if each in _WHY]
    if not reasons:
        return _GENERAL
    return f"{_GENERAL[0]}; {reasons[0][0]}", f"{_GENERAL[1]}; {reasons[0][1]}"


_GENERAL = (
    "Bilder, die nicht geprüft sind, Töne und Dateien lassen sich nicht pseudonymisieren und verlassen ab Klasse "
    "„personenbezogen“ das Haus nicht",
    "images that are not checked, sounds and files cannot be pseudonymised and do not leave the house from class "
    "personal on",
)
_WHY = {
    Why.OFF: (
        "die Prüfung von Bildern ist abgeschaltet",
        "the check of images is switched off",
    ),
    Why.NO_READER: (
        "Bilder werden hier nicht geprüft, weil die Texterkennung (Tesseract mit deutschen Daten) nicht installiert ist",
        "images are not checked here because the text recognition (Tesseract with German data) is not installed",
    ),
    Why.NO_IMAGE: (
        "ein Bild ließ sich nicht öffnen; schicken Sie es als PNG oder JPEG",
        "an image could not be opened; send it as PNG or JPEG",
    ),
    Why.TOO_LARGE: (
        "ein Bild ist zu groß; verkleinern Sie es auf höchstens 25 Megapixel und 20 MB",
        "an image is too large; make it 25 megapixels and 20 MB at most",
    ),
    Why.TOO_SLOW: (
        "ein Bild war in der erlaubten Zeit nicht zu lesen; verkleinern Sie es oder versuchen Sie es später",
        "an image could not be read in time; make it smaller or try later",
    ),
    Why.FAILED: (
        "die Texterkennung ist an einem Bild gescheitert",
        "the text recognition failed on an image",
    ),
    Why.ILLEGIBLE: (
        "auf einem Bild steht etwas, das sich nicht lesen lässt; schicken Sie es gerade, scharf und größer",
        "there is writing in an image that cannot be read; send it upright, sharp and larger",
    ),
}
