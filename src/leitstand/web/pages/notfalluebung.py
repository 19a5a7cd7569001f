"""`/betrieb/notfalluebung`: play a provider's fault for one request, and see what people would see."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.core.errors import InvalidRequest, Refusal
from leitstand.gateway.drill import EVERYBODY, FAULTS, QUESTION, Drill, DrillChoice
from leitstand.gateway.drill_report import DrillReport, Step
from leitstand.identity.roles import Permission
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, RUNNING, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.visit import Desk, Visit

MOMENTS = (0, 3, 10)
OUTCOMES: dict[str, tuple[Level, str]] = {
    "answered": ("ok", N_("Alle haben eine ganze Antwort bekommen")),
    "broken_off": ("warn", N_("Die Antwort ist mitten im Satz abgebrochen")),
    "failed": ("crit", N_("Niemand hat eine Antwort bekommen")),
}
FAULT_WORDS: dict[str, str] = {
    "rate_limited": N_("gedrosselt"),
    "quota": N_("Guthaben erschöpft"),
    "auth": N_("Schlüssel abgelehnt"),
    "forbidden": N_("Zugriff verweigert"),
    "model_missing": N_("Modell unbekannt"),
    "context_too_long": N_("Anfrage zu lang"),
    "invalid": N_("Anfrage fehlerhaft"),
    "content_filter": N_("Inhalt abgelehnt"),
    "server": N_("Serverfehler"),
    "overloaded": N_("überlastet"),
    "timeout_connect": N_("keine Verbindung"),
    "timeout_first": N_("keine Antwort"),
    "timeout_idle": N_("Antwort stockt"),
    "timeout_total": N_("Frist überschritten"),
    "connect": N_("nicht erreichbar"),
    "cut": N_("getrennt"),
    "malformed": N_("unlesbar"),
    "empty": N_("leer"),
    "overtaken": N_("überholt"),
}


@dataclass(frozen=True)
class TargetChoice:
    """One option of the form. value: model and provider as JSON."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True)
class ModelGroup:
    """The targets of a model. label: with what the call costs at most."""

    label: str
    targets: tuple[TargetChoice, ...]


@dataclass(frozen=True)
class FaultChoice:
    """One fault: a sentence that begins with the provider's name."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True)
class StepRow:
    """One attempt on the timeline. at: after the question."""

    name: str
    model: str
    at: str
    level: Level
    word: str
    took: str
    played: bool


@dataclass(frozen=True)
class ReportView:
    """The result. german, english: the error as people read it, "" without one. answered_by: "" for nobody."""

    level: Level
    verdict: str
    played: str
    answered_by: str
    first_token: str
    took: str
    cost: str
    text: str
    code: str
    german: str
    english: str
    steps: tuple[StepRow, ...]
    left_out: tuple[tuple[str, str], ...]
    request_id: str


@dataclass(frozen=True)
class DrillPage:
    """error: why a drill could not be played."""

    groups: tuple[ModelGroup, ...]
    faults: tuple[FaultChoice, ...]
    moments: tuple[tuple[int, str, bool], ...]
    question: str
    report: ReportView | None = None
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.DRILLS_PLAY)
        return await visit.page("notfalluebung.html", _page(visit, desk.ports.drills.choices(), None))

    async def play(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.DRILLS_PLAY)
        await visit.check_token()
        drill: Drill | None = None
        try:
            drill = await _drill(visit)
            report = await desk.ports.drills.play(viewer, drill)
        except Refusal as refusal:
            page = _page(visit, desk.ports.drills.choices(), drill, error=refusal.message(visit.language))
            return await visit.page("notfalluebung.html", page, 422)
        page = _page(visit, desk.ports.drills.choices(), drill, _view(visit, report))
        return await visit.page("notfalluebung.html", page)

    return [
        Route("/betrieb/notfalluebung", show, methods=["GET"], name="drill"),
        Route("/betrieb/notfalluebung", play, methods=["POST"]),
    ]


async def _drill(visit: Visit) -> Drill:
    """The drill of the posted form. Raises InvalidRequest for a form that is not ours."""
    try:
        model, provider = msgspec.json.decode(await visit.field("ziel"), type=tuple[str, str])
        after_words = int(await visit.field("nach_worten") or 0)
    except ValueError as cause:  # of msgspec too
        raise InvalidRequest(
            "Wählen Sie ein Ziel und laden Sie die Seite bei Bedarf neu.",
            "Choose a target, and load the page again if need be.",
        ) from cause
    return Drill(model, provider, await visit.field("stoerung"), after_words, language=visit.language)


def _page(
    visit: Visit,
    choices: tuple[DrillChoice, ...],
    drill: Drill | None,
    report: ReportView | None = None,
    error: str = "",
) -> DrillPage:
    fault = drill.fault if drill else next(iter(FAULTS))
    after = drill.after_words if drill else 0
    return DrillPage(
        groups=tuple(_group(visit, choice, drill) for choice in choices),
        faults=tuple(
            FaultChoice(name, each.label.in_(visit.language), name == fault) for name, each in FAULTS.items()
        ),
        moments=tuple((words, _moment(visit, words), words == after) for words in MOMENTS),
        question=QUESTION.in_(visit.language),
        report=report,
        error=error,
    )


def _group(visit: Visit, choice: DrillChoice, drill: Drill | None) -> ModelGroup:
    chosen = (drill.model, drill.provider) if drill else None
    every, total = visit.say("alle Ziele"), (EVERYBODY,) if len(choice.providers) > 1 else ()
    return ModelGroup(
        visit.say("%(model)s, %(cost)s", model=choice.model, cost=visit.form.money(choice.most_nano)),
        tuple(
            TargetChoice(
                json.dumps([choice.model, provider]),
                f"{choice.model}: {every if provider == EVERYBODY else provider}",
                (choice.model, provider) == chosen,
            )
            for provider in (*choice.providers, *total)
        ),
    )


def _moment(visit: Visit, words: int) -> str:
    if not words:
        return visit.say("vor der Antwort")
    return visit.say("nach %(words)s Wörtern der Antwort", words=words)


def _view(visit: Visit, report: DrillReport) -> ReportView:
    level, verdict = OUTCOMES[report.outcome]
    form, failure, drill = visit.form, report.failure, report.drill
    name = visit.say("jedes Ziel") if drill.provider == EVERYBODY else drill.provider
    fault, moment = FAULTS[drill.fault].label.in_(visit.language), _moment(visit, drill.after_words)
    return ReportView(
        level=level,
        verdict=visit.say(verdict),
        played=f"{drill.model}: {name} {fault}" + (f", {moment}" if drill.after_words else ""),
        answered_by=" / ".join(part for part in report.answered_by if part),
        first_token=NONE if report.first_token_s is None else str(form.seconds(report.first_token_s)),
        took=str(form.seconds(report.took_s)),
        cost=str(form.money(report.cost_nano)),
        text=report.text,
        code=f"{failure.status} {failure.code}" if failure else "",
        german=failure.message.de if failure else "",
        english=failure.message.en if failure else "",
        steps=tuple(_step(visit, step) for step in report.steps),
        left_out=tuple((provider, visit.tell(reason)) for provider, reason in report.left_out),
        request_id=report.request_id,
    )


def _step(visit: Visit, step: Step) -> StepRow:
    word = FAULT_WORDS.get(step.fault, step.fault) if step.fault else N_("antwortet")
    return StepRow(
        name=step.provider,
        model=step.model,
        at=str(visit.form.seconds(step.began_ms / 1000)),
        level="warn" if step.fault else "ok",
        word=visit.say(word),
        took=str(visit.form.seconds(step.took_ms / 1000)),
        played=step.played,
    )


PAGE = Page(
    "notfalluebung",
    _routes,
    (Entry(RUNNING, N_("Notfallübung"), "bell", "/betrieb/notfalluebung", Permission.DRILLS_PLAY, 60),),
)
