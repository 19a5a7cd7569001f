"""A floor with jobs for tests: engines in threads of this process, and workers in processes that can be killed.

As a program, `job_floor.py DATA NAMES`, it works on a job `count` whose steps write their names to DATA/steps.txt
and wait before the third one while DATA/hold is there.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from leitstand.core.clock import Clock
from leitstand.core.i18n import Bilingual
from leitstand.jobs.board import JobBoard
from leitstand.jobs.engine import JobEngine
from leitstand.jobs.repository import JobRows
from leitstand.jobs.runs import Run, RunEnded
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.seats import ALL, Seats
from leitstand.jobs.values import Job, Turn
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate

ZONE = ZoneInfo("Europe/Berlin")
DONE = Bilingual("Erledigt.", "Done.")


def job(name: str, work: Callable[[Turn], Bilingual], schedule: Schedule | None = None) -> Job:
    return Job(name, Bilingual(name, name), Bilingual("Probe.", "Sample."), lambda: schedule, work)


class Floor:
    """One process's part. now: the application's wall clock, to be set; None: that of `clock`."""

    def __init__(
        self, data: Path, jobs: Sequence[Job], names: Sequence[str] = ALL, clock: Clock | None = None
    ) -> None:
        data.mkdir(exist_ok=True)
        self.data = data
        self.database: Engine = open_engine(data)
        migrate(self.database)
        self.clock = clock or Clock()
        self.now: datetime | None = None
        self.ended: list[RunEnded] = []
        self.told: list[tuple[str, str]] = []
        self.rows = JobRows(self.database)
        self.board = JobBoard(jobs, self.rows, self.clock, self.local_now, self._note)
        self.engine = JobEngine(
            data, jobs, self.rows, Seats(data, self.database, names), self.clock, self.local_now,
            self.ended.append, "test",
        )  # fmt: skip
        self.stop = threading.Event()
        self._thread: threading.Thread | None = None

    def local_now(self) -> datetime:
        return self.now or self.clock.now().astimezone(ZONE)

    def _note(self, kind: str, actor: str, detail: dict[str, object]) -> None:
        self.told.append((kind, actor))

    def begin(self) -> None:
        self.stop.clear()
        self._thread = threading.Thread(target=self.engine.run, args=(self.stop, 0.1), daemon=True)
        self._thread.start()

    def end(self) -> None:
        self.stop.set()
        if self._thread is not None:
            self._thread.join(20)
            assert not self._thread.is_alive()

    def wait(self, run: Run, *states: str, timeout_s: float = 40.0) -> Run:
        """The run as soon as it is in one of these states."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.rows.get(run.id)
            if found is not None and found.state in states:
                return found
            time.sleep(0.03)
        raise AssertionError(f"{run.id} is {found}")


@contextmanager
def floor(data: Path, *jobs: Job, clock: Clock | None = None) -> Iterator[Floor]:
    """A floor that works."""
    opened = Floor(data, jobs, clock=clock)
    opened.begin()
    try:
        yield opened
    finally:
        opened.end()
        opened.database.dispose()


def wait_for(true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.03)


def counting(data: Path) -> Job:
    """Five steps; each notes its name."""

    def note(number: int) -> int:
        with (data / "steps.txt").open("a") as file:
            file.write(f"step-{number}\n")
        while number == 2 and (data / "hold").exists():
            time.sleep(0.02)
        return number

    def work(turn: Turn) -> Bilingual:
        total = sum(turn.step(f"step-{number}", note, number) for number in range(5))
        return Bilingual(f"Summe {total}.", f"Sum {total}.")

    return job("count", work, Schedule("hourly"))


def main() -> None:
    data = Path(sys.argv[1])
    here = Floor(data, [counting(Path(sys.argv[2]))])
    here.now = datetime.fromisoformat(sys.argv[3]).astimezone(ZONE)
    signal.signal(signal.SIGTERM, lambda *_: here.stop.set())
    here.engine.run(here.stop, 0.1)


if __name__ == "__main__":
    main()
