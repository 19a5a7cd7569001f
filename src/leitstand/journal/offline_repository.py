"""Reads a journal as evidence: from a stopped installation or a copy of one, changing nothing.

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
from urllib.parse import quote

from leitstand.journal.chain import COLUMNS, Checkpoint
from leitstand.journal.writer import LOCK_FILE
from leitstand.store.engine import DATABASE_FILE

PAGE = 2000
_FIRST = -(2**63)
_SELECT = ", ".join(f'"{column}"' for column in (*COLUMNS, "hash"))


@contextmanager
def opened(data: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reading DATA/leitstand.sqlite; raises OSError or sqlite3.Error."""
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


def columns(connection: sqlite3.Connection) -> list[str]:
    """The names of the journal's columns, hidden ones included; empty when there is no such table."""
    is_table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal' AND type = 'table'")
    if is_table.fetchone() is None:
        return []
    return [row[1] for row in connection.execute("PRAGMA table_xinfo(journal)")]


def pages(connection: sqlite3.Connection) -> Iterator[list[tuple[object, ...]]]:
    """All rows (COLUMNS, hash) by number, `PAGE` at a time; text that is no UTF-8 comes as bytes."""
    query = f'SELECT {_SELECT} FROM journal WHERE "seq" {{}} ? ORDER BY "seq" LIMIT {PAGE}'  # noqa: S608 - constants
    comparison, after = ">=", _FIRST
    while True:
        page = _page(connection, query.format(comparison), after)
        if page:
            yield page
        if len(page) < PAGE:
            return
        comparison, after = ">", _number(page[-1][0])


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


def checkpoint(connection: sqlite3.Connection) -> Checkpoint | None:
    """The signed head."""
    query = "SELECT seq, hash, time_us, signature FROM journal_checkpoint WHERE id = 1"
    row = connection.execute(query).fetchone()
    return None if row is None else Checkpoint(*row)


def count_other_checkpoints(connection: sqlite3.Connection) -> int:
    """Rows in the table of checkpoints that have no business there."""
    row = connection.execute("SELECT count(*) FROM journal_checkpoint WHERE id <> 1").fetchone()
    return int(row[0])


def offsets(connection: sqlite3.Connection) -> dict[str, int]:
    """How far each spool file is in the journal, in bytes; what is no such number counts as nothing."""
    rows = connection.execute("SELECT file, offset_bytes FROM journal_spool")
    return {file: offset for file, offset in rows if isinstance(offset, int) and offset >= 0}
