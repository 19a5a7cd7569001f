"""When the installation was last backed up and when a backup was last proven: read from the journal's events."""

from typing import Any, NamedTuple

from sqlalchemy import Engine

from leitstand.backup import repository

CREATED, PASSED, FAILED = "backup.backup.created", "backup.drill.passed", "backup.drill.failed"
BACKUP_HOURS = 36  # a nightly backup, and half a day to notice that one is missing
DRILL_DAYS = 35  # a monthly drill
_HOUR_US = 3_600_000_000


class Told(NamedTuple):
    """One event. detail: as it was written: `file`, `created`, and `size_bytes` or `problems`."""

    kind: str
    time_us: int
    detail: dict[str, Any]


class State(NamedTuple):
    """What an administrator has to know. None: never."""

    backup: Told | None
    drill: Told | None
    backup_overdue: bool
    drill_overdue: bool


def state(engine: Engine, now_us: int) -> State:
    """The newest backup and the newest drill; a failed drill counts as overdue. Blocking."""
    backup, drill = (
        repository.newest_event(engine, (CREATED,)),
        repository.newest_event(engine, (PASSED, FAILED)),
    )
    made, tried = (None if each is None else Told(*each) for each in (backup, drill))
    return State(
        made,
        tried,
        made is None or now_us - made.time_us > BACKUP_HOURS * _HOUR_US,
        tried is None or tried.kind == FAILED or now_us - tried.time_us > DRILL_DAYS * 24 * _HOUR_US,
    )
