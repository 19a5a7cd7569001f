"""The state of every limit: what is used and held, what was added, when it will be reached."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from leitstand.accounting.budgets.forecast import HISTORY_DAYS, Forecast, forecast
from leitstand.accounting.budgets.repository import Used
from leitstand.accounting.counters import Counter, Reading
from leitstand.accounting.leeway import Grace, Leeway
from leitstand.accounting.limits import EACH, LimitRule, Measure, address
from leitstand.accounting.periods import Calendar, Period

QUIET_SHARE = 0.7
LIKELY = 0.8
_ABOUT_PERSONS = ("user", "key")


@dataclass(frozen=True)
class LimitState:
    """One limit of one scope in its running period. Amounts are in the rule's units.

    scope: with a name in place of `*`. limit: with `extension`, which was added. forecast: of months only.
    """

    rule: LimitRule
    scope: str
    period: Period
    spent: int
    held: int
    limit: int
    extension: int = 0
    forecast: Forecast | None = None

    @property
    def share(self) -> float:
        """Spent of the limit; 1 for a limit of nothing."""
        return self.spent / self.limit if self.limit else 1.0

    @property
    def will_be_reached(self) -> bool:
        """Whether it very likely comes to that in this period."""
        return self.forecast is not None and self.forecast.probability >= LIKELY

    @property
    def is_private(self) -> bool:
        """Whether its figures are one person's and give nobody a reason to act, so that nobody sees them."""
        is_quiet = self.share < QUIET_SHARE and not self.will_be_reached and not self.extension
        return self.scope.partition(":")[0] in _ABOUT_PERSONS and is_quiet


@dataclass(frozen=True)
class Board:
    """All limits. states: those with an amount a period. paces: requests a minute, which have no state to show."""

    states: tuple[LimitState, ...]
    paces: tuple[LimitRule, ...]
    graces: tuple[Grace, ...]


@dataclass(frozen=True)
class Sources:
    """Where the figures come from. daily: `UsageRows.daily`; read: `Counters.read`."""

    daily: Callable[[str, str], Sequence[Used]]
    read: Callable[[Sequence[Counter]], Sequence[Reading]]


def take_board(
    rules: Sequence[LimitRule], leeway: Leeway, calendar: Calendar, now_s: float, sources: Sources
) -> Board:
    """The state now. Blocking: it reads the database once for each kind of scope that has limits."""
    amounts = [rule for rule in rules if not rule.is_pace]
    today = calendar.period("day", now_s).label
    since = (date.fromisoformat(today) - timedelta(days=HISTORY_DAYS)).isoformat()
    used = {kind: _by_name(sources.daily(kind, since)) for kind in {_kind(rule) for rule in amounts}}
    placed = [(rule, scope) for rule in amounts for scope in _scopes(rule, rules, used, calendar, now_s)]
    periods = [calendar.period(rule.span, now_s) for rule, _ in placed]
    counters = [address(scope, rule, period) for (rule, scope), period in zip(placed, periods, strict=True)]
    states = []
    for (rule, scope), period, reading in zip(placed, periods, sources.read(counters), strict=True):
        extension = leeway.extension(scope, rule.measure, period.label)
        limit = rule.units + extension
        history = used[_kind(rule)].get(scope.partition(":")[2], {})
        ahead = _forecast(rule, history, today, period, calendar, reading.spent, limit)
        states.append(LimitState(rule, scope, period, reading.spent, reading.held, limit, extension, ahead))
    graces = tuple(each for each in leeway.graces if today <= each.until)
    return Board(tuple(states), tuple(rule for rule in rules if rule.is_pace), graces)


_History = Mapping[str, Used]


def _by_name(rows: Iterable[Used]) -> dict[str, dict[str, Used]]:
    found: dict[str, dict[str, Used]] = defaultdict(dict)
    for row in rows:
        found[row.name][row.day] = row
    return found


def _scopes(
    rule: LimitRule,
    rules: Sequence[LimitRule],
    used: Mapping[str, Mapping[str, _History]],
    calendar: Calendar,
    now_s: float,
) -> list[str]:
    """Whom a rule binds: its own scope, or each one who used something in the period and has no rule of their own."""
    kind, _, name = rule.scope.partition(":")
    if name != EACH:
        return [rule.scope]
    own = {each.scope for each in rules if each.measure == rule.measure and not each.scope.endswith(EACH)}
    begin = calendar.period(rule.span, now_s).label
    names = sorted(who for who, days in used[kind].items() if who and max(days) >= begin)
    return [scope for who in names if (scope := f"{kind}:{who}") not in own]


def _forecast(
    rule: LimitRule, history: _History, today: str, period: Period, calendar: Calendar, spent: int, limit: int
) -> Forecast | None:
    if rule.span != "month":
        return None
    daily = {
        date.fromisoformat(day): float(row.cost_nano if rule.in_money else row.tokens)
        for day, row in history.items()
    }
    last = datetime.fromtimestamp(period.ends_s, UTC).astimezone(calendar.zone).date() - timedelta(days=1)
    return forecast(daily, date.fromisoformat(today), last, spent, limit)


def _kind(rule: LimitRule) -> str:
    return rule.scope.partition(":")[0]


def find_rule(rules: Iterable[LimitRule], scope: str, measure: Measure) -> LimitRule | None:
    """The rule that refuses on a scope: its own, or the one for each of its kind; of several the largest."""
    kind = scope.partition(":")[0]
    found = [rule for rule in rules if rule.measure == measure and rule.scope in (scope, f"{kind}:{EACH}")]
    own = [rule for rule in found if rule.scope == scope] or found
    return max(own, key=lambda rule: rule.amount, default=None)
