"""The database engine: SQLite in the data folder by default; sync, used from threads."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

DATABASE_FILE = "leitstand.sqlite"


def open_engine(data: Path, *, read_only: bool = False) -> Engine:
    """An engine on DATA/leitstand.sqlite; WAL, so that readers never wait for the writer.

    read_only: for `audit verify` on a copy; nothing is created or changed.
    """
    path = data / DATABASE_FILE
    if read_only:
        return create_engine(f"sqlite+pysqlite:///file:{path}?mode=ro&uri=true")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(f"sqlite+pysqlite:///{path}", connect_args={"timeout": 15})
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")  # the spool makes records durable before they come here
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
