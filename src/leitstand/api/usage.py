"""`/api/usage`: who uses far more than is usual for them, and the reviews of months."""

from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.accounting.unusual.findings import Verdict
from leitstand.accounting.unusual.repository import Finding
from leitstand.accounting.unusual.views import finding_view
from leitstand.api.guard import Guarded, needs
from leitstand.identity.callers import Caller
from leitstand.identity.roles import Permission, may
from leitstand.reports.review.desk import ReviewDesk
from leitstand.reports.review.views import review_view


class Unusual(Protocol):
    """What these operations need of the house; app/unusual.py."""

    def findings(self, most: int, only_of: str | None = None) -> list[Finding]:
        """The newest first; only_of: a person, who sees their own."""

    def judge(self, name: str, verdict: Verdict, note: str, actor: str) -> Finding:
        """Say that a finding was seen or expected; raises a Refusal."""


class Watching(Protocol):
    """Who has them."""

    @property
    def unusual(self) -> Unusual:
        """Findings."""

    @property
    def reviews(self) -> ReviewDesk:
        """Reviews."""


class Judgement(BaseModel):
    """What somebody says about a finding."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["seen", "expected"] = Field(
        description="`expected`: as much counts as usual for 90 days and is not found again."
    )
    note: str = Field(default="", max_length=300, description="Why; stays in the audit trail, so no names.")


class Notes(BaseModel):
    """Notes and decisions on a review."""

    model_config = ConfigDict(extra="forbid")

    notes: str = Field(max_length=20_000, description="Takes the place of what was there.")


def usage_routes(office: Watching) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/usage", tags=["usage"], route_class=Guarded)
    _unusual(router, office)
    _reviews(router, office)
    return router


def _unusual(router: APIRouter, office: Watching) -> None:
    @router.get("/unusual", **needs(Permission.OWN_USAGE_READ))
    def unusual(request: Request, most: Annotated[int, Query(ge=1, le=500)] = 50) -> list[dict[str, Any]]:
        """The newest findings first: all for who may read budgets, else those about yourself and your keys."""
        caller: Caller = request.state.caller
        only_of = None if may(caller.role, Permission.BUDGETS_READ) else caller.name
        return [finding_view(finding) for finding in office.unusual.findings(most, only_of)]

    @router.post("/unusual/{finding}/verdict", **needs(Permission.BUDGETS_EXTEND))
    def judge(request: Request, finding: Annotated[str, Path()], wish: Judgement) -> dict[str, Any]:
        """Say that a finding was seen, or was expected."""
        return finding_view(office.unusual.judge(finding, wish.verdict, wish.note, request.state.caller.name))


def _reviews(router: APIRouter, office: Watching) -> None:
    @router.get("/reviews", **needs(Permission.BUDGETS_READ))
    def months() -> dict[str, Any]:
        """The months with a review, newest first."""
        return {"months": office.reviews.months(), "last_month": office.reviews.last_month()}

    @router.get("/reviews/{month}", **needs(Permission.BUDGETS_READ))
    def read(month: Annotated[str, Path()]) -> dict[str, Any]:
        """The review of a month (2026-10), money in nano-euro."""
        return review_view(office.reviews.get(month))

    @router.post("/reviews/{month}", status_code=201, **needs(Permission.BUDGETS_EXTEND))
    def generate(request: Request, month: Annotated[str, Path()]) -> dict[str, Any]:
        """Make the review of a month anew; notes stay. It reads the month's records: seconds to a minute."""
        return review_view(office.reviews.generate(month, request.state.caller.name))

    @router.put("/reviews/{month}/notes", status_code=204, **needs(Permission.BUDGETS_EXTEND))
    def write(request: Request, month: Annotated[str, Path()], wish: Notes) -> None:
        """Keep notes and decisions."""
        office.reviews.write(month, wish.notes, request.state.caller.name)
