"""`/v1/chat/completions` and `/v1/messages`: from the bytes of a client to the bytes of its answer.

Plain answers are collected and sent whole with all headers; streams start their response at the first
content, so until then a failure is a plain HTTP status, and after it exactly one error event.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from leitstand.api import transport
from leitstand.api.dialects import chat, messages
from leitstand.api.problems import headers_of, internal_error
from leitstand.api.requests import Incoming, credentials, read_request
from leitstand.api.transport import Receive, Scope, Send
from leitstand.core.clock import Clock
from leitstand.core.conversation import Dialect, Frame, Prompt
from leitstand.core.errors import Refusal
from leitstand.core.money import ZERO, NanoEuro
from leitstand.core.money import plain as euro_text
from leitstand.gateway.bookkeeping import ClientLeft
from leitstand.gateway.hotpath import Credentials, Gateway
from leitstand.gateway.values import Head, Piece, Request, Tail

DRAIN_S = 15.0  # how long a stream is read on for its usage after its client has left
_log = logging.getLogger(__name__)
Answer = AsyncGenerator[Head | Piece | Tail, None]


class StreamEncoder(Protocol):
    """Writes one streamed answer in a client's dialect."""

    def frame(self, frame: Frame, changed: bool) -> bytes:
        """The events of a frame; empty when it holds nothing for the client."""

    def finish(self) -> bytes:
        """What ends a complete stream."""

    def error(self, refusal: Refusal, language: str, request_id: str) -> bytes:
        """The one error event; nothing follows it."""


@dataclass(frozen=True)
class Wire:
    """The client side of a dialect.

    prepare: completes a request before it is served; raises a Refusal. keep: called when an answer is
    complete and written, before its end goes out.
    """

    dialect: Dialect
    decode_request: Callable[[bytes], Prompt]
    encode_plain: Callable[[Frame, bool], bytes]
    stream_encoder: Callable[[Prompt], StreamEncoder]
    error_body: Callable[[Refusal, str, str], bytes]
    prepare: Callable[[Request, Credentials], Awaitable[Request]] | None = None
    keep: Callable[[], Awaitable[None]] | None = None


def _chat_encoder(prompt: Prompt) -> StreamEncoder:
    return chat.StreamEncoder(include_usage=prompt.include_usage)


def _messages_encoder(_prompt: Prompt) -> StreamEncoder:
    return messages.StreamEncoder()


CHAT = Wire("chat", chat.decode_request, chat.encode_plain, _chat_encoder, chat.error_body)
MESSAGES = Wire(
    "messages", messages.decode_request, messages.encode_plain, _messages_encoder, messages.error_body
)


class Completions:
    """One endpoint: an ASGI callable for one dialect."""

    def __init__(
        self,
        gateway: Gateway,
        wire: Wire,
        clock: Clock,
        today: Callable[[], date],
        language: Callable[[], str],
    ) -> None:
        """today: the day in the organisation's time zone. language: of errors, where the client has no wish."""
        self._gateway = gateway
        self._wire = wire
        self._clock = clock
        self._today = today
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        incoming = read_request(scope, self._clock, self._language())
        try:
            request = await self._read(incoming, scope, receive)
            async with aclosing(
                self._gateway.answer(request, credentials(scope, incoming.headers), self._today())
            ) as answer:
                await (self._stream if request.prompt.stream else self._plain)(request, answer, send)
        except (transport.ClientGone, ClientLeft):
            return
        except Refusal as refusal:
            await self._refuse(send, incoming, refusal)
        except Exception:  # noqa: BLE001 - a border: the client gets an error in its own shape
            _log.exception("a request failed inside", extra={"request_id": incoming.id})
            await self._refuse(send, incoming, internal_error())

    async def _read(self, incoming: Incoming, scope: Scope, receive: Receive) -> Request:
        try:
            prompt = self._wire.decode_request(await transport.read_body(receive))
            request = incoming.with_prompt(prompt, transport.gone_of(receive))
            if self._wire.prepare is not None:
                return await self._wire.prepare(request, credentials(scope, incoming.headers))
            return request
        except Refusal as refusal:
            who = credentials(scope, incoming.headers)
            await self._gateway.refused(incoming.unread(self._wire.dialect), who, refusal)
            raise

    async def _plain(self, request: Request, answer: Answer, send: Send) -> None:
        head, whole, cost_nano = await collected(answer)
        body = self._wire.encode_plain(whole.frame, whole.changed)
        if self._wire.keep is not None:
            await self._wire.keep()
        headers = [transport.JSON_TYPE, *facts(head), (b"x-leitstand-cost", euro_text(cost_nano).encode())]
        await transport.respond(send, 200, headers, body)

    async def _stream(self, request: Request, answer: Answer, send: Send) -> None:
        """The response starts at the head; the terminal event waits for the tail, so that what the client
        takes for complete is settled and journalled. When the client leaves, the rest is read for its usage."""
        encoder = self._wire.stream_encoder(request.prompt)
        started, left_at = False, None
        loop = asyncio.get_running_loop()
        try:
            async for part in answer:
                if request.is_gone():
                    left_at = left_at or loop.time()
                    if loop.time() - left_at > DRAIN_S:
                        return
                elif isinstance(part, Piece):
                    if data := encoder.frame(part.frame, part.changed):
                        await transport.send_part(send, data)
                elif isinstance(part, Head):
                    await transport.start_stream(send, facts(part))
                    started = True
                else:
                    cost = f": leitstand-cost {euro_text(part.cost_nano)}\n\n".encode()
                    end = encoder.finish()
                    if self._wire.keep is not None:
                        await self._wire.keep()
                    await transport.end_stream(send, cost + end)
        except Refusal as refusal:
            if not started:
                raise
            await transport.end_stream(send, encoder.error(refusal, request.language, request.id))
        except Exception:
            if not started:
                raise
            _log.exception("a stream failed inside", extra={"request_id": request.id})
            await transport.end_stream(send, encoder.error(internal_error(), request.language, request.id))

    async def _refuse(self, send: Send, incoming: Incoming, refusal: Refusal) -> None:
        body = self._wire.error_body(refusal, incoming.language, incoming.id)
        await transport.respond(send, refusal.status, headers_of(refusal, incoming.id), body)


async def collected(answer: Answer) -> tuple[Head, Piece, NanoEuro]:
    """A whole answer as one piece, with what is known of it and what it cost."""
    head, cost_nano, pieces = None, ZERO, []
    async for part in answer:
        match part:
            case Piece():
                pieces.append(part)
            case Head():
                head = part
            case Tail():
                cost_nano = part.cost_nano
    assert head is not None, "an answer without a head"
    return head, pieces[0] if len(pieces) == 1 else _joined(pieces), cost_nano


def facts(head: Head) -> list[tuple[bytes, bytes]]:
    """The response headers that tell how a request was served."""
    return [
        (b"x-request-id", head.request_id.encode()),
        (b"x-leitstand-request-id", head.request_id.encode()),
        (b"x-leitstand-provider", head.provider.encode()),
        (b"x-leitstand-model", head.provider_model.encode()),
        (b"x-leitstand-cache", head.cache.encode()),
        (b"x-leitstand-data-class", head.data_class.word.encode()),
        (b"x-leitstand-pseudonymised", b"%d" % head.pseudonymised),
        (b"x-leitstand-fallback", b"%d" % head.fallback),
        *([(b"x-leitstand-tier", head.tier.encode())] if head.tier else []),
    ]


def _joined(pieces: list[Piece]) -> Piece:
    """Many frames of an answer as one, for a client that wants it whole."""
    return Piece(Frame(tuple(chunk for piece in pieces for chunk in piece.frame.chunks)), changed=True)
