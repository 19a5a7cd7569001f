"""`/kosten/preise`: what each model in use costs today and since when, price lists and exchange rates from files, and the
proof that booked records keep the price of their day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.accounting.pricelists.desk import PriceInForce, PriceTable, Proven, RateInForce
from leitstand.accounting.pricelists.difference import Change, Figures
from leitstand.accounting.pricelists.read import MOST_BYTES
from leitstand.accounting.pricelists.repository import Version
from leitstand.core.clock import from_us
from leitstand.identity.roles import Permission
from leitstand.web.acts import form
from leitstand.web.format import NONE
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level, Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/kosten/preise"
_ONE = Decimal(1)
KINDS = {"list": N_("Preisliste"), "own": N_("eigene Preise"), "rates": N_("Wechselkurse")}
DIRECTIONS: dict[str, tuple[Level, str]] = {
    "rises": ("warn", N_("steigt")),
    "falls": ("ok", N_("sinkt")),
    "mixed": ("info", N_("teils, teils")),
    "new": ("info", N_("neu")),
    "gone": ("warn", N_("entfällt")),
    "same": ("off", N_("unverändert")),
}
UNITS = {
    "image": N_("je Bild %(price)s €"),
    "second": N_("je Sekunde Ton %(price)s €"),
    "search": N_("je Suche %(price)s €"),
}
DONE = {
    "gesetzt": N_(
        "Die Preise gelten ab der nächsten Anfrage. Gebuchte Vorgänge behalten den Preis ihres Tages."
    ),
    "kurse": N_("Die Wechselkurse gelten. Gebuchte Vorgänge behalten den Kurs ihres Tages."),
}


@dataclass(frozen=True)
class PriceRow:
    """A model in use. Amounts are EUR per million tokens. since: when this very price was first used."""

    provider: str
    model: str
    names: str
    level: Level
    word: str
    input: str
    cached: str
    output: str
    more: tuple[str, ...]
    source: str
    converted: str
    uplift: str
    since: str


@dataclass(frozen=True)
class RateRow:
    """A currency. old: how old the rate is, where that matters."""

    currency: str
    rate: str
    day: str
    source: str
    old: str


@dataclass(frozen=True)
class ChangeRow:
    """A model in use under another list."""

    provider: str
    model: str
    level: Level
    word: str
    before: str
    after: str
    effect: str


@dataclass(frozen=True)
class Proposal:
    """A compared file that may be taken. lead: what it comes to; rest: models of the list that nobody here uses."""

    id: str
    source: str
    lead: str
    rest: str
    changes: tuple[ChangeRow, ...]
    unchanged: str


@dataclass(frozen=True)
class VersionRow:
    """An import. retake: whether it can come into force again."""

    id: str
    time: str
    iso: str
    kind: str
    source: str
    entries: str
    who: str
    level: Level
    word: str
    comparable: bool


@dataclass(frozen=True)
class PricesPage:
    """lead: the state in a sentence. proof: of the newest records. done, error: what came of the last act."""

    lead: str
    list_source: str
    rows: tuple[PriceRow, ...]
    rates: tuple[RateRow, ...]
    proof: str
    proof_level: Level
    versions: tuple[VersionRow, ...]
    may_change: bool
    proposal: Proposal | None = None
    done: str = ""
    error: str = ""


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.BUDGETS_READ)
        done = visit.done(DONE)
        return await visit.page("preise.html", await _page(visit, viewer, done=done))

    async def again(visit: Visit, viewer: Viewer, error: str) -> Response:
        return await visit.page("preise.html", await _page(visit, viewer, error=error), 422)

    act = partial(form, desk, Permission.CONFIGURATION_WRITE, _HOME, again=again, file=True)

    async def compare(visit: Visit, viewer: Viewer) -> str:
        name, data = await visit.file("datei")
        version = await desk.ports.prices.propose(viewer, data, name)
        return f"vergleich={version.id}#vergleich"

    async def take(visit: Visit, viewer: Viewer) -> str:
        await desk.ports.prices.take(viewer, await visit.field("import"))
        return "getan=gesetzt"

    async def rates(visit: Visit, viewer: Viewer) -> str:
        name, data = await visit.file("datei")
        await desk.ports.prices.import_rates(viewer, data, name)
        return "getan=kurse"

    async def _page(visit: Visit, viewer: Viewer, done: str = "", error: str = "") -> PricesPage:
        table, proven = await desk.ports.prices.table(), await desk.ports.prices.proof()
        return _view(visit, viewer, table, proven, done, error)

    posts = (("vergleichen", compare), ("einsetzen", take), ("kurse", rates))
    return [
        Route(_HOME, show, methods=["GET"], name="preise"),
        *(
            Route(f"{_HOME}/{path}", act(work), methods=["POST"], max_body_size=MOST_BYTES + 10_000)
            for path, work in posts
        ),
    ]


def _view(
    visit: Visit, viewer: Viewer, table: PriceTable, proven: Proven, done: str, error: str
) -> PricesPage:
    wish = visit.request.query_params.get("vergleich", "")
    chosen = next((each for each in table.versions if each.id == wish and each.kind != "rates"), None)
    return PricesPage(
        lead=_lead(visit, table),
        list_source=table.source,
        rows=tuple(
            _price_row(visit, each) for each in sorted(table.prices, key=lambda row: not row.price.unpriced)
        ),
        rates=tuple(_rate_row(visit, each) for each in table.rates),
        proof=_proof(visit, proven),
        proof_level="crit" if proven.differs else "info" if proven.unknown else "ok",
        versions=tuple(_version_row(visit, each, table) for each in table.versions),
        may_change=Permission.CONFIGURATION_WRITE in viewer.permissions,
        proposal=_proposal(visit, chosen) if chosen else None,
        done=done,
        error=error,
    )


def _lead(visit: Visit, table: PriceTable) -> str:
    if not table.prices:
        return visit.say("Noch kein Modell ist eingerichtet.")
    if table.unpriced:
        return visit.say(
            "Ohne Preis: %(count)s von %(all)s Modellen im Einsatz. Gebucht wird dafür vorsichtshalber zu viel, bis Sie einen eintragen.",
            count=len(table.unpriced), all=len(table.prices),
        )  # fmt: skip
    return visit.say("Jedes Modell im Einsatz hat einen Preis (%(all)s).", all=len(table.prices))


# ---------------------------------------------------------------- prices in force


def _price_row(visit: Visit, each: PriceInForce) -> PriceRow:
    price = each.price
    level, word = _state(each)
    since = from_us(each.since_us) if each.since_us is not None else None
    return PriceRow(
        provider=each.place.provider,
        model=each.place.model,
        names=", ".join(each.place.names),
        level=level,
        word=visit.say(word),
        input=_per_million(visit, price.tariff.input),
        cached=_per_million(visit, price.tariff.cached_input),
        output=_per_million(visit, price.tariff.output),
        more=_more(visit, each),
        source=visit.say("vorsichtshalber angenommen")
        if price.unpriced
        else visit.say("Eigener Preis")
        if price.source == "override"
        else visit.say("im Haus")
        if price.source == "local"
        else price.source,
        converted=visit.say(
            "%(rate)s %(currency)s je Euro", rate=visit.form.number(price.rate, 4), currency=price.currency
        )
        if price.rate_day
        else "",
        uplift=_uplift(visit, each),
        since=visit.form.date(since) if since else NONE,
    )


def _state(each: PriceInForce) -> tuple[Level, str]:
    if each.price.unpriced:
        return "warn", N_("ohne Preis")
    if each.price.source == "local":
        return "off", N_("kostenlos")
    return "ok", N_("gilt")


def _per_million(visit: Visit, amount: Decimal) -> str:
    return visit.form.number(amount, 2 if amount == 0 or amount >= _ONE else 4)


def _more(visit: Visit, each: PriceInForce) -> tuple[str, ...]:
    """Unit prices and the tariff of long prompts."""
    known = each.price.units._asdict().items()
    units = [
        visit.say(UNITS[name], price=visit.form.number(value, 4))
        for name, value in known
        if value and name in UNITS
    ]
    tiers = [
        visit.say(
            "über %(above)s Tokens: %(input)s / %(output)s",
            above=visit.form.number(tier.above), input=_per_million(visit, tier.tariff.input),
            output=_per_million(visit, tier.tariff.output),
        )
        for tier in each.price.tiers
    ]  # fmt: skip
    return (*units, *tiers)


def _uplift(visit: Visit, each: PriceInForce) -> str:
    if each.price.uplift == _ONE:
        return ""
    share = visit.form.percent(float(each.price.uplift - 1), 0)
    return visit.say("darin %(share)s Zuschlag für die Region", share=share)


def _rate_row(visit: Visit, each: RateInForce) -> RateRow:
    day = datetime.combine(each.rate.day, time(12), UTC)
    old = visit.say("%(days)s Tage alt", days=visit.form.number(each.age_days)) if each.is_old else ""
    return RateRow(
        each.rate.currency,
        visit.form.number(each.rate.per_euro, 4),
        visit.form.date(day),
        each.rate.source,
        old,
    )


# ---------------------------------------------------------------- imports


def _proposal(visit: Visit, version: Version) -> Proposal:
    found = version.difference
    changed = [change for change in found.changes if change.direction != "same"]
    effect = _effect(visit, found.effect_nano)
    lead = visit.say("Auf den Verbrauch der letzten 30 Tage gerechnet: %(effect)s.", effect=effect)
    same = len(found.changes) - len(changed)
    return Proposal(
        version.id,
        version.source,
        lead,
        visit.say(
            "In der ganzen Liste: %(changed)s geändert, %(new)s neu, %(gone)s entfallen.",
            changed=visit.form.number(found.changed), new=visit.form.number(found.new), gone=visit.form.number(found.gone),
        )
        if version.kind == "list"
        else "",
        tuple(_change_row(visit, change) for change in sorted(changed, key=lambda each: -abs(each.effect_nano))),
        visit.say("Unverändert bleiben im Einsatz: %(count)s.", count=same) if same else "",
    )  # fmt: skip


def _change_row(visit: Visit, change: Change) -> ChangeRow:
    level, word = DIRECTIONS[change.direction]
    return ChangeRow(
        change.provider,
        change.model,
        level,
        visit.say(word),
        _pair(visit, change.before),
        _pair(visit, change.after),
        _effect(visit, change.effect_nano) if change.tokens else visit.say("ohne Verbrauch"),
    )


def _pair(visit: Visit, figures: Figures | None) -> str:
    if figures is None:
        return visit.say("ohne Preis")
    return f"{_per_million(visit, figures.input)} / {_per_million(visit, figures.output)}"


def _effect(visit: Visit, nano: int) -> str:
    return ("+" if nano > 0 else "") + str(visit.form.money(nano))


def _version_row(visit: Visit, version: Version, table: PriceTable) -> VersionRow:
    level, word = _version_state(version, table)
    moment = from_us(version.taken_us or version.read_us)
    return VersionRow(
        version.id,
        f"{visit.form.date(moment)}, {visit.form.time(moment)}",
        visit.form.iso(moment),
        visit.say(KINDS[version.kind]),
        version.source,
        visit.form.number(version.entries),
        version.taken_by or version.read_by,
        level,
        visit.say(word),
        version.kind != "rates",
    )


def _version_state(version: Version, table: PriceTable) -> tuple[Level, str]:
    if version.taken_us is None:
        return "off", N_("nur verglichen")
    newest = max((each.taken_us or 0) for each in table.versions if each.kind == version.kind)
    if version.taken_us == newest or version.kind == "own":
        return "ok", N_("übernommen")
    return "off", N_("ersetzt")


def _proof(visit: Visit, proven: Proven) -> str:
    if not proven.records:
        return visit.say("Noch nichts gebucht.")
    if proven.differs:
        return visit.say(
            "%(count)s der letzten %(all)s gebuchten Vorgänge ergeben einen anderen Betrag als gebucht.",
            count=len(proven.differs), all=visit.form.number(proven.records),
        )  # fmt: skip
    told = visit.say(
        "%(proven)s der letzten %(all)s gebuchten Vorgänge ergeben aus dem Preis ihres Tages neu gerechnet denselben Betrag, auf den Nanoeuro.",
        proven=visit.form.number(proven.proven), all=visit.form.number(proven.records),
    )  # fmt: skip
    if not proven.unknown:
        return told
    more = visit.say(
        "%(count)s lassen sich nicht nachrechnen: abgebrochen oder vor der Einführung dieses Nachweises gebucht.",
        count=visit.form.number(proven.unknown),
    )
    return f"{told} {more}"


PAGE = Page(
    slug="preise",
    routes=_routes,
    entries=(Entry(COSTS, N_("Preise"), "file-text", _HOME, Permission.BUDGETS_READ, order=40),),
)
