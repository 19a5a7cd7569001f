"""What every answer of `/api` shares: a request id, no caching, and one shape for all errors."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leitstand.api.problems import body_of, headers_of, internal_error
from leitstand.configuration.finding import dotted
from leitstand.configuration.messages import sentence_of
from leitstand.core.errors import InvalidRequest, NotFound, Refusal
from leitstand.core.ids import new_id

_log = logging.getLogger(__name__)
Language = Callable[[], str]
Answer = Callable[[Request, Exception], Awaitable[JSONResponse]]


class Fault(BaseModel):
    """Why a request was not served."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(description="Stable word for programs, e.g. `not_permitted`.")
    message: str = Field(description="What happened and what to do, in German or English.")
    request_id: str
    param: str | None = Field(default=None, description="The field that is wrong, where one is known.")


class Problem(BaseModel):
    """The body of every error."""

    error: Fault


class WrongMethod(Refusal):
    """There is something at this address, but not for this method."""

    status, code = 405, "method_not_allowed"


class Marked:
    """ASGI middleware: each answer carries its request id and is kept by no cache, for it may hold a key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request_id = new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _marked(message.get("headers", ()), request_id)
            await send(message)

        await self._app(scope, receive, marked)


def _marked(headers: Any, request_id: str) -> list[tuple[bytes, bytes]]:
    ours = {
        b"x-request-id": request_id.encode(),
        b"x-leitstand-request-id": request_id.encode(),
        b"cache-control": b"no-store",
        b"x-content-type-options": b"nosniff",
    }
    return [(name, value) for name, value in headers if name not in ours] + list(ours.items())


def answer_errors(app: FastAPI, language: Language) -> None:
    """All errors in one shape. language: where the client asks for neither German nor English."""
    app.add_exception_handler(Refusal, _answer(language, _as_it_is))
    app.add_exception_handler(RequestValidationError, _answer(language, _invalid))
    app.add_exception_handler(HTTPException, _answer(language, _no_such_place))
    app.add_exception_handler(Exception, _answer(language, _broken))


def _answer(language: Language, refusal_for: Callable[[Request, Any], Refusal]) -> Answer:
    async def answer(request: Request, error: Exception) -> JSONResponse:
        request_id = getattr(request.state, "request_id", "") or new_id("req")
        request.state.request_id = request_id
        wish = request.headers.get("accept-language", "")[:2].lower()
        spoken = wish if wish in ("de", "en") else language()
        refusal = refusal_for(request, error)
        headers = {name.decode(): value.decode() for name, value in headers_of(refusal, request_id)}
        return JSONResponse(body_of(refusal, spoken, request_id), refusal.status, headers)

    return answer


def _as_it_is(_request: Request, refusal: Refusal) -> Refusal:
    return refusal


def _invalid(_request: Request, error: RequestValidationError) -> Refusal:
    """What pydantic found wrong in path, query or body, each with its field; values are not repeated."""
    faults: list[ErrorDetails] = list(error.errors())
    said = [_said(fault) for fault in faults]
    return InvalidRequest(
        " ".join(de for _, de, _ in said), " ".join(en for _, _, en in said), detail={"param": said[0][0]}
    )


def _said(fault: ErrorDetails) -> tuple[str, str, str]:
    place, *path = fault["loc"]
    if fault["type"] == "json_invalid":
        return "body", "Der Inhalt ist kein gültiges JSON.", "The body is no valid JSON."
    field = dotted(tuple(path)) or str(place)
    de, en = sentence_of(fault)
    return field, f"{field}: {de}", f"{field}: {en}"


def _no_such_place(request: Request, error: HTTPException) -> Refusal:
    path, method = request.url.path, request.method
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return WrongMethod(
            f"„{path}“ kennt die Methode {method} nicht. „/api/openapi.json“ nennt alle.",
            f"'{path}' does not take the method {method}. '/api/openapi.json' lists all.",
        )
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(
            f"„{path}“ gibt es nicht. „/api/openapi.json“ nennt alle Adressen.",
            f"There is no '{path}'. '/api/openapi.json' lists all addresses.",
        )
    return InvalidRequest(
        "Die Anfrage ist nicht lesbar; senden Sie JSON.", "The request cannot be read; send JSON."
    )


def _broken(request: Request, error: Exception) -> Refusal:
    _log.error(
        "an operation of /api failed",
        exc_info=error,
        extra={"request_id": request.state.request_id, "path": request.url.path},
    )
    return internal_error()
