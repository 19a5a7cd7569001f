"""SQL of the tables by minute: kept up with the journal, and read as a timeline."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Engine, Table, cast, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from leitstand.journal.records import BOOKED
from leitstand.monitoring.facts import Happening, Timeline
from leitstand.monitoring.facts import Row as FactRow
from leitstand.monitoring.minutes import Counted, Counts, Place, Row, Sum, Tries, count
from leitstand.monitoring.values import Labels, Reading, labels
from leitstand.store.schema import (
    journal,
    metric_gauge,
    metric_mark,
    metric_minute,
    provider_minute,
    refusal_minute,
)

_PAGE = 5000
_ABSENCE_US = 7 * 86_400_000_000  # a provider that was silent for longer is not known any more


class Minutes:
    """The tables by minute. Blocking; any number of processes may keep them up, each record counts once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def advance(self, since_us: int = 0) -> bool:
        """Count the next journal records; True while more may wait. since_us: where the very first count begins."""
        with self._engine.begin() as connection:
            mark = _mark(connection, since_us)
            query = select(*(journal.c[name] for name in Row._fields)).where(journal.c.seq > mark)
            rows = [Row(*row) for row in connection.execute(query.order_by(journal.c.seq).limit(_PAGE))]
            moved = update(metric_mark).where(metric_mark.c.seq == mark)
            if not rows or connection.execute(moved.values(seq=rows[-1].seq)).rowcount != 1:
                return False  # nothing new, or another process was quicker: its sums are those that count
            _add(connection, count(rows))
        return len(rows) == _PAGE

    def note_tries(self, tries: Mapping[tuple[int, str], Tries]) -> None:
        """Add what probes saw, by (minute, provider)."""
        if tries:
            with self._engine.begin() as connection:
                _add_tries(connection, tries)

    def note_gauges(self, time_us: int, gauges: Iterable[tuple[str, Reading]]) -> None:
        """Keep states of the house; the caller leaves out what has not changed."""
        rows = [
            {"time_us": time_us, "name": name, "labels": as_json(reading.labels), "value": reading.value}
            for name, reading in gauges
        ]
        if rows:
            with self._engine.begin() as connection:
                fresh = insert(connection, metric_gauge)
                same = list(metric_gauge.primary_key)
                connection.execute(
                    fresh.on_conflict_do_update(index_elements=same, set_={"value": fresh.excluded.value}),
                    rows,
                )

    def timeline(self, since_us: int, until_us: int) -> Timeline:
        """Facts from one moment to another, to be moved forward in it; what providers did before is known."""
        with self._engine.connect() as connection:
            return Timeline(
                _sums(connection, since_us, until_us),
                _tries(connection, since_us, until_us),
                _happenings(connection, since_us, until_us),
                _gauges(connection, since_us, until_us),
                _refusals(connection, since_us, until_us),
                _before(connection, since_us),
            )

    def history(self, since_us: int, until_us: int) -> Timeline:
        """The same for a long time: summed up in the database as each question needs it, for back-tests."""

        @cache
        def grouped(by: tuple[str, ...], timed: bool) -> Sequence[FactRow]:
            with self._engine.connect() as connection:
                return _grouped(connection, by, timed, since_us, until_us)

        with self._engine.connect() as connection:
            return Timeline(
                grouped,
                _tries(connection, since_us, until_us),
                _happenings(connection, since_us, until_us),
                _gauges(connection, since_us, until_us),
                _refusals(connection, since_us, until_us),
                _before(connection, since_us),
                named=False,
            )

    def recount(self, since_us: int) -> int:
        """Drop what was counted and count the journal again, from a moment on; how many minutes there are then.

        What probes saw of providers is not in the journal and is lost; requests tell the same a little later.
        """
        with self._engine.begin() as connection:
            for table in (metric_minute, provider_minute, refusal_minute, metric_mark):
                connection.execute(delete(table))
            _mark(connection, since_us)
        while self.advance():
            pass
        with self._engine.connect() as connection:
            minutes = select(func.count(metric_minute.c.minute_us.distinct()))
            return int(connection.execute(minutes).scalar_one())

    def begins_us(self) -> int | None:
        """The first minute that is counted; None: none yet."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.min(metric_minute.c.minute_us))).scalar()

    def oldest_record_us(self) -> int | None:
        """How far the journal goes back; None: it is empty."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.min(journal.c.time_us))).scalar()

    def remove_before(self, before_us: int) -> None:
        """Drop minutes that nobody looks at singly any more."""
        with self._engine.begin() as connection:
            for table in (metric_minute, provider_minute, refusal_minute):
                connection.execute(delete(table).where(table.c.minute_us < before_us))
            connection.execute(delete(metric_gauge).where(metric_gauge.c.time_us < before_us))


def as_json(labels: Labels) -> str:
    """Labels as a column holds them."""
    return msgspec.json.encode(dict(labels)).decode()


def as_labels(text: str) -> Labels:
    """Labels from a column."""
    return tuple(sorted(msgspec.json.decode(text, type=dict[str, str]).items()))


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens on a conflict; both databases spell it alike."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _mark(connection: Connection, since_us: int) -> int:
    """Up to which record is counted. Where none is, all before `since_us` counts as counted."""
    mark = connection.execute(select(metric_mark.c.seq)).scalar()
    if mark is None:
        first = select(func.min(journal.c.seq)).where(journal.c.time_us >= since_us)
        last = select(func.max(journal.c.seq))
        begin = connection.execute(first).scalar()
        mark = begin - 1 if begin is not None else (connection.execute(last).scalar() or 0)
        connection.execute(insert(connection, metric_mark).values(id=1, seq=mark).on_conflict_do_nothing())
        mark = connection.execute(select(metric_mark.c.seq)).scalar_one()
    return int(mark)


def _add(connection: Connection, counted: Counted) -> None:
    """The mark was moved in this transaction, so nobody else changes these rows before it ends."""
    if counted.sums:
        held = _held(connection, {place.minute_us for place in counted.sums})
        rows = [
            place._asdict() | _columns(held.get(place, Sum()).plus(found))
            for place, found in counted.sums.items()
        ]
        fresh = insert(connection, metric_minute)
        names = (*Counts._fields, "took", "first")
        new = {name: fresh.excluded[name] for name in names}
        connection.execute(fresh.on_conflict_do_update(index_elements=list(Place._fields), set_=new), rows)
    _add_tries(connection, counted.tries)
    if counted.refusals:
        refused = insert(connection, refusal_minute)
        statement = refused.on_conflict_do_update(
            index_elements=["minute_us", "code"],
            set_={"count": refusal_minute.c.count + refused.excluded.count},
        )
        rows = [
            {"minute_us": minute, "code": code, "count": times}
            for (minute, code), times in counted.refusals.items()
        ]
        connection.execute(statement, rows)


def _held(connection: Connection, minutes: set[int]) -> dict[Place, Sum]:
    query = select(metric_minute).where(metric_minute.c.minute_us.in_(sorted(minutes)))
    return dict(map(_sum, connection.execute(query)))


def _add_tries(connection: Connection, tries: Mapping[tuple[int, str], Tries]) -> None:
    if not tries:
        return
    minutes = sorted({minute for minute, _ in tries})
    query = select(provider_minute).where(provider_minute.c.minute_us.in_(minutes)).with_for_update()
    held = {(row[0], row[1]): Tries(*row[2:]) for row in connection.execute(query)}
    fresh = insert(connection, provider_minute)
    new = {name: fresh.excluded[name] for name in Tries._fields}
    connection.execute(
        fresh.on_conflict_do_update(index_elements=["minute_us", "provider"], set_=new),
        [
            {"minute_us": key[0], "provider": key[1]} | held.get(key, Tries()).plus(found)._asdict()
            for key, found in tries.items()
        ],
    )


def _columns(found: Sum) -> dict[str, Any]:
    return {name: int(value) for name, value in found.counts._asdict().items()} | {
        "took": msgspec.json.encode(dict(found.took)).decode(),
        "first": msgspec.json.encode(dict(found.first)).decode(),
    }


def _sum(row: Any) -> tuple[Place, Sum]:
    width = len(Place._fields)
    counts = Counts(*row[width : width + len(Counts._fields)])
    took, first = (msgspec.json.decode(text, type=dict[int, int]) for text in row[-2:])
    return Place(*row[:width]), Sum(counts, took, first)


def _sums(connection: Connection, since_us: int, until_us: int) -> list[tuple[Place, Sum]]:
    minute = metric_minute.c.minute_us
    query = select(metric_minute).where(minute.between(since_us, until_us)).order_by(minute)
    return list(map(_sum, connection.execute(query)))


def _grouped(
    connection: Connection, by: tuple[str, ...], timed: bool, since_us: int, until_us: int
) -> list[FactRow]:
    """Rows by minute and some columns. Histograms come as one text per group: joined, they are read at once."""
    columns = metric_minute.c
    keys = [columns.minute_us, *(columns[name] for name in by)]
    figures: list[Any] = [cast(func.sum(columns[name]), BigInteger) for name in Counts._fields]
    query = select(*keys, *([func.aggregate_strings(columns.took, ",")] if timed else figures))
    query = query.where(columns.minute_us.between(since_us, until_us))
    if timed:
        query = query.where(columns.took != "{}")
    known: dict[Any, Labels] = {}
    found = []
    for row in connection.execute(query.group_by(*keys).order_by(columns.minute_us)):
        key = row[1 : len(keys)]
        if (whose := known.get(key)) is None:
            whose = known[key] = labels(**dict(zip(by, key, strict=True)))
        held = Sum(took=_joined(row[-1])) if timed else Sum(Counts._make(row[len(keys) :]))
        found.append(FactRow(row[0], whose, held))
    return found


def _joined(text: str) -> dict[int, int]:
    first, *others = msgspec.json.decode(f"[{text}]", type=list[dict[int, int]])
    for each in others:
        for place, times in each.items():
            first[place] = first.get(place, 0) + times
    return first


def _tries(connection: Connection, since_us: int, until_us: int) -> list[tuple[int, str, Tries]]:
    minute = provider_minute.c.minute_us
    query = select(provider_minute).where(minute.between(since_us, until_us)).order_by(minute)
    return [(row[0], row[1], Tries(*row[2:])) for row in connection.execute(query)]


def _before(connection: Connection, since_us: int) -> dict[str, Tries]:
    """How providers stood when the timeline begins."""
    found: dict[str, Tries] = {}
    for _, provider, tries in _tries(connection, since_us - _ABSENCE_US, since_us - 1):
        found[provider] = found.get(provider, Tries()).plus(tries)
    return found


def _happenings(connection: Connection, since_us: int, until_us: int) -> list[Happening]:
    columns = journal.c
    query = (
        select(
            columns.kind, columns.time_us, columns.detail, columns.user, columns.use_case, columns.provider,
            columns.code,
        )
        .where(columns.time_us.between(since_us, until_us), columns.kind.not_in(BOOKED))
        .order_by(columns.time_us)
    )  # fmt: skip
    return [
        Happening(row.kind, row.time_us, _detail(row.detail) | _subject(row))
        for row in connection.execute(query)
    ]


def _detail(text: str) -> dict[str, Any]:
    found = msgspec.json.decode(text)
    return found if isinstance(found, dict) else {}


def _subject(row: Any) -> dict[str, str]:
    named = {"use_case": row.use_case, "provider": row.provider, "code": row.code, "by": row.user}
    return {name: value for name, value in named.items() if value}


def _gauges(connection: Connection, since_us: int, until_us: int) -> list[tuple[int, str, Reading]]:
    """Those of the time, after the last of each from before."""
    columns = metric_gauge.c
    newest = (
        select(columns.name, columns.labels, func.max(columns.time_us).label("time_us"))
        .where(columns.time_us < since_us)
        .group_by(columns.name, columns.labels)
        .subquery()
    )
    earlier = select(metric_gauge).join(
        newest,
        (columns.name == newest.c.name)
        & (columns.labels == newest.c.labels)
        & (columns.time_us == newest.c.time_us),
    )
    later = select(metric_gauge).where(columns.time_us.between(since_us, until_us)).order_by(columns.time_us)
    rows: Sequence[Any] = [*connection.execute(earlier), *connection.execute(later)]
    return [(row.time_us, row.name, Reading(as_labels(row.labels), row.value, 1)) for row in rows]


def _refusals(connection: Connection, since_us: int, until_us: int) -> list[tuple[int, str, int]]:
    minute = refusal_minute.c.minute_us
    query = select(refusal_minute).where(minute.between(since_us, until_us)).order_by(minute)
    return [(minute_us, code, times) for minute_us, code, times in connection.execute(query)]
