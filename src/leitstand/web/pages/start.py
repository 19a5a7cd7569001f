"""`/start`: the first run. What was found that can answer, one step to use it, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.classes import Region
from leitstand.core.errors import ModelNotFound
from leitstand.identity.roles import Permission
from leitstand.web.navigation import N_, SYSTEM, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Found
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import REGION_WORDS

ORIGINS = {
    "environment": N_("Schlüssel in der Umgebung"),
    "local": N_("Server auf diesem Rechner"),
    "builtin": N_("Teil von Leitstand"),
}


@dataclass(frozen=True)
class FoundRow:
    """One finding as shown. rule: which data may go there until more is set up."""

    name: str
    label: str
    origin: str
    evidence: str
    region: str
    models: str
    rule: str
    note: str
    accepted: bool
    builtin: bool


@dataclass(frozen=True)
class StartPage:
    """rows: the built-in answerer last. ready: something better than it is set up. added: label just set up."""

    rows: tuple[FoundRow, ...]
    ready: bool
    open: int
    added: str
    address: str


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.PROVIDERS_WRITE)
        found = await desk.ports.first_run.found()
        added = request.query_params.get("eingerichtet", "")
        ready = not await desk.ports.first_run.needed()
        return await visit.page("start.html", _page(visit, found, added, ready))

    async def accept(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.PROVIDERS_WRITE)
        await visit.check_token()
        name = await visit.field("name")
        try:
            await desk.ports.first_run.accept(viewer, name)
        except KeyError as cause:
            raise ModelNotFound(
                f"„{name}“ wurde nicht gefunden. Laden Sie die Seite neu.",
                f"'{name}' was not found. Reload the page.",
            ) from cause
        target = request.url_for("start").include_query_params(eingerichtet=name)
        return RedirectResponse(f"{target.path}?{target.query}", 303)

    return [
        Route("/start", show, methods=["GET"], name="start"),
        Route("/start", accept, methods=["POST"]),
    ]


def _page(visit: Visit, found: tuple[Found, ...], added: str, ready: bool) -> StartPage:
    rows = tuple(_row(visit, item) for item in sorted(found, key=lambda item: item.origin == "builtin"))
    return StartPage(
        rows=rows,
        ready=ready or any(row.accepted and not row.builtin for row in rows),
        open=sum(not row.accepted for row in rows),
        added=next((row.label for row in rows if row.name == added and row.accepted), ""),
        address=f"{visit.request.url.scheme}://{visit.request.url.netloc}",
    )


def _row(visit: Visit, item: Found) -> FoundRow:
    local = item.region is Region.LOCAL
    return FoundRow(
        name=item.name,
        label=item.label,
        origin=visit.say(ORIGINS[item.origin]),
        evidence=item.evidence,
        region=visit.say(REGION_WORDS[item.region]),
        models=", ".join(item.models),
        rule=visit.say("Daten bleiben im Haus.")
        if local
        else visit.say("Ohne Vertrag zur Auftragsverarbeitung nur öffentliche Daten."),
        note=visit.tell(item.note),
        accepted=item.accepted,
        builtin=item.origin == "builtin",
    )


PAGE = Page(
    "start",
    _routes,
    (Entry(SYSTEM, N_("Einrichtung"), "play", "/start", Permission.PROVIDERS_WRITE, 10),),
)
