"""A run in hand: what the work is given, and how it ends between two steps."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from leitstand.core.errors import InvalidRequest, Refusal
from leitstand.jobs.repository import JobRows
from leitstand.jobs.runs import StepDone
from leitstand.store.engine import DatabaseAway

Result = TypeVar("Result")
_GRACE_S = 5.0  # for a step in hand when the process is told to stop; it is repeated later
_PROGRESS_S = 1.0
_FAULT_LENGTH = 500


class Parked(BaseException):
    """The run is laid aside unfinished and goes on elsewhere or later; no work catches it."""


class Cancelled(BaseException):
    """A person asked for the run's end; no work catches it."""


class StepFailed(InvalidRequest):
    """A step that had failed before the process was killed."""


class Keeps(Protocol):
    """Where results of steps lie; jobs/durable.py."""

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """The kept result, or that of `work`, which then is kept."""


class DurableTurn:
    """`Turn` over an engine that keeps results."""

    def __init__(
        self,
        run_id: str,
        due: datetime,
        options: Mapping[str, str],
        keeps: Keeps,
        rows: JobRows,
        now_us: Callable[[], int],
    ) -> None:
        self.due = due
        self.options = dict(options)
        self.stop = threading.Event()
        """Set: lay the run aside."""
        self.cancel = threading.Event()
        """Set: end the run."""
        self._run_id = run_id
        self._keeps = keeps
        self._rows = rows
        self._now_us = now_us
        self._names: set[str] = set()
        self._shown_s = 0.0

    def step(self, name: str, work: Callable[..., Result], *args: object) -> Result:
        """See `Turn.step`."""
        if name in self._names:
            raise ValueError(f"two steps of one run are named {name!r}")
        self._names.add(name)
        self._halt()
        raised: list[Exception] = []
        try:
            kept = self._keeps.step(name, lambda: self._work(name, lambda: work(*args), raised))
        except DatabaseAway as away:
            raise Parked from away
        if raised:
            raise raised[0]
        if "fault" in kept:
            raise StepFailed(kept["fault"][0], kept["fault"][1])
        result: Result = kept["result"]
        return result

    def progress(self, done: int, total: int) -> None:
        """See `Turn.progress`."""
        if time.monotonic() - self._shown_s < _PROGRESS_S and done < total:
            return
        self._shown_s = time.monotonic()
        try:
            self._rows.progress(self._run_id, done, total)
        except DatabaseAway:
            return  # the next step tells

    def _halt(self) -> None:
        if self.stop.is_set():
            raise Parked
        if self.cancel.is_set():
            raise Cancelled

    def _work(self, name: str, work: Callable[[], Any], raised: list[Exception]) -> dict[str, Any]:
        """The step itself: what is kept of it. A fault is kept, too, but not that the database was away."""
        began = time.monotonic()
        fault, kept = "", dict[str, Any]()
        try:
            kept = {"result": self._apart(work)}
        except DatabaseAway as away:
            raise Parked from away
        except Exception as failed:  # noqa: BLE001 - a border: the job decides what a fault means
            raised.append(failed)
            said = sentences(failed)
            fault, kept = said[1], {"fault": said}
        took_ms = round((time.monotonic() - began) * 1000)
        try:
            self._rows.step(self._run_id, StepDone(name, self._now_us(), took_ms, fault))
        except DatabaseAway as away:
            raise Parked from away
        return kept

    def _apart(self, work: Callable[[], Any]) -> Any:
        """In a thread of its own, so that a long step holds up nobody's end: it is left behind and repeated."""
        box: list[Any] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                box.append(work())
            except BaseException as error:  # noqa: BLE001 - handed on to the run
                failed.append(error)

        thread = threading.Thread(target=run, name=f"job-{self._run_id.partition('/')[0]}", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.2)
            if self.stop.is_set():
                thread.join(_GRACE_S)
                if thread.is_alive():
                    raise Parked
        if failed:
            raise failed[0]
        return box[0]


def sentences(failed: Exception) -> tuple[str, str]:
    """What people are told of a fault, German and English."""
    if isinstance(failed, Refusal):
        return failed.de, failed.en
    text = f"{type(failed).__name__}: {failed}"[:_FAULT_LENGTH]
    return text, text
