"""Regular expressions that people write: matched in time linear in the text, whatever they wrote.

RE2 keeps no way back, so a pattern such as `(a+)+$` costs what it looks like; look-ahead and references to groups
do not exist in it. `\\w`, `\\d` and `\\b` mean ASCII there; letters of all languages are `\\pL`.
"""

from collections.abc import Iterator
from typing import Any

MAX_LENGTH = 500
_MEMORY_BYTES = 4 << 20  # of one compiled pattern; larger ones are refused
_ORDINARY = (
    "Guten Tag, anbei erhalten Sie unser Angebot über zwei Förderbänder mit einer Lieferzeit von neun Wochen. "
    "Die Preise gelten zuzüglich Mehrwertsteuer bis Ende des Monats. Bitte prüfen Sie die Maße in der Zeichnung. "
    "Please find attached the minutes of our meeting; the next step is to agree on the schedule for 2027."
)
_TOO_MUCH = 0.5  # of the letters and figures of an ordinary text


class PatternRefused(ValueError):
    """A pattern that must not be used, with the reason in both languages."""

    def __init__(self, de: str, en: str) -> None:
        super().__init__(en)
        self.de = de
        self.en = en


class LinearPattern:
    """A compiled pattern; safe to share between threads."""

    def __init__(self, expression: str) -> None:
        """Raises PatternRefused where the expression is not understood, matches nothing at all, or everything."""
        self.expression = expression
        if len(expression) > MAX_LENGTH:
            raise PatternRefused(
                f"Das Muster ist {len(expression)} Zeichen lang; höchstens {MAX_LENGTH} sind erlaubt.",
                f"The pattern has {len(expression)} characters; at most {MAX_LENGTH} are allowed.",
            )
        self._compiled = _compiled(expression)
        if self._compiled.search("") is not None or any(
            match.end() == match.start() for match in self._compiled.finditer(_ORDINARY)
        ):
            raise PatternRefused(
                "Das Muster trifft auch die leere Stelle zwischen zwei Zeichen. Ersetzen Sie „*“ durch „+“, oder "
                "verlangen Sie mindestens ein Zeichen.",
                "The pattern matches the empty place between two characters. Replace '*' by '+', or demand at least "
                "one character.",
            )
        hit = sum(end - start for start, end in self.spans(_ORDINARY))
        if hit > _TOO_MUCH * len(_ORDINARY):
            raise PatternRefused(
                f"Das Muster trifft {hit * 100 // len(_ORDINARY)} % eines gewöhnlichen Briefs. Grenzen Sie es ein, "
                "zum Beispiel durch ein Kennwort davor oder eine feste Zahl von Ziffern.",
                f"The pattern matches {hit * 100 // len(_ORDINARY)}% of an ordinary letter. Narrow it down, for "
                "example by a cue word in front or a fixed number of figures.",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinearPattern) and self.expression == other.expression

    def __hash__(self) -> int:
        return hash(self.expression)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it matches, in characters: the group `v` where it has one, else the whole match."""
        group = self._compiled.groupindex.get("v", 0)
        for match in self._compiled.finditer(text):
            start, end = match.span(group)
            if start < end:
                yield start, end

    def hits(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return next(self.spans(text), None) is not None


def _compiled(expression: str) -> Any:
    import re2  # loaded by the first own pattern

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    try:
        return re2.compile(expression, options)
    except (re2.error, ValueError) as cause:
        said = cause.args[0] if cause.args else cause
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternRefused(
            f"Das Muster ist nicht zu verstehen: {why}. Vorausschau (?=…), (?!…) und Rückbezüge \\1 gibt es nicht.",
            f"The pattern cannot be understood: {why}. Look-around (?=…), (?!…) and references \\1 do not exist.",
        ) from cause
