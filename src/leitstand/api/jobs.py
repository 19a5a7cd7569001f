"""`/api/jobs`: background work, its runs, and having it done or ended."""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.identity.roles import Permission
from leitstand.jobs.figures import job_figures, run_figures, step_figures, worker_figures
from leitstand.jobs.runs import JobState, Run, StepDone, Worker

_SHOWN = 20


class Jobs(Protocol):
    """What these operations need of the house; jobs/board.py."""

    def jobs(self) -> list[JobState]:
        """All of them."""

    def job(self, name: str) -> JobState:
        """One of them; raises NotFound."""

    def runs(self, name: str, most: int) -> list[Run]:
        """The last runs of a job, newest first; raises NotFound."""

    def run(self, run_id: str) -> tuple[Run, list[StepDone]]:
        """A run with its steps; raises NotFound."""

    def workers(self) -> list[Worker]:
        """Those that are alive."""

    def request(self, name: str, actor: str, options: Mapping[str, str] | None = None) -> Run:
        """Have a job done now; raises a Refusal."""

    def cancel(self, run_id: str, actor: str) -> Run:
        """Ask for a run's end; raises a Refusal."""


class HasJobs(Protocol):
    """Who has them."""

    @property
    def jobs(self) -> Jobs:
        """Them."""


class RunWish(BaseModel):
    """How a job is to be done; most need nothing."""

    model_config = ConfigDict(extra="forbid")

    options: dict[str, str] = Field(default={}, max_length=20, description="What the job understands.")


def job_routes(office: HasJobs) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"], route_class=Guarded)

    @router.get("", **needs(Permission.OPERATIONS_READ))
    def jobs() -> dict[str, Any]:
        """Every job with its next slot, the run in hand and the last one; and who works."""
        return {
            "jobs": [job_figures(state) for state in office.jobs.jobs()],
            "workers": [worker_figures(worker) for worker in office.jobs.workers()],
        }

    @router.get("/{name}", **needs(Permission.OPERATIONS_READ))
    def job(name: Annotated[str, Path()]) -> dict[str, Any]:
        """A job with its last runs, newest first."""
        found = job_figures(office.jobs.job(name))
        return found | {"runs": [run_figures(run) for run in office.jobs.runs(name, _SHOWN)]}

    @router.get("/{name}/runs", **needs(Permission.OPERATIONS_READ))
    def runs(
        name: Annotated[str, Path()], most: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> list[dict[str, Any]]:
        """The last runs of a job, newest first."""
        return [run_figures(run) for run in office.jobs.runs(name, most)]

    @router.post("/{name}/runs", status_code=201, **needs(Permission.CONFIGURATION_WRITE))
    def request(
        request: Request, name: Annotated[str, Path()], wish: Annotated[RunWish | None, Body()] = None
    ) -> dict[str, Any]:
        """Have a job done now, out of turn; it begins within seconds."""
        options = wish.options if wish else None
        return run_figures(office.jobs.request(name, request.state.caller.name, options))

    @router.get("/runs/{run_id:path}", **needs(Permission.OPERATIONS_READ))
    def run(run_id: Annotated[str, Path()]) -> dict[str, Any]:
        """A run with its steps."""
        found, steps = office.jobs.run(run_id)
        return run_figures(found) | {"steps": [step_figures(step) for step in steps]}

    @router.delete("/runs/{run_id:path}", **needs(Permission.CONFIGURATION_WRITE))
    def cancel(request: Request, run_id: Annotated[str, Path()]) -> dict[str, Any]:
        """Ask for a run's end; one in hand ends after its present step."""
        return run_figures(office.jobs.cancel(run_id, request.state.caller.name))

    return router
