"""What a job is. The shelf is app/jobs: one file per job, whose `build(house)` returns it.

    schedule ─▶ slot (application time) ─▶ run ─▶ step ─▶ step ─▶ result for people

A run belongs to a slot and a slot runs once, in whichever process; what a killed process had in hand is resumed at the
first step without a result. Steps are therefore written so that a second try does no harm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from leitstand.core.i18n import Bilingual
from leitstand.jobs.schedule import Schedule

Result = TypeVar("Result")


class Turn(Protocol):
    """One run as the work sees it."""

    @property
    def due(self) -> datetime:
        """The slot, aware, in the organisation's time zone; for a run on demand the moment it was asked for."""
        ...

    @property
    def options(self) -> dict[str, str]:
        """What whoever asked for the run has set; empty for one by the calendar."""
        ...

    def step(self, name: str, work: Callable[..., Result], *args: object) -> Result:
        """Do `work` once: its result (values that JSON can hold) is kept and handed out again after a kill.

        name: unique within the run, the same each time. Between steps the run ends when its process is told to stop.
        Raises what `work` raises; then the run has failed, unless the job catches it.
        """
        ...

    def progress(self, done: int, total: int) -> None:
        """Show people how far the run is; cheap, call it as often as wished."""
        ...


@dataclass(frozen=True)
class Job:
    """One kind of work.

    name: `kebab-case`, stable: it is stored. title, about: for people; about is one sentence. schedule: the one in
    force now, read anew before each slot; None: only on demand. work: returns what people read of the run, or raises;
    runs in a thread, with one run per job at a time.
    """

    name: str
    title: Bilingual
    about: Bilingual
    schedule: Callable[[], Schedule | None]
    work: Callable[[Turn], Bilingual]
