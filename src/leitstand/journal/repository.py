"""The journal's SQL: head, append, offsets, pages for the export."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, String, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite

from leitstand.core.sealing import load_or_create
from leitstand.journal.chain import COLUMNS, Checkpoint, Cut, Head, Row
from leitstand.journal.records import BOOKED, Record
from leitstand.store.engine import DatabaseAway, is_shared
from leitstand.store.schema import journal, journal_checkpoint, journal_cut, journal_spool

_STORED = (*COLUMNS, "hash")
MACHINE_FILE = "machine"
_PAGE = 1000
_PURGE = 0x6C73_7470  # the advisory lock of who purges
_TURN = 0x6C73_746A  # any fixed number: the advisory lock of the writers on PostgreSQL


class Unreadable(Exception):
    """There is no journal, or it cannot be read; the message says why."""


def last_row(connection: Connection) -> Head | None:
    """Number and hash of the newest row."""
    query = select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else Head(row.seq, row.hash)


def read_checkpoint(connection: Connection) -> Checkpoint | None:
    """The signed head."""
    columns = journal_checkpoint.c
    row = connection.execute(
        select(columns.seq, columns.hash, columns.time_us, columns.signature).where(columns.id == 1)
    ).first()
    return None if row is None else Checkpoint(*row)


def write_checkpoint(connection: Connection, checkpoint: Checkpoint) -> None:
    """Replace the signed head."""
    values = checkpoint._asdict()
    renewed = connection.execute(
        update(journal_checkpoint).where(journal_checkpoint.c.id == 1).values(values)
    )
    if renewed.rowcount == 0:
        connection.execute(insert(journal_checkpoint).values(id=1, **values))


def read_cut(connection: Connection) -> Cut | None:
    """Where the journal begins; None when nothing was purged."""
    columns = journal_cut.c
    row = connection.execute(
        select(columns.seq, columns.hash, columns.time_us, columns.signature).where(columns.id == 1)
    ).first()
    return None if row is None else Cut(*row)


def write_cut(connection: Connection, cut: Cut) -> None:
    """Replace the cut."""
    values = cut._asdict()
    renewed = connection.execute(update(journal_cut).where(journal_cut.c.id == 1).values(values))
    if renewed.rowcount == 0:
        connection.execute(insert(journal_cut).values(id=1, **values))


@contextmanager
def purging(engine: Engine) -> Iterator[Connection]:
    """A transaction that nobody else who purges is in; the writer may go on on PostgreSQL, and waits on SQLite."""
    with engine.begin() as connection:
        if is_shared(engine):
            connection.execute(select(func.pg_advisory_xact_lock(_PURGE)))
        else:
            connection.exec_driver_sql(
                "PRAGMA synchronous=NORMAL"
            )  # a purge that a power cut takes back is done again
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def last_before(connection: Connection, before_us: int) -> int:
    """The number up to which all records are older, the newest record left out; 0 when there is none."""
    young = select(journal.c.seq).where(journal.c.time_us >= before_us).order_by(journal.c.seq).limit(1)
    first = connection.execute(young).scalar()
    newest = connection.execute(select(func.max(journal.c.seq))).scalar() or 0
    return int(newest if first is None else first) - 1 if newest else 0


def rows_between(connection: Connection, after: int, last: int, limit: int) -> list[RowMapping]:
    """Rows in the order of the chain, `after` not included."""
    query = select(journal).where(journal.c.seq > after, journal.c.seq <= last)
    return list(connection.execute(query.order_by(journal.c.seq).limit(limit)).mappings())


def remove_up_to(connection: Connection, seq: int) -> None:
    """Delete the oldest rows, by number."""
    connection.execute(delete(journal).where(journal.c.seq <= seq))


def known_ids(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which of these ids are in the journal already."""
    return set(connection.execute(select(journal.c.id).where(journal.c.id.in_(ids))).scalars())


def append(connection: Connection, rows: Sequence[tuple[Row, str]]) -> None:
    """Insert rows (values of COLUMNS, hash)."""
    values = [(*row, digest) for row, digest in rows]
    if not values:
        return
    if connection.dialect.name == "sqlite":
        # Straight to the driver: 3 times less time under the interpreter lock than parameter dictionaries.
        connection.exec_driver_sql(_insert_for_sqlite(), values)
    else:
        _copy(connection, values)


def _copy(connection: Connection, values: Sequence[tuple[object, ...]]) -> None:
    """Insert by COPY: it takes far less time under the interpreter lock than INSERT."""
    import psycopg  # not loaded by installations on SQLite

    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    columns = ", ".join(f'"{name}"' for name in _STORED)
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY journal ({columns}) FROM STDIN".encode()) as copy:
            for row in values:
                copy.write_row(row)
    except psycopg.OperationalError as cause:
        raise DatabaseAway(str(cause).partition("\n")[0]) from cause


@cache
def _insert_for_sqlite() -> str:
    compiled = insert(journal).values(dict.fromkeys(_STORED)).compile(dialect=sqlite.dialect())
    assert tuple(compiled.positiontup or ()) == _STORED
    return str(compiled)


def storable(record: Record) -> Record:
    """The record as every database can hold it: PostgreSQL refuses zero characters and texts longer than their column.

    A record that cannot be stored would hold up all that come after it.
    """
    changed: dict[str, str] = {}
    for name, most in _TEXTS:
        text: str = getattr(record, name)
        if len(text) > most or "\0" in text:
            changed[name] = text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:most]
    if "id" in changed:
        changed["id"] = hashlib.blake2b(
            record.id.encode(), digest_size=32
        ).hexdigest()  # two must not become one
    return msgspec.structs.replace(record, **changed) if changed else record


_TEXTS = tuple(
    (column.name, column.type.length)
    for column in journal.columns
    if column.name != "hash" and isinstance(column.type, String) and column.type.length
)


def machine_of(engine: Engine, data: Path) -> str:
    """What the offsets of this data folder's spool files are filed under: DATA/machine, made at the first start.

    Empty where the database is this folder's alone.
    """
    return load_or_create(data / MACHINE_FILE, 8).hex() if is_shared(engine) else ""


def _place(machine: str, file: str) -> str:
    return f"{machine}/{file}" if machine else file


def read_offsets(connection: Connection, machine: str) -> dict[str, int]:
    """How far each spool file of a machine is in the journal, in bytes."""
    query = select(journal_spool.c.file, journal_spool.c.offset_bytes)
    if machine:
        query = query.where(journal_spool.c.file.startswith(_place(machine, ""), autoescape=True))
    return {row.file.rpartition("/")[2]: row.offset_bytes for row in connection.execute(query)}


def write_offsets(connection: Connection, machine: str, offsets: Mapping[str, int]) -> None:
    """Remember how far these files are in the journal."""
    if not offsets:
        return
    forget_offsets(connection, machine, offsets)
    rows = [{"file": _place(machine, file), "offset_bytes": offset} for file, offset in offsets.items()]
    connection.execute(insert(journal_spool), rows)


def forget_offsets(connection: Connection, machine: str, files: Iterable[str]) -> None:
    """Drop the offsets of files that are gone."""
    places = [_place(machine, file) for file in files]
    connection.execute(delete(journal_spool).where(journal_spool.c.file.in_(places)))


def take_turn(connection: Connection) -> None:
    """Be the only one who appends until the transaction ends, and let it reach the disk before it counts as committed.

    To be called before the transaction's first statement. PostgreSQL: a lock of the transaction, so that a writer
    that dies lets go. SQLite: there is one writer by its flock, but other SQLite transactions commit without waiting (synchronous=NORMAL), and a power cut could take them back;
    the spool would bring records again, if its file still is there, so the writer must not be like them.
    The database's files are never opened here to sync them: closing any descriptor of a file ends all POSIX
    locks that this process holds on it, SQLite's own included, and another process may then delete the log
    that we still write to. Source: sqlite.org/howtocorrupt.html, section 2.2.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA synchronous=FULL")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(_TURN)))


class Filter(NamedTuple):
    """Which rows to export. since_us (included) and until_us (not included): application time."""

    since_us: int | None = None
    until_us: int | None = None
    audit_events: bool = False


def rows(engine: Engine, wanted: Filter) -> Iterator[RowMapping]:
    """Rows in the order of the chain, read in pages so that no lock and no memory is held for long."""
    query = select(journal).order_by(journal.c.seq).limit(_PAGE)
    if not wanted.audit_events:
        query = query.where(journal.c.kind.in_(BOOKED))
    if wanted.since_us is not None:
        query = query.where(journal.c.time_us >= wanted.since_us)
    if wanted.until_us is not None:
        query = query.where(journal.c.time_us < wanted.until_us)
    seq = 0
    while True:
        with engine.connect() as connection:
            page = connection.execute(query.where(journal.c.seq > seq)).mappings().all()
        yield from page
        if len(page) < _PAGE:
            return
        seq = page[-1]["seq"]
