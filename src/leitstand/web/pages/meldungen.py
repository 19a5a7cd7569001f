"""`/betrieb/meldungen`: what is open, what is muted and why, what was; and each alert with everybody who was told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import NotFound, Refusal
from leitstand.core.i18n import Bilingual
from leitstand.identity.roles import Permission
from leitstand.monitoring.desk import SUBJECTS, Board, Course, Preview, Sight, SilenceWish
from leitstand.monitoring.repository import Delivery
from leitstand.monitoring.values import Alert
from leitstand.web.alert_words import LABELS, SEVERITIES, amount, iso, lasted, measured, moment, title
from leitstand.web.charts import Course as Curve
from leitstand.web.charts import Tick, course
from leitstand.web.navigation import N_, RUNNING, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.silences import (
    SilenceForm,
    SilenceRow,
    asked_for,
    preview_lines,
    sent_form,
    silence_row,
    wish_of,
)
from leitstand.web.visit import Desk, Visit

_HOME = "/betrieb/meldungen"
_HOUR_US = 3_600_000_000
KINDS = {
    "firing": N_("gemeldet"),
    "resolved": N_("Ende gemeldet"),
    "escalated": N_("weitergegeben, weil niemand übernommen hatte"),
    "reminder": N_("erinnert, weil niemand übernommen hatte"),
    "digest": N_("gesammelt gemeldet"),
    "test": N_("Probe"),
}
STATES: dict[str, tuple[Level, str]] = {
    "sent": ("ok", N_("zugestellt")),
    "waiting": ("work", N_("wird zugestellt")),
    "failed": ("crit", N_("nicht zustellbar")),
}
DONE = {
    "uebernommen": N_("Sie haben die Meldung übernommen. Niemand sonst wird dafür noch gerufen."),
    "stumm": N_("Die Stummschaltung gilt. Sie endet von selbst."),
    "beendet": N_("Die Stummschaltung ist beendet."),
}


@dataclass(frozen=True)
class AlertRow:
    """One alert as shown. muted: why nobody is told. told: whom it reached. quick: may be silenced with one click."""

    id: str
    title: str
    level: Level
    word: str
    since: str
    since_iso: str
    lasted: str
    measured: str
    affected: str
    runbook: str
    taken: str
    muted: str
    told: str
    ended: str
    quick: bool


@dataclass(frozen=True)
class AlertsPage:
    """lead: the answer in a sentence. preview: what the silence in the form would do, line by line; None: not asked."""

    lead: str
    open: tuple[AlertRow, ...]
    muted: tuple[AlertRow, ...]
    past: tuple[AlertRow, ...]
    silences: tuple[SilenceRow, ...]
    rules: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    form: SilenceForm
    preview: tuple[str, ...] | None
    may_handle: bool
    done: str = ""
    error: str = ""


@dataclass(frozen=True)
class Moment:
    """A line of the timeline."""

    time: str
    iso: str
    level: Level
    text: str
    note: str


@dataclass(frozen=True)
class Chart:
    """The signal around the episode. rows: the same as a table."""

    curve: Curve
    ticks: tuple[Tick, ...]
    labels: tuple[tuple[str, str], ...]
    limit: str
    told: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AlertPage:
    """One alert. why: what its rule means."""

    row: AlertRow
    why: str
    rule: str
    peak: str
    sample: str
    incident: str
    timeline: tuple[Moment, ...]
    chart: Chart | None
    firing: bool
    may_handle: bool
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        done = visit.done(DONE)
        page = await _page(visit, viewer, done=done)
        return await visit.page("meldungen.html", page)

    async def show_one(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        return await _one(visit, viewer, request.path_params["alert"])

    async def acknowledge(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.ALERTS_HANDLE)
        await visit.check_token()
        alert = await visit.field("meldung")
        try:
            await desk.ports.alerts.acknowledge(viewer, alert)
        except NotFound:
            return RedirectResponse(_HOME, 303)
        except Refusal as refusal:
            return await visit.page(
                "meldungen.html", await _page(visit, viewer, error=refusal.message(visit.language)), 422
            )
        return RedirectResponse(f"{_HOME}?getan=uebernommen", 303)

    def act(
        done: str, work: Callable[[Visit, Viewer], Awaitable[None]]
    ) -> Callable[..., Awaitable[Response]]:
        async def acted(request: Request) -> Response:
            visit, viewer = await desk.enter(request, Permission.ALERTS_HANDLE)
            await visit.check_token()
            try:
                await work(visit, viewer)
            except Refusal as refusal:
                said, form = refusal.message(visit.language), await sent_form(visit)
                return await visit.page(
                    "meldungen.html", await _page(visit, viewer, form=form, error=said), 422
                )
            return RedirectResponse(f"{_HOME}?getan={done}", 303)

        return acted

    async def quick(visit: Visit, viewer: Viewer) -> None:
        """For an hour, or until work begins again: one alert, as it is named."""
        alert = (await desk.ports.alerts.get(await visit.field("meldung")))[0].alert
        now_us = int(desk.ports.status.now().timestamp() * 1_000_000)
        morning = await visit.field("dauer") == "morgen"
        ends_us = await desk.ports.alerts.until_morning_us() if morning else now_us + _HOUR_US
        said = Bilingual("auf der Seite Meldungen stummgeschaltet", "silenced on the page Alerts")
        wish = SilenceWish({"rule": alert.rule, **dict(alert.labels)}, ends_us, visit.tell(said))
        await desk.ports.alerts.silence(viewer, wish)

    async def silence(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.alerts.silence(viewer, wish_of(visit, await sent_form(visit)))

    async def end(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.alerts.end_silence(viewer, await visit.field("stumm"))

    async def preview(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.ALERTS_HANDLE)
        await visit.check_token()
        form = await sent_form(visit)
        try:
            found = await desk.ports.alerts.preview(wish_of(visit, form))
        except Refusal as refusal:
            said = refusal.message(visit.language)
            return await visit.page("meldungen.html", await _page(visit, viewer, form=form, error=said), 422)
        return await visit.page("meldungen.html", await _page(visit, viewer, form=form, preview=found))

    return [
        Route(_HOME, show, methods=["GET"], name="alerts"),
        Route(f"{_HOME}/uebernehmen", acknowledge, methods=["POST"]),
        Route(f"{_HOME}/kurz", act("stumm", quick), methods=["POST"]),
        Route(f"{_HOME}/stumm", act("stumm", silence), methods=["POST"]),
        Route(f"{_HOME}/stumm/beenden", act("beendet", end), methods=["POST"]),
        Route(f"{_HOME}/stumm/vorschau", preview, methods=["POST"]),
        Route(f"{_HOME}/{{alert:str}}", show_one, methods=["GET"]),
    ]


# ---------------------------------------------------------------- the list


async def _page(
    visit: Visit, viewer: Viewer, *, form: SilenceForm | None = None, preview: Preview | None = None,
    done: str = "", error: str = "",
) -> AlertsPage:  # fmt: skip
    board, titles = await visit.desk.ports.alerts.board(), await _titles(visit)
    return AlertsPage(
        lead=_lead(visit, board),
        open=tuple(_row(visit, each, titles) for each in board.open),
        muted=tuple(_row(visit, each, titles) for each in board.muted),
        past=tuple(_row(visit, each, titles) for each in board.past),
        silences=tuple(silence_row(visit, each, titles) for each in board.silences),
        rules=tuple(sorted(titles.items(), key=lambda each: each[1])),
        labels=tuple((name, visit.say(LABELS[name])) for name in SUBJECTS),
        form=form or asked_for(visit, board),
        preview=preview_lines(visit, preview) if preview else None,
        may_handle=Permission.ALERTS_HANDLE in viewer.permissions,
        done=done,
        error=error,
    )


async def _titles(visit: Visit) -> dict[str, str]:
    """Of rules, by name."""
    rules = await visit.desk.ports.alert_rules.rules(at_once=True)
    return {sight.rule.name: visit.tell(sight.rule.title) for sight in rules}


def _lead(visit: Visit, board: Board) -> str:
    if board.open:
        critical = sum(each.alert.severity == "critical" for each in board.open)
        return visit.say(
            "Offen: %(open)s, davon kritisch: %(critical)s.", open=len(board.open), critical=critical
        )
    if board.muted:
        return visit.say("Nichts verlangt jetzt jemanden. Stumm: %(muted)s.", muted=len(board.muted))
    if board.well_since_us is None:
        return visit.say("Alles in Ordnung, in den letzten 30 Tagen ohne Meldung.")
    return visit.say("Alles in Ordnung seit %(since)s.", since=moment(visit, board.well_since_us))


def _row(visit: Visit, sight: Sight, titles: Mapping[str, str]) -> AlertRow:
    alert = sight.alert
    level, word = SEVERITIES[alert.severity]
    firing = alert.state == "firing"
    until_us = alert.resolved_us or int(visit.desk.ports.status.now().timestamp() * 1_000_000)
    return AlertRow(
        id=alert.id,
        title=title(visit, alert, sight.rule),
        level=level if firing else "off",
        word=visit.say(word),
        since=moment(visit, alert.since_us),
        since_iso=iso(visit, alert.since_us),
        lasted=lasted(visit, alert.since_us, until_us),
        measured=measured(visit, sight) if firing else _peak(visit, sight),
        affected=visit.tell(alert.affected),
        runbook=f"/betrieb/anleitungen/{sight.rule.runbook}" if sight.rule and sight.rule.runbook else "",
        taken=_taken(visit, alert),
        muted=_muted(visit, sight, titles),
        told=_told(visit, sight.told),
        ended=moment(visit, alert.resolved_us),
        quick=firing and alert.severity == "warning",
    )


def _peak(visit: Visit, sight: Sight) -> str:
    value = amount(visit, sight.signal.unit if sight.signal else None, sight.alert.peak)
    return visit.say("höchstens %(value)s", value=value)


def _taken(visit: Visit, alert: Alert) -> str:
    if alert.acknowledged_us is None:
        return ""
    at = moment(visit, alert.acknowledged_us)
    return visit.say("übernommen von %(who)s, %(at)s", who=alert.acknowledged_by, at=at)


def _muted(visit: Visit, sight: Sight, titles: Mapping[str, str]) -> str:
    if sight.muted is None:
        return ""
    until = moment(visit, sight.until_us)
    match sight.muted.why:
        case "inhibited":
            return visit.say(
                "erklärt sich durch die Meldung „%(rule)s“", rule=titles.get(sight.muted.by, sight.muted.by)
            )
        case "silenced":
            return visit.say("stumm bis %(until)s: %(comment)s", until=until, comment=sight.muted.by)
        case _:
            return visit.say("wartet auf die Arbeitszeit, %(until)s", until=until)


def _told(visit: Visit, told: Sequence[Delivery]) -> str:
    first: dict[str, int] = {}
    for each in told:
        if each.sent_us is not None:
            first.setdefault(each.notice.channel, each.sent_us)
    return ", ".join(f"{channel} {moment(visit, sent_us)}" for channel, sent_us in first.items())


# ---------------------------------------------------------------- silences


# ---------------------------------------------------------------- one alert


async def _one(visit: Visit, viewer: Viewer, alert_id: str) -> Response:
    try:
        sight, curve = await visit.desk.ports.alerts.get(alert_id)
    except NotFound as refusal:
        page = await _page(visit, viewer, error=refusal.message(visit.language))
        return await visit.page("meldungen.html", page, 404)
    alert = sight.alert
    unit = sight.signal.unit if sight.signal else None
    page_ = AlertPage(
        row=_row(visit, sight, await _titles(visit)),
        why=visit.tell(sight.rule.why) if sight.rule else "",
        rule=alert.rule,
        peak=amount(visit, unit, alert.peak),
        sample=visit.form.number(alert.sample),
        incident=alert.incident,
        timeline=tuple(_timeline(visit, sight)),
        chart=_chart(visit, sight, curve),
        firing=alert.state == "firing",
        may_handle=Permission.ALERTS_HANDLE in viewer.permissions,
    )
    return await visit.page("meldung.html", page_)


def _timeline(visit: Visit, sight: Sight) -> list[Moment]:
    """Newest first."""
    alert = sight.alert
    level, word = SEVERITIES[alert.severity]
    found: list[tuple[int, Level, str, str]] = [
        (alert.since_us, "info", visit.say("Wert zum ersten Mal über der Grenze"), "")
    ]
    if alert.fired_us is not None:
        found.append((alert.fired_us, level, visit.say("Meldung ausgelöst"), visit.say(word)))
    if alert.acknowledged_us is not None:
        found.append((alert.acknowledged_us, "work", visit.say("übernommen"), alert.acknowledged_by))
    if alert.resolved_us is not None:
        found.append((alert.resolved_us, "ok", visit.say("wieder in Ordnung"), ""))
    for each in sight.told:
        state, said = STATES.get(each.state, ("off", each.state))
        kind = visit.say(KINDS.get(each.notice.kind, each.notice.kind))
        note = ", ".join(part for part in (visit.say(said), each.error) if part)
        found.append((each.sent_us or each.made_us, state, f"{each.notice.channel}: {kind}", note))
    return [
        Moment(moment(visit, at_us), iso(visit, at_us), state, text, note)
        for at_us, state, text, note in sorted(found, key=lambda each: -each[0])
    ]


def _chart(visit: Visit, sight: Sight, curve: Course) -> Chart | None:
    level, signal = sight.level, sight.signal
    if level is None or signal is None or len(curve.points) < 2:
        return None
    scale = 100.0 if signal.unit == "share" else 1.0  # the axis likes percent
    values = [None if value is None else value * scale for _, value in curve.points]
    drawn = course(values, values, level.fires * scale)
    if drawn is None:
        return None
    times = [at_us for at_us, _ in curve.points]
    span_us = max(1, times[-1] - times[0])
    anchors = {0: "start", 2: "end"}
    ticks = tuple(
        Tick(
            f"{(times[index] - times[0]) / span_us * 100:.1f}",
            moment(visit, times[index]) if span_us > 20 * _HOUR_US else visit.form.clock(from_us(times[index])),
            anchors.get(place, "middle"),
        )
        for place, index in enumerate((0, len(times) // 2, len(times) - 1))
    )  # fmt: skip
    name = visit.tell(signal.title)
    return Chart(
        drawn,
        ticks,
        tuple((at, amount(visit, signal.unit, value / scale)) for at, value in drawn.levels),
        amount(visit, signal.unit, level.fires),
        visit.say("%(name)s, höchster Wert %(peak)s", name=name, peak=amount(visit, signal.unit, sight.alert.peak)),
        tuple((moment(visit, at_us), amount(visit, signal.unit, value)) for at_us, value in curve.points[:: max(1, len(times) // 24)]),
    )  # fmt: skip


PAGE = Page(
    "meldungen",
    _routes,
    (Entry(RUNNING, N_("Meldungen"), "bell", _HOME, Permission.OPERATIONS_READ, 20),),
)
