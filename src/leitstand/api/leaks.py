"""`/api/privacy/leaks`: what the leak watch found in what left the house, and the decisions on it."""

from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.core.clock import from_us
from leitstand.identity.roles import Permission, may
from leitstand.privacy.leaks.values import Finding, State

_MOST = 500


class Leaks(Protocol):
    """What these operations need of the house; app/leaks.py."""

    def findings(self, most: int, *, with_texts: bool) -> list[Finding]:
        """The newest first."""

    def decide(self, finding: str, state: State, by: str, note: str, *, always: bool = False) -> None:
        """Confirm or dismiss; raises a Refusal."""


class LeakOffice(Protocol):
    """Who has them."""

    @property
    def leaks(self) -> Leaks:
        """Them."""


class Decision(BaseModel):
    """What somebody decides on a finding."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["confirmed", "dismissed"] = Field(description="Whether it is a leak.")
    note: str = Field(default="", max_length=300, description="Why; stays with the finding, so no names.")
    always: bool = Field(default=False, description="Confirmed: from now on these words are always replaced.")


def leak_routes(office: LeakOffice) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/privacy/leaks", tags=["privacy"], route_class=Guarded)

    @router.get("", **needs(Permission.LEAKS_READ))
    def findings(request: Request) -> list[dict[str, Any]]:
        """The newest first; words and context only for those who may decide."""
        judges = may(request.state.caller.role, Permission.LEAKS_JUDGE)
        return [_view(each) for each in office.leaks.findings(_MOST, with_texts=judges)]

    @router.post("/{finding}/decision", status_code=204, **needs(Permission.LEAKS_JUDGE))
    def decide(request: Request, finding: Annotated[str, Path(max_length=64)], decision: Decision) -> None:
        """Confirm or dismiss a finding, once."""
        office.leaks.decide(
            finding, State(decision.state), request.state.caller.name, decision.note, always=decision.always
        )

    return router


def _view(finding: Finding) -> dict[str, Any]:
    shown = finding.shown
    return {
        "id": finding.id, "request_id": finding.request_id, "sent": _iso(finding.sent_us),
        "found": _iso(finding.found_us), "type": finding.type, "certainty": finding.certainty.value,
        "use_case": finding.use_case, "provider": finding.provider, "state": finding.state.value,
        "decided_by": finding.decided_by, "decided": _iso(finding.decided_us), "note": finding.note,
        "shown": None if shown is None else {"before": shown.before, "words": shown.words, "after": shown.after},
    }  # fmt: skip


def _iso(time_us: int) -> str | None:
    return from_us(time_us).isoformat(timespec="seconds") if time_us else None
