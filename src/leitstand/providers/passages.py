"""What the built-in answerer needs of a library; the composition root hands in the real one."""

from collections.abc import Sequence
from typing import Protocol


class Quotable(Protocol):
    """A sentence of a document, word for word."""

    @property
    def sentence(self) -> str:
        """The sentence to quote."""

    @property
    def document(self) -> str:
        """The document's name."""

    @property
    def place(self) -> str:
        """Where in the document: headings, lines."""

    @property
    def text(self) -> str:
        """The passage around the sentence."""


class Passages(Protocol):
    """Finds sentences. Blocking: it is called in a thread."""

    def quotes(self, question: str, k: int, collection: str | None = None) -> Sequence[Quotable]:
        """At most k sentences that answer the question, best first; none when nothing fits."""


class NoPassages:
    """A library without documents: stands in until the real one is handed in."""

    def quotes(self, question: str, k: int, collection: str | None = None) -> Sequence[Quotable]:
        """Nothing, ever."""
        return ()
