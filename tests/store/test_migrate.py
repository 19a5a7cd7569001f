"""A database is brought to the schema of this version, once, whoever comes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from leitstand.store import migrate
from leitstand.store.engine import open_engine
from leitstand.store.schema import metadata

pytestmark = pytest.mark.usefixtures("database")


def test_a_migrated_database_is_exactly_the_schema(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    migrate.migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_pending_tells_the_steps_and_changes_nothing(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    assert migrate.pending(engine) == migrate.revisions()
    assert inspect(engine).get_table_names() == []
    assert migrate.migrate(engine) == migrate.revisions()
    assert migrate.pending(engine) == []
    assert migrate.migrate(engine) == []
    engine.dispose()


def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    def one(_number: int) -> list[str]:
        engine = open_engine(tmp_path)
        try:
            return migrate.migrate(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(one, range(4)))
    assert sorted(done) == [[], [], [], migrate.revisions()]


def test_a_failing_step_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE virtual_key (id INTEGER)"))  # in the way of the first step
    with pytest.raises(Exception, match="virtual_key"):
        migrate.migrate(engine)
    assert inspect(engine).get_table_names() == ["virtual_key"]
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    migrate.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.NewerDatabase, match="9999"):
        migrate.migrate(engine)
    engine.dispose()


def test_a_start_without_migration_does_not_load_alembic(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    migrate.migrate(engine)
    engine.dispose()
    code = (
        "import sys; from pathlib import Path; from leitstand.store import engine, migrate; "
        f"migrate.migrate(engine.open_engine(Path({str(tmp_path)!r}))); "
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
