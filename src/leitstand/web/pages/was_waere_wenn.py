"""`/kosten/was-waere-wenn`: past traffic under other models, caches, caps and prices; cost, speed, quality, the switch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.errors import Refusal
from leitstand.identity.roles import Permission
from leitstand.reports.what_if.scenario import EVERY, Scenario, read
from leitstand.reports.what_if.scenarios import Told
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.pages.was_waere_wenn_ergebnis import STATES, ResultView, euros, result_view, share
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/kosten/was-waere-wenn"
MOST_COMPARED = 3
_SHOWN = 30
_EXAMPLE = """period: {{begin: {begin}, end: {end}}}
replace: {{standard: klein}}
prices_on: {end}
price_factors: {{"*": 1.1}}
"""


@dataclass(frozen=True)
class ScenarioRow:
    """One line of the list. after, saving: empty while there is no result. open: still to be replayed."""

    id: str
    path: str
    title: str
    period: str
    created: str
    iso: str
    level: Level
    word: str
    before: str
    after: str
    saving: str
    comparable: bool


@dataclass(frozen=True)
class ListPage:
    """begin, end: of the form, ISO. fault: why the last wish was refused. document: of the form for files."""

    rows: tuple[ScenarioRow, ...]
    models: tuple[str, ...]
    use_cases: tuple[str, ...]
    providers: tuple[str, ...]
    begin: str
    end: str
    document: str
    fault: str
    may_ask: bool


@dataclass(frozen=True)
class ScenarioPage:
    """One scenario. changes: what is different, as label and value. result: None while there is none."""

    row: ScenarioRow
    by: str
    done: int
    total: int
    open: bool
    reason: str
    changes: tuple[tuple[str, str], ...]
    result: ResultView | None
    may_ask: bool


@dataclass(frozen=True)
class ComparePage:
    """Scenarios side by side. lines: label, then one value per scenario."""

    rows: tuple[ScenarioRow, ...]
    lines: tuple[tuple[str, tuple[str, ...]], ...]


def _routes(desk: Desk) -> Sequence[Route]:
    async def listed(visit: Visit, viewer: Viewer, fault: str = "", document: str = "") -> ListPage:
        port = desk.ports.what_if
        begin, end = port.usual_period()
        choices = port.choices()
        example = _EXAMPLE.format(begin=begin, end=end)
        return ListPage(
            tuple(_row(visit, told) for told in await port.list(_SHOWN)),
            choices.models, choices.use_cases, choices.providers, begin.isoformat(), end.isoformat(),
            document or example, fault, Permission.BUDGETS_EXTEND in viewer.permissions,
        )  # fmt: skip

    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_READ)
        return await visit.page("was_waere_wenn.html", await listed(visit, viewer))

    async def ask(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_EXTEND)
        await visit.check_token()
        document = await visit.field("szenario")
        try:
            scenario = read(document or await _wish(visit))
            made = await desk.ports.what_if.ask(viewer, scenario)
        except Refusal as refusal:
            page = await listed(visit, viewer, refusal.message(visit.language), document)
            return await visit.page("was_waere_wenn.html", page, 422)
        return RedirectResponse(f"{_HOME}/{made}", 303)

    async def scenario_page(visit: Visit, viewer: Viewer, number: str) -> ScenarioPage:
        told = await desk.ports.what_if.get(number)
        qualities = await desk.ports.what_if.quality(told) if told.result else ()
        return ScenarioPage(
            row=_row(visit, told),
            by=told.created_by,
            done=told.done,
            total=told.total,
            open=told.is_open,
            reason=visit.tell(told.reason),
            changes=tuple(_changes(visit, told.scenario)),
            result=result_view(visit, told, qualities) if told.result else None,
            may_ask=Permission.BUDGETS_EXTEND in viewer.permissions,
        )

    async def one(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_READ)
        page = await scenario_page(visit, viewer, request.path_params["scenario"])
        return await visit.page("was_waere_wenn_szenario.html", page)

    async def progress(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_READ)
        page = await scenario_page(visit, viewer, request.path_params["scenario"])
        response = await visit.part("was_waere_wenn_stand.html", page)
        if not page.open:
            response.headers["HX-Refresh"] = "true"  # the result has come: the whole page is another one
        return response

    async def switch(request: Request) -> Response:
        await desk.enter(request, Permission.BUDGETS_READ)
        told = await desk.ports.what_if.get(request.path_params["scenario"])
        text = told.result.switch if told.result else ""
        name = f'attachment; filename="{told.id}.yaml"'
        return PlainTextResponse(text, headers={"content-disposition": name})

    async def remove(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_EXTEND)
        await visit.check_token()
        await desk.ports.what_if.remove(viewer, request.path_params["scenario"])
        return RedirectResponse(_HOME, 303)

    async def compare(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.BUDGETS_READ)
        numbers = list(dict.fromkeys(request.query_params.getlist("s")))[:MOST_COMPARED]
        told = [await desk.ports.what_if.get(number) for number in numbers]
        return await visit.page("was_waere_wenn_vergleich.html", _compared(visit, told))

    return [
        Route(_HOME, show, methods=["GET"], name="what_if"),
        Route(_HOME, ask, methods=["POST"]),
        Route(f"{_HOME}/vergleich", compare, methods=["GET"]),
        Route(_HOME + "/{scenario}", one, methods=["GET"]),
        Route(_HOME + "/{scenario}/stand", progress, methods=["GET"]),
        Route(_HOME + "/{scenario}/aenderung.yaml", switch, methods=["GET"]),
        Route(_HOME + "/{scenario}/loeschen", remove, methods=["POST"]),
    ]


# ---------------------------------------------------------------- the form


async def _wish(visit: Visit) -> dict[str, Any]:
    """The scenario of the form; what is left empty is not different."""

    async def field(name: str) -> str:
        return (await visit.field(name)).strip()

    async def number(name: str) -> str:
        return (await field(name)).replace(",", ".")

    wish: dict[str, Any] = {
        "title": await field("titel"),
        "period": {"begin": await field("von"), "end": await field("bis")},
    }
    if use_case := await field("anwendungsfall"):
        wish["use_cases"] = [use_case]
    if (old := await field("modell")) and (new := await field("stattdessen")):
        wish["replace"] = {old: new}
    if model := await field("zwischenspeicher"):
        wish["cache"] = {model: await field("zwischenspeicher_an") == "an"}
    if tokens := await field("laenge"):
        wish["max_output_tokens"] = {EVERY: int(tokens) if tokens.isdecimal() else tokens}
    if factor := await number("preisfaktor"):
        wish["price_factors"] = {await field("anbieter") or EVERY: factor}
    if rate := await number("kurs"):
        wish["exchange_rates"] = {"USD": rate}
    return wish


# ---------------------------------------------------------------- the views


def _row(visit: Visit, told: Told) -> ScenarioRow:
    level, word = STATES[told.state]
    result = told.result
    return ScenarioRow(
        id=told.id,
        path=f"{_HOME}/{told.id}",
        title=told.title if told.title != "=" else visit.say("nichts geändert"),
        period=_period(visit, told.scenario),
        created=f"{visit.form.short_date(told.created)} {visit.form.clock(told.created)}",
        iso=visit.form.iso(told.created),
        level=level,
        word=visit.say(word),
        before=str(visit.form.total(result.before_nano)) if result else "",
        after=euros(visit, result.after_nano) if result else "",
        saving=share(visit, result.saving) if result else "",
        comparable=result is not None,
    )


def _period(visit: Visit, scenario: Scenario) -> str:
    return f"{_day(visit, scenario.period.begin)} – {_day(visit, scenario.period.end)}"


def _day(visit: Visit, day: date) -> str:
    return visit.form.date(datetime(day.year, day.month, day.day, 12, tzinfo=visit.form.zone))


def _changes(visit: Visit, scenario: Scenario) -> list[tuple[str, str]]:
    """What is different, and which traffic it is."""
    say, found = visit.say, [(visit.say("Zeitraum"), _period(visit, scenario))]

    def add(label: str, values: Sequence[str]) -> None:
        if values:
            found.append((say(label), ", ".join(values)))

    add(N_("Anwendungsfälle"), scenario.use_cases)
    add(N_("Abteilungen"), scenario.departments)
    add(N_("Gefragte Modelle"), scenario.models)
    add(N_("Anderes Modell"), [f"{old} → {new}" for old, new in scenario.replace.items()])
    add(N_("Zwischenspeicher"), [_switched(visit, name, on) for name, on in scenario.cache.items()])
    add(
        N_("Semantischer Zwischenspeicher"),
        [_switched(visit, name, on) for name, on in scenario.semantic_cache.items()],
    )
    add(
        N_("Längste Antwort"),
        [
            visit.say("%(name)s: %(count)s Tokens", name=_each(visit, name), count=visit.form.number(tokens))
            for name, tokens in scenario.max_output_tokens.items()
        ],
    )
    add(N_("Eigene Preise"), [f"{price.provider}: {price.model}" for price in scenario.prices])
    add(
        N_("Preise mal"),
        [
            f"{_each(visit, name)} × {visit.form.number(factor, 2)}"
            for name, factor in scenario.price_factors.items()
        ],
    )
    add(N_("Preisliste vom"), [_day(visit, scenario.prices_on)] if scenario.prices_on else [])
    add(
        N_("Wechselkurs"),
        [f"1 € = {visit.form.number(rate, 4)} {name}" for name, rate in scenario.exchange_rates.items()],
    )
    return found


def _each(visit: Visit, name: str) -> str:
    return visit.say("alle") if name == EVERY else name


def _switched(visit: Visit, name: str, on: bool) -> str:
    return visit.say("%(name)s an", name=name) if on else visit.say("%(name)s aus", name=name)


def _compared(visit: Visit, told: Sequence[Told]) -> ComparePage:
    done = [(each, each.result) for each in told if each.result is not None]
    rows = tuple(_row(visit, each) for each, _ in done)
    views = [result_view(visit, each, ()) for each, _ in done]

    def line(label: str, values: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        return visit.say(label), tuple(values)

    return ComparePage(
        rows,
        (
            line(N_("Zeitraum"), [row.period for row in rows]),
            line(N_("Anfragen"), [visit.form.number(result.requests) for _, result in done]),
            line(N_("Anders beantwortet"), [visit.form.number(result.moved) for _, result in done]),
            line(N_("Gebucht"), [row.before for row in rows]),
            line(N_("Mit dem Szenario"), [row.after for row in rows]),
            line(N_("Spanne"), [view.interval for view in views]),
            line(N_("Veränderung der Kosten"), [row.saving for row in rows]),
            line(N_("Gekürzte Antworten"), [visit.form.number(result.cut) for _, result in done]),
            line(N_("Treffer im Zwischenspeicher"), [view.hits for view in views]),
            line(N_("Nicht bekannt"), [visit.form.number(len(result.notes)) for _, result in done]),
        ),
    )


PAGE = Page(
    "was_waere_wenn",
    _routes,
    (Entry(COSTS, N_("Was wäre wenn"), "gauge", _HOME, Permission.BUDGETS_READ, 30),),
)
