"""What each limit has used in its running period, out of sums of booked calls."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from leitstand.accounting.counters import Counter
from leitstand.accounting.limits import EACH, LimitRule, Rulebook, address
from leitstand.accounting.periods import Calendar
from leitstand.accounting.rebuild import Settled


class Account(NamedTuple):
    """One limit of one scope in its running period. scope: with a name in place of `*`. period: its label."""

    scope: str
    measure: str
    period: str
    counter: Counter

    @property
    def is_private(self) -> bool:
        """Whether its amounts are one person's, so that only differences are told."""
        return self.scope.partition(":")[0] in ("user", "key")

    @property
    def in_money(self) -> bool:
        """Whether nano-euro are counted, not tokens."""
        return self.measure.startswith("eur")


def accounts(rules: Sequence[LimitRule], calendar: Calendar, now_s: float) -> list[Account]:
    """Those that exist without anything being used: limits of a named scope."""
    found = []
    for rule in rules:
        if not rule.is_pace and not rule.scope.endswith(EACH):
            period = calendar.period(rule.span, now_s)
            found.append(Account(rule.scope, rule.measure, period.label, address(rule.scope, rule, period)))
    return found


def used(
    settled: Iterable[Settled], rules: Iterable[LimitRule], calendar: Calendar, now_s: float
) -> Mapping[Account, int]:
    """What was used, in nano-euro or tokens; only of periods that run at `now_s`."""
    rulebook = Rulebook(rules, calendar)
    found: dict[Account, int] = defaultdict(int)
    for row in settled:
        for limit in rulebook.limits(row.subject, row.time_us / 1_000_000).amounts:
            if limit.period.begins_s <= now_s < limit.period.ends_s:
                account = Account(limit.scope, limit.rule.measure, limit.period.label, limit.counter)
                found[account] += row.cost_nano if limit.in_money else row.tokens
    return found
