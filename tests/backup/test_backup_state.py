"""Whether the last backup and the last drill are too long ago."""

from pathlib import Path

import pytest
from installation import record
from sqlalchemy import Engine

from leitstand.backup.state import BACKUP_HOURS, CREATED, DRILL_DAYS, FAILED, PASSED, state
from leitstand.journal.chain import Signer
from leitstand.journal.spool import Spool
from leitstand.journal.writer import Writer
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate

HOUR_US = 3_600_000_000
NOW_US = 1_790_000_000_000_000


@pytest.fixture
def engine(database: str, tmp_path: Path) -> Engine:
    opened = open_engine(tmp_path)
    migrate(opened)
    return opened


def happened(engine: Engine, data: Path, *events: tuple[str, float]) -> None:
    """(kind, hours ago) into the journal."""
    spool = Spool(data / "spool")
    for kind, hours in events:
        spool.write_now(
            record(
                hash((kind, hours)) % 10**6,
                kind=kind,
                time_us=NOW_US - int(hours * HOUR_US),
                detail={"file": "b"},
            )
        )
    spool.close()
    with Writer(engine, data / "spool", Signer.load(data)) as writer:
        writer.drain()


@pytest.mark.parametrize(
    ("events", "overdue"),
    [
        ((), (True, True)),
        (((CREATED, 1),), (False, True)),
        (((CREATED, BACKUP_HOURS + 1), (PASSED, 1)), (True, False)),
        (((CREATED, BACKUP_HOURS - 1), (PASSED, DRILL_DAYS * 24 - 1)), (False, False)),
        (((CREATED, 1), (PASSED, DRILL_DAYS * 24 + 1)), (False, True)),
        (((CREATED, 1), (PASSED, 9), (FAILED, 3)), (False, True)),
        (((CREATED, 1), (FAILED, 9), (PASSED, 3)), (False, False)),
    ],
)
def test_what_is_overdue(
    engine: Engine, tmp_path: Path, events: tuple[tuple[str, float], ...], overdue: tuple[bool, bool]
) -> None:
    happened(engine, tmp_path, *events)
    found = state(engine, NOW_US)
    assert (found.backup_overdue, found.drill_overdue) == overdue
    engine.dispose()
