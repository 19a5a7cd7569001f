"""What goes in and out of the library."""

from dataclasses import dataclass

from leitstand.core.i18n import Bilingual


@dataclass(frozen=True, slots=True)
class Passage:
    """A slice of a document.

    document: its name, the path below the folder that was added. place: lines or paragraph, in German words.
    heading: the headings above it, outermost first, joined by ` › `. score: higher is better, comparable
    within one search only. sha256: of the document's bytes, 64 hex digits.
    """

    id: int
    document: str
    collection: str
    place: str
    heading: str
    text: str
    score: float
    sha256: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence that answers a question, word for word as it stands in its passage.

    coverage: share (0 to 1) of what the question asks for that the sentence and its headings mention.
    """

    sentence: str
    passage: Passage
    coverage: float

    @property
    def document(self) -> str:
        """The document's name."""
        return self.passage.document

    @property
    def place(self) -> str:
        """Headings and lines."""
        return " · ".join(part for part in (self.passage.heading, self.passage.place) if part)

    @property
    def text(self) -> str:
        """The whole passage around the sentence."""
        return self.passage.text


@dataclass(frozen=True, slots=True)
class Added:
    """A document is in the library; `passages` counts its slices. An older version of it is gone."""

    document: str
    passages: int


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The very same document was there already; nothing was done."""

    document: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken, and why."""

    document: str
    reason: Bilingual


Outcome = Added | Unchanged | Refused


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """Counts of one collection. characters: of all its passages."""

    collection: str
    documents: int
    passages: int
    characters: int
