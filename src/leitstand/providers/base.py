"""The contract between the door, the adapters and the HTTP pool."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from leitstand.core.classes import Region
from leitstand.core.conversation import Dialect, Frame, Masked, Prompt
from leitstand.providers.http.request import HTTPRequest, Timeouts


@dataclass(frozen=True)
class Patience:
    """How long a call may take, in seconds.

    connect_s: to a connection. first_token_s: from the request to the first content of a stream. idle_s:
    between two signs of progress of a stream. total_s: everything. A plain answer is written as a whole
    before its first byte; how long that may take is made of these (providers/door.py: plain_silence_s).
    """

    connect_s: float = 5.0
    first_token_s: float = 20.0
    idle_s: float = 30.0
    total_s: float = 300.0


@dataclass(frozen=True)
class Limits:
    """What a provider allows us, as configured; None: no limit known.

    max_wait_s: how long a request may wait for its turn when these, or what the provider tells, are used up.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    max_wait_s: float = 10.0

    @property
    def per_minute(self) -> bool:
        """Whether calls of the last minute have to be counted."""
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


@dataclass(frozen=True)
class Target:
    """One model at one provider. base_url: with its version part (`…/v1`); empty for the kind's own.

    probe_every_s: how often its provider is looked at with a free call; 0.0: never.
    """

    provider: str
    kind: str
    model: str
    region: Region
    base_url: str = ""
    secret: str = field(default="", repr=False)
    patience: Patience = Patience()
    limits: Limits = Limits()
    probe_every_s: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    ca_file: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str:
        """What the configuration says under a name that only some kinds know; empty without it."""
        return next((value for key, value in self.options if key == name), "")


@dataclass(frozen=True)
class Sample:
    """A recorded exchange that the contract test replays: the same short answer plain and streamed.

    plain: a response body. stream: events with their framing, of type `media_type`. text: the answer's text.
    """

    plain: bytes
    stream: bytes
    text: str
    input_tokens: int
    output_tokens: int
    media_type: str = "text/event-stream"


class HTTPAnswer(Protocol):
    """An answer whose headers have arrived; see `providers/http/response.py`."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name."""

    async def read(self) -> bytes:
        """The next body bytes, b"" at the end."""

    async def body(self, limit_bytes: int) -> bytes:
        """The whole rest of the body."""


class HTTPSender(Protocol):
    """What the door needs of the HTTP pool."""

    def send(self, request: HTTPRequest, timeouts: Timeouts) -> AbstractAsyncContextManager[HTTPAnswer]:
        """Send one request; the answer lives inside the `async with`."""


HTTPCall = Callable[[HTTPRequest], AbstractAsyncContextManager[HTTPAnswer]]
"""A sender with the target's time-outs applied; the only way for an adapter to reach the network."""


@runtime_checkable
class Continuing(Protocol):
    """An adapter whose models can go on with the beginning of an answer; without it none is asked to.

    `stream` then takes a prompt whose last turn is the assistant's: the text to be continued.
    """

    def continues(self, prompt: Prompt, model: str) -> bool:
        """Whether this model goes on with such a turn at the end of this prompt."""


@runtime_checkable
class Adapter(Protocol):
    """One kind of provider: its wire format, its defaults and its limits. Stateless.

    serves: the dialects that it can answer; `lacks` is asked, and `stream` called, only for these.
    """

    kind: str
    title: str
    docs: str
    dialect: Dialect
    base_url: str
    regions: tuple[Region, ...]
    serves: frozenset[Dialect]
    sample: Sample

    def lacks(self, prompt: Prompt) -> str | None:
        """The feature of this prompt that the provider cannot serve, or None; cheap, asked by routing."""

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """Ask, and yield the answer's frames; a plain answer is one frame.

        Raises UpstreamFault and Unsupported. A stream that ends without its terminal marker is a `cut`.
        """


@runtime_checkable
class KnowsTargets(Protocol):
    """An adapter whose format depends on the target says what this one lacks; asked in place of `lacks`."""

    def lacks_at(self, prompt: Prompt, target: Target) -> str | None:
        """The feature of this prompt that the target cannot serve, or None."""
