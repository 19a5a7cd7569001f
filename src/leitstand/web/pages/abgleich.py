"""`/kosten/abgleich`: whether all sums agree: counters, journal and hours among themselves, and invoices with the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.accounting.balance.repository import RELEASED, VERIFIED, BalanceRecord
from leitstand.accounting.invoices.compare import Day, ModelDifference
from leitstand.accounting.invoices.desk import Wish
from leitstand.accounting.invoices.formats import columns_of
from leitstand.accounting.invoices.read import MOST_BYTES
from leitstand.accounting.invoices.repository import Check
from leitstand.core.clock import from_us
from leitstand.core.errors import Refusal
from leitstand.core.money import nano
from leitstand.identity.roles import Permission
from leitstand.web.acts import form
from leitstand.web.format import NONE
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.pages.budgets import MEASURE_WORDS, SCOPE_KINDS, SCOPES
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/kosten/abgleich"
_MOST_DAYS = 40
KINDS = {
    "counter_low": N_("Zähler zu niedrig"),
    "counter_high": N_("Zähler zu hoch"),
    "hours": N_("Stundensummen weichen ab"),
    "loose_hold": N_("Reservierung ohne laufende Anfrage"),
}
VERDICTS: dict[str, tuple[Level, str]] = {
    "agrees": ("ok", N_("stimmt überein")),
    "explained": ("info", N_("erklärbar")),
    "differs": ("warn", N_("zu prüfen")),
}
REASONS = {
    "vat": N_("Umsatzsteuer in der Rechnung"),
    "exchange_rate": N_("anderer Wechselkurs"),
    "uplift": N_("Zuschlag für die Region"),
    "estimated": N_("geschätzte Tokens: der Anbieter hat keine gemeldet"),
    "lost": N_("abgebrochene Anfragen, nach Erfahrung gebucht"),
    "day_cut": N_("Tagesgrenze: Anfragen um Mitternacht zählen für einen anderen Tag"),
    "other_keys": N_("Aufrufe mit anderen Schlüsseln desselben Kontos, an Leitstand vorbei"),
    "not_billed": N_("hier gebucht, dort nicht berechnet"),
    "cached_price": N_("andere Menge zum Preis des Zwischenspeichers"),
    "price": N_("anderer Preis als hier hinterlegt"),
    "unpriced": N_("ohne Preis gebucht, deshalb zu hoch"),
}
CUTS = {"utc": N_("Tage in Weltzeit (UTC)"), "local": N_("Tage in Ortszeit")}
DONE = {
    "geprueft": N_("Der Abgleich der Grenzen ist gelaufen."),
    "verglichen": N_("Die Rechnung ist verglichen."),
}


@dataclass(frozen=True)
class FoundRow:
    """A difference that a proof has found. journal, other: the two sums, none of a person's limit."""

    time: str
    iso: str
    limit: str
    measure: str
    kind: str
    by: str
    journal: str
    other: str
    level: Level
    word: str


@dataclass(frozen=True)
class ModelRow:
    """A model of an invoice. by_quantity, by_price: the parts of the difference, or "" where they cannot be told."""

    model: str
    level: Level
    word: str
    tokens: str
    booked_tokens: str
    money: str
    booked_money: str
    difference: str
    by_quantity: str
    by_price: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class DayRow:
    """A model on a day that differs."""

    day: str
    model: str
    tokens: str
    booked_tokens: str
    money: str
    booked_money: str


@dataclass(frozen=True)
class CheckView:
    """A comparison in full."""

    title: str
    level: Level
    word: str
    lead: str
    notes: tuple[str, ...]
    models: tuple[ModelRow, ...]
    days: tuple[DayRow, ...]


@dataclass(frozen=True)
class CheckRow:
    """A comparison in the list."""

    id: str
    provider: str
    month: str
    source: str
    time: str
    iso: str
    level: Level
    word: str
    difference: str


@dataclass(frozen=True)
class ReconciliationPage:
    """level, state: of the last proof. done, error: what came of the last act."""

    lead: str
    level: Level
    word: str
    state: str
    estimated: str
    found: tuple[FoundRow, ...]
    providers: tuple[str, ...]
    checks: tuple[CheckRow, ...]
    may_change: bool
    check: CheckView | None = None
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_READ)
        done = visit.done(DONE)
        try:
            page = await _page(visit, viewer, request.query_params.get("abgleich", ""), done)
        except Refusal as refusal:
            page = await _page(visit, viewer, error=refusal.message(visit.language))
        return await visit.page("abgleich.html", page)

    async def again(visit: Visit, viewer: Viewer, error: str) -> Response:
        return await visit.page("abgleich.html", await _page(visit, viewer, error=error), 422)

    act = partial(form, desk, Permission.CONFIGURATION_WRITE, _HOME, again=again, file=True)

    async def verify(visit: Visit, viewer: Viewer) -> str:
        await desk.ports.reconciliation.verify(viewer)
        return "getan=geprueft"

    async def compare(visit: Visit, viewer: Viewer) -> str:
        name, data = await visit.file("datei")
        wish = Wish(
            provider=await visit.field("anbieter"),
            name=name,
            data=data,
            month=(await visit.field("monat")).strip(),
            columns=columns_of(await visit.field("spalten")),
            currency=(await visit.field("waehrung")).strip() or "EUR",
            cut="local" if await visit.field("tage") == "local" else "utc",
        )
        check = await desk.ports.reconciliation.check(viewer, wish)
        return f"getan=verglichen&abgleich={check.id}#ergebnis"

    async def _page(
        visit: Visit, viewer: Viewer, number: str = "", done: str = "", error: str = ""
    ) -> ReconciliationPage:
        port = desk.ports.reconciliation
        told, checks = await port.told(), await port.checks()
        check = await port.find(number) if number else None
        return _view(visit, viewer, told, checks, port.providers(), check, done, error)

    return [
        Route(_HOME, show, methods=["GET"], name="abgleich"),
        Route(f"{_HOME}/pruefen", act(verify), methods=["POST"]),
        Route(f"{_HOME}/rechnung", act(compare), methods=["POST"], max_body_size=MOST_BYTES + 10_000),
    ]


def _view(
    visit: Visit, viewer: Viewer, told: Sequence[BalanceRecord], checks: Sequence[Check], providers: tuple[str, ...],
    check: Check | None, done: str, error: str,
) -> ReconciliationPage:  # fmt: skip
    last = next((each for each in told if each.kind == VERIFIED), None)
    level, word = _proof_state(last)
    return ReconciliationPage(
        lead=visit.say(
            "Zähler, Protokoll und Stundensummen werden jede Nacht verglichen; Rechnungen vergleichen Sie hier mit dem, was gebucht ist."
        ),
        level=level,
        word=visit.say(word),
        state=_state(visit, last),
        estimated=_estimated(visit, last),
        found=tuple(_found_row(visit, each) for each in told if each.kind != VERIFIED),
        providers=providers,
        checks=tuple(_check_row(visit, each) for each in checks),
        may_change=Permission.CONFIGURATION_WRITE in viewer.permissions,
        check=_check_view(visit, check) if check else None,
        done=done,
        error=error,
    )


# ---------------------------------------------------------------- the proof


def _proof_state(last: BalanceRecord | None) -> tuple[Level, str]:
    if last is None:
        return "off", N_("noch nicht gelaufen")
    if not last.detail["differences"]:
        return "ok", N_("stimmt überein")
    if last.detail["differences"] == last.detail["mended"]:
        return "info", N_("behoben")
    return "warn", N_("zu prüfen")


def _state(visit: Visit, last: BalanceRecord | None) -> str:
    if last is None:
        return visit.say("Der erste Lauf ist in der kommenden Nacht um 03:10.")
    moment = from_us(last.time_us)
    return visit.say(
        "Zuletzt am %(day)s um %(time)s: %(accounts)s Grenzen verglichen, %(differences)s Abweichungen, davon %(mended)s behoben.",
        day=visit.form.date(moment), time=visit.form.time(moment), accounts=visit.form.number(last.detail["accounts"]),
        differences=visit.form.number(last.detail["differences"]), mended=visit.form.number(last.detail["mended"]),
    )  # fmt: skip


def _estimated(visit: Visit, last: BalanceRecord | None) -> str:
    if last is None or not last.detail["tokens"]:
        return ""
    share = last.detail["estimated_tokens"] / last.detail["tokens"]
    return visit.say(
        "%(share)s der Tokens dieses Monats sind geschätzt, weil der Anbieter keine gemeldet hat; alle anderen sind seine Angaben.",
        share=visit.form.percent(share),
    )


def _found_row(visit: Visit, each: BalanceRecord) -> FoundRow:
    moment, detail = from_us(each.time_us), each.detail
    scope, measure, kind = detail["scope"], detail["measure"], detail["kind"]
    in_money = str(measure).startswith("eur")

    def amount(value: str | int | None) -> str:
        if value is None:
            return NONE
        return str(visit.form.money(nano(value))) if in_money else visit.form.number(int(value))

    mended = bool(detail["mended"]) or each.kind == RELEASED
    return FoundRow(
        f"{visit.form.date(moment)}, {visit.form.time(moment)}",
        visit.form.iso(moment),
        f"{_scope(visit, scope)} · {detail['period']}",
        visit.say(MEASURE_WORDS[measure]),
        visit.say(KINDS[kind]),
        amount(detail["difference"]),
        amount(detail.get("journal")),
        amount(detail.get("other")),
        "ok" if mended else "warn",
        visit.say("behoben") if mended else visit.say("offen"),
    )


def _scope(visit: Visit, scope: str) -> str:
    """Whose limit it is; people and their keys are not named."""
    kind, _, name = scope.partition(":")
    return visit.say(SCOPE_KINDS[kind]) if kind in ("user", "key") else visit.say(SCOPES[kind], name=name)


# ---------------------------------------------------------------- invoices


def _check_row(visit: Visit, check: Check) -> CheckRow:
    moment = from_us(check.checked_us)
    level, word = VERDICTS[check.comparison.verdict]
    return CheckRow(
        check.id,
        check.provider,
        _month(check),
        check.source,
        f"{visit.form.date(moment)}, {visit.form.time(moment)}",
        visit.form.iso(moment),
        level,
        visit.say(word),
        _difference(visit, check.comparison.billed_nano, check.comparison.booked_nano),
    )


def _check_view(visit: Visit, check: Check) -> CheckView:
    found = check.comparison
    level, word = VERDICTS[found.verdict]
    return CheckView(
        f"{check.provider}, {_month(check)}",
        level,
        visit.say(word),
        _lead(visit, check),
        tuple(_notes(visit, check)),
        tuple(_model_row(visit, each) for each in found.models),
        tuple(_day_row(visit, each) for each in found.days if _differs(each))[:_MOST_DAYS],
    )


def _month(check: Check) -> str:
    return f"{check.month[5:]}/{check.month[:4]}"


def _lead(visit: Visit, check: Check) -> str:
    found = check.comparison
    if found.billed_nano is None:
        return visit.say("Die Datei nennt Tokens und keine Beträge; verglichen sind die Mengen.")
    return visit.say(
        "Berechnet %(billed)s, hier gebucht %(booked)s, Unterschied %(difference)s.",
        billed=visit.form.money(found.billed_nano), booked=visit.form.money(found.booked_nano),
        difference=_difference(visit, found.billed_nano, found.booked_nano),
    )  # fmt: skip


def _notes(visit: Visit, check: Check) -> Sequence[str]:
    found = check.comparison
    notes = [visit.say(CUTS[found.cut])]
    if found.rates:
        notes.append(visit.say("umgerechnet mit %(rates)s", rates=found.rates))
    if found.lost_tokens:
        notes.append(
            visit.say(
                "%(count)s Tokens abgebrochener Anfragen ohne bekannten Anbieter",
                count=visit.form.number(found.lost_tokens),
            )
        )
    if found.ignored:
        notes.append(
            visit.say("%(count)s Zeilen anderer Monate ausgelassen", count=visit.form.number(found.ignored))
        )
    return notes


def _model_row(visit: Visit, each: ModelDifference) -> ModelRow:
    level: Level = "ok" if each.agrees else "warn"
    word = N_("stimmt überein") if each.agrees else N_("weicht ab")
    return ModelRow(
        each.model or visit.say("ohne Modell"),
        level,
        visit.say(word),
        _tokens(visit, each.billed_tokens),
        visit.form.number(each.booked_tokens),
        _money(visit, each.billed_nano),
        _money(visit, each.booked_nano),
        _difference(visit, each.billed_nano, each.booked_nano),
        _signed(visit, each.quantity_nano) if each.price_nano is not None else "",
        _signed(visit, each.price_nano) if each.price_nano is not None else "",
        tuple(visit.say(REASONS[reason]) for reason in each.reasons),
    )


def _differs(day: Day) -> bool:
    tokens = day.billed_tokens is not None and day.billed_tokens != day.booked_tokens
    return tokens or (
        day.billed_tokens is None and abs((day.billed_nano or 0) - day.booked_nano) > 10_000_000
    )


def _day_row(visit: Visit, each: Day) -> DayRow:
    return DayRow(
        visit.form.date(datetime.combine(each.day, time(12), UTC)),
        each.model or visit.say("ohne Modell"),
        _tokens(visit, each.billed_tokens),
        visit.form.number(each.booked_tokens),
        _money(visit, each.billed_nano),
        _money(visit, each.booked_nano),
    )


def _tokens(visit: Visit, count: int | None) -> str:
    return NONE if count is None else visit.form.number(count)


def _money(visit: Visit, nano_euro: int | None) -> str:
    return NONE if nano_euro is None else str(visit.form.money(nano_euro))


def _difference(visit: Visit, billed: int | None, booked: int) -> str:
    return NONE if billed is None else _signed(visit, billed - booked)


def _signed(visit: Visit, nano_euro: int | None) -> str:
    if nano_euro is None:
        return NONE
    return ("+" if nano_euro > 0 else "") + str(visit.form.money(nano_euro))


PAGE = Page(
    slug="abgleich",
    routes=_routes,
    entries=(Entry(COSTS, N_("Abgleich"), "check", _HOME, Permission.BUDGETS_READ, order=45),),
)
