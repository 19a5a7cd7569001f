"""`/betrieb/vorfaelle`: what people work on and worked on, a new one by hand, and the heartbeat to the outside."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission
from leitstand.monitoring.acts import Open
from leitstand.monitoring.incident_values import Incident
from leitstand.monitoring.runbook_shelf import runbook, slugs
from leitstand.monitoring.values import Severity
from leitstand.web.format import NONE
from leitstand.web.incident_ports import HeartState
from leitstand.web.navigation import N_, RUNNING, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.viewer import Viewer
from leitstand.web.visit import Desk, Visit

HOME = "/betrieb/vorfaelle"
STATES = {"observing": N_("unter Beobachtung"), "closed": N_("geschlossen")}
SEVERITIES = {"critical": N_("kritisch"), "warning": N_("Warnung")}


@dataclass(frozen=True)
class IncidentRow:
    """One line of the list."""

    path: str
    number: str
    title: str
    level: Level
    state: str
    began: str
    iso: str
    lasted: str
    lead: str


@dataclass(frozen=True)
class IncidentList:
    """lead: the state in a sentence. runbooks: slug and title. heart: level, word, sentence."""

    lead: str
    running: tuple[IncidentRow, ...]
    past: tuple[IncidentRow, ...]
    runbooks: tuple[tuple[str, str], ...]
    heart: tuple[Level, str, str]
    may_write: bool
    error: str


def look_of(visit: Visit, incident: Incident) -> tuple[Level, str]:
    """How an incident is marked."""
    if incident.state in STATES:
        quiet: Level = "off" if incident.state == "closed" else "work"
        return quiet, visit.say(STATES[incident.state])
    level: Level = "crit" if incident.severity == "critical" else "warn"
    return level, visit.say(SEVERITIES[incident.severity])


def span(visit: Visit, incident: Incident) -> str:
    """How long it lasted, or has lasted."""
    now_us = int(visit.desk.ports.status.now().timestamp() * 1_000_000)
    ended_us = incident.calm_us or incident.closed_us or now_us
    minutes = max(0, ended_us - incident.opened_us) // 60_000_000
    if minutes < 120:
        return visit.say("%(minutes)s Minuten", minutes=visit.form.number(minutes))
    if minutes < 48 * 60:
        return visit.say("%(hours)s Stunden", hours=visit.form.number(minutes / 60, 1))
    return visit.say("%(days)s Tage", days=visit.form.number(minutes / 1440, 1))


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        return await _shown(desk, visit, viewer)

    async def open_(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.INCIDENTS_WRITE)
        await visit.check_token()
        severity: Severity = "warning" if await visit.field("schwere") == "warning" else "critical"
        wish = Open(await visit.field("titel"), severity, await visit.field("anleitung"))
        try:
            number = await desk.ports.incidents.open(viewer, wish)
        except Refusal as refusal:
            return await _shown(desk, visit, viewer, refusal.message(visit.language), 422)
        return RedirectResponse(f"{HOME}/{number}", 303)

    return [
        Route(HOME, show, methods=["GET"], name="incidents"),
        Route(HOME, open_, methods=["POST"]),
    ]


async def _shown(desk: Desk, visit: Visit, viewer: Viewer, error: str = "", status: int = 200) -> Response:
    incidents = await desk.ports.incidents.newest()
    running = tuple(_row(visit, each) for each in incidents if each.state != "closed")
    books = [found for slug in slugs() if (found := runbook(slug, visit.language)) is not None]
    page = IncidentList(
        _lead(visit, len(running)),
        running,
        tuple(_row(visit, each) for each in incidents if each.state == "closed"),
        tuple(sorted(((each.slug, each.title) for each in books), key=lambda pair: pair[1])),
        _heart(visit, await desk.ports.incidents.heart()),
        Permission.INCIDENTS_WRITE in viewer.permissions,
        error,
    )
    return await visit.page("vorfaelle.html", page, status)


def _lead(visit: Visit, running: int) -> str:
    if not running:
        return visit.say("Zurzeit gibt es keinen offenen Vorfall.")
    return visit.words.ngettext("Ein Vorfall ist offen.", "%(num)s Vorfälle sind offen.", running) % {
        "num": running
    }


def _row(visit: Visit, incident: Incident) -> IncidentRow:
    level, word = look_of(visit, incident)
    began = from_us(incident.opened_us)
    return IncidentRow(
        f"{HOME}/{incident.number}",
        incident.number,
        visit.tell(incident.title),
        level,
        word,
        f"{visit.form.short_date(began)} {visit.form.clock(began)}",
        visit.form.iso(began),
        span(visit, incident),
        incident.lead or NONE,
    )


def _heart(visit: Visit, heart: HeartState) -> tuple[Level, str, str]:
    if not heart.configured:
        return (
            "off",
            visit.say("nicht eingerichtet"),
            visit.say("Fällt Leitstand selbst aus, merkt es niemand. Der Abschnitt „heartbeat“ der Konfiguration meldet sich bei einer Überwachung außerhalb."),
        )  # fmt: skip
    last = visit.say("noch nie")
    if heart.sent_us is not None:
        moment = from_us(heart.sent_us)
        last = f"{visit.form.short_date(moment)} {visit.form.clock(moment)}"
    told = visit.say("Zuletzt gesendet: %(at)s.", at=last)
    if heart.silent:
        why = visit.say("Grund: %(why)s.", why=heart.silent)
        return "warn", visit.say("schweigt"), f"{told} {why}"
    if heart.tried_us is None:
        return "work", visit.say("wartet"), told
    return "ok", visit.say("schlägt"), told


PAGE = Page(
    "vorfaelle",
    _routes,
    (Entry(RUNNING, N_("Vorfälle"), "activity", HOME, Permission.OPERATIONS_READ, 30),),
)
