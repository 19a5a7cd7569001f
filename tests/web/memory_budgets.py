"""The port of budgets for page tests: limits in every state, or none; what is changed is noted."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from leitstand.accounting.budgets.board import Board, LimitState
from leitstand.accounting.budgets.changes import ExtensionWish, GraceWish, LimitWish
from leitstand.accounting.budgets.forecast import Forecast
from leitstand.accounting.budgets.repository import Warned
from leitstand.accounting.leeway import Grace
from leitstand.accounting.limits import LimitRule, Measure
from leitstand.accounting.periods import Calendar
from leitstand.core.errors import NotFound
from leitstand.web.ports import Viewer

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
_EURO = 1_000_000_000
_CALENDAR = Calendar("Europe/Berlin")


def state(
    scope: str,
    measure: Measure,
    amount: int,
    spent: float,
    held: float = 0,
    ahead: Forecast | None = None,
    at_limit: str = "refuse",
    extension: int = 0,
    each: bool = False,
) -> LimitState:
    rule = LimitRule(
        f"{scope.partition(':')[0]}:*" if each else scope, measure, Decimal(amount - extension), at_limit
    )
    one = _EURO if rule.in_money else 1
    period = _CALENDAR.period(rule.span, NOW.timestamp())
    return LimitState(
        rule, scope, period, int(spent * one), int(held * one), amount * one, extension * one, ahead
    )  # fmt: skip


def ahead(total: float, reached: int | None, probability: float) -> Forecast:
    """reached: day of November. In euros."""
    days = [None if reached is None else date(2026, 11, reached) + timedelta(days=off) for off in (0, -2, 3)]
    return Forecast(total * _EURO, total * 0.9e9, total * 1.1e9, days[0], days[1], days[2], probability)


STATES = (
    state("company", "eur_per_month", 4000, 2310.4, 12.5, ahead(3710, None, 0.02)),
    state("department:vertrieb", "eur_per_month", 800, 610, 0, ahead(1050, 23, 0.97)),
    state("use_case:angebote", "eur_per_month", 300, 301.2, 0, None),
    state("use_case:werbung", "eur_per_month", 120, 114, 2, ahead(131, 26, 0.7), extension=20),
    state("user:anna", "tokens_per_day", 200_000, 151_200, 4000, each=True),
    state("user:ben", "tokens_per_day", 200_000, 1_234, each=True),
    state("user:carla", "tokens_per_day", 200_000, 99, each=True),
    state("model:gross", "eur_per_month", 500, 512, at_limit="downgrade:standard"),
)
WARNED = (
    Warned(1_795_000_000_000_000, {
        "scope": "department:vertrieb", "measure": "eur_per_month", "threshold": "forecast", "reached_on": "2026-11-23",
    }),
    Warned(1_794_990_000_000_000, {"scope": "use_case:angebote", "measure": "eur_per_month", "threshold": "100"}),
)  # fmt: skip


class MemoryBudgets:
    """web.ports.Budgets."""

    def __init__(self) -> None:
        self.empty = False
        self.acts: list[object] = []

    async def board(self) -> Board:
        if self.empty:
            return Board((), (), ())
        paces = (LimitRule("user:*", "requests_per_minute", Decimal(30)),)
        return Board(STATES, paces, (Grace("user:jonas", "2026-11-30", Decimal(25), 50_000),))

    async def warnings(self, most: int) -> Sequence[Warned]:
        return () if self.empty else WARNED[:most]

    def models(self) -> tuple[str, ...]:
        return ("gross", "standard")

    async def extend(self, viewer: Viewer, wish: ExtensionWish) -> None:
        if wish.scope == "user:anna":
            raise NotFound("Diese Grenze gibt es nicht.", "There is no such limit.")
        self.acts.append(wish)

    async def give_grace(self, viewer: Viewer, wish: GraceWish) -> None:
        self.acts.append(wish)

    async def end_grace(self, viewer: Viewer, scope: str) -> None:
        self.acts.append(scope)

    async def set_limit(self, viewer: Viewer, wish: LimitWish) -> None:
        self.acts.append(wish)
