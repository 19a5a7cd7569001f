"""Jobs and runs as plain values, for `/api` and the command line."""

from typing import Any

from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.jobs.runs import JobState, Run, StepDone, Worker
from leitstand.jobs.schedule import Schedule


def job_figures(state: JobState) -> dict[str, Any]:
    """A job with its schedule, the run in hand and the last one."""
    return {
        "name": state.name,
        "title": _both(state.title),
        "about": _both(state.about),
        "schedule": None if state.schedule is None else _schedule(state.schedule),
        "next": _iso(state.next_us),
        "running": None if state.running is None else run_figures(state.running),
        "last": None if state.last is None else run_figures(state.last),
        "done": state.tally.done,
        "failed": state.tally.failed,
        "last_success": _iso(state.tally.succeeded_us),
    }


def run_figures(run: Run) -> dict[str, Any]:
    """A run; `result` is of a good one what it did, of a failed one its fault."""
    return {
        "id": run.id,
        "job": run.job,
        "state": run.state,
        "due": _iso(run.due_us),
        "began": _iso(run.began_us),
        "ended": _iso(run.ended_us),
        "requested_by": run.requested_by,
        "options": dict(run.options or {}),
        "progress": {"done": run.progress_done, "total": run.progress_total},
        "result": _both(run.result),
    }


def step_figures(step: StepDone) -> dict[str, Any]:
    """A step."""
    return {"name": step.name, "ended": _iso(step.ended_us), "took_ms": step.took_ms, "fault": step.fault}


def worker_figures(worker: Worker) -> dict[str, Any]:
    """A living worker."""
    return {
        "seat": worker.seat, "place": worker.place, "since": _iso(worker.since_us), "seen": _iso(worker.seen_us),
    }  # fmt: skip


def _schedule(schedule: Schedule) -> dict[str, Any]:
    found: dict[str, Any] = {"rhythm": schedule.rhythm, "at": f"{schedule.at:%H:%M}"}
    if schedule.rhythm in ("weekly", "monthly"):
        found["day"] = schedule.day
    return found


def _both(text: Bilingual) -> dict[str, str]:
    return {"de": text.de, "en": text.en}


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
