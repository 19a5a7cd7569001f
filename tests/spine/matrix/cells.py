"""What a cell of the matrix is: one short exchange of one client with one provider, and what came of it."""

import base64
import io
import wave
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from leitstand.simulator.pictures import png
from spine.matrix.upstreams import Upstream

TIMEOUT_S = 20.0
TEXT = "Grüße aus Ulm"
SAY = f"echo: {TEXT}"
TOOLS = ("check_stock", "check_price")
ASK_TOOLS = "Nutze check_stock und check_price\nwith: blau"
TOOL_RESULTS = ("leer", "9 Euro")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"farbe": {"type": "string"}},
    "required": ["farbe"],
    "additionalProperties": False,
}
ASK_FORMAT = "Nenne die Farbe\nwith: blau"
PICTURE = base64.b64encode(png("Ulm")).decode()
_QUOTING = "Ich formuliere nicht"
_ROW = "matrix_row"


@dataclass(frozen=True)
class Place:
    """Where a client is pointed to, which is all that its user changes. url: without version part."""

    url: str
    key: str

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"


@dataclass(frozen=True)
class Row:
    """One thing that a client does. needs: what the provider must be able to do for it (truth.py)."""

    title: str
    needs: str
    job: str
    method: str


@dataclass(frozen=True)
class At:
    """Where a row is tried. model: the public name of the provider's model for the row's job."""

    upstream: Upstream
    model: str

    def says(self, text: str | None, expected: str = TEXT) -> None:
        """The answer is what this kind of provider says when it was asked to say `expected`."""
        assert text is not None
        assert text.startswith(_QUOTING) if self.upstream.quotes else text == expected, text


class Without(Exception):
    """The answer is there, but what was wished for had no effect."""


@dataclass(frozen=True)
class Refused:
    """The house answered with an error, in the client's own shape."""

    status: int
    message: str


Session = TypeVar("Session")


class Client:
    """A client library as its users set it up. Its rows are the methods marked with `row`.

    title: its name. packages: the distributions that are tested.
    """

    title: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]

    def __init__(self, place: Place) -> None:
        self.place = place
        self._sessions = ExitStack()

    def keep(self, session: AbstractContextManager[Session]) -> Session:
        """Enter a session that ends with this client."""
        return self._sessions.enter_context(session)

    def close(self) -> None:
        """End all sessions."""
        self._sessions.close()

    def refusal(self, error: Exception) -> Refused | None:
        """The house's answer inside an exception of this library; None for any other failure."""
        raise NotImplementedError

    @classmethod
    def rows(cls) -> Iterator[Row]:
        """In the order in which they are written down."""
        methods = (method for each in reversed(cls.__mro__) for method in vars(each).values())
        for method in methods:
            if (found := getattr(method, _ROW, None)) is not None:
                yield found


Method = TypeVar("Method", bound=Callable[..., Any])


def row(title: str, needs: str = "conversations", job: str = "") -> Callable[[Method], Method]:
    """Mark a method `(self, at: At) -> None` as a row; it raises when the exchange does not work out.

    job: whose model is asked, "" for the one that converses.
    """

    def mark(method: Method) -> Method:
        setattr(method, _ROW, Row(title, needs, job, method.__name__))
        return method

    return mark


def recording() -> bytes:
    """A WAV file: half a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 4000)
    return file.getvalue()
