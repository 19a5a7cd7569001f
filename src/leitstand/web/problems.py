"""When a page cannot be shown: what happened, what to do, whom to ask, the request id last."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leitstand.core.errors import Refusal
from leitstand.core.ids import new_id
from leitstand.identity.roles import Permission
from leitstand.web.navigation import N_
from leitstand.web.visit import Desk, PermissionNeeded, SignInNeeded, TokenMissing, Visit

_log = logging.getLogger(__name__)

RIGHTS = {
    Permission.CHAT_USE: N_("Mit der KI sprechen"),
    Permission.OPERATIONS_READ: N_("IT-Betrieb ansehen"),
    Permission.CONFIGURATION_READ: N_("Konfiguration ansehen"),
    Permission.PROVIDERS_WRITE: N_("Anbieter einrichten"),
    Permission.REGRESSION_READ: N_("Modelltests ansehen"),
    Permission.REGRESSION_RUN: N_("Modelltests durchführen"),
}


Handler = Callable[[Request, Exception], Awaitable[Response]]


@dataclass(frozen=True)
class Problem:
    """Context of problem.html. icon: of the sprite. request_id: "" where nothing was logged."""

    status: int
    title: str
    icon: str
    sentences: tuple[str, ...]
    request_id: str = ""


class Problems:
    """Turns exceptions of page handlers into pages; fetches get the same as JSON."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def sign_in(self, request: Request, _error: Exception) -> Response:
        """To the sign-in and back; scripts and htmx get 401 and reload or tell."""
        if _is_script(request):
            return JSONResponse({"code": "signed_out"}, 401, headers={"hx-redirect": "/anmeldung"})
        query = f"?{request.url.query}" if request.url.query else ""
        back = request.url.path + query if request.method == "GET" else "/"
        target = request.url_for("sign_in").include_query_params(weiter=back)
        return RedirectResponse(f"{target.path}?{target.query}", 303)

    async def permission(self, request: Request, error: Exception) -> Response:
        """403: which right is missing and who grants it."""
        assert isinstance(error, PermissionNeeded)
        visit = await self._desk.visit(request)
        right = visit.say(RIGHTS.get(error.permission, str(error.permission)))
        help_ = visit.tell(visit.organisation.help)
        return await self._answer(
            visit,
            Problem(
                403,
                visit.say("Kein Zugriff"),
                "lock",
                (
                    visit.say("Dafür brauchen Sie das Recht „%(right)s“.", right=right),
                    visit.say("Ein Super-Administrator kann es Ihnen geben.")
                    + (" " + visit.say("Ansprechpartner: %(help)s.", help=help_) if help_ else ""),
                ),
            ),
        )

    async def token(self, request: Request, _error: Exception) -> Response:
        """403: the form was too old or came from elsewhere."""
        visit = await self._desk.visit(request)
        return await self._answer(
            visit,
            Problem(
                403,
                visit.say("Formular abgelaufen"),
                "clock",
                (
                    visit.say(
                        "Ihre Sitzung hat sich geändert, seit die Seite geladen wurde. Es wurde nichts geändert."
                    ),
                    visit.say("Laden Sie die Seite neu und wiederholen Sie den Schritt."),
                ),
            ),
        )

    async def refused(self, request: Request, error: Exception) -> Response:
        """A rule of the house said no; it speaks both languages."""
        assert isinstance(error, Refusal)
        visit = await self._desk.visit(request)
        title = visit.say("Nicht ausgeführt")
        return await self._answer(
            visit, Problem(error.status, title, "flag", (error.message(visit.language),))
        )

    async def http(self, request: Request, error: Exception) -> Response:
        """404 and the rest of what routing raises."""
        assert isinstance(error, HTTPException)
        visit = await self._desk.visit(request)
        if error.status_code == 404:
            problem = Problem(
                404,
                visit.say("Seite nicht gefunden"),
                "search",
                (
                    visit.say("Unter „%(path)s“ gibt es keine Seite.", path=request.url.path),
                    visit.say("Prüfen Sie die Adresse oder beginnen Sie auf der Startseite."),
                ),
            )
        else:
            problem = Problem(
                error.status_code,
                visit.say("Anfrage nicht verstanden"),
                "circle-help",
                (visit.say("Beginnen Sie auf der Startseite neu."),),
            )
        return await self._answer(visit, problem, headers=dict(error.headers or {}))

    async def broken(self, request: Request, request_id: str) -> Response:
        """500: nothing is known but the id under which the log has the trace."""
        visit = await self._desk.visit(request)
        help_ = visit.tell(visit.organisation.help) or visit.say("die IT")
        return await self._answer(
            visit,
            Problem(
                500,
                visit.say("Die Seite ist nicht verfügbar"),
                "activity",
                (
                    visit.say(
                        "Leitstand ist auf einen inneren Fehler gestoßen. Ihre Daten sind davon nicht betroffen."
                    ),
                    visit.say(
                        "Versuchen Sie es noch einmal. Bleibt es dabei, nennen Sie %(help)s diese Kennung.",
                        help=help_,
                    ),
                ),
                request_id,
            ),
        )

    async def _answer(
        self, visit: Visit, problem: Problem, headers: dict[str, str] | None = None
    ) -> Response:
        response: Response
        if _is_script(visit.request):
            body = {"message": " ".join(problem.sentences), "request_id": problem.request_id}
            response = JSONResponse(body, problem.status)
        else:
            response = await visit.page("problem.html", problem, problem.status)
        response.headers.update(headers or {})
        return response

    def handlers(self) -> dict[type[Exception], Handler]:
        """For Starlette's `exception_handlers`."""
        return {
            SignInNeeded: self.sign_in,
            PermissionNeeded: self.permission,
            TokenMissing: self.token,
            Refusal: self.refused,
            HTTPException: self.http,
        }


class Border:
    """The outermost border of the pages: what nobody caught is logged with an id and shown as a page."""

    def __init__(self, app: ASGIApp, problems: Problems) -> None:
        self._app = app
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            request_id = new_id("req")
            _log.exception("page %s failed, request id %s", scope["path"], request_id)
            if begun:
                raise
            response = await self._explain(scope, request_id)
            await response(scope, receive, send)

    async def _explain(self, scope: Scope, request_id: str) -> Response:
        try:
            return await self._problems.broken(Request(scope), request_id)
        except Exception:  # noqa: BLE001 - a border: what failed may be what the error page needs too
            _log.exception("the error page failed too, request id %s", request_id)
            text = f"Leitstand ist gestört. Leitstand is out of order. Kennung / request id: {request_id}"
            return PlainTextResponse(text, 500)


def _is_script(request: Request) -> bool:
    return "hx-request" in request.headers or "application/json" in request.headers.get("content-type", "")
