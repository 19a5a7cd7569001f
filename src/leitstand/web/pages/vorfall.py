"""`/betrieb/vorfaelle/NUMMER`: what to do now, what it does, the runbook with ticks, the timeline, duties, lessons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import NotFound, Refusal
from leitstand.identity.roles import Permission
from leitstand.monitoring.duties import Duty
from leitstand.monitoring.incident_values import CALM_S, Entry, Incident, IncidentView
from leitstand.monitoring.runbook_shelf import Runbook, runbook
from leitstand.web.format import NONE
from leitstand.web.page import Page
from leitstand.web.pages.vorfaelle import HOME, look_of, span
from leitstand.web.pages.vorfall_formen import ACTS
from leitstand.web.plain_markdown import inline
from leitstand.web.ports import Level
from leitstand.web.viewer import Viewer
from leitstand.web.visit import Desk, Visit

_LEVELS: dict[str, Level] = {
    "fired": "crit", "since": "warn", "resolved": "ok", "acknowledged": "work", "told": "info", "note": "off",
    "step": "ok", "change": "info", "state": "work",
}  # fmt: skip


@dataclass(frozen=True)
class Next:
    """The one thing to do now. act: which form; step: of the runbook; "" and 0: only wait."""

    title: str
    text: Markup
    act: str = ""
    button: str = ""
    step: int = 0


@dataclass(frozen=True)
class Figure:
    """One number on the effect."""

    name: str
    value: str
    level: Level
    verdict: str
    note: str


@dataclass(frozen=True)
class Step:
    """One of the runbook. done: when and by whom, or "". current: the first that is open."""

    number: int
    text: Markup
    done: str
    current: bool


@dataclass(frozen=True)
class Line:
    """One of the timeline."""

    time: str
    iso: str
    level: Level
    text: str
    by: str


@dataclass(frozen=True)
class DutyRow:
    """One deadline. left: in words."""

    name: str
    due: str
    left: str
    level: Level


@dataclass(frozen=True)
class TaskRow:
    """One task."""

    id: str
    text: str
    owner: str
    due: str
    done: str


@dataclass(frozen=True)
class IncidentPage:
    """Everything about one incident; see the template."""

    number: str
    title: str
    level: Level
    state: str
    since: str
    lead: str
    next: Next
    figures: tuple[Figure, ...]
    runbook: str
    slug: str
    steps: tuple[Step, ...]
    partner: str
    note: str
    lines: tuple[Line, ...]
    alerts: tuple[tuple[str, str], ...]
    classification: str
    classified: str
    reason: str
    duties: tuple[DutyRow, ...]
    notification: str
    message: str
    message_note: str
    models: tuple[str, ...]
    tasks: tuple[TaskRow, ...]
    post_mortem: str
    version: int
    written: str
    lessons: str
    is_open: bool
    may_close: bool
    may_write: bool
    mine: bool
    error: str


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        return await _shown(desk, visit, viewer)

    async def export(request: Request) -> Response:
        visit, _ = await desk.enter(request, Permission.OPERATIONS_READ)
        view = await desk.ports.incidents.view(request.path_params["number"])
        text = (
            view.post_mortem.text
            if view.post_mortem
            else desk.ports.incidents.papers(view, visit.language).post_mortem
        )
        name = f'attachment; filename="{view.incident.number}.md"'
        return PlainTextResponse(
            text, media_type="text/markdown; charset=utf-8", headers={"content-disposition": name}
        )

    async def acted(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.INCIDENTS_WRITE)
        await visit.check_token()
        number, word = request.path_params["number"], request.path_params["act"]
        if word not in ACTS:
            raise NotFound("Diese Handlung gibt es nicht.", "There is no such act.")
        try:
            await desk.ports.incidents.act(viewer, number, await ACTS[word](visit))
        except NotFound:
            raise
        except Refusal as refusal:
            return await _shown(desk, visit, viewer, refusal.message(visit.language), 422)
        return RedirectResponse(f"{HOME}/{number}", 303)

    return [
        Route(HOME + "/{number}", show, methods=["GET"]),
        Route(HOME + "/{number}/nachbereitung.md", export, methods=["GET"]),
        Route(HOME + "/{number}/{act}", acted, methods=["POST"]),
    ]


# ---------------------------------------------------------------- the view


async def _shown(desk: Desk, visit: Visit, viewer: Viewer, error: str = "", status: int = 200) -> Response:
    incidents = desk.ports.incidents
    view = await incidents.view(visit.request.path_params["number"])
    incident, book = view.incident, runbook(view.incident.runbook, visit.language)
    note = (await incidents.notes()).get(incident.runbook)
    level, state = look_of(visit, incident)
    papers, now = incidents.papers(view, visit.language), desk.ports.status.now()
    steps = _steps(visit, view, book)
    written = view.post_mortem
    page = IncidentPage(
        number=incident.number,
        title=visit.tell(incident.title),
        level=level,
        state=state,
        since=visit.say("seit %(at)s, %(lasted)s", at=_stamp(visit, incident.opened_us), lasted=span(visit, incident)),
        lead=_lead(visit, incident),
        next=_next(visit, incident, steps, book, now),
        figures=_figures(visit, view),
        runbook=book.title if book else "",
        slug=incident.runbook,
        steps=steps,
        partner=incidents.settings().partner,
        note=note.text if note else "",
        lines=tuple(_line(visit, entry) for entry in view.entries),
        alerts=tuple((f"/betrieb/meldungen/{each.id}", each.rule) for each in view.alerts),
        classification=incident.classification,
        classified=_signed(visit, incident.classified_us, incident.classified_by),
        reason=incident.reason,
        duties=tuple(_duty(visit, each, now) for each in incidents.duties(view)),
        notification=papers.notification if incident.classification == "breach" else "",
        message=incident.message._asdict()[visit.language] if incident.message else "",
        message_note=_message_note(visit, incident),
        models=tuple(choice.name for choice in (await desk.ports.chat.choices(viewer)).models),
        tasks=tuple(
            TaskRow(each.id, each.text, each.owner, each.due, _signed(visit, each.done_us, each.done_by))
            for each in view.tasks
        ),
        post_mortem=written.text if written else papers.post_mortem,
        version=written.version if written else 0,
        written=_signed(visit, written.made_us, written.made_by) if written else "",
        lessons=incident.lessons,
        is_open=incident.state != "closed",
        may_close=incident.may_close(int(now.timestamp() * 1_000_000)),
        may_write=Permission.INCIDENTS_WRITE in viewer.permissions,
        mine=incident.lead == viewer.name,
        error=error,
    )  # fmt: skip
    return await visit.page("vorfall.html", page, status)


def _stamp(visit: Visit, time_us: int) -> str:
    moment = from_us(time_us)
    return f"{visit.form.short_date(moment)} {visit.form.time(moment)}"


def _signed(visit: Visit, time_us: int | None, by: str) -> str:
    return f"{_stamp(visit, time_us)}, {by}" if time_us is not None else ""


def _lead(visit: Visit, incident: Incident) -> str:
    if not incident.lead:
        return visit.say("Noch niemand hat übernommen")
    taken = _stamp(visit, incident.lead_us or incident.opened_us)
    return visit.say("Leitung: %(name)s, übernommen %(at)s", name=incident.lead, at=taken)


def _next(
    visit: Visit, incident: Incident, steps: tuple[Step, ...], book: Runbook | None, now: datetime
) -> Next:
    """The one thing to do now."""
    if incident.state == "closed":
        return Next(visit.say("Geschlossen"), inline(visit.say("Was bleibt: Folgeaufgaben erledigen und die Nachbereitung lesen lassen.")))  # fmt: skip
    if not incident.lead:
        return Next(
            visit.say("Übernehmen Sie den Vorfall"),
            inline(
                visit.say("Dann wissen alle, dass jemand daran arbeitet, und niemand sonst wird geweckt.")
            ),
            "uebernehmen",
            visit.say("Ich übernehme"),
        )
    if incident.state == "observing":
        if incident.may_close(int(now.timestamp() * 1_000_000)):
            return Next(visit.say("Schließen und Lehren festhalten"), inline(visit.say("Seit 30 Minuten ist alles ruhig.")))  # fmt: skip
        until = _stamp(visit, (incident.calm_us or 0) + int(CALM_S * 1_000_000))
        return Next(visit.say("Beobachten bis %(at)s", at=until), inline(visit.say("Die Meldungen sind vorbei. Bleibt es ruhig, schlagen wir das Schließen vor.")))  # fmt: skip
    current = next((step for step in steps if step.current), None)
    if current is not None:
        return Next(visit.say("Nächster Schritt, %(number)s von %(all)s", number=current.number, all=len(steps)), current.text, "schritt", visit.say("Erledigt"), current.number)  # fmt: skip
    if book is None:
        return Next(visit.say("Beschreiben Sie, was Sie beobachten"), inline(visit.say("Zu diesem Vorfall gehört keine Anleitung. Notizen im Verlauf helfen allen, die dazukommen.")))  # fmt: skip
    return Next(visit.say("Alle Schritte sind getan"), inline(visit.say("Ist es noch nicht gut? %(whom)s", whom=book.call)))  # fmt: skip


def _figures(visit: Visit, view: IncidentView) -> tuple[Figure, ...]:
    effect, form, say = view.effect, visit.form, visit.say
    fine, some = say("keine Folge"), say("prüfen")
    failed: Level = "ok" if effect.failed == 0 else "crit"
    extra = NONE if effect.extra_nano is None else str(form.money(effect.extra_nano))
    return (
        Figure(say("Anfragen in dieser Zeit"), form.number(effect.requests), "info", say("gezählt"), say("ohne Personen")),
        Figure(say("Gescheitert"), form.number(effect.failed), failed, fine if not effect.failed else some, say("davon abgewiesen: keine") if not effect.refused else say("daneben abgewiesen: %(count)s", count=form.number(effect.refused))),
        Figure(say("Durch Ausweichen gerettet"), form.number(effect.rescued), "ok" if effect.rescued or not effect.failed else "off", say("beantwortet") if effect.rescued else fine, say("von einem anderen Ziel")),
        Figure(say("Mehrkosten"), extra, "ok" if not effect.extra_nano or effect.extra_nano <= 0 else "warn", say("kein Vergleich") if effect.extra_nano is None else say("geschätzt"), say("je Token, gegen den Tag davor")),
    )  # fmt: skip


def _steps(visit: Visit, view: IncidentView, book: Runbook | None) -> tuple[Step, ...]:
    ticked, found, current = view.ticked, [], view.incident.state != "closed"
    for number, text in enumerate(book.steps if book else (), 1):
        done = ticked.get(number)
        found.append(
            Step(
                number,
                inline(text),
                _signed(visit, done.time_us, done.by) if done else "",
                current and done is None,
            )
        )
        current = current and done is not None
    return tuple(found)


def _line(visit: Visit, entry: Entry) -> Line:
    moment = from_us(entry.time_us)
    by = visit.say("Leitstand") if entry.by == "system" else entry.by
    when = f"{visit.form.short_date(moment)} {visit.form.clock(moment)}"
    return Line(
        when, visit.form.iso(moment), _LEVELS.get(entry.kind, "off"), entry.text.in_(visit.language), by
    )


def _duty(visit: Visit, duty: Duty, now: datetime) -> DutyRow:
    hours = (duty.due - now).total_seconds() / 3600
    if hours < 0:
        return DutyRow(visit.tell(duty.name), visit.form.stamp(duty.due), visit.say("überschritten"), "crit")
    left = visit.say("noch %(hours)s Stunden", hours=visit.form.number(int(hours)))
    if hours > 96:
        left = visit.say("noch %(days)s Tage", days=visit.form.number(int(hours / 24)))
    return DutyRow(visit.tell(duty.name), visit.form.stamp(duty.due), left, "crit" if hours < 12 else "warn")


def _message_note(visit: Visit, incident: Incident) -> str:
    said = incident.message
    if said is None:
        return ""
    parts = [_signed(visit, said.made_us, said.made_by)]
    if said.until_us:
        parts.append(visit.say("voraussichtlich bis %(at)s", at=_stamp(visit, said.until_us)))
    return " · ".join([*parts, *said.models])


PAGE = Page("vorfall", _routes)
