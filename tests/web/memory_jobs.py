"""The port of background work for page tests: jobs in every state, backups on a shelf; what is asked for is noted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path

from leitstand.backup.nightly import Kept, Shelf
from leitstand.backup.state import CREATED, PASSED, State, Told
from leitstand.core.errors import InvalidRequest
from leitstand.core.i18n import Bilingual
from leitstand.jobs.runs import JobState, Run, StepDone, Tally, Worker
from leitstand.jobs.schedule import Schedule
from leitstand.web.ports import Viewer

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
_US = int(NOW.timestamp()) * 1_000_000
_HOUR = 3_600_000_000
_FOLDER = Path("/mnt/sicherung")
_DONE = Run(
    "backup/1", "backup", _US - 12 * _HOUR, "done", began_us=_US - 12 * _HOUR, ended_us=_US - 12 * _HOUR + 41_000_000,
    result=Bilingual("leitstand-2026-11-17.backup gesichert: 412,3 MB.", "leitstand-2026-11-17.backup made: 412.3 MB."),
)  # fmt: skip
_FAILED = Run(
    "retention/1", "retention", _US - _HOUR, "failed", began_us=_US - _HOUR, ended_us=_US - _HOUR + 900_000,
    result=Bilingual("Die Datenbank verweigert sich.", "The database refuses."),
)  # fmt: skip
_GOING = Run(
    "abgleich/1", "abgleich", _US, "running", "jonas", began_us=_US, progress_done=300, progress_total=1200
)


def _state(
    name: str, title: str, schedule: Schedule | None, running: Run | None, last: Run | None
) -> JobState:
    about = Bilingual(f"Was die Aufgabe {title} erledigt.", f"What the job {title} does.")
    return JobState(
        name,
        Bilingual(title, title),
        about,
        schedule,
        _US + _HOUR if schedule else None,
        running,
        last,
        Tally(),
    )


@dataclass
class MemoryJobs:
    idle: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def jobs(self) -> Sequence[JobState]:
        return (
            _state("abgleich", "Abgleich", Schedule("weekly", time(3), 1), _GOING, None),
            _state("backup", "Sicherung", Schedule("daily", time(2)), None, _DONE),
            _state("retention", "Aufbewahrung", Schedule("hourly"), None, _FAILED),
            _state("umbau", "Umbau", None, None, None),
        )

    async def workers(self) -> Sequence[Worker]:
        return () if self.idle else (Worker("jobs-0", "leitstand-a 4711", _US - 5 * _HOUR, _US),)

    async def history(self, name: str, most: int) -> Sequence[tuple[Run, Sequence[StepDone]]]:
        found = {"backup": _DONE, "retention": _FAILED}
        if name not in found:
            return ()
        fault = "DatabaseError: disk I/O error" if name == "retention" else ""
        return ((found[name], (StepDone("seal", _US, 40_120), StepDone("tell", _US, 12, fault))),)

    async def request(self, viewer: Viewer, name: str) -> None:
        if name == "abgleich":
            raise InvalidRequest("Die Aufgabe läuft schon.", "The job runs already.")
        self.asked.append((viewer.name, name))

    async def cancel(self, viewer: Viewer, run: str) -> None:
        self.asked.append((viewer.name, run))

    async def backups(self) -> Shelf:
        if self.idle:
            return Shelf("", (), None, State(None, None, backup_overdue=True, drill_overdue=True))
        files = [
            Kept(_FOLDER / f"leitstand-2026-11-{day}-020000.backup", 412_300_000, NOW.timestamp())
            for day in (17, 16)
        ]
        newest = str(files[0].path)
        return Shelf(
            str(_FOLDER), tuple(files), None,
            State(Told(CREATED, _US, {"file": newest}), Told(PASSED, _US, {"file": newest}), False, False),
        )  # fmt: skip
