"""`/api/regression`: sets of questions, trials of a model against another, their reports."""

from decimal import Decimal
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.answers.regression import Plan, Regression
from leitstand.answers.regression_views import report_view, set_view, trial_view
from leitstand.api.guard import Guarded, needs
from leitstand.core.money import nano, plain
from leitstand.identity.roles import Permission
from leitstand.prompts.regression import sets


class Trials(Protocol):
    """What these operations need of the house."""

    regression: Regression

    def nudge_trials(self) -> None:
        """Begin with a planned trial at once."""


class TrialWish(BaseModel):
    """A trial to be run."""

    model_config = ConfigDict(extra="forbid")

    set: str = Field(description="Name of the regression set.")
    candidate: str = Field(description="The model that may come.")
    baseline: str = Field(description="The model in use today.")
    repetitions: int = Field(default=5, description="How often each question is asked, 1 to 50.")
    max_eur: Decimal | None = Field(
        default=None, gt=0, description="What it may cost; none: twice of what is expected."
    )


class Standard(BaseModel):
    """Which model's answers of a trial count as good."""

    model_config = ConfigDict(extra="forbid")

    model: str


def regression_routes(trials: Trials) -> APIRouter:
    """All operations."""
    router = APIRouter(prefix="/api/regression", tags=["regression"], route_class=Guarded)
    regression = trials.regression

    @router.get("/sets", **needs(Permission.REGRESSION_READ))
    def list_sets() -> list[dict[str, Any]]:
        """All regression sets, without their questions."""
        return [set_view(summary) for summary in regression.list()]

    @router.get("/sets/{name}", **needs(Permission.REGRESSION_READ))
    def read_set(name: Annotated[str, Path()]) -> dict[str, Any]:
        """A set with its questions, as the YAML file it would be."""
        return {**set_view(regression.summary(name)), "yaml": sets.write(regression.get(name))}

    @router.put("/sets", **needs(Permission.REGRESSION_RUN))
    def put_set(
        request: Request, yaml: Annotated[str, Body(embed=True, max_length=2_000_000)]
    ) -> dict[str, Any]:
        """Create or replace a set, given as YAML or JSON text."""
        made = regression.put(yaml, request.state.caller.name)
        return set_view(regression.summary(made.name))

    @router.delete("/sets/{name}", status_code=204, **needs(Permission.REGRESSION_RUN))
    def remove_set(request: Request, name: Annotated[str, Path()]) -> None:
        """Remove a set with its trials and answers."""
        regression.remove(name, request.state.caller.name)

    @router.get("/trials", **needs(Permission.REGRESSION_READ))
    def list_trials(set_name: Annotated[str | None, Query(alias="set")] = None) -> list[dict[str, Any]]:
        """The last 50 trials, newest first."""
        return [trial_view(trial) for trial in regression.trials(set_name)]

    @router.post("/trials", status_code=201, **needs(Permission.REGRESSION_RUN))
    def start_trial(request: Request, wish: TrialWish) -> dict[str, Any]:
        """Plan a trial; it begins within two seconds, in your name and at your cost."""
        most = nano(wish.max_eur) if wish.max_eur is not None else None
        plan = Plan(wish.set, wish.candidate, wish.baseline, wish.repetitions, most)
        trial = regression.start(plan, request.state.caller.name)
        trials.nudge_trials()
        return {**trial_view(trial), "expected_eur": plain(regression.expected_nano(plan))}

    @router.get("/trials/{trial}", **needs(Permission.REGRESSION_READ))
    def read_trial(
        trial: Annotated[str, Path()], answers: Annotated[bool, Query()] = False
    ) -> dict[str, Any]:
        """The report of a trial, also while it runs; with `answers=true` every answer."""
        return report_view(regression.report(trial), answers)

    @router.post("/trials/{trial}/cancel", status_code=204, **needs(Permission.REGRESSION_RUN))
    def cancel_trial(request: Request, trial: Annotated[str, Path()]) -> None:
        """End a trial; what is being asked at this moment is still paid."""
        regression.cancel(trial, request.state.caller.name)

    @router.post("/trials/{trial}/accept", status_code=204, **needs(Permission.REGRESSION_RUN))
    def accept_trial(request: Request, trial: Annotated[str, Path()], wish: Standard) -> None:
        """Let the answers of a model in this trial be the standard for its nightly runs."""
        regression.accept(trial, wish.model, request.state.caller.name)

    return router
