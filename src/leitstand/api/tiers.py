"""`/api/tiers`: how a model with tiers would decide."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.gateway.tiers.explain import explanation, judge_text
from leitstand.identity.roles import Permission


class Question(BaseModel):
    """A text to be judged."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=200_000, description="The question as a person would ask it.")


def tier_routes() -> APIRouter:
    """All operations."""
    router = APIRouter(prefix="/api/tiers", tags=["tiers"], route_class=Guarded)

    @router.post("/explain", **needs(Permission.GATEWAY_USE))
    def explain(question: Question) -> dict[str, Any]:
        """The tier of a text and the points of every feature that led to it. Nothing is sent or kept."""
        return explanation(judge_text(question.text))

    return router
