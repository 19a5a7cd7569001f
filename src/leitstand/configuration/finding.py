"""What is wrong in a configuration file, where, and what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file. line, column: from 1; 0 when the source has no lines."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (error) or that deserves a look (warning).

    path: the way to the value, e.g. `providers[0].region`. hint: the next step, may be empty.
    """

    line: int
    column: int
    path: str
    message_de: str
    message_en: str
    hint_de: str = ""
    hint_en: str = ""
    severity: Severity = "error"

    def message(self, language: str) -> str:
        """The sentence in `de` or, for every other language, English."""
        return self.message_de if language == "de" else self.message_en

    def hint(self, language: str) -> str:
        """The next step in `de` or, for every other language, English."""
        return self.hint_de if language == "de" else self.hint_en


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding that does not know its place yet. path: the way to the value.

    on_key: whether it is about the key itself, not about its value.
    """

    path: Path
    de: str
    en: str
    hint_de: str = ""
    hint_en: str = ""
    severity: Severity = "error"
    on_key: bool = False

    def at(self, place: Place) -> Finding:
        """The finding at a place of the file."""
        return Finding(
            place.line, place.column, dotted(self.path), self.de, self.en, self.hint_de, self.hint_en,
            self.severity,
        )  # fmt: skip


def dotted(path: Path) -> str:
    """A path for people: `("providers", 0, "region")` is `providers[0].region`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def suggestion(word: str, known: Iterable[str]) -> tuple[str, str]:
    """A hint with the nearest known word, else with the list of them; German and English."""
    choices = sorted(known)
    near = difflib.get_close_matches(word.lower(), [choice.lower() for choice in choices], n=1, cutoff=0.6)
    if near:
        best = next(choice for choice in choices if choice.lower() == near[0])
        return f"Meinten Sie „{best}“?", f"Did you mean '{best}'?"
    if not choices:
        return "", ""
    shown = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return f"Bekannt sind: {shown}.", f"Known are: {shown}."
