"""The runbooks: `runbooks/SLUG.LANGUAGE.md`, one per kind of fault, the same sections in both languages.

A runbook is a heading, a paragraph that says what it means, and five sections in this order; the steps are numbered.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from leitstand.core.i18n import LANGUAGES

_FOLDER = Path(__file__).parent / "runbooks"
SECTIONS = {
    "de": ("Zuerst ansehen", "Schritte", "Aufhören und schlafen", "Wen anrufen", "Nach der Störung"),
    "en": ("Look first", "Steps", "Enough for tonight", "Whom to call", "After the fault"),
}


@dataclass(frozen=True)
class Runbook:
    """One runbook in one language; texts hold `code`, **emphasis** and [links](/path), nothing else of Markdown."""

    slug: str
    title: str
    meaning: str
    look: tuple[str, ...]
    steps: tuple[str, ...]
    enough: str
    call: str
    after: tuple[str, ...]


def slugs() -> tuple[str, ...]:
    """All of them."""
    return tuple(sorted(path.name.removesuffix(".de.md") for path in _FOLDER.glob("*.de.md")))


@cache
def runbook(slug: str, language: str) -> Runbook | None:
    """One of them; None: there is none. Read once."""
    known = slug in slugs() and language in LANGUAGES
    return parse(slug, (_FOLDER / f"{slug}.{language}.md").read_text("utf-8"), language) if known else None


def parse(slug: str, text: str, language: str) -> Runbook:
    """Raises ValueError for a text that is not built as above."""
    head, *parts = re.split(r"^## ", text.strip(), flags=re.MULTILINE)
    title, _, meaning = head.removeprefix("# ").partition("\n")
    sections = {name.strip(): body.strip() for name, _, body in (part.partition("\n") for part in parts)}
    if tuple(sections) != SECTIONS[language]:
        raise ValueError(f"{slug}.{language}.md must have the sections {', '.join(SECTIONS[language])}")
    look, steps, enough, call, after = sections.values()
    return Runbook(
        slug, title.strip(), meaning.strip(), _items(look), _items(steps), enough, call, _items(after)
    )


def _items(body: str) -> tuple[str, ...]:
    return tuple(re.sub(r"^(-|\d+\.) ", "", line).strip() for line in body.splitlines() if line.strip())
