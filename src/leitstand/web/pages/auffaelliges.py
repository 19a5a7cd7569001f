"""`/kosten/auffaelliges`: who uses far more than is usual for them, how far, and what to do about it.

People see what is about themselves and their keys; everything is seen by those who must act.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.accounting.unusual.repository import Finding
from leitstand.core.clock import from_us
from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.pages.budgets import SCOPES
from leitstand.web.ports import Level, Sight, Viewer
from leitstand.web.visit import Desk, Visit

MOST = 40
_HOME = "/kosten/auffaelliges"
WINDOWS = {
    "hour": N_("in der letzten Stunde"),
    "day": N_("an einem Tag"),
    "off": N_("an einem Tag außerhalb der Arbeitszeit"),
    "week": N_("in sieben Tagen"),
}
VERDICTS = {"seen": N_("gesehen"), "expected": N_("war erwartet")}
DONE = {
    "gesehen": N_("Der Befund gilt als gesehen."),
    "erwartet": N_("So viel gilt für 90 Tage als üblich und wird nicht noch einmal gemeldet."),
    "gesperrt": N_("Der Schlüssel ist gesperrt. Das gilt in allen Prozessen nach spätestens zwei Sekunden."),
}


@dataclass(frozen=True)
class HourColumn:
    """One hour of the picture, in percent of it. usual_y: of the stroke for what is usual then."""

    x: str
    y: str
    height: str
    usual_y: str
    end_x: str
    label: str
    amount: str
    usual: str


@dataclass(frozen=True)
class FindingPanel:
    """One finding. key: its number where a key can be revoked. judged: what people said, or ""."""

    id: str
    name: str
    level: Level
    word: str
    told: str
    since: str
    iso: str
    until: str
    bound: str
    affected: str
    chart: tuple[HourColumn, ...]
    chart_told: str
    key: str
    limit_link: bool
    open: bool
    judged: str


@dataclass(frozen=True)
class UnusualPage:
    """lead: the state in a sentence. done, error: what came of the last act, or ""."""

    lead: str
    findings: tuple[FindingPanel, ...]
    watched: bool
    own_only: bool
    may_judge: bool
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def page_of(visit: Visit, viewer: Viewer, error: str = "") -> UnusualPage:
        port = desk.ports.unusual
        word = visit.request.query_params.get("getan", "")
        done = visit.say(DONE[word]) if word in DONE and not error else ""
        return _page(visit, viewer, await port.sights(viewer, MOST), port.watched(), done, error)

    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.OWN_USAGE_READ)
        return await visit.page("auffaelliges.html", await page_of(visit, viewer))

    async def judge(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_EXTEND)
        await visit.check_token()
        expected = await visit.field("urteil") == "erwartet"
        name, note = await visit.field("befund"), await visit.field("bemerkung")
        try:
            await desk.ports.unusual.judge(viewer, name, "expected" if expected else "seen", note)
        except Refusal as refusal:
            page = await page_of(visit, viewer, refusal.message(visit.language))
            return await visit.page("auffaelliges.html", page, 422)
        return RedirectResponse(f"{_HOME}?getan={'erwartet' if expected else 'gesehen'}", 303)

    async def revoke(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.KEYS_WRITE)
        await visit.check_token()
        try:
            await desk.ports.unusual.revoke_key(viewer, await visit.field("schluessel"))
        except Refusal as refusal:
            page = await page_of(visit, viewer, refusal.message(visit.language))
            return await visit.page("auffaelliges.html", page, 422)
        return RedirectResponse(f"{_HOME}?getan=gesperrt", 303)

    return [
        Route(_HOME, show, methods=["GET"], name="unusual"),
        Route(f"{_HOME}/urteil", judge, methods=["POST"]),
        Route(f"{_HOME}/schluessel", revoke, methods=["POST"]),
    ]


def _page(
    visit: Visit, viewer: Viewer, sights: Sequence[Sight], watched: bool, done: str, error: str
) -> UnusualPage:
    going_on = sum(sight.finding.ended_us is None and not sight.finding.verdict for sight in sights)
    return UnusualPage(
        lead=_lead(visit, len(sights), going_on, watched),
        findings=tuple(_panel(visit, viewer, sight) for sight in sights),
        watched=watched,
        own_only=Permission.BUDGETS_READ not in viewer.permissions,
        may_judge=Permission.BUDGETS_EXTEND in viewer.permissions,
        done=done,
        error=error,
    )


def _lead(visit: Visit, count: int, going_on: int, watched: bool) -> str:
    if not watched:
        return visit.say("Die Überwachung ist abgeschaltet (unusual_usage.enabled).")
    if going_on:
        return visit.words.ngettext(
            "%(count)s Befund dauert an und ist noch nicht beurteilt.",
            "%(count)s Befunde dauern an und sind noch nicht beurteilt.",
            going_on,
        ) % {"count": going_on}
    if count:
        return visit.say("Zurzeit ist nichts auffällig. Frühere Befunde stehen unten.")
    return visit.say("Nichts ist auffällig: Alle bleiben in ihrem gewohnten Rahmen.")


def _panel(visit: Visit, viewer: Viewer, sight: Sight) -> FindingPanel:
    finding, form = sight.finding, visit.form
    kind, _, name = finding.scope.partition(":")
    found, ended = from_us(finding.found_us), finding.ended_us
    critical = finding.rule == "token_use_unusual"
    level: Level = "off" if ended or finding.verdict else "crit" if critical else "warn"
    word = N_("läuft gerade aus dem Ruder") if critical else N_("weicht vom Muster ab")
    told = visit.say(
        "%(amount)s %(window)s, %(times)s-mal so viel wie üblich (%(typical)s)",
        amount=amount(visit, finding, finding.amount),
        window=visit.say(WINDOWS[finding.window]),
        times=form.number(finding.times, 0 if finding.times >= 10 else 1),
        typical=amount(visit, finding, finding.typical),
    )
    return FindingPanel(
        id=finding.id,
        name=visit.say(SCOPES[kind], name=name),
        level=level,
        word=visit.say(N_("vorbei") if ended else word),
        told=told,
        since=f"{form.short_date(found)} {form.time(found)}",
        iso=form.iso(found),
        until=f"{form.short_date(from_us(ended))} {form.time(from_us(ended))}" if ended else visit.say("dauert an"),
        bound=amount(visit, finding, finding.bound),
        affected=_affected(visit, kind),
        chart=_chart(visit, sight),
        chart_told=told,
        key=name if kind == "key" and Permission.KEYS_WRITE in viewer.permissions else "",
        limit_link=Permission.CONFIGURATION_WRITE in viewer.permissions,
        open=not finding.verdict,
        judged=_judged(visit, finding),
    )  # fmt: skip


def _affected(visit: Visit, kind: str) -> str:
    words = {
        "user": N_("diese Person, die den Befund selbst sieht"),
        "key": N_("alle Programme mit diesem Schlüssel"),
        "use_case": N_("alle, die in diesem Anwendungsfall arbeiten"),
    }
    return visit.say(words[kind])


def _judged(visit: Visit, finding: Finding) -> str:
    if not finding.verdict or finding.judged_us is None:
        return ""
    told = visit.say(
        "%(verdict)s, %(who)s am %(day)s",
        verdict=visit.say(VERDICTS[finding.verdict]),
        who=finding.judged_by,
        day=visit.form.short_date(from_us(finding.judged_us)),
    )
    return f"{told}: {finding.note}" if finding.note else told


def _chart(visit: Visit, sight: Sight) -> tuple[HourColumn, ...]:
    top = max((max(bar.amount, bar.usual) for bar in sight.bars), default=0) or 1
    width = 100 / max(len(sight.bars), 1)
    return tuple(
        HourColumn(
            x=f"{index * width + 0.4:.2f}",
            y=f"{100 - bar.amount / top * 100:.2f}",
            height=f"{bar.amount / top * 100:.2f}",
            usual_y=f"{100 - bar.usual / top * 100:.2f}",
            end_x=f"{index * width + width - 0.4:.2f}",
            label=visit.form.clock(from_us(bar.hour_us)),
            amount=amount(visit, sight.finding, bar.amount),
            usual=amount(visit, sight.finding, round(bar.usual)),
        )
        for index, bar in enumerate(sight.bars)
    )


def amount(visit: Visit, finding: Finding, value: int) -> str:
    """An amount with its unit."""
    if finding.measure == "cost_nano":
        return str(visit.form.money(value))
    number = visit.form.number(value)
    if finding.measure == "tokens":
        return visit.say("%(count)s Tokens", count=number)
    return visit.say("%(count)s Anfragen", count=number)


PAGE = Page(
    "auffaelliges",
    _routes,
    (Entry(COSTS, N_("Auffälliges"), "activity", _HOME, Permission.BUDGETS_READ, 15),),
)
