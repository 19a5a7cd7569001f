"""The database as rows, the same for SQLite and PostgreSQL: a backup of one can be restored into the other."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from leitstand.backup.parts import Row
from leitstand.core.errors import InvalidRequest
from leitstand.store.engine import is_shared
from leitstand.store.schema import journal, metadata

_BATCH = 500  # rows in memory at a time
_PATIENT = ("statement_timeout", "idle_in_transaction_session_timeout")
_REVISION = "alembic_version"


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment, without holding up anybody who writes."""
    with engine.connect() as connection:
        if is_shared(engine):
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
            for setting in _PATIENT:
                connection.exec_driver_sql(f"SET LOCAL {setting} = 0")
        else:
            connection.exec_driver_sql("BEGIN")
        revision(connection)  # the first read fixes the moment
        yield connection


@contextmanager
def told_plainly() -> Iterator[None]:
    """A database that is away or full ends a command with a sentence: InvalidRequest."""
    try:
        yield
    except SQLAlchemyError as cause:
        reason = str(getattr(cause, "orig", None) or cause).strip()
        raise InvalidRequest(
            f"Die Datenbank verweigert sich: {reason}.", f"The database refuses: {reason}."
        ) from cause


def revision(connection: Connection) -> str:
    """The step of the schema."""
    return str(connection.execute(text(f"SELECT version_num FROM {_REVISION}")).scalar_one())  # noqa: S608 - a constant


def tables() -> list[Table]:
    """All tables of this version, referenced ones first."""
    return metadata.sorted_tables


def columns(table: Table) -> list[str]:
    """The names of the columns, in the order of `batches`."""
    return [str(column.name) for column in table.columns]


def batches(connection: Connection, table: Table) -> Iterator[Sequence[Row]]:
    """All rows, some hundred at a time, in the order of the primary key."""
    query = select(table).order_by(*table.primary_key.columns)
    result = connection.execution_options(yield_per=_BATCH).execute(query)
    for batch in result.partitions():
        yield [tuple(row) for row in batch]


def newest_event(engine: Engine, kinds: Sequence[str]) -> tuple[str, int, dict[str, Any]] | None:
    """Kind, time and detail of the journal's newest record of these kinds."""
    query = select(journal.c.kind, journal.c.time_us, journal.c.detail).where(journal.c.kind.in_(kinds))
    with engine.connect() as connection:
        row = connection.execute(query.order_by(journal.c.time_us.desc()).limit(1)).first()
    return None if row is None else (row.kind, row.time_us, msgspec.json.decode(row.detail))


def is_empty(engine: Engine) -> bool:
    """Whether the database has no table at all."""
    return not inspect(engine).get_table_names()


class Loading:
    """Fills the tables of a fresh database in one transaction, whatever step of the schema it is at."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known = MetaData()
        self._known.reflect(connection)

    def knows(self, name: str, names: Sequence[str]) -> bool:
        """Whether there is such a table with all of these columns."""
        found = self._known.tables.get(name)
        return found is not None and set(names) <= set(found.columns.keys())

    def add(self, name: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows, their values in the order of `names`."""
        if rows:
            values = [dict(zip(names, row, strict=True)) for row in rows]
            self._connection.execute(insert(self._known.tables[name]), values)

    def count(self, name: str) -> int:
        """Rows in a table."""
        return int(
            self._connection.execute(select(func.count()).select_from(self._known.tables[name])).scalar_one()
        )


def remove_everything(engine: Engine) -> None:
    """Drop all tables: the way back from a restore that failed."""
    found = MetaData()
    found.reflect(engine)
    found.drop_all(engine)


def copy_database(path: Path, copy: Path) -> None:
    """A consistent copy of a small SQLite database beside the main one, while others write to it."""
    with (
        closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
