"""Kept answers of the Responses API below `/v1/responses/{id}`: shown and removed, for their owner only.

Somebody else's answer and one that never was look the same: 404.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from urllib.parse import parse_qs

import msgspec

from leitstand.answers.responses.kept import Kept, KeptResponses, Owner
from leitstand.api.dialects.responses import error_body
from leitstand.api.problems import headers_of, internal_error
from leitstand.api.requests import Incoming, credentials, read_request
from leitstand.api.transport import JSON_TYPE, Receive, Scope, Send, respond
from leitstand.core.clock import Clock
from leitstand.core.conversation import Json, Prompt
from leitstand.core.errors import InvalidRequest, NotFound, Overloaded, Refusal
from leitstand.gateway.hotpath import Credentials, Gateway
from leitstand.gateway.values import Request
from leitstand.policy.admit import use_case_of

PREFIX = "/v1/responses/"
_DATABASE_S = 5.0
_USUAL_PAGE, _LARGEST_PAGE = 20, 100
_PREFIXES = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}
P = ParamSpec("P")
R = TypeVar("R")
_log = logging.getLogger(__name__)


class KeptAnswers:
    """The endpoint: an ASGI callable for every path below the prefix."""

    def __init__(
        self, gateway: Gateway, kept: KeptResponses, clock: Clock, language: Callable[[], str]
    ) -> None:
        """language: of errors, where the client has no wish."""
        self._gateway = gateway
        self._kept = kept
        self._clock = clock
        self._language = language

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Serve one request."""
        incoming = read_request(scope, self._clock, self._language())
        try:
            body = msgspec.json.encode(await self._answer(scope, incoming))
            names = (b"x-request-id", b"x-leitstand-request-id")
            await respond(send, 200, [JSON_TYPE, *((name, incoming.id.encode()) for name in names)], body)
        except Refusal as refusal:
            await _refuse(send, incoming, refusal)
        except Exception:  # noqa: BLE001 - a border: the client gets an error in its own shape
            _log.exception("a kept response could not be served", extra={"request_id": incoming.id})
            await _refuse(send, incoming, internal_error())

    async def _answer(self, scope: Scope, incoming: Incoming) -> Json:
        response_id, _, part = str(scope["path"]).removeprefix(PREFIX).partition("/")
        request = incoming.with_prompt(Prompt("responses", "", ()), lambda: False)
        owner = owner_of(self._gateway, request, credentials(scope, incoming.headers))
        way = (scope["method"], part)
        if way == ("DELETE", ""):
            if not await in_time(self._kept.delete, owner, response_id):
                raise unknown(response_id)
            return {"id": response_id, "object": "response", "deleted": True}
        if way not in (("GET", ""), ("GET", "input_items")):
            raise NotFound(
                f"„{scope['method']} {scope['path']}“ gibt es nicht. Prüfen Sie Methode und Pfad.",
                f"There is no '{scope['method']} {scope['path']}'. Check method and path.",
            )
        kept = await in_time(self._kept.get, owner, response_id)
        if kept is None:
            raise unknown(response_id)
        query = parse_qs(scope["query_string"].decode("ascii", "replace"))
        wishes = {name: words[-1] for name, words in query.items()}
        return _page(kept, response_id, wishes) if part else _whole(kept, wishes)


def owner_of(gateway: Gateway, request: Request, who: Credentials) -> Owner:
    """Whose answers a request may see; raises a Refusal for a key that is not good."""
    caller = gateway.rules.keys.identify(who.key, request.time_us, who.ip)
    use_case = use_case_of(gateway.rules.book, caller, request.use_case)
    return Owner(caller.person.name, use_case.name)


async def in_time(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Ask the store in a thread; raises Overloaded when it takes longer than a client should wait."""
    try:
        async with asyncio.timeout(_DATABASE_S):
            return await asyncio.to_thread(work, *args, **kwargs)
    except TimeoutError as cause:
        raise Overloaded(
            "Die gespeicherten Antworten sind gerade nicht erreichbar. Versuchen Sie es in einigen Sekunden noch einmal.",
            "The kept answers cannot be reached at the moment. Try again in a few seconds.",
            retry_after_s=_DATABASE_S,
        ) from cause


def unknown(response_id: str, param: str = "response_id") -> NotFound:
    """The one answer for what is not there, not yours, or expired."""
    return NotFound(
        f"Die Antwort „{response_id}“ gibt es nicht (mehr). Gespeicherte Antworten gelten für ihren Besitzer und "
        "seinen Anwendungsfall, 30 Tage lang.",
        f"There is no response '{response_id}' (any more). Kept responses are there for their owner and use case, "
        "for 30 days.",
        detail={"param": param},
    )


def _whole(kept: Kept, wishes: dict[str, str]) -> Json:
    if wishes.get("stream", "false") != "false":
        raise InvalidRequest(
            "Gespeicherte Antworten kommen als Ganzes. Lassen Sie 'stream' weg.",
            "Kept answers come as a whole. Leave 'stream' out.",
            detail={"param": "stream"},
        )
    return kept.response


def _page(kept: Kept, response_id: str, wishes: dict[str, str]) -> Json:
    """The items of a request, newest first unless asked otherwise."""
    items = [_shown(item, f"{response_id.partition('_')[2]}{n:03d}") for n, item in enumerate(kept.items)]
    if wishes.get("order", "desc") != "asc":
        items.reverse()
    ids = [item["id"] for item in items]
    after = wishes.get("after", "")
    begin = ids.index(after) + 1 if after in ids else 0
    limit = wishes.get("limit", "")
    size = min(max(int(limit), 1), _LARGEST_PAGE) if limit.isdecimal() and len(limit) < 5 else _USUAL_PAGE
    page = items[begin : begin + size]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": begin + size < len(items),
    }


def _shown(item: Json, number: str) -> Json:
    """An item as this listing has it: with a type, an id, and content as a list."""
    kind = item.get("type") or "message"
    shown = {"id": f"{_PREFIXES.get(kind, 'item')}_{number}", "type": kind, **item}
    if kind == "message":
        shown.setdefault("status", "completed")
        if isinstance(item.get("content"), str):
            text = "output_text" if item.get("role") == "assistant" else "input_text"
            shown["content"] = [{"type": text, "text": item["content"]}]
    return shown


async def _refuse(send: Send, incoming: Incoming, refusal: Refusal) -> None:
    body = error_body(refusal, incoming.language, incoming.id)
    await respond(send, refusal.status, headers_of(refusal, incoming.id), body)
