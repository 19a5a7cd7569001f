"""Limits: who may use how much in which period, and which of them a call touches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from leitstand.accounting.counters import Counter, counter
from leitstand.accounting.leeway import Leeway
from leitstand.accounting.periods import Calendar, Period, Span
from leitstand.core.money import nano

Measure = Literal["eur_per_day", "eur_per_month", "tokens_per_day", "tokens_per_month", "requests_per_minute"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
SCOPE_KINDS = ("company", "department", "use_case", "user", "key", "model")
EACH = "*"
_DOWNGRADE = "downgrade:"


@dataclass(frozen=True, slots=True)
class LimitRule:
    """One limit. Raises ValueError if a field is none of the words below.

    scope: `company`, or `department:NAME`, `use_case:NAME`, `user:NAME`, `key:ID`, `model:NAME`, where NAME
    `*` means each one for itself. amount: EUR, tokens (input plus output) or requests.
    at_limit: `refuse`, or `downgrade:MODEL`.
    """

    scope: str
    measure: Measure
    amount: Decimal
    at_limit: str = "refuse"

    def __post_init__(self) -> None:
        kind, _, name = self.scope.partition(":")
        if kind not in SCOPE_KINDS or bool(name) is (kind == "company"):
            raise ValueError(
                f"scope {self.scope!r} of a limit is none of {', '.join(SCOPE_KINDS)} with a name"
            )
        if self.measure not in MEASURES:
            raise ValueError(f"measure {self.measure!r} of a limit is none of {', '.join(MEASURES)}")
        if self.at_limit != "refuse" and not self.downgrade_to:
            raise ValueError(f"at_limit {self.at_limit!r} is neither refuse nor downgrade:MODEL")
        if self.amount < 0:
            raise ValueError(f"the amount of a limit cannot be negative, got {self.amount}")

    @property
    def units(self) -> int:
        """The amount in what is counted: nano-euro, tokens or requests."""
        return nano(self.amount) if self.in_money else int(self.amount)

    @property
    def in_money(self) -> bool:
        """Whether euros are counted, not tokens or requests."""
        return self.measure.startswith("eur")

    @property
    def is_pace(self) -> bool:
        """Whether it limits requests in a sliding minute."""
        return self.measure == "requests_per_minute"

    @property
    def span(self) -> Span:
        """Day or month; without meaning for a pace."""
        return "month" if self.measure.endswith("month") else "day"

    @property
    def downgrade_to(self) -> str:
        """The public model that takes over at the limit, or ''."""
        return self.at_limit.removeprefix(_DOWNGRADE) if self.at_limit.startswith(_DOWNGRADE) else ""


class Subject(NamedTuple):
    """On whose account a call goes; '' where there is none. model: the public name that was asked."""

    user: str
    department: str = ""
    use_case: str = ""
    key_id: str = ""
    model: str = ""

    def name_in(self, kind: str) -> str:
        """This subject's name under a kind of scope; '' if it has none there."""
        return {
            "department": self.department,
            "use_case": self.use_case,
            "user": self.user,
            "key": self.key_id,
            "model": self.model,
        }.get(kind, "")


class Limit(NamedTuple):
    """A rule as it binds one subject now.

    scope: with the name in place of `*`. units: how far the subject may go, extension and `grace` included.
    """

    rule: LimitRule
    scope: str
    units: int
    period: Period
    counter: Counter
    in_money: bool
    grace: int = 0


class Bound(NamedTuple):
    """The limits that bind a subject: those with an amount a period, and those of requests a minute."""

    amounts: tuple[Limit, ...]
    paces: tuple[Limit, ...]


NO_LEEWAY = Leeway()


class Rulebook:
    """Finds the limits of a subject; immutable, replaced as a whole when the rules change."""

    def __init__(self, rules: Iterable[LimitRule], calendar: Calendar, leeway: Leeway = NO_LEEWAY) -> None:
        self.rules: Sequence[LimitRule] = tuple(rules)
        self._calendar = calendar
        self._leeway = leeway
        self._cache: dict[tuple[Subject, str], Bound] = {}

    def limits(self, subject: Subject, now_s: float) -> Bound:
        """The limits that bind a subject, at most one for each scope and measure.

        A rule for a name takes the place of the rule for each (`*`); of two equal ones the smaller counts.
        """
        key = (subject, self._calendar.period("day", now_s).label)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _CACHED_SUBJECTS:
                self._cache.clear()
            bound = tuple(self._bind(subject, now_s))
            found = self._cache[key] = Bound(
                tuple(limit for limit in bound if not limit.rule.is_pace),
                tuple(limit for limit in bound if limit.rule.is_pace),
            )
        return found

    def _bind(self, subject: Subject, now_s: float) -> Iterable[Limit]:
        today = self._calendar.period("day", now_s).label
        grace = self._leeway.grace(subject.name_in, today)
        for (scope, measure), rule in strictest(self.rules, subject).items():
            period = self._calendar.period(rule.span, now_s)
            beyond = 0 if rule.is_pace else grace.units(rule.in_money)
            units = rule.units + self._leeway.extension(scope, measure, period.label) + beyond
            yield Limit(rule, scope, units, period, address(scope, rule, period), rule.in_money, beyond)


_CACHED_SUBJECTS = 4096


def strictest(rules: Iterable[LimitRule], subject: Subject) -> dict[tuple[str, Measure], LimitRule]:
    """The rule that counts for each (scope, measure) of a subject."""
    chosen: dict[tuple[str, Measure], LimitRule] = {}
    for rule in rules:
        scope = resolve(rule, subject)
        if not scope:
            continue
        rival = chosen.get((scope, rule.measure))
        if rival is None or _precedes(rule, rival):
            chosen[scope, rule.measure] = rule
    return chosen


def resolve(rule: LimitRule, subject: Subject) -> str:
    """The scope in which a rule binds a subject, e.g. `user:anna` for `user:*`; '' if it does not.

    A rule that downgrades to a model does not bind calls of that model, so a larger limit on the same scope can
    stand behind it.
    """
    if rule.downgrade_to and rule.downgrade_to == subject.model:
        return ""
    kind, _, name = rule.scope.partition(":")
    if kind == "company":
        return kind
    own = subject.name_in(kind)
    return f"{kind}:{own}" if own and name in (EACH, own) else ""


def _precedes(rule: LimitRule, rival: LimitRule) -> bool:
    for_each, rival_for_each = rule.scope.endswith(":*"), rival.scope.endswith(":*")
    if for_each != rival_for_each:
        return rival_for_each
    return rule.amount < rival.amount


def address(scope: str, rule: LimitRule, period: Period) -> Counter:
    """Where a limit is counted; the counter of a pace has no period."""
    if rule.is_pace:
        return counter(f"{scope}|{rule.measure}", 0)
    return counter(f"{scope}|{rule.measure}|{period.label}", int(period.ends_s))
