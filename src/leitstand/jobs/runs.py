"""What is known of runs: each from its request to its end, with its steps, and who works."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from leitstand.core.i18n import Bilingual
from leitstand.jobs.schedule import Schedule

_NOTHING = Bilingual("", "")

RunState = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED: tuple[RunState, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Run:
    """One run. id: JOB/SLOT; requested_by: "" by the calendar; cancelled_by: who asked for its end, "" nobody.

    seat: of the process that has it in hand; result: of a good run what it did, of a failed one its fault.
    """

    id: str
    job: str
    due_us: int
    state: RunState
    requested_by: str = ""
    options: Mapping[str, str] | None = None
    cancelled_by: str = ""
    seat: str = ""
    tries: int = 0
    began_us: int | None = None
    ended_us: int | None = None
    progress_done: int = 0
    progress_total: int = 0
    result: Bilingual = _NOTHING


@dataclass(frozen=True)
class StepDone:
    """A step that was worked. fault: what it raised, "" nothing."""

    name: str
    ended_us: int
    took_ms: int
    fault: str = ""


@dataclass(frozen=True)
class Worker:
    """A process that works on jobs. place: machine and process."""

    seat: str
    place: str
    since_us: int
    seen_us: int


@dataclass(frozen=True)
class Tally:
    """What came of a job's runs, ever. succeeded_us: the end of the last good one."""

    done: int = 0
    failed: int = 0
    cancelled: int = 0
    succeeded_us: int | None = None


@dataclass(frozen=True)
class JobState:
    """A job as people see it. running: the run in hand or waiting; last: the newest that ended; next_us: its next slot."""

    name: str
    title: Bilingual
    about: Bilingual
    schedule: Schedule | None
    next_us: int | None
    running: Run | None
    last: Run | None
    tally: Tally


@dataclass(frozen=True)
class RunEnded:
    """News of the room: a run came to its end, in this process."""

    run: Run
    title: Bilingual


@dataclass(frozen=True)
class JobFailed:
    """News of the room, for alerts: a run failed. fault: for people."""

    job: str
    title: Bilingual
    run: str
    fault: Bilingual
