"""Reads a journal as evidence: of a stopped installation or a copy of one, or of a shared database; changes nothing.

SQLite cannot read a write-ahead log without making files beside it. So a database with such a log is copied
to a temporary folder first; without one it is opened as immutable; and while a server runs (it holds the
writer's lock), as an ordinary reader beside it.
"""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import Connection, func, inspect, select

from leitstand.journal import repository
from leitstand.journal.chain import COLUMNS, Checkpoint, Cut
from leitstand.journal.writer import LOCK_FILE
from leitstand.store.engine import DATABASE_FILE, open_engine, shared_database
from leitstand.store.schema import journal, journal_checkpoint

PAGE = 2000
_FIRST = -(2**63)
_SELECT = ", ".join(f'"{column}"' for column in (*COLUMNS, "hash"))


class Evidence(Protocol):
    """A journal that stands still while it is read; methods raise sqlite3.Error or SQLAlchemyError."""

    def columns(self) -> list[str]:
        """The names of the journal's columns, hidden ones included; empty when there is no such table."""

    def pages(self) -> Iterator[list[tuple[object, ...]]]:
        """All rows (COLUMNS, hash) by number, `PAGE` at a time."""

    def checkpoint(self) -> Checkpoint | None:
        """The signed head."""

    def cut(self) -> Cut | None:
        """Where the journal begins; None when nothing was purged."""

    def count_other_checkpoints(self) -> int:
        """Rows in the table of checkpoints that have no business there."""

    def offsets(self) -> dict[str, int]:
        """How far each spool file of this data folder is in the journal, in bytes."""


@contextmanager
def opened(data: Path) -> Iterator[Evidence]:
    """The journal of a data folder; raises OSError, sqlite3.Error or SQLAlchemyError."""
    if shared_database() is None:
        with _opened_file(data) as file:
            yield _File(file)
        return
    engine = open_engine(data)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            yield _Shared(connection, repository.machine_of(engine, data))
    finally:
        engine.dispose()


@contextmanager
def _opened_file(data: Path) -> Iterator[sqlite3.Connection]:
    path = data / DATABASE_FILE
    if not path.is_file():
        raise FileNotFoundError(f"no journal: {path} does not exist")
    if is_written(data):
        with closing(_connect(path, "mode=ro")) as connection:
            connection.execute("BEGIN")
            yield connection
    elif _has_log(path):
        with (
            tempfile.TemporaryDirectory(prefix="leitstand-verify-") as folder,
            closing(_connect(_copy(path, Path(folder)), "mode=rw")) as connection,
        ):
            yield connection
    else:
        with closing(_connect(path, "mode=ro&immutable=1")) as connection:
            yield connection


def is_written(data: Path) -> bool:
    """Whether a running server has the journal of this folder open for writing."""
    try:
        descriptor = os.open(data / "spool" / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _connect(path: Path, options: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True, isolation_level=None)


def _has_log(path: Path) -> bool:
    logs = (path.with_name(path.name + suffix) for suffix in ("-wal", "-journal"))
    return any(log.exists() and log.stat().st_size > 0 for log in logs)


def _copy(path: Path, folder: Path) -> Path:
    for suffix in ("", "-wal", "-journal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copyfile(source, folder / source.name)
    return folder / path.name


class _Shared:
    """The journal in PostgreSQL, as one snapshot."""

    def __init__(self, connection: Connection, machine: str) -> None:
        self._connection = connection
        self._machine = machine

    def columns(self) -> list[str]:
        inspector = inspect(self._connection)
        if not inspector.has_table(journal.name):
            return []
        return [column["name"] for column in inspector.get_columns(journal.name)]

    def pages(self) -> Iterator[list[tuple[object, ...]]]:
        columns = [journal.c[name] for name in (*COLUMNS, "hash")]
        rows = self._connection.execution_options(yield_per=PAGE).execute(
            select(*columns).order_by(journal.c.seq)
        )
        yield from ([tuple(row) for row in page] for page in rows.partitions())

    def checkpoint(self) -> Checkpoint | None:
        return repository.read_checkpoint(self._connection)

    def cut(self) -> Cut | None:
        return repository.read_cut(self._connection)

    def count_other_checkpoints(self) -> int:
        query = select(func.count()).where(journal_checkpoint.c.id != 1)
        return int(self._connection.execute(query).scalar_one())

    def offsets(self) -> dict[str, int]:
        return repository.read_offsets(self._connection, self._machine)


class _File:
    """The journal in a SQLite file, as it lies there: values of any type, hidden columns, broken text."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def columns(self) -> list[str]:
        is_table = "SELECT 1 FROM sqlite_master WHERE name = 'journal' AND type = 'table'"
        if self._connection.execute(is_table).fetchone() is None:
            return []
        return [row[1] for row in self._connection.execute("PRAGMA table_xinfo(journal)")]

    def pages(self) -> Iterator[list[tuple[object, ...]]]:
        """Text that is no UTF-8 comes as bytes."""
        query = f'SELECT {_SELECT} FROM journal WHERE "seq" {{}} ? ORDER BY "seq" LIMIT {PAGE}'  # noqa: S608 - constants
        comparison, after = ">=", _FIRST
        while True:
            page = _page(self._connection, query.format(comparison), after)
            if page:
                yield page
            if len(page) < PAGE:
                return
            comparison, after = ">", _number(page[-1][0])

    def checkpoint(self) -> Checkpoint | None:
        query = "SELECT seq, hash, time_us, signature FROM journal_checkpoint WHERE id = 1"
        row = self._connection.execute(query).fetchone()
        return None if row is None else Checkpoint(*row)

    def cut(self) -> Cut | None:
        """A copy of an old folder has no such table."""
        is_table = "SELECT 1 FROM sqlite_master WHERE name = 'journal_cut' AND type = 'table'"
        if self._connection.execute(is_table).fetchone() is None:
            return None
        query = "SELECT seq, hash, time_us, signature FROM journal_cut WHERE id = 1"
        row = self._connection.execute(query).fetchone()
        return None if row is None else Cut(*row)

    def count_other_checkpoints(self) -> int:
        query = "SELECT count(*) FROM journal_checkpoint WHERE id <> 1"
        return int(self._connection.execute(query).fetchone()[0])

    def offsets(self) -> dict[str, int]:
        """What is no number of bytes counts as nothing."""
        rows = self._connection.execute("SELECT file, offset_bytes FROM journal_spool")
        return {file: offset for file, offset in rows if isinstance(offset, int) and offset >= 0}


def _page(connection: sqlite3.Connection, query: str, after: int) -> list[tuple[object, ...]]:
    try:
        return connection.execute(query, (after,)).fetchall()
    except sqlite3.OperationalError as cause:
        if "UTF-8" not in str(cause):
            raise
    connection.text_factory = _text_or_bytes
    try:
        return connection.execute(query, (after,)).fetchall()
    finally:
        connection.text_factory = str


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise sqlite3.DatabaseError(f"the table's numbers are not integers: {value!r}")
    return value
