"""`/kosten/modellstufen`: which tiers requests took, why, what it saved, and what a text would take. No persons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.core.i18n import Bilingual
from leitstand.core.tiers import Tier
from leitstand.gateway.tiers.classify import Judgement, shipped_weights
from leitstand.gateway.tiers.explain import NAMES, judge_text
from leitstand.identity.roles import Permission
from leitstand.reports.tiers import PERIOD_DAYS, TierDecision, TierSnapshot
from leitstand.web.format import NONE
from leitstand.web.navigation import COSTS, N_, Entry
from leitstand.web.page import Page
from leitstand.web.visit import Desk, Visit
from leitstand.web.wire import TIER_WORDS

RECENT = 15
TOLD_REASONS = 3
TOLD_FROM = 4.0  # points; what adds less decides nothing
MOST_CHARACTERS = 100_000
_HOME = "/kosten/modellstufen"


@dataclass(frozen=True)
class TierRow:
    """One tier. width: its share in percent, for the bar; full: the cost at the largest open tier."""

    word: str
    models: str
    share: str
    width: str
    requests: str
    cost: str
    full: str


@dataclass(frozen=True)
class DecisionRow:
    """One request. why: the weightiest features, or the rule that decided."""

    time: str
    iso: str
    use_case: str
    word: str
    model: str
    why: str
    cost: str


@dataclass(frozen=True)
class TriedText:
    """A text that was tried. points: name, points and direction of each feature, base first; limits: both thresholds."""

    text: str
    word: str
    score: str
    points: tuple[tuple[str, str], ...]
    limits: tuple[str, str]


@dataclass(frozen=True)
class TiersPage:
    """saved, share: what was saved, "" while nothing is known. models: names of the models with tiers."""

    days: int
    models: str
    saved: str
    share: str
    full: str
    from_cache: str
    rows: tuple[TierRow, ...]
    recent: tuple[DecisionRow, ...]
    text: str
    tried: TriedText | None
    most_characters: int


def _routes(desk: Desk) -> Sequence[Route]:
    async def build(visit: Visit, text: str = "") -> TiersPage:
        tiers = desk.ports.model_tiers
        tried = _tried(visit, text, judge_text(text)) if text.strip() else None
        return _page(visit, await tiers.snapshot(RECENT), tiers.models(), text, tried)

    async def show(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        return await visit.page("modellstufen.html", await build(visit))

    async def try_out(request: Request) -> Response:
        visit, _viewer = await desk.enter(request, Permission.OPERATIONS_READ)
        await visit.check_token()
        text = (await visit.field("text"))[:MOST_CHARACTERS]
        return await visit.page("modellstufen.html", await build(visit, text))

    return [
        Route(_HOME, show, methods=["GET"], name="model_tiers"),
        Route(_HOME, try_out, methods=["POST"]),
    ]


def _page(
    visit: Visit,
    snapshot: TierSnapshot,
    models: dict[str, dict[Tier, str]],
    text: str,
    tried: TriedText | None,
) -> TiersPage:
    form, saved_nano = visit.form, snapshot.full_nano - snapshot.cost_nano
    return TiersPage(
        days=PERIOD_DAYS,
        models=", ".join(models),
        saved=str(form.money(saved_nano)) if snapshot.full_nano else "",
        share=str(form.percent(saved_nano / snapshot.full_nano)) if snapshot.full_nano else "",
        full=str(form.money(snapshot.full_nano)),
        from_cache=form.number(snapshot.from_cache) if snapshot.from_cache else "",
        rows=_rows(visit, snapshot, models) if snapshot.requests else (),
        recent=tuple(_decision(visit, decision) for decision in snapshot.recent),
        text=text,
        tried=tried,
        most_characters=MOST_CHARACTERS,
    )


def _rows(visit: Visit, snapshot: TierSnapshot, models: dict[str, dict[Tier, str]]) -> tuple[TierRow, ...]:
    form = visit.form
    return tuple(
        TierRow(
            word=visit.say(TIER_WORDS[each.tier]),
            models=", ".join(sorted({tiers[each.tier] for tiers in models.values() if each.tier in tiers}))
            or NONE,
            share=str(form.percent(each.requests / snapshot.requests)),
            width=f"{100 * each.requests / snapshot.requests:.1f}",
            requests=form.number(each.requests),
            cost=str(form.money(each.cost_nano)),
            full=str(form.money(each.full_nano)),
        )
        for each in snapshot.figures
    )


def _decision(visit: Visit, decision: TierDecision) -> DecisionRow:
    return DecisionRow(
        time=f"{visit.form.short_date(decision.time)} {visit.form.clock(decision.time)}",
        iso=visit.form.iso(decision.time),
        use_case=decision.use_case or NONE,
        word=visit.say(TIER_WORDS[decision.tier]),
        model=decision.model,
        why=_why(visit, decision),
        cost=str(visit.form.money(decision.cost_nano)),
    )


def _why(visit: Visit, decision: TierDecision) -> str:
    parts = [_name(visit, name) for name in _weighty(decision.reasons)]
    if decision.why == "pinned":
        parts = [visit.say("vom Anwendungsfall festgelegt")]
    elif decision.why == "capped":
        parts.append(visit.say("vom Anwendungsfall begrenzt"))
    if decision.passed:
        words = ", ".join(visit.say(TIER_WORDS[Tier(tier)]) for tier in decision.passed)
        parts.append(visit.say("kein erlaubtes Ziel auf Stufe %(tiers)s", tiers=words))
    return "; ".join(parts) or NONE


def _weighty(reasons: Iterable[tuple[str, float]]) -> list[str]:
    """The features to tell: not more than three, and none that decides nothing."""
    return [name for name, points in reasons if abs(points) >= TOLD_FROM][:TOLD_REASONS]


def _name(visit: Visit, feature: str) -> str:
    """A feature as people call it; one of an earlier version by its own name."""
    known = NAMES.get(feature)
    return visit.tell(Bilingual(known.de, known.en)) if known else feature


def _tried(visit: Visit, text: str, judgement: Judgement) -> TriedText:
    weights, form = shipped_weights(), visit.form
    return TriedText(
        text=text,
        word=visit.say(TIER_WORDS[judgement.tier]),
        score=form.number(judgement.score),
        points=(
            (visit.say("Ausgangswert"), form.signed(weights.base)),
            *(
                (_name(visit, name), form.signed(points))
                for name, _value, points in judgement.reasons
                if round(points)
            ),
        ),
        limits=(form.number(weights.standard_from), form.number(weights.complex_from)),
    )


PAGE = Page(
    "modellstufen",
    _routes,
    (Entry(COSTS, N_("Modellstufen"), "layers", _HOME, Permission.OPERATIONS_READ, 60),),
)
