"""`/kosten/monatsrueckblick`: the review of a month: who drives cost, why it changed, what to do. No single persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.core.errors import NotFound, Refusal
from leitstand.identity.roles import Permission
from leitstand.reports.review.repository import Kept
from leitstand.reports.review.told import (
    ADVICE_WORDS,
    FACTOR_WORDS,
    GROUP_WORDS,
    REST,
    UNNAMED,
    csv_text,
    markdown,
    records_command,
)
from leitstand.reports.review.values import LEAST_PEOPLE, Advice, Driver, Drivers, LimitCheck, Review
from leitstand.web.format import NONE
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.pages.budgets import EACH_SCOPE, MEASURE_WORDS, SCOPES
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/kosten/monatsrueckblick"
DONE = {
    "erstellt": N_("Der Rückblick ist erstellt."),
    "notiert": N_("Die Notizen sind gespeichert."),
}
_LEVELS: dict[Advice, Level] = {"fits": "ok", "lower": "info", "raise": "warn"}


@dataclass(frozen=True)
class Row:
    """One line of a table. bar: width in percent of the largest, or "". note: beneath the name."""

    name: str
    cells: tuple[str, ...]
    bar: str = ""
    note: str = ""
    level: Level = "ok"
    word: str = ""


@dataclass(frozen=True)
class Table:
    """One table. heads: of the cells after the name."""

    id: str
    title: str
    note: str
    first: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str = ""


@dataclass(frozen=True)
class ReviewPage:
    """month: of the review that is shown, or that can be made; has_review: which of the two. facts: (name, value)."""

    month: str
    months: tuple[str, ...]
    lead: str
    has_review: bool
    may_write: bool
    facts: tuple[tuple[str, str], ...] = ()
    effects: Table | None = None
    drivers: tuple[Table, ...] = ()
    advice: tuple[Table, ...] = ()
    incomplete: str = ""
    records: str = ""
    notes: str = ""
    notes_by: str = ""
    made: str = ""
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def page_of(visit: Visit, viewer: Viewer, month: str, error: str = "") -> ReviewPage:
        reviews = desk.ports.reviews
        months = tuple(await reviews.months())
        wish = month or (months[0] if months else reviews.last_month())
        word = visit.request.query_params.get("getan", "")
        done = visit.say(DONE[word]) if word in DONE and not error else ""
        may_write = Permission.BUDGETS_EXTEND in viewer.permissions
        try:
            kept = await reviews.get(wish)
        except Refusal as refusal:
            wrong = "" if isinstance(refusal, NotFound) else refusal.message(visit.language)
            lead = visit.say("Für diesen Monat gibt es noch keinen Rückblick.")
            shown = reviews.last_month() if wrong else wish
            return ReviewPage(shown, months, lead, False, may_write, done=done, error=error or wrong)
        return _page(visit, kept, months, may_write, done, error)

    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_READ)
        page = await page_of(visit, viewer, request.query_params.get("monat", ""))
        return await visit.page("monatsrueckblick.html", page)

    async def generate(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_EXTEND)
        await visit.check_token()
        month = await visit.field("monat")
        try:
            await desk.ports.reviews.generate(viewer, month)
        except Refusal as refusal:
            page = await page_of(visit, viewer, "", refusal.message(visit.language))
            return await visit.page("monatsrueckblick.html", page, 422)
        return RedirectResponse(f"{_HOME}?monat={quote(month)}&getan=erstellt", 303)

    async def write(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_EXTEND)
        await visit.check_token()
        month, notes = await visit.field("monat"), await visit.field("notizen")
        try:
            await desk.ports.reviews.write(viewer, month, notes)
        except Refusal as refusal:
            page = await page_of(visit, viewer, month, refusal.message(visit.language))
            return await visit.page("monatsrueckblick.html", page, 422)
        return RedirectResponse(f"{_HOME}?monat={quote(month)}&getan=notiert#notizen", 303)

    async def export(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.BUDGETS_READ)
        month, form = request.path_params["month"], request.path_params["form"]
        try:
            kept = await desk.ports.reviews.get(month)
        except Refusal:
            return RedirectResponse(f"{_HOME}?monat={quote(month)}", 303)
        text = csv_text(kept.review) if form == "csv" else markdown(kept, visit.language)
        kind = "text/csv" if form == "csv" else "text/markdown"
        name = f'attachment; filename="monatsrueckblick-{kept.review.month}.{form}"'
        return Response(text, media_type=f"{kind}; charset=utf-8", headers={"content-disposition": name})

    return [
        Route(_HOME, show, methods=["GET"], name="usage_review"),
        Route(f"{_HOME}/erstellen", generate, methods=["POST"]),
        Route(f"{_HOME}/notizen", write, methods=["POST"]),
        Route(_HOME + "/{month}.{form:str}", export, methods=["GET"]),
    ]


# ---------------------------------------------------------------- the view


def _page(
    visit: Visit, kept: Kept, months: tuple[str, ...], may_write: bool, done: str, error: str
) -> ReviewPage:
    review, form = kept.review, visit.form
    made, noted = from_us(kept.created_us), from_us(kept.notes_us or 0)
    incomplete = visit.say(
        "Das Protokoll enthält nur noch %(kept)s von %(all)s Vorgängen dieses Monats. Summen und Gruppen stimmen, die Ratschläge zählen nur, was noch da ist.",
        kept=form.number(review.records), all=form.number(review.totals.requests),
    )  # fmt: skip
    return ReviewPage(
        month=review.month,
        months=months,
        lead=_lead(visit, review),
        has_review=True,
        may_write=may_write,
        facts=_facts(visit, review),
        effects=_effects(visit, review) if review.before else None,
        drivers=tuple(_drivers(visit, each) for each in review.drivers),
        advice=(_cheaper(visit, review), _limits(visit, review), _caches(visit, review), _uncertain(visit, review)),
        incomplete="" if review.is_complete else incomplete,
        records=records_command(review),
        notes=kept.notes,
        notes_by=visit.say("zuletzt %(who)s am %(day)s", who=kept.notes_by, day=form.date(noted)) if kept.notes_us else "",
        made=visit.say("Fassung %(number)s, erstellt am %(day)s", number=kept.revision, day=form.date(made)),
        done=done,
        error=error,
    )  # fmt: skip


def _lead(visit: Visit, review: Review) -> str:
    cost = visit.form.money(review.totals.cost_nano)
    if review.before is None:
        return visit.say("%(cost)s, ohne Vormonat zum Vergleich.", cost=cost)
    saving = sum(each.saving_nano for each in review.cheaper)
    told = visit.say(
        "%(cost)s, %(change)s gegenüber dem Vormonat.",
        cost=cost, change=signed(visit, review.change_nano),
    )  # fmt: skip
    if not saving:
        return told
    more = visit.say(
        "Bis zu %(saving)s wären mit günstigeren Modellen zu sparen.", saving=visit.form.money(saving)
    )
    return f"{told} {more}"


def _facts(visit: Visit, review: Review) -> tuple[tuple[str, str], ...]:
    form, totals = visit.form, review.totals
    share = form.percent(totals.cached / totals.requests) if totals.requests else NONE
    facts = [
        (visit.say("Kosten"), str(form.money(totals.cost_nano))),
        (visit.say("Anfragen"), form.number(totals.requests)),
        (visit.say("Tokens"), form.number(totals.tokens)),
        (visit.say("Aus dem Zwischenspeicher"), visit.say("%(share)s, gespart %(saved)s", share=share, saved=form.money(totals.saved_nano))),
    ]  # fmt: skip
    if review.tiering.requests:
        tiers = review.tiering
        facts.append(
            (visit.say("Durch Modellstufen gespart"), str(form.money(tiers.full_nano - tiers.cost_nano)))
        )
    if review.ahead is not None:
        ahead = review.ahead
        told = visit.say(
            "%(expected)s (%(low)s bis %(high)s in vier von fünf Fällen)",
            expected=form.total(ahead.expected_nano), low=form.total(ahead.low_nano), high=form.total(ahead.high_nano),
        )  # fmt: skip
        facts.append((visit.say("Ausblick auf %(month)s", month=ahead.month), told))
    return tuple(facts)


def _effects(visit: Visit, review: Review) -> Table:
    most = max((abs(each.nano) for each in review.effects), default=0) or 1
    return Table(
        "ursachen",
        visit.say("Warum es mehr oder weniger wurde"),
        visit.say("die Summe ist genau der Unterschied zum Vormonat"),
        visit.say("Ursache"),
        (visit.say("Wirkung"),),
        tuple(
            Row(visit.tell(FACTOR_WORDS[each.factor]), (signed(visit, each.nano),), f"{abs(each.nano) / most * 100:.1f}")
            for each in review.effects
        ),
    )  # fmt: skip


def _drivers(visit: Visit, drivers: Drivers) -> Table:
    word = visit.tell(GROUP_WORDS[drivers.kind])
    rows = [*drivers.rows, *([drivers.rest] if drivers.rest else [])]
    most = max((row.cost_nano for row in rows), default=0) or 1
    total = sum(row.cost_nano for row in rows) or 1

    def row(each: Driver, name: str) -> Row:
        change = NONE if each.before_nano is None else signed(visit, each.cost_nano - each.before_nano)
        money, share = str(visit.form.money(each.cost_nano)), str(visit.form.percent(each.cost_nano / total))
        note = f"{drivers.kind} = {each.name}" if each.name else ""
        return Row(name, (visit.form.number(each.requests), money, share, change), f"{each.cost_nano / most * 100:.1f}", note)  # fmt: skip

    shown = [row(each, each.name or visit.tell(UNNAMED)) for each in drivers.rows]
    if drivers.rest:
        shown.append(row(drivers.rest, visit.tell(REST)))
    return Table(
        f"nach-{drivers.kind}",
        visit.say("Kosten nach: %(group)s", group=word),
        visit.say("Gruppen ab %(count)s Personen", count=LEAST_PEOPLE),
        word,
        (visit.say("Anfragen"), visit.say("Kosten"), visit.say("Anteil"), visit.say("zum Vormonat")),
        tuple(shown),
        visit.say("In diesem Monat gab es keine Anfragen."),
    )


def _cheaper(visit: Visit, review: Review) -> Table:
    return Table(
        "guenstiger",
        visit.say("Was ein günstigeres Modell könnte"),
        visit.say("kurze Anfragen, gerechnet mit dem Preis, den sie beim günstigsten Modell des Monats hatten"),
        visit.say("Anwendungsfall"),
        (visit.say("von"), visit.say("zu"), visit.say("Anfragen"), visit.say("Spart bis zu")),
        tuple(
            Row(
                each.use_case or visit.tell(REST),
                (f"{each.provider}: {each.model}", f"{each.to_provider}: {each.to_model}", visit.form.number(each.requests), str(visit.form.money(each.saving_nano))),
            )
            for each in review.cheaper
        ),
        visit.say("Nichts Nennenswertes: Kurze Anfragen gehen schon an günstige Modelle, oder es sind zu wenige."),
    )  # fmt: skip


def _limits(visit: Visit, review: Review) -> Table:
    def row(each: LimitCheck) -> Row:
        kind, _, name = each.scope.partition(":")
        title = visit.say(EACH_SCOPE[kind]) if name == "*" else visit.say(SCOPES[kind], name=name)
        spent = units(visit, each, each.spent) if each.spent else NONE
        if name == "*":
            spent = visit.say("%(reached)s von %(all)s haben sie erreicht", reached=each.reached, all=each.of)
        suggested = units(visit, each, each.suggested) if each.suggested else NONE
        return Row(
            title, (units(visit, each, each.limit), spent, suggested), "", visit.say(MEASURE_WORDS[each.measure]),
            _LEVELS[each.advice], visit.tell(ADVICE_WORDS[each.advice]),
        )  # fmt: skip

    return Table(
        "grenzen",
        visit.say("Welche Grenzen zu ändern sind"),
        visit.say("die heutigen Grenzen am Verbrauch des Monats gemessen"),
        visit.say("Grenze"),
        (visit.say("gesetzt"), visit.say("Verbraucht"), visit.say("Vorschlag")),
        tuple(row(each) for each in review.limits),
        visit.say("Es ist keine Grenze gesetzt, die Gruppen von genügend Personen betrifft."),
    )


def _caches(visit: Visit, review: Review) -> Table:
    form = visit.form
    return Table(
        "zwischenspeicher",
        visit.say("Was Zwischenspeicher sparen könnten"),
        visit.say("möglich: mit der Trefferquote der übrigen Anfragen, ab 100 davon"),
        visit.say("Anwendungsfall"),
        (visit.say("Treffer"), visit.say("Gespart"), visit.say("Kosten ohne Zwischenspeicher"), visit.say("möglich")),
        tuple(
            Row(
                each.use_case or visit.tell(REST),
                (
                    visit.say("%(hits)s von %(all)s", hits=form.number(each.hits), all=form.number(each.looked)) if each.looked else NONE,
                    str(form.money(each.saved_nano)), str(form.money(each.off_nano)),
                    NONE if each.possible_nano is None else str(form.money(each.possible_nano)),
                ),
            )
            for each in review.caches
        ),
        visit.say("In diesem Monat gab es keine Anfragen."),
    )  # fmt: skip


def _uncertain(visit: Visit, review: Review) -> Table:
    words = {"unpriced": N_("kein Preis bekannt"), "estimated": N_("Tokens geschätzt")}
    return Table(
        "unsicher",
        visit.say("Welche Beträge unsicher sind"),
        visit.say("ohne bekannten Preis gebucht, oder mit geschätzten Tokens"),
        visit.say("Modell"),
        (visit.say("Grund"), visit.say("Anfragen"), visit.say("Kosten")),
        tuple(
            Row(
                f"{each.provider}: {each.model}" if each.provider else visit.tell(UNNAMED),
                (visit.say(words[each.why]), visit.form.number(each.requests), str(visit.form.money(each.cost_nano))),
            )
            for each in review.uncertain
        ),
        visit.say("Alle Beträge sind mit bekannten Preisen und gemeldeten Tokens gebucht."),
    )  # fmt: skip


def signed(visit: Visit, nano: int) -> str:
    """An amount with its sign."""
    text = str(visit.form.money(nano))
    return f"+{text}" if nano > 0 else text


def units(visit: Visit, check: LimitCheck, amount: int) -> str:
    """An amount of a limit."""
    if check.measure.startswith("eur"):
        return str(visit.form.total(amount))
    return visit.say("%(count)s Tokens", count=visit.form.number(amount))


PAGE = Page(
    "monatsrueckblick",
    _routes,
    (Entry(COSTS, N_("Monatsrückblick"), "file-text", _HOME, Permission.BUDGETS_READ, 60),),
)
