"""`/anmeldung`: sign in and out."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.web.page import Page
from leitstand.web.ports import SignedIn, SignInRefused
from leitstand.web.security import SESSION_COOKIE, local_path, set_cookie
from leitstand.web.visit import Desk, Visit


@dataclass(frozen=True)
class SignInPage:
    """organisation: whose Leitstand. email: as typed before. target: where to go afterwards.

    error: what stands under the password; email_error: under the address. locked: no further try now.
    """

    organisation: str
    help: str
    target: str
    email: str = ""
    error: str = ""
    email_error: str = ""
    locked: bool = False


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit = await desk.visit(request)
        target = local_path(request.query_params.get("weiter", "/"))
        if visit.viewer is not None:
            return RedirectResponse(target, 303)
        return await visit.page("anmeldung.html", _page(visit, target))

    async def submit(request: Request) -> Response:
        visit = await desk.visit(request)
        await visit.check_token()
        email, password = (await visit.field("email")).strip(), await visit.field("kennwort")
        target = local_path(await visit.field("weiter"))
        if not email or not password:
            return await visit.page("anmeldung.html", _incomplete(visit, target, email, password), 422)
        address = request.client.host if request.client else ""
        result = await desk.ports.sessions.sign_in(email, password, address)
        if isinstance(result, SignedIn):
            response = RedirectResponse(target, 303)
            set_cookie(response, request, SESSION_COOKIE, result.token, result.lifetime_s)
            return response
        return await visit.page("anmeldung.html", _refused(visit, target, email, result), 401)

    async def leave(request: Request) -> Response:
        visit = await desk.visit(request)
        await visit.check_token()
        await desk.ports.sessions.sign_out(request.cookies.get(SESSION_COOKIE, ""))
        response = RedirectResponse("/anmeldung", 303)
        response.delete_cookie(SESSION_COOKIE, path="/")
        return response

    return [
        Route("/anmeldung", show, methods=["GET"], name="sign_in"),
        Route("/anmeldung", submit, methods=["POST"]),
        Route("/abmelden", leave, methods=["POST"], name="sign_out"),
    ]


def _page(
    visit: Visit, target: str, email: str = "", error: str = "", email_error: str = "", locked: bool = False
) -> SignInPage:
    help_ = visit.tell(visit.organisation.help)
    return SignInPage(visit.organisation.name, help_, target, email, error, email_error, locked)


def _incomplete(visit: Visit, target: str, email: str, password: str) -> SignInPage:
    return _page(
        visit,
        target,
        email,
        error="" if password else visit.say("Bitte Ihr Kennwort eingeben."),
        email_error="" if email else visit.say("Bitte Ihre E-Mail-Adresse eingeben."),
    )


def _refused(visit: Visit, target: str, email: str, result: SignInRefused) -> SignInPage:
    if result.locked_until is not None:
        until = visit.form.time(result.locked_until)
        error = visit.say("Zu viele Versuche. Die Anmeldung ist bis %(until)s gesperrt.", until=until)
        return _page(visit, target, email, error, locked=True)
    error = visit.say("E-Mail oder Kennwort stimmt nicht.") + " "
    error += visit.words.ngettext(
        "Noch %(count)s Versuch.", "Noch %(count)s Versuche.", result.remaining
    ) % {"count": result.remaining}  # fmt: skip
    return _page(visit, target, email, error)


PAGE = Page("anmeldung", _routes)
