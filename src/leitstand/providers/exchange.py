"""Exchanges over HTTP, as all adapters have them: a conversation in JSON and events, and single tasks in JSON."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

import msgspec

from leitstand.core.conversation import Frame
from leitstand.providers.base import HTTPAnswer, HTTPCall, Target
from leitstand.providers.eventstream import BrokenMessage
from leitstand.providers.faults import FaultKind, UpstreamFault, classify, shorten
from leitstand.providers.http.faults import HTTPFault
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.sse import Event, EventTooLong, Parser
from leitstand.providers.wire.task import Step, join

_PLAIN_LIMIT_BYTES = 64 * 1024 * 1024
_ERROR_LIMIT_BYTES = 256 * 1024
_STEPS_AT_ONCE = 4  # enough to hide the way to the provider, too few to look like an attack
_LAST_BYTES_S = 0.02  # how long we wait for the end of a body whose last event has come


class Decoder(Protocol):
    """Reads the events of one streamed answer; see `wire/chat.py`."""

    done: bool

    def feed(self, event: str, data: bytes) -> Frame | None:
        """The frame of one event, or None for the terminal marker."""

    def complete(self, choices: int) -> bool:
        """Whether an end of the bytes is now a clean end of the answer."""


class Framing(Protocol):
    """Finds the events in the bytes of a stream: `sse.Parser` and `eventstream.Parser`."""

    def feed(self, piece: bytes) -> list[Event]:
        """The events that are complete with this piece."""


class Format(Protocol):
    """A wire format: the modules `wire/chat.py` and `wire/messages.py`."""

    def Decoder(self) -> Decoder:  # noqa: N802 - the module's class, called to make one
        """A fresh decoder."""

    def decode_plain(self, body: bytes) -> Frame:
        """A whole answer as one frame."""


Refusal = Callable[[int, Mapping[str, str], bytes], UpstreamFault]
"""Makes the fault of an answer with another status than 200, from its status, headers and body."""


async def converse(
    call: HTTPCall,
    request: HTTPRequest,
    wire: Format,
    *,
    stream: bool,
    choices: int = 1,
    refusal: Refusal = classify,
    framing: Callable[[], Framing] = Parser,
) -> AsyncGenerator[Frame, None]:
    """Send the request and yield the frames of its answer; what is no whole answer raises UpstreamFault.

    choices: how many alternatives were asked for; each must end. refusal: for a provider whose errors say
    more than `classify` can know. framing: for streams that are no server-sent events.
    """
    async with call(request) as answer:
        if answer.status != 200:
            raise refusal(answer.status, answer.headers, await answer.body(_ERROR_LIMIT_BYTES))
        if stream and "json" not in answer.headers.get("content-type", ""):
            async with aclosing(_events(answer, framing(), wire.Decoder(), choices)) as frames:
                async for frame in frames:
                    yield frame
        else:
            frame = _plain(await answer.body(_PLAIN_LIMIT_BYTES), wire.decode_plain)
            # A server that ignores `stream` answers whole; its bytes are then no event to pass on.
            yield Frame(frame.chunks, None, frame.dialect) if stream else frame


async def perform(
    call: HTTPCall,
    steps: Sequence[Step],
    request: Callable[[Step], HTTPRequest],
    *,
    refusal: Refusal = classify,
) -> AsyncGenerator[Frame, None]:
    """Send the steps of a single task and yield its answer, one frame; any step that fails fails the task.

    request: puts address and proof to a step. The first fault stops the steps that still run.
    """
    gate = asyncio.Semaphore(_STEPS_AT_ONCE)

    async def ask(step: Step) -> Frame:
        async with gate, call(request(step)) as answer:
            if answer.status != 200:
                raise refusal(answer.status, answer.headers, await answer.body(_ERROR_LIMIT_BYTES))
            return _plain(await answer.body(_PLAIN_LIMIT_BYTES), step.read)

    yield await ask(steps[0]) if len(steps) == 1 else join(await _all(ask, steps))


def bearer(target: Target, base_url: str) -> Callable[[Step], HTTPRequest]:
    """How the steps of a task are addressed where the proof is a bearer token; without a secret there is none."""
    proof = (("authorization", f"Bearer {target.secret}"),) if target.secret else ()

    def request(step: Step) -> HTTPRequest:
        headers = (("content-type", step.content_type), *proof, *target.headers)
        return HTTPRequest("POST", f"{base_url}/{step.path}", headers, step.body, target.ca_file)

    return request


async def _all(ask: Callable[[Step], Coroutine[None, None, Frame]], steps: Sequence[Step]) -> list[Frame]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(step), name=f"step {step.path}") for step in steps]
    except ExceptionGroup as several:
        raise several.exceptions[0] from several
    return [task.result() for task in tasks]


def _plain(body: bytes, read: Callable[[bytes], Frame]) -> Frame:
    if not body.strip():
        raise UpstreamFault(FaultKind.EMPTY, "the answer has no body", status=200)
    try:
        frame = read(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise _malformed(body) from cause
    if not frame.chunks:
        raise UpstreamFault(FaultKind.EMPTY, "the answer holds nothing", status=200)
    return frame


async def _events(
    answer: HTTPAnswer, parser: Framing, decoder: Decoder, choices: int
) -> AsyncGenerator[Frame, None]:
    first = b""
    seen = False
    try:
        while piece := await answer.read():
            first = first or piece
            for name, data in parser.feed(piece):
                frame = decoder.feed(name, data)
                if frame is None:
                    await _finish(answer)
                    return
                seen = True
                yield frame
    except (msgspec.DecodeError, UnicodeDecodeError, EventTooLong, BrokenMessage) as cause:
        raise UpstreamFault(FaultKind.MALFORMED, f"an event cannot be read: {cause}", status=200) from cause
    except HTTPFault:
        if not decoder.complete(choices):
            raise
    if decoder.complete(choices):
        return
    if seen:
        raise UpstreamFault(FaultKind.CUT, "the stream ended before the answer did", status=200)
    raise (
        _malformed(first)
        if first.strip()
        else UpstreamFault(FaultKind.EMPTY, "the stream is empty", status=200)
    )


async def _finish(answer: HTTPAnswer) -> None:
    """Read the end of the body, so that the connection can serve again; the answer itself is whole."""
    try:
        async with asyncio.timeout(_LAST_BYTES_S):
            while await answer.read():
                pass
    except (TimeoutError, HTTPFault, UpstreamFault):
        return


def _malformed(body: bytes) -> UpstreamFault:
    beginning = shorten(body[:120].decode("utf-8", "replace"))
    is_page = body.lstrip().startswith(b"<")  # somebody on the way answered, not the provider
    return UpstreamFault(FaultKind.MALFORMED, f"this is no answer: {beginning}", status=200, sent=not is_page)
