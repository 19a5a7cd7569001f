"""Texts as people would read them: JSON escapes (`M\\u00fcller`, `Weg 5\\n70173 Ulm`) undone for the detectors.

Tool results are often JSON inside a text. Detectors read the view; finds are carried back to the text as it
came, so nothing but the finds is changed in it.
"""

import re
from dataclasses import dataclass

from leitstand.privacy.entities import Entity

_ESCAPE = re.compile(r"\\+(?:u(?P<code>[0-9a-fA-F]{4})|(?P<sign>[nrt\"/]))")
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "/": "/"}


@dataclass(frozen=True)
class View:
    """What detectors read. places: for each character where it begins in the text, and the text's end;
    None when the view is the text itself."""

    text: str
    places: tuple[int, ...] | None = None

    def carry_back(self, entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
        """Entities of the view as entities of the text."""
        if self.places is None:
            return entities
        return tuple(entity.at(self.places[entity.start], self.places[entity.end]) for entity in entities)


def view_of(text: str) -> View:
    """The view of a text; surrogate pairs stay as they are written, no name is spelled with them."""
    if "\\" not in text or _ESCAPE.search(text) is None:
        return View(text)
    shown: list[str] = []
    places: list[int] = []
    place = 0
    for match in _ESCAPE.finditer(text):
        code = match["code"]
        if code and 0xD800 <= int(code, 16) <= 0xDFFF:
            continue
        shown.append(text[place : match.start()])
        places += range(place, match.start())
        shown.append(chr(int(code, 16)) if code else _SIGNS[match["sign"]])
        places.append(match.start())
        place = match.end()
    shown.append(text[place:])
    places += range(place, len(text) + 1)
    return View("".join(shown), tuple(places))
