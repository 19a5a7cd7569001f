"""What happens with a posted form, on every page alike: done leads back to the page, a refusal shows it again."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission
from leitstand.web.viewer import Viewer
from leitstand.web.visit import Desk, Visit

Work = Callable[[Visit, Viewer], Awaitable[str | None]]
Again = Callable[[Visit, Viewer, str], Awaitable[Response]]


def form(
    desk: Desk,
    permission: Permission,
    home: str,
    work: Work,
    again: Again,
    *,
    done: str = "",
    file: bool = False,
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a form.

    work: does what the form asks for; returns the query with which `home` is shown then, such as `getan=gesetzt`,
    or None for `done`. file: the form may carry one.
    again: the page with the sentence of the Refusal that `work` raised, and with what was typed.
    """

    async def posted(request: Request) -> Response:
        visit, viewer = await desk.enter(request, permission)
        async with visit.with_file() if file else nullcontext():
            await visit.check_token()
            try:
                query = await work(visit, viewer) or done
            except Refusal as refusal:
                return await again(visit, viewer, refusal.message(visit.language))
        return RedirectResponse(f"{home}?{query}", 303)

    return posted
