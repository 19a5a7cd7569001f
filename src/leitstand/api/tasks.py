"""`/v1/embeddings`, `/v1/rerank`, `/v1/images/generations`, `/v1/audio/transcriptions` and
`/v1/messages/count_tokens`: one question, one whole answer, on the same way through the gateway as a conversation.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date

from leitstand.api import transport
from leitstand.api.completions import collected, facts
from leitstand.api.dialects import count_tokens, embeddings, images, rerank, transcriptions
from leitstand.api.dialects.task import Asked
from leitstand.api.problems import headers_of, internal_error
from leitstand.api.requests import Incoming, credentials, read_request
from leitstand.api.transport import Receive, Scope, Send
from leitstand.core.clock import Clock
from leitstand.core.conversation import Dialect
from leitstand.core.errors import Refusal
from leitstand.core.money import plain as euro_text
from leitstand.gateway.bookkeeping import ClientLeft
from leitstand.gateway.hotpath import Gateway
from leitstand.gateway.values import Request

_INLINE_BYTES = 64 * 1024  # larger bodies are read in a thread, so that they delay nobody
_INLINE_CHUNKS = 64  # answers of more vectors than these are written in one
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskWire:
    """The client side of a task. read: makes a request of a body and its content type."""

    dialect: Dialect
    read: Callable[[bytes, str], Asked]
    error_body: Callable[[Refusal, str, str], bytes]
    most_bytes: int = transport.MAX_BODY_BYTES


_RERANK = TaskWire("rerank", rerank.read_request, rerank.error_body)
TASKS = {
    "/v1/embeddings": TaskWire("embeddings", embeddings.read_request, embeddings.error_body),
    "/v1/rerank": _RERANK,
    "/v2/rerank": _RERANK,  # where Cohere's second client asks
    "/v1/images/generations": TaskWire("images", images.read_request, images.error_body),
    "/v1/audio/transcriptions": TaskWire(
        "transcriptions",
        transcriptions.read_request,
        transcriptions.error_body,
        transcriptions.MAX_BODY_BYTES,
    ),
    "/v1/messages/count_tokens": TaskWire("count_tokens", count_tokens.read_request, count_tokens.error_body),
}
"""The tasks by their address."""


class SingleTask:
    """One endpoint: an ASGI callable for one task."""

    def __init__(
        self,
        gateway: Gateway,
        wire: TaskWire,
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
            asked, request = await self._read(incoming, scope, receive)
            await self._answer(asked, request, scope, incoming, send)
        except (transport.ClientGone, ClientLeft):
            return
        except Refusal as refusal:
            await self._refuse(send, incoming, refusal)
        except Exception:  # noqa: BLE001 - a border: the client gets an error in its own shape
            _log.exception("a request failed inside", extra={"request_id": incoming.id})
            await self._refuse(send, incoming, internal_error())

    async def _read(self, incoming: Incoming, scope: Scope, receive: Receive) -> tuple[Asked, Request]:
        try:
            body = await transport.read_body(receive, self._wire.most_bytes)
            content_type = incoming.headers.get(b"content-type", b"").decode("latin-1")
            if len(body) > _INLINE_BYTES:
                asked = await asyncio.to_thread(self._wire.read, body, content_type)
            else:
                asked = self._wire.read(body, content_type)
            return asked, incoming.with_prompt(asked.prompt, transport.gone_of(receive))
        except Refusal as refusal:
            who = credentials(scope, incoming.headers)
            await self._gateway.refused(incoming.unread(self._wire.dialect), who, refusal)
            raise

    async def _answer(
        self, asked: Asked, request: Request, scope: Scope, incoming: Incoming, send: Send
    ) -> None:
        who = credentials(scope, incoming.headers)
        async with aclosing(self._gateway.answer(request, who, self._today())) as answer:
            head, whole, cost_nano = await collected(answer)
        if len(whole.frame.chunks) > _INLINE_CHUNKS:
            reply = await asyncio.to_thread(asked.write, whole.frame)
        else:
            reply = asked.write(whole.frame)
        headers = [
            (b"content-type", reply.media_type),
            *facts(head),
            *reply.headers,
            (b"x-leitstand-cost", euro_text(cost_nano).encode()),
        ]
        await transport.respond(send, 200, headers, reply.body)

    async def _refuse(self, send: Send, incoming: Incoming, refusal: Refusal) -> None:
        body = self._wire.error_body(refusal, incoming.language, incoming.id)
        await transport.respond(send, refusal.status, headers_of(refusal, incoming.id), body)
