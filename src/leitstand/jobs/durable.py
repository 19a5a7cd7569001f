"""DBOS Transact behind a few verbs: it keeps the results of steps and hands out runs, one of each job at a time.

It knows nothing but ids of runs; what a run is and how it went stands in our own tables. It lies in DATA/jobs.sqlite,
or in the shared database in a schema of its own. Decision: docs/decisions/0016-durable-jobs.md.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Engine

from leitstand.store.engine import open_for_library, shared_database

if TYPE_CHECKING:
    from dbos import DBOSConfig

FILE = "jobs.sqlite"
_QUEUE = "jobs"
_SCHEMA = "leitstand_jobs"
_VERSION = "1"  # pinned: an update of Leitstand goes on with what an older one began
_AT_ONCE = 4  # runs in one process
_POLL_S = 0.5
_SELDOM_S = 86_400.0  # of a thread whose service we do not use

_ONE = threading.Lock()
"""DBOS is one per process."""


class Durable:
    """DBOS opened for a seat; `close` it, and another seat of this process can have it."""

    def __init__(self, engine: Engine | None) -> None:
        """Use `open`."""
        self._engine = engine

    @classmethod
    def open(cls, data: Path, seat: str, work: Callable[[str], None]) -> Self | None:
        """Begin to hand out runs; None when another part of this process has it. Takes a second the first time.

        work: does the run of an id, in a thread. What it raises beside Exception leaves the run unfinished.
        What the seat had in hand when its process was killed is handed out again.
        """
        if not _ONE.acquire(blocking=False):
            return None
        shared, engine = shared_database(), None
        try:
            if shared is not None:
                engine = open_for_library(shared)
            _launch(_configuration(data, seat, engine), work)
        except BaseException:
            _shut(engine)
            raise
        return cls(engine)

    def enqueue(self, run_id: str, job: str) -> None:
        """Hand a run out, once: an id that is known stays as it is."""
        from dbos import DBOS

        DBOS.enqueue_workflow_with_options(
            {
                "queue_name": _QUEUE, "workflow_name": _QUEUE, "workflow_id": run_id,
                "queue_partition_key": job, "app_version": _VERSION,
            },
            run_id,
        )  # fmt: skip

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """In a run: the kept result of a step, or that of `work`, which then is kept."""
        from dbos import DBOS

        return DBOS.run_step({"name": name}, work)

    def known(self, run_ids: Iterable[str]) -> set[str]:
        """Which of these it has."""
        from dbos import DBOS

        wanted = list(run_ids)
        found = DBOS.list_workflows(workflow_ids=wanted, load_input=False, load_output=False)
        return {each.workflow_id for each in found} if wanted else set()

    def begun(self, seats: Iterable[str]) -> set[str]:
        """The runs that processes of these seats have in hand, or had when they ended."""
        from dbos import DBOS

        wanted = list(seats)
        found = DBOS.list_workflows(status="PENDING", executor_id=wanted, load_input=False, load_output=False)
        return {each.workflow_id for each in found} if wanted else set()

    def resume(self, run_id: str) -> None:
        """Hand a run out again that nobody has in hand any more."""
        from dbos import DBOS

        DBOS.resume_workflow(run_id, queue_name=_QUEUE)

    def forget_ended(self) -> None:
        """Remove what it keeps of runs that are over."""
        from dbos import DBOS

        ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
        while found := DBOS.list_workflows(status=ended, load_input=False, load_output=False, limit=100):
            DBOS.delete_workflows([each.workflow_id for each in found])

    def close(self) -> None:
        """Hand out nothing any more; runs in hand must have been laid aside before."""
        _shut(self._engine)


class _JSON:
    """Results as JSON: readable, and nothing in a database is ever run as code."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, ensure_ascii=False, default=_fault)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    def name(self) -> str:
        return "leitstand_json"


def _fault(value: object) -> str:
    """A fault as text; any other value that JSON does not hold is a mistake of the job."""
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    raise TypeError(f"a step gave {type(value).__name__}, which JSON does not hold")


def _configuration(data: Path, seat: str, engine: Engine | None) -> "DBOSConfig":
    configuration: DBOSConfig = {
        "name": "leitstand",
        "application_version": _VERSION,
        "executor_id": seat,
        "serializer": _JSON(),  # type: ignore[typeddict-item]  # the base class would be imported at start
        "dbos_system_schema": _SCHEMA,
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": 1.0,  # unused, but `close` waits for its next round
        "scheduler_polling_interval_sec": _SELDOM_S,
        "log_level": "CRITICAL",  # whatever matters is told by jobs/engine.py, once
        "enable_otlp": False,
    }
    if engine is None:
        configuration["system_database_url"] = f"sqlite:///{data / FILE}"
    else:
        configuration["system_database_url"] = engine.url.render_as_string(hide_password=False)
        configuration["system_database_engine"] = engine
    return configuration


def _launch(configuration: "DBOSConfig", work: Callable[[str], None]) -> None:
    silent = logging.getLogger("dbos")
    if not silent.handlers:
        silent.addHandler(logging.NullHandler())  # else it writes to the console past our format
    from dbos import DBOS

    DBOS(config=configuration)
    DBOS.workflow(name=_QUEUE, max_recovery_attempts=None)(_named(work))
    DBOS.listen_queues([_QUEUE])
    DBOS.launch()
    DBOS.register_queue(
        _QUEUE, partition_concurrency=1, worker_concurrency=_AT_ONCE, polling_interval_sec=_POLL_S,
        on_conflict="always_update",
    )  # fmt: skip


def _named(work: Callable[[str], None]) -> Callable[[str], None]:
    """A plain function, as DBOS wants it."""

    def run(run_id: str) -> None:
        work(run_id)

    return run


def _shut(engine: Engine | None) -> None:
    from dbos import DBOS

    try:
        DBOS.destroy(destroy_registry=True)
    finally:
        if engine is not None:
            engine.dispose()
        _ONE.release()
