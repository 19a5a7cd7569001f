"""`/betrieb/anleitungen`: what to do when something is wrong, for whoever is awake; with the company's own notes."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import NotFound, Refusal
from leitstand.identity.roles import Permission
from leitstand.monitoring.runbook_shelf import Runbook, runbook, slugs
from leitstand.web.navigation import N_, RUNNING, Entry
from leitstand.web.page import Page
from leitstand.web.plain_markdown import inline
from leitstand.web.viewer import Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/betrieb/anleitungen"


@dataclass(frozen=True)
class RunbookRow:
    """One runbook of the list. noted: the company has added something."""

    path: str
    title: str
    meaning: Markup
    noted: bool


@dataclass(frozen=True)
class RunbookList:
    """All of them."""

    rows: tuple[RunbookRow, ...]
    partner: str


@dataclass(frozen=True)
class RunbookPage:
    """One of them. note: the company's addition; changed: when and by whom, or ""."""

    slug: str
    title: str
    meaning: Markup
    look: tuple[Markup, ...]
    steps: tuple[Markup, ...]
    enough: Markup
    call: Markup
    after: tuple[Markup, ...]
    partner: str
    note: str
    changed: str
    may_write: bool
    done: str
    error: str


def _routes(desk: Desk) -> Sequence[Route]:
    async def show_all(request: Request) -> Response:
        visit, _ = await desk.enter(request, Permission.OPERATIONS_READ)
        notes = await desk.ports.incidents.notes()
        found = [each for slug in slugs() if (each := runbook(slug, visit.language)) is not None]
        rows = tuple(
            RunbookRow(
                f"{_HOME}/{each.slug}",
                each.title,
                inline(each.meaning),
                each.slug in notes and bool(notes[each.slug].text),
            )
            for each in sorted(found, key=lambda each: each.title)
        )
        return await visit.page(
            "anleitungen.html", RunbookList(rows, desk.ports.incidents.settings().partner)
        )

    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        done = visit.say("Die Ergänzung ist gespeichert.") if request.query_params.get("getan") else ""
        return await _shown(desk, visit, viewer, done=done)

    async def write(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.INCIDENTS_WRITE)
        await visit.check_token()
        slug = request.path_params["slug"]
        try:
            await desk.ports.incidents.set_note(viewer, slug, await visit.field("ergaenzung"))
        except NotFound:
            raise
        except Refusal as refusal:
            return await _shown(desk, visit, viewer, error=refusal.message(visit.language), status=422)
        return RedirectResponse(f"{_HOME}/{slug}?getan=1", 303)

    return [
        Route(_HOME, show_all, methods=["GET"], name="runbooks"),
        Route(_HOME + "/{slug}", show, methods=["GET"]),
        Route(_HOME + "/{slug}", write, methods=["POST"]),
    ]


async def _shown(
    desk: Desk, visit: Visit, viewer: Viewer, done: str = "", error: str = "", status: int = 200
) -> Response:
    slug = visit.request.path_params["slug"]
    found = runbook(slug, visit.language)
    if found is None:
        raise NotFound(f"Die Anleitung „{slug}“ gibt es nicht.", f"There is no runbook '{slug}'.")
    note = (await desk.ports.incidents.notes()).get(slug)
    changed = ""
    if note is not None:
        changed = visit.say(
            "geändert am %(day)s von %(name)s",
            day=visit.form.date(from_us(note.changed_us)),
            name=note.changed_by,
        )
    page = _page(
        found,
        desk.ports.incidents.settings().partner,
        note.text if note else "",
        changed,
        Permission.INCIDENTS_WRITE in viewer.permissions,
        done,
        error,
    )
    return await visit.page("anleitung.html", page, status)


def _page(
    found: Runbook, partner: str, note: str, changed: str, may_write: bool, done: str, error: str
) -> RunbookPage:
    return RunbookPage(
        found.slug,
        found.title,
        inline(found.meaning),
        tuple(map(inline, found.look)),
        tuple(map(inline, found.steps)),
        inline(found.enough),
        inline(found.call),
        tuple(map(inline, found.after)),
        partner,
        note,
        changed,
        may_write,
        done,
        error,
    )


PAGE = Page(
    "anleitungen",
    _routes,
    (Entry(RUNNING, N_("Anleitungen"), "book-open", _HOME, Permission.OPERATIONS_READ, 35),),
)
