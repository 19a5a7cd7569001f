"""`/api/policy`: decisions explained, and the register of processors. The table: `/api/configuration/policy`."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.configuration.values import ClassWord
from leitstand.identity.callers import Caller
from leitstand.identity.roles import Permission
from leitstand.policy.contracts import Processor
from leitstand.policy.decisions import PastDecision
from leitstand.policy.explain import Explanation
from leitstand.policy.questions import Question
from leitstand.policy.told import told_decision, told_explanation, told_processor


class Policy(Protocol):
    """What these operations need of the house; app/policy_desk.py. All may raise a Refusal."""

    def explain(self, caller: Caller, question: Question) -> Explanation:
        """The decision on a question."""

    def past_decision(self, caller: Caller, request_id: str) -> PastDecision:
        """What was decided on a request."""

    def processors(self) -> tuple[Processor, ...]:
        """All of them."""

    def set_contract(self, name: str, dpa: dict[str, Any] | None, actor: str) -> None:
        """Enter, change or remove a contract."""


class Deciding(Protocol):
    """Who has it."""

    @property
    def policy(self) -> Policy:
        """It."""


class ExplainWish(BaseModel):
    """What a request would say; an empty one asks for yourself and the first model."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(default="", description="The model asked for; empty: the first one.")
    use_case: str = Field(default="", description="The use case named; empty: none.")
    data_class: ClassWord | None = Field(default=None, description="The class stated or found; none: public.")
    user: str = Field(default="", description="Whose request; others than your own need `users.read`.")


def policy_routes(office: Deciding) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/policy", tags=["policy"], route_class=Guarded)

    @router.post("/explain", **needs(Permission.GATEWAY_USE))
    def explain(request: Request, wish: ExplainWish) -> dict[str, Any]:
        """Every target with the reason why it may be asked or not, decided by the code that requests go through."""
        question = Question(wish.model, wish.use_case, wish.data_class, wish.user)
        return told_explanation(office.policy.explain(request.state.caller, question))

    @router.get("/decisions/{request_id}", **needs(Permission.GATEWAY_USE))
    def decision(request: Request, request_id: Annotated[str, Path()]) -> dict[str, Any]:
        """What was decided on a request: your own, or anybody's with `audit.read`."""
        return told_decision(office.policy.past_decision(request.state.caller, request_id))

    @router.get("/processors", **needs(Permission.CONFIGURATION_READ))
    def processors(state: Annotated[str, Query()] = "") -> list[dict[str, Any]]:
        """The register of data-processing agreements, what needs somebody first. state: only such."""
        found = office.policy.processors()
        return [told_processor(each) for each in found if state in ("", each.state.value)]

    @router.put("/processors/{name}/dpa", status_code=204, **needs(Permission.PROVIDERS_WRITE))
    def set_contract(request: Request, name: Annotated[str, Path()], body: dict[str, Any]) -> None:
        """Enter or change the agreement with a provider or MCP server; the body is its `dpa`."""
        office.policy.set_contract(name, body, request.state.caller.name)

    @router.delete("/processors/{name}/dpa", status_code=204, **needs(Permission.PROVIDERS_WRITE))
    def remove_contract(request: Request, name: Annotated[str, Path()]) -> None:
        """Remove an agreement; from then on only public data goes there."""
        office.policy.set_contract(name, None, request.state.caller.name)

    return router
