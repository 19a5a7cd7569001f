"""`/api/budgets`: every limit as it stands, extensions and grace."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.accounting.budgets.board import Board
from leitstand.accounting.budgets.changes import ExtensionWish, GraceWish
from leitstand.accounting.budgets.figures import board_figures
from leitstand.accounting.budgets.repository import Warned
from leitstand.api.guard import Guarded, needs
from leitstand.configuration.models import Extension
from leitstand.core.clock import from_us
from leitstand.identity.roles import Permission

_WARNINGS = 50


class Budgets(Protocol):
    """What these operations need of the house; app/budgets.py."""

    def board(self) -> Board:
        """Every limit as it stands now."""

    def warnings(self, most: int) -> list[Warned]:
        """The last ones, newest first."""

    def extend(self, wish: ExtensionWish, actor: str) -> Extension:
        """More for a limit until its period ends; raises a Refusal."""

    def give_grace(self, wish: GraceWish, actor: str) -> None:
        """Let somebody pass limits for a while; raises the same."""

    def end_grace(self, scope: str, actor: str) -> None:
        """From now on limits hold again."""


class Budgeting(Protocol):
    """Who has them."""

    @property
    def budgets(self) -> Budgets:
        """Them."""


class MoreWish(BaseModel):
    """An extension, until the running day or month ends."""

    model_config = ConfigDict(extra="forbid")

    scope: str = Field(
        description="Whose limit: `company`, `department:NAME`, `use_case:NAME`, `user:NAME`, …"
    )
    measure: str = Field(description="Which limit of that scope, e.g. `eur_per_month`.")
    amount: Decimal | None = Field(default=None, gt=0, le=10**12, description="EUR or tokens to add.")
    percent: Decimal | None = Field(
        default=None, gt=0, le=1000, description="Or: so many per cent of the limit."
    )
    reason: str = Field(description="Why; stays in the audit trail, so no names.")


class LenienceWish(BaseModel):
    """Grace; it takes the place of what the scope had."""

    model_config = ConfigDict(extra="forbid")

    scope: str = Field(description="`user:NAME`, `key:ID` or `use_case:NAME`.")
    until: date = Field(description="The last day, included.")
    eur: Decimal = Field(default=Decimal(0), ge=0, le=10**12, description="How far beyond limits in EUR.")
    tokens: int = Field(default=0, ge=0, le=10**15, description="How far beyond limits in tokens.")
    reason: str = Field(description="Why; stays in the audit trail, so no names.")


def budget_routes(office: Budgeting) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/budgets", tags=["budgets"], route_class=Guarded)

    @router.get("", **needs(Permission.BUDGETS_READ))
    def board() -> dict[str, Any]:
        """Every limit with what is spent and held, when it will be reached, and the last warnings."""
        warned = [
            {"time": from_us(each.time_us).isoformat(timespec="seconds"), **each.detail}
            for each in office.budgets.warnings(_WARNINGS)
        ]
        return board_figures(office.budgets.board()) | {"warnings": warned}

    @router.post("/extensions", status_code=201, **needs(Permission.BUDGETS_EXTEND))
    def extend(request: Request, wish: MoreWish) -> dict[str, Any]:
        """Extend a limit until its period ends; the answer is what is added in this period altogether."""
        more = ExtensionWish(wish.scope, wish.measure, wish.reason, wish.amount, wish.percent)
        extension = office.budgets.extend(more, request.state.caller.name)
        return extension.model_dump(mode="json")

    @router.post("/graces", status_code=204, **needs(Permission.BUDGETS_EXTEND))
    def give_grace(request: Request, wish: LenienceWish) -> None:
        """Let a user, key or use case pass limits for a while."""
        grace = GraceWish(wish.scope, wish.until, wish.reason, wish.eur, wish.tokens)
        office.budgets.give_grace(grace, request.state.caller.name)

    @router.delete("/graces/{scope:path}", status_code=204, **needs(Permission.BUDGETS_EXTEND))
    def end_grace(request: Request, scope: Annotated[str, Path()]) -> None:
        """From now on the limits hold again."""
        office.budgets.end_grace(scope, request.state.caller.name)

    return router
