"""What a wire format must offer, so that one player can play every provider."""

import secrets
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Limits, Usage

JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream; charset=utf-8"
HTML_TYPE = "text/html; charset=UTF-8"
HeaderList = list[tuple[str, str]]
EventKind = Literal["open", "content", "close"]


class Event(NamedTuple):
    """One event of a stream, ready to send.

    kind: `open` and everything that frames content; `content`, which carries `tokens`; `close`, from the
    event on that tells why the answer ended.
    """

    data: bytes
    kind: EventKind
    tokens: int = 0


class Problem(msgspec.Struct, frozen=True):
    """An error answer in the provider's own shape."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class BadRequest(Exception):
    """The request is refused by the wire format itself (broken JSON, missing field)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.body.decode())
        self.problem = problem


class Lookup(msgspec.Struct, frozen=True):
    """A request that needs no generated text: list of models, count of tokens, single tasks.

    billed: whether it is; such requests use up lines of a fault script, the others do not. units: pictures,
    seconds of sound or searches on the bill.
    """

    body: bytes
    model: str = ""
    input_tokens: int = 0
    billed: bool = False
    output_tokens: int = 0
    units: int = 0


class Wire(Protocol):
    """A provider's wire format; one file, one stateless instance."""

    @property
    def name(self) -> str:
        """Its name in the log."""

    def serves(self, request: Request, path: str) -> bool:
        """Whether this request is written in it. path: without the provider's name, e.g. `/v1/messages`."""

    def key(self, request: Request) -> str:
        """The API key that the request carries, or an empty string."""

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Headers of every answer, content type excepted."""

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand a request; models: those on offer. Raises BadRequest."""

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """The error body of a fault in `faults.REFUSALS`."""

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """The whole answer as one body."""

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """The answer as a stream, `chunk_tokens` tokens an event."""

    def error_event(self, request_id: str) -> bytes:
        """A failure told inside a stream that has begun."""


@runtime_checkable
class OwnStreamType(Protocol):
    """A wire format whose streams are no server-sent events says so."""

    @property
    def stream_type(self) -> str:
        """The content type of its streams."""


def stream_type(wire: Wire) -> str:
    """The content type of a format's streams."""
    return wire.stream_type if isinstance(wire, OwnStreamType) else STREAM_TYPE


def mint(prefix: str) -> str:
    """A fresh identifier such as `chatcmpl-5f0c…`."""
    return prefix + secrets.token_hex(12)
