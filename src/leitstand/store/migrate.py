"""Bring a database to the schema of this version, also when several processes start at once.

Alembic is loaded only when there is something to do: the usual start compares two words.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6C73_7464  # any fixed number: the advisory lock of migrations on PostgreSQL


class NewerDatabase(Exception):
    """The database was written by a newer version of Leitstand than this one."""


def revisions() -> list[str]:
    """All steps in order, as named by their files: `0001_first_tables.py` is revision 0001."""
    return sorted(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*_*.py"))


def pending(engine: Engine) -> list[str]:
    """The steps that `migrate` would run; changes nothing. Raises NewerDatabase."""
    with engine.connect() as connection:
        return _pending(connection)


def migrate(engine: Engine) -> list[str]:
    """Run the missing steps in one transaction and return them; raises NewerDatabase.

    Processes that come at the same time wait for the first one and then find nothing to do.
    """
    if not pending(engine):
        return []
    with _locked(engine) as connection:
        missing = _pending(connection)
        if missing:
            _run(connection)
        return missing


def migrate_to(engine: Engine, revision: str) -> None:
    """Bring an empty database to an older step, so that what was backed up there finds its tables."""
    with _locked(engine) as connection:
        _run(connection, revision)


def planned_sql(engine: Engine) -> str:
    """The SQL that `migrate` would run, for people to read; empty when nothing is to do. Raises NewerDatabase."""
    if not pending(engine):
        return ""
    from alembic import command

    with engine.connect() as connection:
        current = _current(connection)
    out = io.StringIO()
    config = _config(out)
    config.attributes["dialect"] = engine.dialect.name
    command.upgrade(config, f"{current}:head" if current else "head", sql=True)
    return out.getvalue()


def _pending(connection: Connection) -> list[str]:
    steps = revisions()
    current = _current(connection)
    if not current:
        return steps
    if current not in steps:
        raise NewerDatabase(
            f"the database is at step {current}, this version knows steps up to {steps[-1]}; "
            "start a newer version of Leitstand, or restore the backup made before the upgrade"
        )
    return steps[steps.index(current) + 1 :]


def _current(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """A transaction that only one process can be in."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(
                "SET LOCAL statement_timeout = 0"
            )  # a step over a large table takes its time
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection
        connection.commit()


def _run(connection: Connection, target: str = "head") -> None:
    from alembic import command

    config = _config(io.StringIO())
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _config(out: io.StringIO) -> "Config":
    from alembic.config import Config

    config = Config(output_buffer=out)
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
