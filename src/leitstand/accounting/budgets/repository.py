"""SQL of budgets: the table `usage_hour`, kept up with the journal, and what it says by scope and day."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Table, delete, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from leitstand.accounting.budgets.projection import Booked, Place, Sums, add_up, day_of
from leitstand.accounting.periods import Calendar
from leitstand.store.schema import journal, usage_hour, usage_mark

_PAGE = 5000
_COLUMNS = {
    "department": usage_hour.c.department,
    "use_case": usage_hour.c.use_case,
    "user": usage_hour.c.user,
    "key": usage_hour.c.key_id,
    "model": usage_hour.c.model,
}
REACHED = "accounting.limit.reached"


class Used(NamedTuple):
    """What somebody used on a day. name: under a kind of scope; tokens: input plus output."""

    name: str
    day: str
    cost_nano: int
    tokens: int


class Warned(NamedTuple):
    """A warning as it was written; detail as in `warnings.warning_record`."""

    time_us: int
    detail: dict[str, Any]


class UsageRows:
    """The projection. Blocking: use it in a thread. Any number of processes may keep it up at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def advance(self, timezone: str) -> bool:
        """Add the next journal records; True while more may wait. Another time zone than before starts anew."""
        with self._engine.begin() as connection:
            mark = _mark(connection, timezone)
            query = select(*(journal.c[name] for name in Booked._fields)).where(journal.c.seq > mark)
            records = [Booked(*row) for row in connection.execute(query.order_by(journal.c.seq).limit(_PAGE))]
            if not records or not _move_mark(connection, mark, records[-1].seq):
                return False
            _add(connection, add_up(records), Calendar(timezone))
        return len(records) == _PAGE

    def daily(self, kind: str, since_day: str) -> list[Used]:
        """What each one of a kind of scope used on each day from `since_day` (ISO) on; `company`: all as ''."""
        columns = usage_hour.c
        name = _COLUMNS[kind] if kind in _COLUMNS else literal("")
        query = (
            select(
                name.label("name"), columns.day, func.sum(columns.cost_nano),
                func.sum(columns.input_tokens + columns.output_tokens),
            )
            .where(columns.day >= since_day)
            .group_by("name", columns.day)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return [
                Used(who, day, int(cost), int(tokens)) for who, day, cost, tokens in connection.execute(query)
            ]

    def warnings(self, most: int) -> list[Warned]:
        """The last warnings, newest first."""
        query = select(journal.c.time_us, journal.c.detail).where(journal.c.kind == REACHED)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(journal.c.time_us.desc()).limit(most))
            return [Warned(time_us, msgspec.json.decode(detail)) for time_us, detail in rows]

    def reached_since(self, since_us: int) -> frozenset[str]:
        """Ids of the warnings that are in the journal already."""
        query = select(journal.c.id).where(journal.c.kind == REACHED, journal.c.time_us >= since_us)
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens on a conflict; both databases spell it alike."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _mark(connection: Connection, timezone: str) -> int:
    """The last record that is added up."""
    row = connection.execute(select(usage_mark.c.seq, usage_mark.c.timezone)).first()
    if row is not None and row.timezone == timezone:
        return int(row.seq)
    connection.execute(delete(usage_mark))
    connection.execute(delete(usage_hour))
    fresh = _insert(connection, usage_mark).values(id=1, seq=0, timezone=timezone)
    connection.execute(fresh.on_conflict_do_nothing())  # where another process was quicker, its mark counts
    return 0


def _move_mark(connection: Connection, old: int, new: int) -> bool:
    """False where another process was quicker; its sums are those that count."""
    moved = update(usage_mark).where(usage_mark.c.seq == old).values(seq=new)
    return connection.execute(moved).rowcount == 1


def _add(connection: Connection, found: Mapping[Place, Sums], calendar: Calendar) -> None:
    if not found:
        return
    new = _insert(connection, usage_hour)
    sums = {name: usage_hour.c[name] + new.excluded[name] for name in Sums._fields}
    statement = new.on_conflict_do_update(index_elements=list(Place._fields), set_=sums)
    rows = [
        place._asdict() | amounts._asdict() | {"day": day_of(place, calendar)}
        for place, amounts in found.items()
    ]
    connection.execute(statement, rows)
