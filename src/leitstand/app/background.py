"""Background work of the house: the shelf of jobs, the board for people, and the engine in a thread."""

import hashlib
import importlib
import os
import pkgutil
import platform
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from leitstand.app import jobs as shelf
from leitstand.core.ids import new_id
from leitstand.jobs.board import JobBoard
from leitstand.jobs.engine import JobEngine
from leitstand.jobs.repository import JobRows
from leitstand.jobs.runs import JobFailed, RunEnded, Tally
from leitstand.jobs.seats import Seats
from leitstand.jobs.values import Job
from leitstand.journal.records import Record
from leitstand.store.engine import DatabaseAway

if TYPE_CHECKING:
    from leitstand.app.house import House

_FIGURES_S = 5.0
_JOIN_S = 25.0


class Background:
    """Built with the house; `start` it to work, and `stop` it before anything that its jobs use.

    The shelf is imported when it is first asked for: the port opens without waiting for it.
    """

    def __init__(self, house: "House") -> None:
        self._house = house
        self._rows = JobRows(house.engine)
        self._figures = JobFigures()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @cached_property
    def jobs(self) -> list[Job]:
        """The shelf."""
        return load_jobs(self._house)

    @cached_property
    def board(self) -> JobBoard:
        """What people see of it."""
        house = self._house
        return JobBoard(self.jobs, self._rows, house.clock, house.local_now, self._record)

    def start(self, seats: Sequence[str]) -> None:
        """Keep the figures, and with seats to sit on, work."""
        self._house.metrics.registry.register(self._figures)
        self._run(self._keep_figures, "job-figures")
        if seats:
            self._run(lambda: self._work(seats), "jobs")

    def stop(self) -> None:
        """Lay runs in hand aside between two steps. Blocking."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _run(self, work: object, name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _work(self, seats: Sequence[str]) -> None:
        house = self._house
        engine = JobEngine(
            house.data, self.jobs, self._rows, Seats(house.data, house.engine, seats), house.clock,
            house.local_now, self._tell, f"{platform.node()} {os.getpid()}",
        )  # fmt: skip
        engine.run(self._stop)

    def _keep_figures(self) -> None:
        wait_s = 1.0
        while not self._stop.wait(wait_s):
            with suppress(DatabaseAway):  # its writers and watchers tell of it; the last figures stay
                self._figures.tallies = self._rows.tallies()
            wait_s = _FIGURES_S

    def _tell(self, ended: RunEnded) -> None:
        """A failed run is an audit event and news for alerts."""
        run = ended.run
        if run.state != "failed":
            self._house.events.say(ended)
            return
        mark = hashlib.sha256(run.id.encode()).hexdigest()[:32]
        self._house.spool.write_now(
            Record(
                id=f"evt_job_{mark}", kind="jobs.run.failed", time_us=run.ended_us or 0, user="system",
                detail={"job": run.job, "run": run.id, "fault": run.result.en},
            )
        )  # fmt: skip
        self._house.events.say(ended)
        self._house.events.say(JobFailed(run.job, ended.title, run.id, run.result))

    def _record(self, kind: str, actor: str, detail: dict[str, object]) -> None:
        now_us = self._house.clock.time_us()
        self._house.spool.write_now(
            Record(id=new_id("evt"), kind=kind, time_us=now_us, user=actor, detail=detail)
        )


class JobFigures(Collector):
    """What `/metrics` tells of jobs, of all processes together; kept by a thread, so that nothing waits for SQL."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Both families."""
        runs = CounterMetricFamily("leitstand_job_runs", "Ended runs of jobs.", labels=("job", "outcome"))
        success = GaugeMetricFamily(
            "leitstand_job_last_success_timestamp_seconds", "End of the last good run.", labels=("job",)
        )
        for name, tally in sorted(self.tallies.items()):
            for outcome in ("done", "failed", "cancelled"):
                runs.add_metric((name, outcome), getattr(tally, outcome))
            if tally.succeeded_us is not None:
                success.add_metric((name,), tally.succeeded_us / 1_000_000)
        yield from (runs, success)


def load_jobs(house: "House") -> list[Job]:
    """Every job of the shelf app/jobs, by name; raises ValueError where two share one."""
    found: dict[str, Job] = {}
    for module in pkgutil.iter_modules(shelf.__path__):
        job: Job = importlib.import_module(f"{shelf.__name__}.{module.name}").build(house)
        if job.name in found:
            raise ValueError(f"two jobs are named {job.name}")
        found[job.name] = job
    return [found[name] for name in sorted(found)]
