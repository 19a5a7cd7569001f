"""`/api/drills`: play a fault against a real route for one request, and see what people would see."""

from typing import Any, Protocol

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.core.i18n import Bilingual
from leitstand.core.money import NANO_PER_EURO
from leitstand.gateway.drill import EVERYBODY, FAULTS, Drill, DrillChoice
from leitstand.gateway.drill_report import DrillReport
from leitstand.identity.callers import Caller
from leitstand.identity.roles import Permission


class Drills(Protocol):
    """Plays drills; app/drills.py."""

    def choices(self) -> tuple[DrillChoice, ...]:
        """The models with their targets."""

    async def play(self, caller: Caller, drill: Drill) -> DrillReport:
        """Play it; raises a Refusal for one that cannot be played."""


class Drilling(Protocol):
    """What these operations need of the house."""

    @property
    def drills(self) -> Drills:
        """Plays them."""


class DrillWish(BaseModel):
    """A drill. The call to the target that takes over is real, and so is its cost."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The model as clients ask for it.")
    provider: str = Field(description=f"Provider of the target that fails; `{EVERYBODY}`: all targets.")
    fault: str = Field(description=f"What it does: {', '.join(FAULTS)}.")
    after_words: int = Field(
        default=0, ge=0, le=100, description="0: before the answer begins; else after so many words of it."
    )
    use_case: str | None = Field(default=None, description="Use case of the question; none: the general one.")


def drill_routes(office: Drilling) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/drills", tags=["drills"], route_class=Guarded)

    @router.get("", **needs(Permission.DRILLS_PLAY))
    def choices() -> dict[str, Any]:
        """What can be played: models with their targets and what a drill costs at most, and the faults."""
        return {
            "models": [
                {
                    "model": choice.model,
                    "providers": choice.providers,
                    "cost_eur_at_most": choice.most_nano / NANO_PER_EURO,
                    "seconds_at_most": choice.longest_s,
                }
                for choice in office.drills.choices()
            ],
            "faults": [
                {"fault": name, "does": _both(fault.label), "within_answer": fault.late is not None}
                for name, fault in FAULTS.items()
            ],
        }

    @router.post("", **needs(Permission.DRILLS_PLAY))
    async def play(request: Request, wish: DrillWish) -> dict[str, Any]:
        """Play a drill; the answer comes when the drill is over, after a time-out's real length."""
        drill = Drill(wish.model, wish.provider, wish.fault, wish.after_words, wish.use_case)
        return _view(await office.drills.play(request.state.caller, drill))

    return router


def _view(report: DrillReport) -> dict[str, Any]:
    drill, failure = report.drill, report.failure
    provider, model = report.answered_by
    return {
        "request_id": report.request_id,
        "model": drill.model,
        "provider": drill.provider,
        "fault": drill.fault,
        "after_words": drill.after_words,
        "outcome": report.outcome,
        "answered_by": {"provider": provider, "model": model} if provider else None,
        "text": report.text,
        "error": failure
        and {"status": failure.status, "code": failure.code, "message": _both(failure.message)},
        "first_token_s": None if report.first_token_s is None else round(report.first_token_s, 3),
        "took_s": round(report.took_s, 3),
        "cost_eur": report.cost_nano / NANO_PER_EURO,
        "fallback": report.fallback,
        "attempts": [
            {
                "provider": step.provider, "model": step.model, "began_ms": step.began_ms,
                "took_ms": step.took_ms, "fault": step.fault, "status": step.status, "played": step.played,
            }
            for step in report.steps
        ],
        "left_out": [{"provider": name, "reason": _both(reason)} for name, reason in report.left_out],
    }  # fmt: skip


def _both(sentence: Bilingual) -> dict[str, str]:
    return {"de": sentence.de, "en": sentence.en}
