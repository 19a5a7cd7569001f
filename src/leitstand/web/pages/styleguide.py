"""`/styleguide`: every component in every state, to build from and to test."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.identity.roles import Permission
from leitstand.web.navigation import N_, SYSTEM, Entry
from leitstand.web.page import Page
from leitstand.web.visit import Desk


@dataclass(frozen=True)
class StyleguidePage:
    """The page shows constants of its own template only."""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.CONFIGURATION_READ)
        return await visit.page("styleguide.html", StyleguidePage())

    return [Route("/styleguide", show, methods=["GET"], name="styleguide")]


PAGE = Page(
    "styleguide",
    _routes,
    (Entry(SYSTEM, N_("Bausteine"), "layers", "/styleguide", Permission.CONFIGURATION_READ, 90),),
)
