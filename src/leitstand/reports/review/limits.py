"""Which limits fitted the month: never nearly reached, reached too early, or as they should be."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from leitstand.accounting.budgets.repository import Used
from leitstand.accounting.limits import EACH, LimitRule
from leitstand.reports.review.values import LEAST_PEOPLE, Advice, LimitCheck

_IDLE_SHARE = 0.4  # a limit that is used less guards nothing
_ROOM = 1.3  # above what was used, for a limit that is suggested
_EARLY_DAY = 25  # a limit of a month that is reached before it was too small
_PERSONAL = ("user", "key")


def check_limits(
    rules: Sequence[LimitRule],
    daily: Callable[[str], Sequence[Used]],
    days_in_month: int,
    may_show: Mapping[str, AbstractSet[str]],
) -> tuple[LimitCheck, ...]:
    """Every limit of money or tokens. daily: what each of a kind of scope used on the days of the month.

    may_show: by kind of scope the names of groups that are large enough. Limits of one person are left out, limits of
    each person are counted.
    """
    found: list[LimitCheck] = []
    for rule in rules:
        kind, _, name = rule.scope.partition(":")
        if rule.is_pace or not rule.units or (kind in _PERSONAL and name != EACH):
            continue
        used = _by_name(daily(kind), rule)
        if name == EACH:
            found += _each(rule, used, kind, may_show)
        elif kind == "company" or name in may_show.get(kind, ()):
            found.append(_one(rule, rule.scope, used.get(name, {}), days_in_month))
    return tuple(found)


def _by_name(rows: Sequence[Used], rule: LimitRule) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.name, {})[row.day] = row.cost_nano if rule.in_money else row.tokens
    return found


def _one(rule: LimitRule, scope: str, days: Mapping[str, int], days_in_month: int) -> LimitCheck:
    if rule.span == "day":
        reached = sorted(day for day, amount in days.items() if amount >= rule.units)
        spent = max(days.values(), default=0)
        too_small = len(reached) > max(1, days_in_month // 10)
    else:
        reached = _crossing(days, rule.units)
        spent = sum(days.values())
        too_small = bool(reached) and int(reached[0][-2:]) < _EARLY_DAY
    advice: Advice = "raise" if too_small else "lower" if spent < _IDLE_SHARE * rule.units else "fits"
    suggested = 0
    if advice == "raise":
        through = int(reached[0][-2:]) / days_in_month if rule.span == "month" else 1.0
        suggested = _round(rule, max(rule.units, spent) / through * (1.1 if rule.span == "month" else _ROOM))
    elif advice == "lower" and spent:
        suggested = _round(rule, spent * _ROOM)
    first = reached[0] if reached else ""
    return LimitCheck(
        scope, rule.measure, rule.units, spent, advice, suggested, first,
        len(reached) if rule.span == "day" else 0, 1, int(bool(reached)),
    )  # fmt: skip


def _each(
    rule: LimitRule, used: Mapping[str, Mapping[str, int]], kind: str, may_show: Mapping[str, AbstractSet[str]]
) -> list[LimitCheck]:  # fmt: skip
    """A rule for each: how many reached it. Of persons only, where there are enough of them on both sides or none."""
    names = [name for name in used if name and (kind in _PERSONAL or name in may_show.get(kind, ()))]
    if len(names) < (LEAST_PEOPLE if kind in _PERSONAL else 1):
        return []
    checks = [_one(rule, rule.scope, used[name], 31) for name in names]
    reached = sum(check.reached for check in checks)
    if kind in _PERSONAL and 0 < reached < LEAST_PEOPLE:
        return []
    most = 0 if kind in _PERSONAL else max(check.spent for check in checks)
    idle = all(check.advice == "lower" for check in checks)
    advice: Advice = "raise" if reached * 5 > len(names) else "lower" if idle else "fits"
    return [LimitCheck(rule.scope, rule.measure, rule.units, most, advice, of=len(names), reached=reached)]


def _crossing(days: Mapping[str, int], limit: int) -> list[str]:
    """The day on which the sum reached the limit, as a list of none or one."""
    total = 0
    for day in sorted(days):
        total += days[day]
        if total >= limit:
            return [day]
    return []


def _round(rule: LimitRule, units: float) -> int:
    """Up to two digits that count, in whole euros or thousands of tokens."""
    one = 1_000_000_000 if rule.in_money else 1000
    wanted = max(units / one, 1.0)
    step = 10.0 ** max(len(str(int(wanted))) - 2, 0)
    return int(-(-wanted // step) * step) * one
