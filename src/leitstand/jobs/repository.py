"""SQL of jobs: kinds of work, their runs and steps, and who is at work. The same on SQLite and PostgreSQL."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Row, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from leitstand.core.i18n import Bilingual
from leitstand.jobs.runs import ENDED, Run, RunState, StepDone, Tally, Worker
from leitstand.store.schema import job as jobs
from leitstand.store.schema import job_run as runs
from leitstand.store.schema import job_step as steps
from leitstand.store.schema import job_worker as workers

_UNFINISHED = ("waiting", "running")
_BATCH = 500
KEPT_DAYS = 90
"""How long ended runs stay."""


class JobRows:
    """All of them. Blocking: use it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ------------------------------------------------------------ the calendar

    def since(self, name: str, schedule: str, now_us: int) -> int:
        """From when on slots of this schedule count: since the job went by it for the first time."""
        with self._engine.begin() as connection:
            found = connection.execute(select(jobs).where(jobs.c.name == name)).first()
            if found is not None and found.schedule == schedule:
                return int(found.since_us)
            if found is not None:
                changed = update(jobs).where(jobs.c.name == name)
                connection.execute(changed.values(schedule=schedule, since_us=now_us))
                return now_us
        self._insert(jobs, {"name": name, "schedule": schedule, "since_us": now_us})
        return now_us

    def request(self, run: Run) -> bool:
        """Write a run down as waiting; False when there is one of this id already."""
        return self._insert(
            runs,
            {
                "id": run.id, "job": run.job, "due_us": run.due_us, "requested_by": run.requested_by,
                "options": json.dumps(dict(run.options or {}), ensure_ascii=False), "state": "waiting",
            },
        )  # fmt: skip

    def drop_older(self, run: Run) -> None:
        """Slots of the calendar that wait while a newer one came: once is enough."""
        older = runs.c.job == run.job, runs.c.due_us < run.due_us, runs.c.requested_by == ""
        with self._engine.begin() as connection:
            connection.execute(delete(runs).where(*older, runs.c.state == "waiting"))

    # ------------------------------------------------------------ a run

    def begin(self, run_id: str, seat: str, now_us: int) -> Run | None:
        """Take a run in hand; None where there is nothing to do any more."""
        with self._engine.begin() as connection:
            taken = update(runs).where(runs.c.id == run_id, runs.c.state.in_(_UNFINISHED))
            values = {
                "state": "running", "seat": seat, "tries": runs.c.tries + 1,
                "began_us": func.coalesce(runs.c.began_us, now_us),
            }  # fmt: skip
            if not connection.execute(taken.values(values)).rowcount:
                return None
            return _run(connection.execute(select(runs).where(runs.c.id == run_id)).one())

    def park(self, run_id: str) -> None:
        """Lay a run aside in good order: this try does not count."""
        self._change(run_id, {"tries": 0})

    def progress(self, run_id: str, done: int, total: int) -> None:
        """How far it is."""
        self._change(run_id, {"progress_done": done, "progress_total": total})

    def step(self, run_id: str, step: StepDone) -> None:
        """Note what was worked."""
        with self._engine.begin() as connection:
            number = select(func.count()).select_from(steps).where(steps.c.run_id == run_id).scalar_subquery()
            values = {"run_id": run_id, "number": number, **vars(step)}
            connection.execute(insert(steps).values(values))

    def end(self, run_id: str, state: RunState, result: Bilingual, now_us: int) -> bool:
        """Write down what came of it; False when that was done already."""
        with self._engine.begin() as connection:
            ended = update(runs).where(runs.c.id == run_id, runs.c.state.in_(_UNFINISHED))
            values = {
                "state": state, "ended_us": now_us, "seat": "", "result_de": result.de, "result_en": result.en,
            }  # fmt: skip
            if not connection.execute(ended.values(values)).rowcount:
                return False
            counted: dict[str, Any] = {state: jobs.c[state] + 1}
            if state == "done":
                counted["succeeded_us"] = now_us
            of_run = select(runs.c.job).where(runs.c.id == run_id).scalar_subquery()
            connection.execute(update(jobs).where(jobs.c.name == of_run).values(counted))
            return True

    def cancel(self, run_id: str, actor: str, now_us: int) -> Run | None:
        """Ask for a run's end: one that waits is ended at once. None when there is none to end."""
        with self._engine.begin() as connection:
            open_run = runs.c.id == run_id, runs.c.state.in_(_UNFINISHED)
            if not connection.execute(update(runs).where(*open_run).values(cancelled_by=actor)).rowcount:
                return None
            waiting = update(runs).where(runs.c.id == run_id, runs.c.state == "waiting")
            connection.execute(waiting.values(state="cancelled", ended_us=now_us))
            return _run(connection.execute(select(runs).where(runs.c.id == run_id)).one())

    # ------------------------------------------------------------ looking

    def unfinished(self) -> list[Run]:
        """What waits or runs, the oldest first."""
        query = select(runs).where(runs.c.state.in_(_UNFINISHED)).order_by(runs.c.due_us)
        return self._runs(query)

    def get(self, run_id: str) -> Run | None:
        """One run."""
        found = self._runs(select(runs).where(runs.c.id == run_id))
        return found[0] if found else None

    def newest(self, name: str, most: int) -> list[Run]:
        """The last runs of a job, newest first."""
        return self._runs(select(runs).where(runs.c.job == name).order_by(runs.c.due_us.desc()).limit(most))

    def last_ended(self) -> dict[str, Run]:
        """The newest ended run of each job."""
        newer = runs.alias()
        beaten = exists().where(
            newer.c.job == runs.c.job, newer.c.state.in_(ENDED), newer.c.ended_us > runs.c.ended_us
        )
        return {run.job: run for run in self._runs(select(runs).where(runs.c.state.in_(ENDED), ~beaten))}

    def steps(self, run_id: str) -> list[StepDone]:
        """What a run has behind it, in order."""
        query = select(steps).where(steps.c.run_id == run_id).order_by(steps.c.number)
        with self._engine.connect() as connection:
            return [
                StepDone(row.name, row.ended_us, row.took_ms, row.fault) for row in connection.execute(query)
            ]

    def tallies(self) -> dict[str, Tally]:
        """What came of each job's runs."""
        with self._engine.connect() as connection:
            return {
                row.name: Tally(row.done, row.failed, row.cancelled, row.succeeded_us)
                for row in connection.execute(select(jobs))
            }

    # ------------------------------------------------------------ workers

    def show(self, worker: Worker) -> None:
        """Say that a seat is taken and its process alive."""
        with self._engine.begin() as connection:
            known = update(workers).where(workers.c.seat == worker.seat)
            if connection.execute(known.values(**vars(worker))).rowcount:
                return
        self._insert(workers, vars(worker))

    def leave(self, seat: str) -> None:
        """Nobody sits there any more."""
        with self._engine.begin() as connection:
            connection.execute(delete(workers).where(workers.c.seat == seat))

    def workers(self) -> list[Worker]:
        """Everybody who said so, dead or alive."""
        with self._engine.connect() as connection:
            return [Worker(*row) for row in connection.execute(select(workers).order_by(workers.c.seat))]

    # ------------------------------------------------------------ keeping

    def expire(self, before_us: int) -> int:
        """Remove runs that ended before, with their steps; how many."""
        total = 0
        old = select(runs.c.id).where(runs.c.state.in_(ENDED), runs.c.ended_us < before_us).limit(_BATCH)
        while True:
            with self._engine.begin() as connection:
                ids = list(connection.execute(old).scalars())
                connection.execute(delete(steps).where(steps.c.run_id.in_(ids)))
                connection.execute(delete(runs).where(runs.c.id.in_(ids)))
            total += len(ids)
            if len(ids) < _BATCH:
                return total

    def _change(self, run_id: str, values: Mapping[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(runs).where(runs.c.id == run_id, runs.c.state == "running").values(values)
            )

    def _runs(self, query: Any) -> list[Run]:
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]

    def _insert(self, table: Any, values: Mapping[str, Any]) -> bool:
        """False when the row is there: another process was quicker."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(table).values(values))
        except IntegrityError:
            return False
        return True


def _run(row: Row[Any]) -> Run:
    return Run(
        row.id, row.job, row.due_us, row.state, row.requested_by, json.loads(row.options), row.cancelled_by,
        row.seat, row.tries, row.began_us, row.ended_us, row.progress_done, row.progress_total,
        Bilingual(row.result_de, row.result_en),
    )  # fmt: skip
