"""The database engine: SQLite in the data folder, or PostgreSQL by URL; sync, used from threads."""

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from leitstand.core import settings
from leitstand.core.errors import InvalidRequest, Overloaded

DATABASE_FILE = "leitstand.sqlite"
POOL_SIZE, POOL_OVERFLOW = 5, 10  # connections that one process keeps, and has at most beside them
_POOL_WAIT_S = 5

# A server that froze or a network that went silent is noticed within seconds, never waited for: milliseconds here.
_SESSION = "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
_PATIENCE = {
    "connect_timeout": 3, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 10_000, "options": _SESSION, "application_name": "leitstand",
}  # fmt: skip


class DatabaseAway(Overloaded, SQLAlchemyError):  # type: ignore[misc]  # both name a `code`; the first is ours
    """The shared database cannot be reached, or does not answer in time. A retry helps when it is back."""

    def __init__(self, cause: str) -> None:
        """cause: for operators."""
        super().__init__(
            "Die Datenbank ist zurzeit nicht erreichbar. Anfragen an Modelle laufen weiter; versuchen Sie dies später.",
            f"The database cannot be reached at the moment ({cause}). Requests to models go on; try this again later.",
            retry_after_s=5,
        )


def open_engine(data: Path, *, read_only: bool = False) -> Engine:
    """An engine on LEITSTAND_DATABASE, else on DATA/leitstand.sqlite. Connects on first use.

    read_only: for reading a copy of a data folder; nothing is created or changed.
    Raises InvalidRequest for a URL that is none.
    """
    shared = shared_database()
    if shared is not None:
        return _open_postgresql(shared)
    path = data / DATABASE_FILE
    if read_only:
        return create_engine(f"sqlite+pysqlite:///file:{path}?mode=ro&uri=true")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(f"sqlite+pysqlite:///{path}", connect_args={"timeout": 15})
    event.listen(engine, "connect", _prepare)
    return engine


def shared_database() -> URL | None:
    """The PostgreSQL database that machines share; None where the data folder holds its own."""
    text = settings.read_secret("database")
    if not text:
        return None
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.database:
        raise InvalidRequest(
            "LEITSTAND_DATABASE ist keine Adresse einer PostgreSQL-Datenbank. Beispiel: "
            "postgresql://leitstand:KENNWORT@db.firma.example/leitstand",
            "LEITSTAND_DATABASE is no address of a PostgreSQL database. Example: "
            "postgresql://leitstand:PASSWORD@db.company.example/leitstand",
        )
    return url.set(drivername="postgresql+psycopg")


def open_for_library(url: URL) -> Engine:
    """A small pool of its own for a library that brings its own SQL, so that it never waits for ours.

    Only a server that is gone or going is DatabaseAway here; a conflict of two transactions stays what it is.
    """
    engine = create_engine(url, connect_args=_PATIENCE, pool_size=3, max_overflow=5, pool_pre_ping=True)
    event.listen(engine, "handle_error", _name_departure)
    return engine


def is_made(data: Path) -> bool:
    """Whether there is a database to look at; one on a server is taken to be there."""
    return shared_database() is not None or (data / DATABASE_FILE).is_file()


def is_shared(engine: Engine) -> bool:
    """Whether other machines work on the same database."""
    return engine.dialect.name == "postgresql"


def _open_postgresql(url: URL) -> Engine:
    engine = create_engine(
        url, connect_args=_PATIENCE, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW, pool_timeout=_POOL_WAIT_S,
        pool_recycle=1800, pool_pre_ping=True,
    )  # fmt: skip
    event.listen(engine, "handle_error", _name_absence)
    return engine


def _name_absence(context: ExceptionContext) -> None:
    """Every way in which the server can be missing, as one error that callers understand."""
    if isinstance(context.sqlalchemy_exception, OperationalError) and not context.is_pre_ping:
        first_line = str(context.original_exception).strip().partition("\n")[0]
        raise DatabaseAway(first_line) from context.original_exception


def _name_departure(context: ExceptionContext) -> None:
    """No SQLSTATE: never connected, or cut off; class 08: connections; 57P: the server is told to stop or to start."""
    state = getattr(context.original_exception, "sqlstate", None) or ""
    if not state or state.startswith(("08", "57P")):
        _name_absence(context)


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")  # the spool makes records durable before they come here
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
