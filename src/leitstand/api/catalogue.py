"""`GET /v1/models` and `/v1/models/{id}`: the models that a key may ask for, in both dialects' shape at once.

OpenAI's SDK reads `object`, `data`, `id`, `owned_by`, `created`; Anthropic's reads `data`, `type`,
`display_name`, `created_at`, `has_more`, `first_id`, `last_id`. One body carries all of them.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from leitstand.api.dialects.problems import chat_error_body
from leitstand.api.operations import authorised
from leitstand.api.problems import headers_of
from leitstand.api.requests import read_request
from leitstand.api.transport import JSON_TYPE, Receive, Scope, Send, respond
from leitstand.core.clock import Clock
from leitstand.core.errors import ModelNotFound, Refusal
from leitstand.gateway.hotpath import Gateway
from leitstand.identity.callers import Caller
from leitstand.identity.roles import Permission

_PREFIX = "/v1/models"


class ModelCatalogue:
    """The ASGI callable of both addresses."""

    def __init__(self, gateway: Gateway, clock: Clock, language: Callable[[], str]) -> None:
        self._gateway = gateway
        self._clock = clock
        self._language = language

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = read_request(scope, self._clock, self._language())
        try:
            caller = authorised(self._gateway.rules.keys, scope, incoming, Permission.GATEWAY_USE)
            name = scope["path"][len(_PREFIX) :].strip("/")
            body = self._one(caller, name) if name else self._all(caller)
            await respond(send, 200, [JSON_TYPE], msgspec.json.encode(body))
        except Refusal as refusal:
            body_bytes = chat_error_body(refusal, incoming.language, incoming.id)
            await respond(send, refusal.status, headers_of(refusal, incoming.id), body_bytes)

    def _names(self, caller: Caller) -> list[str]:
        """Models that the key, and at least one of its use cases, may ask for."""
        book = self._gateway.rules.book
        allowed = set(book.routes)
        if caller.models:
            allowed &= caller.models
        cases = [book.use_cases[name] for name in caller.use_cases if name in book.use_cases]
        if cases and all(case.models for case in cases):
            allowed &= frozenset().union(*(case.models for case in cases))
        return sorted(allowed)

    def _all(self, caller: Caller) -> dict[str, Any]:
        names = self._names(caller)
        return {
            "object": "list",
            "data": [_entry(name) for name in names],
            "has_more": False,
            "first_id": names[0] if names else None,
            "last_id": names[-1] if names else None,
        }

    def _one(self, caller: Caller, name: str) -> dict[str, Any]:
        if name not in self._names(caller):
            raise ModelNotFound(
                f"Das Modell „{name}“ wird diesem Schlüssel nicht angeboten. „GET /v1/models“ nennt alle.",
                f"The model '{name}' is not offered to this key. 'GET /v1/models' lists all.",
                detail={"param": "model"},
            )
        return _entry(name)


def _entry(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "type": "model",
        "display_name": name,
        "owned_by": "leitstand",
        "created": 0,
        "created_at": "1970-01-01T00:00:00Z",
    }
