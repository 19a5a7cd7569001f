"""`/v1/responses`: answers that are kept, so that a client goes on from one by its id.

An answer is kept after it is settled and before its end goes out, in a thread: one insert that does not wait
for the disk, and a client that goes on at once finds it, in every process. Where it cannot be kept the client
gets it all the same. A request that goes on from nothing asks no database before.
"""

import dataclasses
import logging
from collections.abc import Callable
from datetime import date

import msgspec

from leitstand.answers.responses.kept import Kept, KeptResponses
from leitstand.api.completions import Completions, Wire
from leitstand.api.dialects import responses as dialect
from leitstand.api.dialects.responses_answer import Identity, encode_plain
from leitstand.api.dialects.responses_stream import StreamEncoder
from leitstand.api.kept_responses import in_time, owner_of, unknown
from leitstand.api.transport import Receive, Scope, Send
from leitstand.core.clock import Clock
from leitstand.core.conversation import Frame, Json, Prompt
from leitstand.core.ids import new_id
from leitstand.gateway.hotpath import Credentials, Gateway
from leitstand.gateway.values import Request

_log = logging.getLogger(__name__)


class Responses:
    """The endpoint: an ASGI callable."""

    def __init__(
        self,
        gateway: Gateway,
        kept: KeptResponses,
        clock: Clock,
        today: Callable[[], date],
        language: Callable[[], str],
    ) -> None:
        """See Completions."""
        self._gateway = gateway
        self._kept = kept
        self._clock = clock
        self._today = today
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        wire = _Exchange(self._gateway, self._kept).wire()
        await Completions(self._gateway, wire, self._clock, self._today, self._language)(scope, receive, send)


class _Exchange:
    """One question and its answer, from the request's bytes to the kept row."""

    def __init__(self, gateway: Gateway, kept: KeptResponses) -> None:
        self._gateway = gateway
        self._kept = kept
        self._asked: Json = {}
        self._identity = Identity(new_id("resp"))
        self._request: tuple[Request, Credentials] | None = None
        self._answer: Callable[[], Json] = dict

    def wire(self) -> Wire:
        """The client side of this one exchange."""
        return Wire(
            "responses",
            self._decode,
            self._plain,
            self._stream,
            dialect.error_body,
            self._prepare,
            self._keep,
        )

    def _decode(self, body: bytes) -> Prompt:
        self._asked = dialect.read_asked(body)
        prompt = dialect.prompt_of(self._asked)
        self._identity = Identity(self._identity.id, dialect.previous_of(prompt), dialect.is_kept(prompt))
        return prompt

    async def _prepare(self, request: Request, who: Credentials) -> Request:
        """Put what was said before in front of what is asked now."""
        self._request = request, who
        previous = self._identity.previous
        if not previous:
            return request
        owner = owner_of(self._gateway, request, who)
        items = await in_time(self._kept.history, owner, previous)
        if items is None:
            raise unknown(previous, "previous_response_id")
        return dataclasses.replace(request, prompt=dialect.with_history(request.prompt, items))

    def _plain(self, frame: Frame, changed: bool) -> bytes:
        body = encode_plain(self._asked, self._identity, frame, changed)
        self._answer = lambda: msgspec.json.decode(body)
        return body

    def _stream(self, _prompt: Prompt) -> StreamEncoder:
        encoder = StreamEncoder(self._asked, self._identity)
        self._answer = lambda: encoder.response
        return encoder

    async def _keep(self) -> None:
        """Keep question and answer; a failure costs the client only the way back to it."""
        if not self._identity.kept or self._request is None:
            return
        request, who = self._request
        try:
            owner = owner_of(self._gateway, request, who)
            kept = Kept(_items(self._asked.get("input")), self._answer())
            await in_time(self._kept.keep, owner, self._identity.id, self._identity.previous, kept)
        except Exception:  # noqa: BLE001 - a border: the answer is whole and goes to the client
            _log.exception("a response could not be kept", extra={"request_id": request.id})


def _items(asked: str | list[Json] | None) -> list[Json]:
    """The input of a request as a list of items."""
    if isinstance(asked, str):
        return [{"type": "message", "role": "user", "content": asked}]
    return asked or []
