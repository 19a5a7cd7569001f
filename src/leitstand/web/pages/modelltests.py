"""`/qualitaet/modelltests`: the same questions to two models, and whether the change holds; nightly drift."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.answers.regression import MOST_REPETITIONS, Plan, Report, SetSummary, ShownAnswer, TrialSummary
from leitstand.core.errors import InvalidRequest, Refusal
from leitstand.core.i18n import Bilingual
from leitstand.core.money import NanoEuro
from leitstand.identity.roles import Permission
from leitstand.prompts.regression.checks import KINDS
from leitstand.prompts.regression.sets import RegressionSet
from leitstand.prompts.regression.verdict import CaseFigures, Comparison, Interval, ModelFigures
from leitstand.web.format import NONE
from leitstand.web.navigation import N_, QUALITY, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.visit import Desk, Visit

_HOME = "/qualitaet/modelltests"
_USUAL_REPETITIONS = 5
STATES: dict[str, tuple[Level, str]] = {
    "waiting": ("off", N_("wartet")),
    "running": ("work", N_("läuft")),
    "done": ("ok", N_("beendet")),
    "stopped": ("warn", N_("angehalten")),
    "cancelled": ("off", N_("abgebrochen")),
}
DECISIONS: dict[str, tuple[Level, str]] = {
    "go": ("ok", N_("Wechsel hält")),
    "no_go": ("crit", N_("nicht wechseln")),
    "more_runs": ("warn", N_("mehr Durchläufe")),
    "same": ("ok", N_("unverändert")),
    "drifted": ("warn", N_("verändert")),
}
_EXAMPLE = """name: angebote
title: Angebote schreiben
use_case: ""
nightly: false
cases:
  - id: preis-bleibt
    prompt: >-
      Formuliere ein kurzes Angebot: 12 Förderrollen zu je 84,50 EUR, lieferbar in 3 Wochen.
    reference: Gern bieten wir Ihnen 12 Förderrollen zu je 84,50 EUR an, lieferbar in 3 Wochen.
    must: true
    checks:
      - keeps_numbers: true
      - language: de
      - max_chars: 1200
"""


@dataclass(frozen=True)
class SetRow:
    """A set in the list. standards: the models with accepted answers."""

    path: str
    label: str
    use_case: str
    cases: str
    nightly: bool
    standards: str
    changed: str


@dataclass(frozen=True)
class TrialRow:
    """A trial in a list."""

    path: str
    time: str
    iso: str
    set_name: str
    way: str
    level: Level
    word: str
    answers: str


@dataclass(frozen=True)
class ListPage:
    """All sets and the last trials. document: what stands in the form; fault: why it was refused."""

    sets: tuple[SetRow, ...]
    trials: tuple[TrialRow, ...]
    document: str
    fault: str
    may_run: bool


@dataclass(frozen=True)
class CheckedCase:
    """A question of a set as shown."""

    id: str
    must: bool
    prompt: str
    checks: tuple[str, ...]


@dataclass(frozen=True)
class SetPage:
    """One set. expected: cost of the chosen plan, "" before one is chosen; fault: why it makes no sense."""

    row: SetRow
    name: str
    cases: tuple[CheckedCase, ...]
    trials: tuple[TrialRow, ...]
    models: tuple[str, ...]
    candidate: str
    baseline: str
    repetitions: int
    most_repetitions: int
    expected: str
    fault: str
    may_run: bool


@dataclass(frozen=True)
class AnswerView:
    """One answer: its verdict in words, and the text."""

    level: Level
    word: str
    text: str


@dataclass(frozen=True)
class CaseView:
    """A question under both models; shares as text, "" for the baseline of a nightly run."""

    id: str
    must: bool
    prompt: str
    level: Level
    candidate: str
    baseline: str
    agreement: str
    ours: tuple[AnswerView, ...]
    theirs: tuple[AnswerView, ...]


@dataclass(frozen=True)
class ReportPage:
    """One trial. rows: label, candidate's and baseline's figure. sentence: the verdict and why."""

    trial: TrialRow
    id: str
    set_name: str
    set_label: str
    set_path: str
    candidate: str
    baseline: str
    night: str
    open: bool
    done: int
    total: int
    sentence: str
    facts: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]
    cases: tuple[CaseView, ...]
    acceptable: tuple[str, ...]
    spent: str
    may_run: bool


def _routes(desk: Desk) -> Sequence[Route]:
    async def listed(visit: Visit, document: str = "", fault: str = "") -> ListPage:
        sets, trials = await desk.ports.model_tests.sets(), await desk.ports.model_tests.trials()
        return ListPage(
            tuple(_set_row(visit, summary) for summary in sets),
            tuple(_trial_row(visit, trial) for trial in trials[:15]),
            document or _EXAMPLE, fault, _may_run(visit),
        )  # fmt: skip

    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.REGRESSION_READ)
        return await visit.page("modelltests.html", await listed(visit))

    async def keep(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.REGRESSION_RUN)
        await visit.check_token()
        document = await visit.field("testset")
        try:
            name = await desk.ports.model_tests.keep(viewer, document)
        except InvalidRequest as refusal:
            page = await listed(visit, document, refusal.message(visit.language))
            return await visit.page("modelltests.html", page, 422)
        return RedirectResponse(f"{_HOME}/{name}", 303)

    async def show_set(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.REGRESSION_READ)
        tests, query = desk.ports.model_tests, request.query_params
        name = request.path_params["name"]
        summary, made = await tests.read(name)
        plan = _plan(name, query.get("kandidat", ""), query.get("heute", ""), query.get("mal", ""))
        expected, fault = "", ""
        if plan.candidate and plan.baseline:
            try:
                expected = str(visit.form.money(await tests.expected(plan)))
            except (Refusal, KeyError):
                fault = visit.say("Dieses Modell gibt es nicht.")
        page = SetPage(
            _set_row(visit, summary), name, tuple(_checked(visit, made)),
            tuple(_trial_row(visit, trial) for trial in await tests.trials(name)),
            await tests.models(), plan.candidate, plan.baseline, plan.repetitions, MOST_REPETITIONS,
            expected, fault, _may_run(visit),
        )  # fmt: skip
        return await visit.page("modelltests_set.html", page)

    async def start(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.REGRESSION_RUN)
        await visit.check_token()
        plan = _plan(
            request.path_params["name"], await visit.field("kandidat"), await visit.field("heute"),
            await visit.field("mal"),
        )  # fmt: skip
        trial = await desk.ports.model_tests.start(viewer, plan)
        return RedirectResponse(f"/qualitaet/vergleiche/{trial}", 303)

    async def remove(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.REGRESSION_RUN)
        await visit.check_token()
        await desk.ports.model_tests.remove(viewer, request.path_params["name"])
        return RedirectResponse(_HOME, 303)

    async def show_report(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.REGRESSION_READ)
        report = await desk.ports.model_tests.report(request.path_params["trial"])
        return await visit.page("modelltests_vergleich.html", _report(visit, report))

    async def progress(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.REGRESSION_READ)
        report = await desk.ports.model_tests.report(request.path_params["trial"])
        return await visit.part("modelltests_stand.html", _report(visit, report))

    async def cancel(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.REGRESSION_RUN)
        await visit.check_token()
        trial = request.path_params["trial"]
        await desk.ports.model_tests.cancel(viewer, trial)
        return RedirectResponse(f"/qualitaet/vergleiche/{trial}", 303)

    async def accept(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.REGRESSION_RUN)
        await visit.check_token()
        trial = request.path_params["trial"]
        await desk.ports.model_tests.accept(viewer, trial, await visit.field("modell"))
        report = await desk.ports.model_tests.report(trial)
        return RedirectResponse(f"{_HOME}/{report.trial.set_name}", 303)

    return [
        Route(_HOME, show, methods=["GET"], name="model_tests"),
        Route(_HOME, keep, methods=["POST"]),
        Route(_HOME + "/{name}", show_set, methods=["GET"]),
        Route(_HOME + "/{name}/vergleich", start, methods=["POST"]),
        Route(_HOME + "/{name}/loeschen", remove, methods=["POST"]),
        Route("/qualitaet/vergleiche/{trial}", show_report, methods=["GET"]),
        Route("/qualitaet/vergleiche/{trial}/stand", progress, methods=["GET"]),
        Route("/qualitaet/vergleiche/{trial}/abbrechen", cancel, methods=["POST"]),
        Route("/qualitaet/vergleiche/{trial}/massstab", accept, methods=["POST"]),
    ]


def _may_run(visit: Visit) -> bool:
    return visit.viewer is not None and Permission.REGRESSION_RUN in visit.viewer.permissions


def _plan(name: str, candidate: str, baseline: str, times: str) -> Plan:
    repetitions = int(times) if times.isdecimal() and len(times) < 4 else _USUAL_REPETITIONS
    return Plan(name, candidate, baseline, min(max(repetitions, 1), MOST_REPETITIONS))


def _set_row(visit: Visit, summary: SetSummary) -> SetRow:
    return SetRow(
        f"{_HOME}/{summary.name}", summary.label, summary.use_case or NONE, visit.form.number(summary.cases),
        summary.nightly, ", ".join(sorted(summary.accepted)) or NONE, visit.form.date(summary.changed),
    )  # fmt: skip


def _trial_row(visit: Visit, trial: TrialSummary) -> TrialRow:
    level, word = DECISIONS.get(trial.decision) or STATES[trial.state]
    way = f"{trial.baseline} → {trial.candidate}" if trial.baseline else trial.candidate
    return TrialRow(
        f"/qualitaet/vergleiche/{trial.id}",
        f"{visit.form.short_date(trial.created)} {visit.form.clock(trial.created)}",
        visit.form.iso(trial.created), trial.set_name, way, level, visit.say(word),
        f"{visit.form.number(trial.done)} / {visit.form.number(trial.total)}",
    )  # fmt: skip


def _checked(visit: Visit, made: RegressionSet) -> list[CheckedCase]:
    return [
        CheckedCase(
            case.id, case.must, case.prompt,
            tuple(_check_told(visit, check.kind, check.value) for check in case.checks),
        )
        for case in made.cases
    ]  # fmt: skip


def _check_told(visit: Visit, kind: str, value: object) -> str:
    told = visit.tell(Bilingual(KINDS[kind].de, KINDS[kind].en))
    if value is True or isinstance(value, dict):
        return told
    words = ", ".join(value) if isinstance(value, list) else str(value)
    return f"{told}: {words}"


def _report(visit: Visit, report: Report) -> ReportPage:
    trial, found = report.trial, report.comparison
    figures = {case.case: case for case in found.cases} if found else {}
    prompts = {case.id: case for case in report.regression_set.cases}
    cases = tuple(
        _case(visit, trial, prompts[case].must, prompts[case].prompt, figures.get(case), answers)
        for case, answers in report.answers.items()
        if answers
    )
    return ReportPage(
        trial=_trial_row(visit, trial),
        id=trial.id,
        set_name=trial.set_name,
        set_label=report.regression_set.label,
        set_path=f"{_HOME}/{trial.set_name}",
        candidate=trial.candidate,
        baseline=trial.baseline,
        night=trial.night,
        open=trial.is_open,
        done=trial.done,
        total=trial.total,
        sentence=_sentence(visit, report),
        facts=tuple(_facts(visit, report)),
        rows=tuple(_rows(visit, found)) if found else (),
        cases=cases,
        acceptable=tuple(model for model in (trial.candidate, trial.baseline) if model)
        if trial.state == "done"
        else (),
        spent=str(visit.form.money(report.spent_nano)),
        may_run=_may_run(visit),
    )


def _sentence(visit: Visit, report: Report) -> str:
    """The answer first: what the trial says, in one sentence."""
    trial, found, drift = report.trial, report.comparison, report.drift
    if trial.reason is not None:
        return visit.tell(trial.reason)
    if drift is not None and not trial.is_open:
        text = (
            N_("%(model)s antwortet anders als zur Abnahme: %(now)s bestanden, damals %(before)s.")
            if drift.drifted
            else N_("%(model)s antwortet wie zur Abnahme: %(now)s bestanden, damals %(before)s.")
        )
        now, before = visit.form.percent(drift.passed, 0), visit.form.percent(drift.before, 0)
        return visit.say(text, model=trial.candidate, now=now, before=before)
    if found is None or trial.state != "done":
        return (
            visit.say("Die Antworten treffen ein; das Urteil steht, wenn alle da sind.")
            if trial.is_open
            else ""
        )
    texts = {
        "go": N_(
            "%(candidate)s kann %(baseline)s ablösen: %(ours)s der Antworten bestehen, bisher %(theirs)s."
        ),
        "no_go": N_(
            "%(candidate)s soll %(baseline)s nicht ablösen: %(ours)s der Antworten bestehen, bisher %(theirs)s."
        ),
        "more_runs": N_(
            "Noch offen: %(ours)s der Antworten von %(candidate)s bestehen, bisher %(theirs)s. Mindestens %(count)s Wiederholungen sind nötig."
        ),
    }
    return visit.say(
        texts[found.decision], candidate=trial.candidate, baseline=trial.baseline,
        ours=visit.form.percent(found.candidate.passed, 0), theirs=visit.form.percent(found.baseline.passed, 0),
        count=found.repetitions_needed,
    )  # fmt: skip


def _facts(visit: Visit, report: Report) -> list[str]:
    found, facts = report.comparison, []
    if found is not None:
        facts.append(
            visit.say(
                "Unterschied %(value)s, mit 95 %% Sicherheit zwischen %(low)s und %(high)s",
                **_points(visit, found.difference),
            )
        )
        if found.saving is not None:
            low, high = visit.form.percent(found.saving.low, 0), visit.form.percent(found.saving.high, 0)
            facts.append(
                visit.say(
                    "Kosten gespart %(value)s (%(low)s bis %(high)s)",
                    value=visit.form.percent(found.saving.value, 0), low=low, high=high,
                )
            )  # fmt: skip
        if found.failing:
            facts.append(
                visit.say("Pflichtfragen nicht bestanden: %(cases)s", cases=", ".join(found.failing))
            )
    if report.drift is not None:
        facts.append(
            visit.say(
                "Übereinstimmung mit der Abnahme %(now)s, üblich %(own)s",
                now=visit.form.percent(report.drift.agreement, 0), own=visit.form.percent(report.drift.own_agreement, 0),
            )
        )  # fmt: skip
    return facts


def _points(visit: Visit, interval: Interval) -> dict[str, str]:
    def told(value: float) -> str:
        return visit.say("%(points)s Punkte", points=visit.form.signed(100 * value))

    return {"value": told(interval.value), "low": told(interval.low), "high": told(interval.high)}


def _rows(visit: Visit, found: Comparison) -> list[tuple[str, str, str]]:
    form = visit.form

    def pair(label: str, told: Callable[[ModelFigures], object]) -> tuple[str, str, str]:
        return visit.say(label), str(told(found.candidate)), str(told(found.baseline))

    return [
        pair(N_("Antworten bestehen"), lambda model: form.percent(model.passed, 0)),
        pair(N_("Übereinstimmung mit sich selbst"), lambda model: form.percent(model.agreement, 0)),
        pair(N_("Kosten je Antwort"), lambda model: form.money(NanoEuro(round(model.cost_nano)))),
        pair(N_("Dauer, Median"), lambda model: form.seconds(model.p50_s)),
        pair(N_("Dauer, 95 %"), lambda model: form.seconds(model.p95_s)),
        pair(N_("Token je Antwort"), lambda model: form.number(model.output_tokens)),
        pair(N_("Ohne Antwort"), lambda model: form.number(model.unanswered)),
    ]


def _case(
    visit: Visit, trial: TrialSummary, must: bool, prompt: str, figures: CaseFigures | None,
    answers: tuple[ShownAnswer, ...],
) -> CaseView:  # fmt: skip
    ours = tuple(_answer(visit, each) for each in answers if each.model == trial.candidate)
    theirs = tuple(_answer(visit, each) for each in answers if each.model != trial.candidate)
    passed = [each.judged.passed for each in answers if each.model == trial.candidate]
    share = sum(passed) / len(passed) if passed else 0.0
    level: Level = "ok" if share == 1 else "crit" if must and share <= 0.5 else "warn"
    return CaseView(
        answers[0].judged.case, must, prompt, level, str(visit.form.percent(share, 0)) if passed else NONE,
        str(visit.form.percent(figures.baseline, 0)) if figures else "",
        str(visit.form.percent(figures.agreement, 0)) if figures else "", ours, theirs,
    )  # fmt: skip


def _answer(visit: Visit, shown: ShownAnswer) -> AnswerView:
    if shown.error is not None:
        return AnswerView("warn", visit.say("keine Antwort"), visit.tell(shown.error))
    if shown.judged.passed:
        return AnswerView("ok", visit.say("bestanden"), shown.judged.text)
    failed = ", ".join(visit.tell(Bilingual(KINDS[kind].de, KINDS[kind].en)) for kind in shown.failed)
    return AnswerView("crit", visit.say("nicht bestanden: %(checks)s", checks=failed), shown.judged.text)


PAGE = Page(
    "modelltests",
    _routes,
    (Entry(QUALITY, N_("Modelltests"), "check", _HOME, Permission.REGRESSION_READ, 40),),
)
