"""`/kosten/zwischenspeicher`: what the semantic cache answered, saved and refused. No texts, no persons."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.core.money import NanoEuro
from leitstand.gateway.semantic import Refused
from leitstand.identity.roles import Permission
from leitstand.reports.semantic import PERIOD_DAYS, SemanticRow, SemanticSnapshot
from leitstand.web.format import NONE
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.visit import Desk, Visit

REFUSALS = 15
TOLD_REASONS = 3
_HOME = "/kosten/zwischenspeicher"
REASONS = {
    "number": N_("Zahl, Einheit oder Datum"),
    "name": N_("Person oder Firma"),
    "people": N_("andere Personen gemeint"),
    "policy": N_("Anbieter hier nicht erlaubt"),
    "quote": N_("Zitat"),
    "negation": N_("Verneinung"),
    "direction": N_("Richtung oder Vergleich"),
    "modality": N_("dürfen, müssen, können"),
    "tense": N_("Zeitform"),
    "quantity": N_("Menge"),
    "question": N_("Fragewort"),
    "order": N_("Rollen vertauscht"),
    "gender": N_("Anrede oder Geschlecht"),
    "language": N_("Sprache"),
    "format": N_("Form oder Länge"),
    "word": N_("anderes Wort"),
}


@dataclass(frozen=True)
class CaseRow:
    """One use case. share: hits of all requests that could have been answered from a cache."""

    use_case: str
    on: bool
    hits: str
    share: str
    saved: str
    similarity: str
    refused: str


@dataclass(frozen=True)
class RefusalRow:
    """A near answer that was not given."""

    time: str
    iso: str
    use_case: str
    similarity: str
    reason: str


@dataclass(frozen=True)
class CachePage:
    """available: this platform has the encoder. saved, hits: of all use cases, "" while there is nothing."""

    available: bool
    days: int
    saved: str
    hits: str
    rows: tuple[CaseRow, ...]
    refusals: tuple[RefusalRow, ...]


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        cache = desk.ports.semantic_cache
        return await visit.page(
            "zwischenspeicher.html", _page(visit, await cache.snapshot(), cache.available())
        )

    return [Route(_HOME, show, methods=["GET"], name="semantic_cache")]


def _page(visit: Visit, snapshot: SemanticSnapshot, available: bool) -> CachePage:
    hits = sum(row.hits for row in snapshot.rows)
    saved = NanoEuro(sum(row.saved_nano for row in snapshot.rows))
    return CachePage(
        available=available,
        days=PERIOD_DAYS,
        saved=str(visit.form.money(saved)) if hits else "",
        hits=visit.form.number(hits) if hits else "",
        rows=tuple(_case(visit, row) for row in snapshot.rows),
        refusals=tuple(_refusal(visit, each) for each in snapshot.refusals[:REFUSALS]),
    )


def _case(visit: Visit, row: SemanticRow) -> CaseRow:
    form, looked_up = visit.form, row.hits + row.exact_hits + row.misses
    reasons = [f"{_reason(visit, kind)} {form.number(count)}" for kind, count in row.refused[:TOLD_REASONS]]
    if row.skipped:
        reasons.append(visit.say("Vergleich ausgelastet %(count)s", count=form.number(row.skipped)))
    return CaseRow(
        use_case=row.use_case,
        on=row.on,
        hits=form.number(row.hits),
        share=str(form.percent(row.hits / looked_up)) if looked_up else NONE,
        saved=str(form.money(row.saved_nano)),
        similarity=NONE if row.similarity is None else form.number(row.similarity, 3),
        refused=", ".join(reasons) or NONE,
    )


def _refusal(visit: Visit, refused: Refused) -> RefusalRow:
    return RefusalRow(
        time=f"{visit.form.short_date(refused.time)} {visit.form.clock(refused.time, seconds=True)}",
        iso=visit.form.iso(refused.time),
        use_case=refused.use_case,
        similarity=visit.form.number(refused.similarity, 3),
        reason=_reason(visit, refused.reason),
    )


def _reason(visit: Visit, kind: str) -> str:
    return visit.say(REASONS[kind])


PAGE = Page(
    "zwischenspeicher",
    _routes,
    (Entry(COSTS, N_("Zwischenspeicher"), "layers", _HOME, Permission.OPERATIONS_READ, 70),),
)
