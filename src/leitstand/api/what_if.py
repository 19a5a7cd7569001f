"""`/api/what-if`: scenarios over the real traffic of a period, and what they come to."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Path, Request

from leitstand.api.guard import Guarded, needs
from leitstand.identity.roles import Permission
from leitstand.reports.what_if.scenario import Scenario, read
from leitstand.reports.what_if.scenarios import Scenarios, Told
from leitstand.reports.what_if.views import scenario_view


class WhatIf(Protocol):
    """What these operations need of the house; app/what_if.py."""

    @property
    def scenarios(self) -> Scenarios:
        """The stored ones."""

    def ask(self, scenario: Scenario, person: str) -> str:
        """Put it into the queue; returns its id. Raises InvalidRequest."""

    def get(self, scenario_id: str) -> Told:
        """Raises NotFound."""


class Supposing(Protocol):
    """Who has them."""

    @property
    def what_if(self) -> WhatIf:
        """Them."""


def what_if_routes(office: Supposing) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/what-if", tags=["what-if"], route_class=Guarded)

    @router.get("", **needs(Permission.BUDGETS_READ))
    def list_scenarios() -> list[dict[str, Any]]:
        """The scenarios, newest first, without their results."""
        return [scenario_view(told, whole=False) for told in office.what_if.scenarios.list()]

    @router.post("", status_code=201, **needs(Permission.BUDGETS_EXTEND))
    def ask(request: Request, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Replay a scenario: the same keys as in a scenario file. Nothing is asked of a provider, nothing changed."""
        scenario_id = office.what_if.ask(read(body), request.state.caller.name)
        return scenario_view(office.what_if.get(scenario_id))

    @router.get("/{scenario}", **needs(Permission.BUDGETS_READ))
    def show(scenario: Annotated[str, Path()]) -> dict[str, Any]:
        """A scenario with its result, null while it is replayed."""
        return scenario_view(office.what_if.get(scenario))

    @router.delete("/{scenario}", status_code=204, **needs(Permission.BUDGETS_EXTEND))
    def remove(request: Request, scenario: Annotated[str, Path()]) -> None:
        """Remove a scenario with its result."""
        office.what_if.scenarios.remove(scenario, request.state.caller.name)

    return router
