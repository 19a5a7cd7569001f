"""What people see of jobs, and what they ask for; the same in a process that works and in one that does not."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.jobs.engine import ALIVE_S
from leitstand.jobs.repository import JobRows
from leitstand.jobs.runs import JobState, Run, StepDone, Tally, Worker
from leitstand.jobs.values import Job

Tell = Callable[[str, str, dict[str, object]], None]
"""Of an act of a person: the kind of event, who, its detail."""


class JobBoard:
    """Blocking: use it in a thread."""

    def __init__(
        self, jobs: Sequence[Job], rows: JobRows, clock: Clock, local_now: Callable[[], datetime], tell: Tell
    ) -> None:
        self._jobs: Mapping[str, Job] = {job.name: job for job in jobs}
        self._rows = rows
        self._clock = clock
        self._local_now = local_now
        self._tell = tell

    def jobs(self) -> list[JobState]:
        """All of them, in the order of their shelf."""
        unfinished: dict[str, Run] = {}
        for run in self._rows.unfinished():
            if run.job not in unfinished or run.state == "running":
                unfinished[run.job] = run
        last, tallies = self._rows.last_ended(), self._rows.tallies()
        return [
            self._state(job, unfinished.get(job.name), last.get(job.name), tallies.get(job.name, Tally()))
            for job in self._jobs.values()
        ]

    def job(self, name: str) -> JobState:
        """One of them; raises NotFound."""
        self._require(name)
        return next(state for state in self.jobs() if state.name == name)

    def runs(self, name: str, most: int) -> list[Run]:
        """The last runs of a job, newest first; raises NotFound."""
        self._require(name)
        return self._rows.newest(name, most)

    def run(self, run_id: str) -> tuple[Run, list[StepDone]]:
        """A run with its steps; raises NotFound."""
        run = self._rows.get(run_id)
        if run is None:
            raise NotFound(f"Den Lauf „{run_id}“ gibt es nicht.", f"There is no run '{run_id}'.")
        return run, self._rows.steps(run_id)

    def workers(self) -> list[Worker]:
        """Those that are alive."""
        oldest_us = self._clock.time_us() - int(ALIVE_S * self._clock.factor * 1_000_000)
        return [worker for worker in self._rows.workers() if worker.seen_us >= oldest_us]

    def request(self, name: str, actor: str, options: Mapping[str, str] | None = None) -> Run:
        """Have a job done now, out of turn; raises NotFound, and InvalidRequest while it runs or waits."""
        self._require(name)
        if any(run.job == name for run in self._rows.unfinished()):
            raise InvalidRequest(
                f"Die Aufgabe „{name}“ läuft schon oder wartet. Sehen Sie ihr zu, oder brechen Sie sie ab.",
                f"The job '{name}' runs or waits already. Watch it, or cancel it.",
            )
        now = self._local_now()
        run_id = f"{name}/{now.isoformat(timespec='microseconds')}"
        run = Run(run_id, name, int(now.timestamp() * 1_000_000), "waiting", actor, dict(options or {}))
        self._rows.request(run)
        self._tell("jobs.run.requested", actor, {"job": name, "run": run_id, "options": dict(options or {})})
        return run

    def cancel(self, run_id: str, actor: str) -> Run:
        """Ask for a run's end; one in hand ends after its present step. Raises NotFound, InvalidRequest."""
        run = self._rows.cancel(run_id, actor, self._clock.time_us())
        if run is None:
            self.run(run_id)
            raise InvalidRequest("Dieser Lauf ist schon zu Ende.", "This run has ended already.")
        self._tell("jobs.run.cancelled", actor, {"job": run.job, "run": run_id})
        return run

    def _require(self, name: str) -> None:
        if name not in self._jobs:
            raise NotFound(
                f"Die Aufgabe „{name}“ gibt es nicht. Es gibt: {', '.join(self._jobs)}.",
                f"There is no job '{name}'. There are: {', '.join(self._jobs)}.",
            )

    def _state(self, job: Job, running: Run | None, last: Run | None, tally: Tally) -> JobState:
        schedule = job.schedule()
        following = schedule.following(self._local_now()) if schedule else None
        next_us = None if following is None else int(following.timestamp() * 1_000_000)
        return JobState(job.name, job.title, job.about, schedule, next_us, running, last, tally)
