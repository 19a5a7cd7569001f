"""SQL of unusual usage: who used what by hour and just now, and the findings with what people said about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, Engine, Row, Select, case, func, insert, select, update

from leitstand.accounting.unusual.values import Amounts, HourUse, Kind, Measure, Rule, Unusual, Window
from leitstand.journal.records import BOOKED
from leitstand.store.schema import journal, unusual_usage, usage_hour

_HOURS = {"user": usage_hour.c.user, "key": usage_hour.c.key_id, "use_case": usage_hour.c.use_case}
_RECORDS = {"user": journal.c.user, "key": journal.c.key_id, "use_case": journal.c.use_case}
_AT_ONCE = 2000


@dataclass(frozen=True)
class Finding:
    """Something unusual as it is kept. verdict: `seen`, `expected` or "". amount: the most that was seen.

    found_us to last_us: beyond the bound; ended_us: when it was back within it, None while it goes on.
    """

    id: str
    scope: str
    rule: Rule
    window: Window
    measure: Measure
    amount: int
    typical: int
    bound: int
    found_us: int
    last_us: int
    ended_us: int | None = None
    verdict: str = ""
    note: str = ""
    judged_us: int | None = None
    judged_by: str = ""

    @property
    def times(self) -> float:
        """How many times the usual."""
        return self.amount / max(self.typical, 1)


class UnusualRows:
    """What detection reads and keeps. Blocking: call it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def histories(self, kind: Kind, since_us: int, until_us: int) -> Iterator[tuple[str, list[HourUse]]]:
        """(name, its hours) for each scope of a kind that used something in [since, until), one after the other."""
        query = _by_hour(_HOURS[kind], since_us, until_us).order_by("name")
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=_AT_ONCE).execute(query)
            for name, hours in groupby(rows, key=lambda row: row.name):
                yield name, [_use(row) for row in hours]

    def hours(self, kind: Kind, name: str, since_us: int, until_us: int) -> list[HourUse]:
        """The hours of one scope."""
        column = _HOURS[kind]
        query = _by_hour(column, since_us, until_us).where(column == name)
        with self._engine.connect() as connection:
            return [_use(row) for row in connection.execute(query)]

    def just_now(self, kind: Kind, since_us: int, until_us: int) -> dict[str, Amounts]:
        """What each scope of a kind used in (since, until], from the records themselves."""
        name, j = _RECORDS[kind], journal.c
        paid = case((j.outcome == "cached", 0), else_=1)
        query = (
            select(
                name.label("name"), func.sum(j.cost_nano * paid),
                func.sum((j.input_tokens + j.output_tokens) * paid), func.count(),
            )
            .where(j.time_us > since_us, j.time_us <= until_us, j.kind.in_(BOOKED), name != "")
            .group_by(name)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return {
                who: Amounts(int(cost), int(tokens), int(count))
                for who, cost, tokens, count in connection.execute(query)
            }

    # ------------------------------------------------------------ findings

    def add(self, name: str, unusual: Unusual, now_us: int) -> Finding:
        """Keep a new finding."""
        finding = Finding(
            name, unusual.scope, unusual.rule, unusual.window, unusual.measure, unusual.amount, unusual.typical,
            unusual.bound, now_us, now_us,
        )  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(insert(unusual_usage).values(**vars(finding)))
        return finding

    def change(self, finding: Finding) -> None:
        """Store a finding as it is now."""
        with self._engine.begin() as connection:
            changed = update(unusual_usage).where(unusual_usage.c.id == finding.id)
            connection.execute(changed.values(**vars(finding)))

    def get(self, name: str) -> Finding | None:
        """One finding."""
        return next(iter(self._findings(unusual_usage.c.id == name, most=1)), None)

    def since(self, since_us: int) -> list[Finding]:
        """All that were found from a moment on, newest first, and those that go on."""
        recent = (unusual_usage.c.found_us >= since_us) | unusual_usage.c.ended_us.is_(None)
        return self._findings(recent, most=None)

    def latest(self, most: int, scopes: Sequence[str] | None = None) -> list[Finding]:
        """The newest first. scopes: only of these; None: of all."""
        if scopes is None:
            return self._findings(most=most)
        return self._findings(unusual_usage.c.scope.in_(scopes), most=most)

    def _findings(self, *where: ColumnElement[bool], most: int | None) -> list[Finding]:
        query = select(unusual_usage).where(*where).order_by(unusual_usage.c.found_us.desc()).limit(most)
        with self._engine.connect() as connection:
            return [Finding(**row._mapping) for row in connection.execute(query)]


def _by_hour(
    name: ColumnElement[str], since_us: int, until_us: int
) -> Select[tuple[str, int, int, int, int]]:
    u = usage_hour.c
    return (
        select(
            name.label("name"), u.hour_us, func.sum(u.cost_nano).label("cost"),
            func.sum(u.input_tokens + u.output_tokens).label("tokens"), func.sum(u.requests).label("requests"),
        )
        .where(u.hour_us >= since_us, u.hour_us < until_us, name != "")
        .group_by(name, u.hour_us)
    )  # fmt: skip


def _use(row: Row[tuple[str, int, int, int, int]]) -> HourUse:
    return HourUse(row.name, int(row.hour_us), Amounts(int(row.cost), int(row.tokens), int(row.requests)))
