"""`/kosten/budgets`: every limit with what is used, when it will be reached, and what can be done about it.

Figures of one person are shown only where somebody must act: from 70 % on, or if the limit will be reached.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.accounting.budgets.board import Board, LimitState
from leitstand.accounting.budgets.changes import ExtensionWish, GraceWish, LimitWish
from leitstand.accounting.budgets.repository import Warned
from leitstand.accounting.limits import EACH, MEASURES
from leitstand.core.clock import from_us
from leitstand.core.errors import InvalidRequest
from leitstand.core.money import nano
from leitstand.identity.roles import Permission
from leitstand.web.acts import Work, form
from leitstand.web.format import NONE
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

WARNINGS = 12
_HOME = "/kosten/budgets"
SCOPES = {
    "company": N_("Unternehmen"),
    "department": N_("Abteilung %(name)s"),
    "use_case": N_("Anwendungsfall %(name)s"),
    "user": N_("Person %(name)s"),
    "key": N_("Schlüssel %(name)s"),
    "model": N_("Modell %(name)s"),
}
EACH_SCOPE = {
    "department": N_("Jede Abteilung"),
    "use_case": N_("Jeder Anwendungsfall"),
    "user": N_("Jede Person"),
    "key": N_("Jeder Schlüssel"),
    "model": N_("Jedes Modell"),
}
SCOPE_KINDS = {
    "company": N_("Unternehmen"),
    "department": N_("Abteilung"),
    "use_case": N_("Anwendungsfall"),
    "user": N_("Person"),
    "key": N_("Schlüssel"),
    "model": N_("Modell"),
}
GRACE_KINDS = ("user", "use_case", "key")
MEASURE_WORDS = {
    "eur_per_day": N_("Euro je Tag"),
    "eur_per_month": N_("Euro je Monat"),
    "tokens_per_day": N_("Tokens je Tag"),
    "tokens_per_month": N_("Tokens je Monat"),
    "requests_per_minute": N_("Anfragen je Minute"),
}
DONE = {
    "erweitert": N_("Die Grenze ist erweitert. Das gilt in allen Prozessen nach spätestens zwei Sekunden."),
    "kulanz": N_("Die Kulanz gilt. Alles zählt weiter mit und ist im Protokoll gekennzeichnet."),
    "beendet": N_("Die Kulanz ist beendet. Die Grenzen gelten wieder."),
    "gesetzt": N_("Die Grenze ist gesetzt."),
    "entfernt": N_("Die Grenze ist entfernt."),
}


@dataclass(frozen=True)
class Gauge:
    """A bar of 100: what is spent, and from its end what running requests hold."""

    level: Level
    spent: str
    held: str


@dataclass(frozen=True)
class LimitRow:
    """One limit, or all the quiet people of a rule together. gauge: None where nothing is counted or shown."""

    name: str
    note: str
    level: Level
    word: str
    gauge: Gauge | None = None
    used: str = ""
    held: str = ""
    ahead: str = ""
    extension: str = ""
    value: str = ""


@dataclass(frozen=True)
class GraceRow:
    """One grace. scope: for the form that ends it."""

    scope: str
    name: str
    until: str
    amounts: str


@dataclass(frozen=True)
class WarningRow:
    """One warning."""

    time: str
    iso: str
    name: str
    told: str


@dataclass(frozen=True)
class Choice:
    """One option of a form."""

    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True)
class BudgetPage:
    """lead: the state in a sentence. done, error: what came of the last act, or "". today: for the date field."""

    lead: str
    rows: tuple[LimitRow, ...]
    graces: tuple[GraceRow, ...]
    warnings: tuple[WarningRow, ...]
    extendable: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    grace_kinds: tuple[Choice, ...]
    measures: tuple[Choice, ...]
    models: tuple[str, ...]
    today: str
    may_extend: bool
    may_set: bool
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_READ)
        done = visit.done(DONE)
        return await visit.page("budgets.html", await _page(visit, viewer, done=done))

    async def again(visit: Visit, viewer: Viewer, error: str) -> Response:
        return await visit.page("budgets.html", await _page(visit, viewer, error=error), 422)

    def act(permission: Permission, done: str, work: Work) -> Callable[[Request], Awaitable[Response]]:
        return form(desk, permission, _HOME, work, again, done=f"getan={done}")

    async def extend(visit: Visit, viewer: Viewer) -> None:
        scope, _, measure = (await visit.field("grenze")).rpartition(" ")
        more, unit = await _number(visit, "mehr"), await visit.field("einheit")
        reason = await visit.field("grund")
        amount, percent = (None, more) if unit == "prozent" else (more, None)
        await desk.ports.budgets.extend(viewer, ExtensionWish(scope, measure, reason, amount, percent))

    async def give_grace(visit: Visit, viewer: Viewer) -> None:
        scope = f"{await visit.field('art')}:{(await visit.field('name')).strip()}"
        eur, tokens = await _number(visit, "eur"), await _number(visit, "tokens")
        until, reason = await _day(visit, "bis"), await visit.field("grund")
        await desk.ports.budgets.give_grace(viewer, GraceWish(scope, until, reason, eur, int(tokens)))

    async def end_grace(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.budgets.end_grace(viewer, await visit.field("bereich"))

    async def set_limit(visit: Visit, viewer: Viewer) -> None:
        if not (await visit.field("betrag")).strip():
            raise InvalidRequest("Geben Sie einen Betrag an; 0 sperrt.", "Give an amount; 0 blocks.")
        amount = await _number(visit, "betrag")
        at_limit = (await visit.field("danach")) or "refuse"
        await desk.ports.budgets.set_limit(
            viewer, LimitWish(await _scope(visit), await visit.field("mass"), amount, at_limit)
        )

    async def remove_limit(visit: Visit, viewer: Viewer) -> None:
        await desk.ports.budgets.set_limit(
            viewer, LimitWish(await _scope(visit), await visit.field("mass"), None)
        )

    async def _page(visit: Visit, viewer: Viewer, done: str = "", error: str = "") -> BudgetPage:
        board, warned = await desk.ports.budgets.board(), await desk.ports.budgets.warnings(WARNINGS)
        return _view(visit, viewer, board, warned, desk.ports.budgets.models(), done, error)

    may_extend, may_set = Permission.BUDGETS_EXTEND, Permission.CONFIGURATION_WRITE
    posts = (
        ("erweitern", act(may_extend, "erweitert", extend)),
        ("kulanz", act(may_extend, "kulanz", give_grace)),
        ("kulanz/beenden", act(may_extend, "beendet", end_grace)),
        ("grenze", act(may_set, "gesetzt", set_limit)),
        ("grenze/entfernen", act(may_set, "entfernt", remove_limit)),
    )
    return [
        Route(_HOME, show, methods=["GET"], name="budgets"),
        *(Route(f"{_HOME}/{path}", handler, methods=["POST"]) for path, handler in posts),
    ]


# ---------------------------------------------------------------- fields of forms


async def _number(visit: Visit, name: str) -> Decimal:
    """A number as people write it, with comma or point; 0 for an empty field."""
    text = (await visit.field(name)).strip().replace(",", ".") or "0"
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise InvalidRequest(f"„{text}“ ist keine Zahl.", f"'{text}' is no number.")
    return number


async def _day(visit: Visit, name: str) -> date:
    text = await visit.field(name)
    try:
        return date.fromisoformat(text)
    except ValueError as cause:
        raise InvalidRequest(f"„{text}“ ist kein Tag.", f"'{text}' is no day.") from cause


async def _scope(visit: Visit) -> str:
    kind, name = await visit.field("art"), (await visit.field("name")).strip()
    return kind if kind == "company" else f"{kind}:{name}"


# ---------------------------------------------------------------- the view


def _view(
    visit: Visit,
    viewer: Viewer,
    board: Board,
    warned: Sequence[Warned],
    models: tuple[str, ...],
    done: str,
    error: str,
) -> BudgetPage:
    shown = sorted((state for state in board.states if not state.is_private), key=_urgency)
    wish = visit.request.query_params.get("grenze", "")
    now = visit.desk.ports.status.now().astimezone(visit.form.zone)
    return BudgetPage(
        lead=_lead(visit, board),
        rows=(*(_row(visit, state) for state in shown), *_hidden(visit, board), *_paces(visit, board)),
        graces=tuple(_grace(visit, scope=each.scope, until=each.until, eur=each.eur, tokens=each.tokens) for each in board.graces),
        warnings=tuple(_warning(visit, each) for each in warned),
        extendable=tuple(_extendable(visit, state, wish) for state in shown),
        kinds=tuple(Choice(kind, visit.say(word)) for kind, word in SCOPE_KINDS.items()),
        grace_kinds=tuple(Choice(kind, visit.say(SCOPE_KINDS[kind])) for kind in GRACE_KINDS),
        measures=tuple(Choice(name, visit.say(MEASURE_WORDS[name]), name == "eur_per_month") for name in MEASURES),
        models=models,
        today=f"{now:%Y-%m-%d}",
        may_extend=Permission.BUDGETS_EXTEND in viewer.permissions,
        may_set=Permission.CONFIGURATION_WRITE in viewer.permissions,
        done=done,
        error=error,
    )  # fmt: skip


def _urgency(state: LimitState) -> tuple[bool, float, str]:
    return not state.will_be_reached and state.share < 1, -state.share, state.scope


def _lead(visit: Visit, board: Board) -> str:
    if not board.states and not board.paces:
        return visit.say(
            "Noch keine Grenze gesetzt. Ohne Grenzen entscheidet allein der Verbrauch über die Rechnung."
        )
    reached = sum(state.limit > 0 and state.share >= 1 for state in board.states)
    ahead = sum(state.will_be_reached for state in board.states)
    if not reached and not ahead:
        return visit.say("Keine Grenze ist erreicht, und nach dem Verlauf wird es auch keine.")
    return visit.say(
        "Erreicht: %(reached)s. Voraussichtlich noch in diesem Zeitraum: %(ahead)s.",
        reached=reached,
        ahead=ahead,
    )


def _row(visit: Visit, state: LimitState) -> LimitRow:
    level, word = _verdict(state)
    spent = min(state.share, 1.0) * 100
    held = min(state.held / state.limit * 100, 100 - spent) if state.limit else 0.0
    ends = datetime.fromtimestamp(state.period.ends_s, UTC)
    return LimitRow(
        name=_name(visit, state.scope),
        note=f"{visit.say(MEASURE_WORDS[state.rule.measure])}, {visit.say('neu ab %(day)s', day=visit.form.short_date(ends))}",
        level=level,
        word=visit.say(word),
        gauge=Gauge(level, f"{spent:.1f}", f"{held:.1f}"),
        used=visit.say("%(used)s von %(limit)s", used=_amount(visit, state, state.spent), limit=_amount(visit, state, state.limit)),
        held=visit.say("%(held)s reserviert", held=_amount(visit, state, state.held)) if state.held else "",
        ahead=_ahead(visit, state),
        extension=visit.say("darin Erweiterung %(more)s", more=_amount(visit, state, state.extension)) if state.extension else "",
        value=f"{state.scope} {state.rule.measure}",
    )  # fmt: skip


def _verdict(state: LimitState) -> tuple[Level, str]:
    if not state.limit:
        return "off", N_("gesperrt")
    if state.share >= 1 and state.rule.downgrade_to:
        return "warn", N_("Ausweichmodell")
    if state.share >= 1:
        return "crit", N_("erreicht")
    if state.share >= 0.9:
        return "warn", N_("über 90 %")
    if state.will_be_reached:
        return "warn", N_("wird erreicht")
    if state.share >= 0.7:
        return "info", N_("über 70 %")
    return "ok", N_("im Rahmen")


def _ahead(visit: Visit, state: LimitState) -> str:
    """The forecast in words."""
    ahead = state.forecast
    if ahead is None:
        too_early = state.rule.span == "month" and 0 < state.share < 1
        return visit.say("noch zu wenig Verlauf") if too_early else NONE
    total = _amount(visit, state, round(ahead.total))
    if ahead.reached is None:
        return visit.say("reicht, zum Ende etwa %(total)s", total=total)
    reached, earliest = _short(visit, ahead.reached), _short(visit, ahead.earliest or ahead.reached)
    if not state.will_be_reached:
        return visit.say("knapp, vielleicht am %(day)s", day=reached)
    if ahead.latest is None or ahead.latest == ahead.earliest:
        return visit.say("am %(day)s, frühestens %(earliest)s", day=reached, earliest=earliest)
    latest = _short(visit, ahead.latest)
    return visit.say(
        "am %(day)s (%(earliest)s bis %(latest)s)", day=reached, earliest=earliest, latest=latest
    )


def _short(visit: Visit, day: date) -> str:
    return visit.form.short_date(datetime(day.year, day.month, day.day, 12, tzinfo=visit.form.zone))


def _hidden(visit: Visit, board: Board) -> list[LimitRow]:
    """One row for each rule with quiet people: how many, and no figures."""
    counts: dict[tuple[str, str], int] = {}
    for state in board.states:
        if state.is_private:
            place = (state.rule.scope, state.rule.measure)
            counts[place] = counts.get(place, 0) + 1
    return [
        LimitRow(
            name=_name(visit, scope),
            note=visit.say(MEASURE_WORDS[measure]),
            level="ok",
            word=visit.say("%(count)s unter 70 %%, ohne Einzelwerte", count=visit.form.number(count)),
        )
        for (scope, measure), count in counts.items()
    ]


def _paces(visit: Visit, board: Board) -> list[LimitRow]:
    return [
        LimitRow(
            name=_name(visit, rule.scope),
            note=visit.say(MEASURE_WORDS[rule.measure]),
            level="ok",
            word=visit.say("gilt"),
            used=visit.say("höchstens %(count)s", count=visit.form.number(rule.units)),
        )
        for rule in board.paces
    ]


def _extendable(visit: Visit, state: LimitState, wish: str) -> Choice:
    value = f"{state.scope} {state.rule.measure}"
    return Choice(
        value, f"{_name(visit, state.scope)}, {visit.say(MEASURE_WORDS[state.rule.measure])}", value == wish
    )


def _grace(visit: Visit, scope: str, until: str, eur: Decimal, tokens: int) -> GraceRow:
    amounts = [str(visit.form.total(nano(eur)))] if eur else []
    amounts += [visit.say("%(count)s Tokens", count=visit.form.number(tokens))] if tokens else []
    return GraceRow(scope, _name(visit, scope), _short(visit, date.fromisoformat(until)), ", ".join(amounts))


def _warning(visit: Visit, warned: Warned) -> WarningRow:
    moment, detail = from_us(warned.time_us), warned.detail
    name = f"{_name(visit, str(detail['scope']))}, {visit.say(MEASURE_WORDS[str(detail['measure'])])}"
    if detail["threshold"] == "forecast":
        told = visit.say(
            "wird voraussichtlich am %(day)s erreicht",
            day=_short(visit, date.fromisoformat(str(detail["reached_on"]))),
        )
    else:
        told = visit.say("zu %(share)s %% verbraucht", share=detail["threshold"])
    when = f"{visit.form.short_date(moment)} {visit.form.clock(moment)}"
    return WarningRow(when, visit.form.iso(moment), name, told)  # fmt: skip


def _name(visit: Visit, scope: str) -> str:
    kind, _, name = scope.partition(":")
    if name == EACH:
        return visit.say(EACH_SCOPE[kind])
    return visit.say(SCOPES[kind], name=name)


def _amount(visit: Visit, state: LimitState, units: int) -> str:
    if state.rule.in_money:
        return str(visit.form.money(units))
    return visit.say("%(count)s Tokens", count=visit.form.number(units))


PAGE = Page(
    "budgets",
    _routes,
    (Entry(COSTS, N_("Budgets und Grenzen"), "wallet", _HOME, Permission.BUDGETS_READ, 20),),
)
