"""Counters out of the journal: what has been spent in the running periods."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from leitstand.accounting.counters import Counter
from leitstand.accounting.limits import LimitRule, Rulebook, Subject
from leitstand.accounting.periods import Calendar


class Settled(NamedTuple):
    """A booked call, as the journal tells it. time_us: when it arrived; tokens: input plus output."""

    subject: Subject
    time_us: int
    tokens: int
    cost_nano: int


def spent_by_counter(
    settled: Iterable[Settled], rules: Iterable[LimitRule], calendar: Calendar
) -> list[tuple[Counter, int]]:
    """What each counter must show, for `Counters.rebuild` or, after a rule was added, `Counters.seed`.

    settled: at least the calls since the running month began. Rows of old periods do no harm.
    """
    rulebook = Rulebook(rules, calendar)
    spent: dict[Counter, int] = defaultdict(int)
    for row in settled:
        for limit in rulebook.limits(row.subject, row.time_us / 1_000_000).amounts:
            spent[limit.counter] += row.cost_nano if limit.rule.in_money else row.tokens
    return list(spent.items())
