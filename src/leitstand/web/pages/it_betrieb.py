"""`/betrieb/it`: is it quick, does it answer, what does it cost, who is in trouble. No figures of persons."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.core.classes import DataClass
from leitstand.identity.roles import Permission
from leitstand.reports.operations import OperationsSnapshot, ProviderFigures, RecentRequest, Span
from leitstand.web.charts import Bar, Course, FlowShape, Tick, beats, course, flow_shape
from leitstand.web.format import NBSP, NONE
from leitstand.web.key_figures import TARGET_MEDIAN_S, KeyFigure, key_figures
from leitstand.web.navigation import N_, SITUATION, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import CLASS_WORDS, REGION_WORDS

RECENT = 12
SPANS = ((Span.TODAY, N_("Heute")), (Span.DAY, N_("24 Std.")), (Span.WEEK, N_("7 Tage")))
STATES: dict[str, tuple[Level, str]] = {
    "running": ("ok", N_("läuft")),
    "troubled": ("warn", N_("gestört")),
    "cooling": ("warn", N_("ruht")),
    "down": ("crit", N_("ausgefallen")),
    "blocked": ("off", N_("gesperrt")),
}
OUTCOMES: dict[str, tuple[Level, str]] = {
    "ok": ("ok", N_("beantwortet")),
    "cached": ("ok", N_("aus Zwischenspeicher")),
    "refused": ("info", N_("abgewiesen")),
    "failed": ("warn", N_("fehlgeschlagen")),
    "left": ("off", N_("abgebrochen")),
    "lost": ("crit", N_("verloren")),
}
CODES = {
    "budget_exhausted": N_("Budget"),
    "rate_limited": N_("Takt"),
    "not_permitted": N_("Recht"),
    "policy_no_target": N_("Richtlinie"),
    "model_not_found": N_("Modell"),
}


@dataclass(frozen=True)
class ProviderRow:
    """One provider as shown. short: the state's word for the picture; watch: its last probe and its limits."""

    name: str
    note: str
    watch: str
    level: Level
    word: str
    short: str
    per_minute: str
    bars: tuple[Bar, ...]
    beats_told: str
    median: str
    p95: str
    errors: str


@dataclass(frozen=True)
class RequestRow:
    """One request as shown: no name."""

    time: str
    iso: str
    use_case: str
    way: str
    data_class: str
    level: Level
    word: str
    latency: str
    cost: str


@dataclass(frozen=True)
class FlowView:
    """The picture and its numbers; told: the same as a sentence."""

    shape: FlowShape
    told: str
    arrived: str
    passed: str
    protected: str
    cached: str
    hit_share: str
    sent: str
    tries: str
    refused: str
    refusals: str


@dataclass(frozen=True)
class CourseView:
    """The chart of response time. rows: time, median, 95 % for the table."""

    course: Course
    ticks: tuple[Tick, ...]
    labels: tuple[tuple[str, str], ...]
    told: str
    target: str
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class OperationsPage:
    """span: the chosen range; taken: when the figures were read."""

    span: Span
    spans: tuple[tuple[str, str], ...]
    taken: str
    figures: tuple[KeyFigure, ...]
    flow: FlowView
    providers: tuple[ProviderRow, ...]
    course: CourseView | None
    recent: tuple[RequestRow, ...]
    empty: bool


@dataclass(frozen=True)
class RecentPart:
    """Only the list of requests."""

    recent: tuple[RequestRow, ...]


def _routes(desk: Desk) -> Sequence[Route]:
    async def build(visit: Visit) -> OperationsPage:
        snapshot = await desk.ports.operations.snapshot(_span(visit.request))
        return _page(visit, snapshot, await desk.ports.operations.recent(RECENT))

    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        return await visit.page("it_betrieb.html", await build(visit))

    async def situation(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        return await visit.part("it_betrieb_lage.html", await build(visit))

    async def recent(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        rows = await desk.ports.operations.recent(RECENT)
        return await visit.part("it_betrieb_anfragen.html", RecentPart(_requests(visit, rows)))

    return [
        Route("/betrieb/it", show, methods=["GET"], name="it_operations"),
        Route("/betrieb/it/lage", situation, methods=["GET"]),
        Route("/betrieb/it/anfragen", recent, methods=["GET"]),
    ]


def _span(request: Request) -> Span:
    wish = request.query_params.get("zeitraum", "")
    return Span(wish) if wish in set(Span) else Span.TODAY


def _page(visit: Visit, snapshot: OperationsSnapshot, recent: tuple[RecentRequest, ...]) -> OperationsPage:
    return OperationsPage(
        span=snapshot.span,
        spans=tuple((str(span), visit.say(label)) for span, label in SPANS),
        taken=visit.form.clock(snapshot.taken, seconds=True),
        figures=key_figures(visit, snapshot),
        flow=_flow(visit, snapshot),
        providers=tuple(_provider(visit, figures) for figures in snapshot.providers),
        course=_course(visit, snapshot),
        recent=_requests(visit, recent),
        empty=snapshot.totals.requests == 0,
    )


def _provider(visit: Visit, figures: ProviderFigures) -> ProviderRow:
    target, totals, form = figures.target, figures.totals, visit.form
    level, short = STATES[target.state]
    word = visit.say(short)
    if target.state == "cooling" and target.until is not None:
        word = visit.say("ruht bis %(until)s", until=form.clock(target.until, seconds=True))
    note = visit.tell(target.note)
    region = visit.say(REGION_WORDS[target.region])
    hour = sum(beat.requests for beat in figures.beats)
    failed = sum(beat.failed for beat in figures.beats)
    return ProviderRow(
        name=target.name,
        note=region if note in ("", region) else f"{region}, {note}",
        watch=visit.tell(target.watch),
        level=level,
        word=word,
        short=visit.say(short),
        per_minute=form.number(figures.per_minute, 1),
        bars=beats(figures.beats),
        beats_told=visit.say(
            "Letzte 60 Minuten: %(requests)s Anfragen, %(failed)s fehlgeschlagen",
            requests=form.number(hour), failed=form.number(failed),
        ),
        median=_seconds(visit, totals.median_s),
        p95=_seconds(visit, totals.p95_s),
        errors=NONE if totals.error_rate is None else str(form.percent(totals.error_rate)),
    )  # fmt: skip


def _seconds(visit: Visit, value_s: float | None) -> str:
    return NONE if value_s is None else str(visit.form.seconds(value_s))


def _requests(visit: Visit, rows: tuple[RecentRequest, ...]) -> tuple[RequestRow, ...]:
    return tuple(_request(visit, row) for row in rows)


def _request(visit: Visit, row: RecentRequest) -> RequestRow:
    level, word = OUTCOMES.get(row.outcome, ("off", row.outcome))
    if row.outcome == "refused" and row.code in CODES:
        word = f"{visit.say(word)}: {visit.say(CODES[row.code])}"
    return RequestRow(
        time=visit.form.clock(row.time, seconds=True),
        iso=visit.form.iso(row.time),
        use_case=row.use_case or NONE,
        way=f"{row.model} → {row.provider}" if row.provider else row.model,
        data_class=_class_word(visit, row.data_class),
        level=level,
        word=visit.say(word),
        latency=str(visit.form.seconds(row.latency_s)),
        cost=str(visit.form.money(row.cost_nano)),
    )


def _class_word(visit: Visit, word: str) -> str:
    try:
        return visit.say(CLASS_WORDS[DataClass.parse(word)])
    except KeyError:
        return word or NONE


def _flow(visit: Visit, snapshot: OperationsSnapshot) -> FlowView:
    flow, form = snapshot.flow, visit.form
    passed = max(flow.arrived - flow.refused, 0.0)
    loads = [figures.per_minute for figures in snapshot.providers]
    shape = flow_shape([flow.arrived, passed, passed, flow.sent, flow.refused, flow.cached], loads)
    number = {name: form.number(value, 1) for name, value in (
        ("arrived", flow.arrived), ("refused", flow.refused), ("cached", flow.cached), ("sent", flow.sent)
    )}  # fmt: skip
    told = visit.say(
        "%(arrived)s Anfragen je Minute kommen an. %(refused)s werden abgewiesen, die übrigen geschützt; "
        "%(cached)s beantwortet der Zwischenspeicher, %(sent)s gehen an Anbieter",
        **number,
    )
    parts = ", ".join(
        f"{figures.target.name} {form.number(figures.per_minute, 1)} {visit.say(STATES[figures.target.state][1])}"
        for figures in snapshot.providers
    )
    answered = flow.cached + flow.sent
    return FlowView(
        shape=shape,
        told=f"{told}: {parts}." if parts else f"{told}.",
        arrived=number["arrived"],
        passed=form.number(passed, 1),
        protected=form.number(flow.protected, 1),
        cached=number["cached"],
        hit_share=str(form.percent(flow.cached / answered, 0)) if answered else NONE,
        sent=number["sent"],
        tries=form.number(flow.tries, 2),
        refused=number["refused"],
        refusals=", ".join(
            f"{visit.say(CODES.get(code, code))} {count}" for code, count in flow.refusals[:3]
        ),
    )


def _course(visit: Visit, snapshot: OperationsSnapshot) -> CourseView | None:
    slots, form = snapshot.slots, visit.form
    drawn = course(
        [slot.totals.median_s for slot in slots], [slot.totals.p95_s for slot in slots], TARGET_MEDIAN_S
    )
    measured = [slot for slot in slots if slot.totals.median_s is not None]
    if drawn is None or not measured:
        return None
    week = snapshot.span is Span.WEEK
    medians = [slot.totals.median_s or 0.0 for slot in measured]

    def when(index: int) -> str:
        moment = slots[index].start
        return form.short_date(moment) if week else form.clock(moment)

    last = len(slots) - 1
    places = sorted({round(last * quarter / 4) for quarter in range(5)})
    return CourseView(
        course=drawn,
        ticks=tuple(
            Tick(f"{100 * place / max(last, 1):.1f}", when(place), "start" if place == 0 else "end" if place == last else "middle")
            for place in places
        ),
        labels=tuple((y, f"{form.number(value, int(value != int(value)))}{NBSP}s") for y, value in drawn.levels),
        told=visit.say(
            "Median zwischen %(low)s und %(high)s, Ziel unter %(target)s.",
            low=form.seconds(min(medians)), high=form.seconds(max(medians)), target=form.seconds(TARGET_MEDIAN_S),
        ),
        target=str(form.seconds(TARGET_MEDIAN_S)),
        rows=tuple(
            (f"{form.short_date(slot.start)} {form.clock(slot.start)}" if week else form.clock(slot.start),
             _seconds(visit, slot.totals.median_s), _seconds(visit, slot.totals.p95_s))
            for slot in measured[-12:]
        ),
    )  # fmt: skip


PAGE = Page(
    "it-betrieb",
    _routes,
    (Entry(SITUATION, N_("IT-Betrieb"), "gauge", "/betrieb/it", Permission.OPERATIONS_READ, 10),),
)
