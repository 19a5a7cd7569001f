"""`/`: the start page that suits the viewer, and the switches for language and theme."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.i18n import LANGUAGES
from leitstand.identity.roles import Permission
from leitstand.web.page import Page
from leitstand.web.security import LANGUAGE_COOKIE, THEME_COOKIE, YEAR_S, local_path, set_cookie
from leitstand.web.visit import THEMES, Desk, SignInNeeded


def _routes(desk: Desk) -> Sequence[Route]:
    async def home(request: Request) -> Response:
        """Users come to the chat, administrators to operations, or to the set-up while there is none."""
        visit = await desk.visit(request)
        if visit.viewer is None:
            raise SignInNeeded
        rights = visit.viewer.permissions
        if Permission.PROVIDERS_WRITE in rights and await desk.ports.first_run.needed():
            return RedirectResponse("/start", 303)
        return RedirectResponse("/betrieb/it" if Permission.OPERATIONS_READ in rights else "/chat", 303)

    async def view(request: Request) -> Response:
        """Set language or theme and come back."""
        visit = await desk.visit(request)
        await visit.check_token()
        response = RedirectResponse(local_path(await visit.field("zurueck")), 303)
        for field, cookie, allowed in (
            ("sprache", LANGUAGE_COOKIE, LANGUAGES),
            ("farben", THEME_COOKIE, THEMES),
        ):
            if (value := await visit.field(field)) in allowed:
                set_cookie(response, request, cookie, value, YEAR_S)
        return response

    async def bar(request: Request) -> Response:
        """The message bar's changing part, fetched now and then by every open page."""
        visit = await desk.visit(request)
        if visit.viewer is None:
            raise SignInNeeded
        return await visit.part("bar.html", await visit.frame())

    return [
        Route("/", home, methods=["GET"], name="home"),
        Route("/ansicht", view, methods=["POST"], name="view"),
        Route("/leiste", bar, methods=["GET"], name="bar"),
    ]


PAGE = Page("home", _routes)
