"""`/api/privacy`: the test bench, terms and patterns. Erasures: api/vault.py."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.configuration.kinds import plain
from leitstand.configuration.models import Pattern, Term
from leitstand.configuration.values import ClassWord
from leitstand.identity.callers import Caller
from leitstand.identity.roles import Permission
from leitstand.policy.questions import Looked, Question
from leitstand.policy.told import told_explanation
from leitstand.privacy.bench import MAX_CHARACTERS
from leitstand.privacy.told import told_examined, told_trial
from leitstand.privacy.trial import Trial


class PrivacyRules(Protocol):
    """What these operations need of the house; app/privacy_desk.py. All may raise a Refusal."""

    def look(self, caller: Caller, text: str, question: Question) -> Looked:
        """A text on the bench."""

    def try_term(self, caller: Caller, body: dict[str, Any], pasted: str) -> Trial:
        """What a term would change."""

    def try_pattern(self, caller: Caller, body: dict[str, Any], pasted: str) -> Trial:
        """What a pattern would change."""

    def terms(self) -> list[tuple[str, Term]]:
        """All terms with their keys."""

    def patterns(self) -> list[Pattern]:
        """All patterns."""

    def set_term(self, body: dict[str, Any], actor: str, replaces: str = "") -> str:
        """Keep a term."""

    def set_pattern(self, body: dict[str, Any], actor: str) -> None:
        """Keep a pattern."""

    def remove_term(self, key: str, actor: str) -> None:
        """Remove a term."""

    def remove_pattern(self, name: str, actor: str) -> None:
        """Remove a pattern."""

    def export_terms(self) -> str:
        """All terms as CSV."""

    def import_terms(self, text: str, actor: str) -> int:
        """Keep all terms of a CSV list."""


class Protecting(Protocol):
    """Who has them."""

    @property
    def privacy(self) -> PrivacyRules:
        """Them."""


class Wish(BaseModel):
    """What a body may hold: the fields named, and no others."""

    model_config = ConfigDict(extra="forbid")


class BenchWish(Wish):
    """A text to look at, and what a request with it would say."""

    text: str = Field(max_length=MAX_CHARACTERS, description="It is not kept and sent nowhere.")
    model: str = Field(default="", description="The model asked for; empty: the first one.")
    use_case: str = Field(default="", description="The use case named; empty: none.")
    data_class: ClassWord | None = Field(default=None, description="The class stated; none: none.")
    user: str = Field(default="", description="Whose request; others than your own need `users.read`.")


class TrialWish(Wish):
    """A term or a pattern before it is kept; one of the two."""

    term: dict[str, Any] | None = Field(default=None, description="As in the section `terms`.")
    pattern: dict[str, Any] | None = Field(default=None, description="As in the section `patterns`.")
    text: str = Field(default="", max_length=MAX_CHARACTERS, description="One more text to try it on.")


def protection_routes(office: Protecting) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/privacy", tags=["privacy"], route_class=Guarded)

    @router.post("/explain", **needs(Permission.GATEWAY_USE))
    def explain(request: Request, wish: BenchWish) -> dict[str, Any]:
        """Everything found in a text and why, what leaves the house, and where a request with it could go."""
        question = Question(wish.model, wish.use_case, wish.data_class, wish.user)
        found = office.privacy.look(request.state.caller, wish.text, question)
        decision = None if found.decision is None else told_explanation(found.decision)
        return told_examined(found.examined) | {"decision": decision}

    @router.post("/trials", **needs(Permission.CONFIGURATION_WRITE))
    def try_out(request: Request, wish: TrialWish) -> dict[str, Any]:
        """What a term or pattern would change: in the text given, in your own past requests, in shipped examples."""
        caller = request.state.caller
        if wish.pattern is not None:
            return told_trial(office.privacy.try_pattern(caller, wish.pattern, wish.text))
        return told_trial(office.privacy.try_term(caller, wish.term or {}, wish.text))

    @router.get("/terms", **needs(Permission.CONFIGURATION_READ))
    def terms() -> list[dict[str, Any]]:
        """All terms, with the keys under which they are changed and removed."""
        return [{"key": key, **plain(term)} for key, term in office.privacy.terms()]

    @router.post("/terms", status_code=201, **needs(Permission.CONFIGURATION_WRITE))
    def set_term(request: Request, body: Annotated[dict[str, Any], Body()]) -> dict[str, str]:
        """Keep a term; the same text in the same department takes its place."""
        return {"key": office.privacy.set_term(body, request.state.caller.name)}

    @router.delete("/terms/{key}", status_code=204, **needs(Permission.CONFIGURATION_WRITE))
    def remove_term(request: Request, key: Annotated[str, Path()]) -> None:
        """Remove a term."""
        office.privacy.remove_term(key, request.state.caller.name)

    @router.get("/terms.csv", **needs(Permission.CONFIGURATION_READ))
    def export_terms() -> Response:
        """All terms as CSV."""
        return Response(office.privacy.export_terms(), media_type="text/csv; charset=utf-8")

    @router.put("/terms.csv", **needs(Permission.CONFIGURATION_WRITE))
    def import_terms(request: Request, text: Annotated[str, Body(media_type="text/csv")]) -> dict[str, int]:
        """Keep all terms of a CSV list, or none of them; the others stay."""
        return {"changed": office.privacy.import_terms(text, request.state.caller.name)}

    @router.get("/patterns", **needs(Permission.CONFIGURATION_READ))
    def patterns() -> list[dict[str, Any]]:
        """All own patterns."""
        return [plain(pattern) for pattern in office.privacy.patterns()]

    @router.post("/patterns", status_code=201, **needs(Permission.CONFIGURATION_WRITE))
    def set_pattern(request: Request, body: Annotated[dict[str, Any], Body()]) -> dict[str, str]:
        """Keep a pattern; its examples must hold."""
        office.privacy.set_pattern(body, request.state.caller.name)
        return {"name": str(body.get("name"))}

    @router.delete("/patterns/{name}", status_code=204, **needs(Permission.CONFIGURATION_WRITE))
    def remove_pattern(request: Request, name: Annotated[str, Path()]) -> None:
        """Remove a pattern."""
        office.privacy.remove_pattern(name, request.state.caller.name)

    return router
