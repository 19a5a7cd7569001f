"""`/api/incidents`: what people work on, and what they do about it."""

from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from leitstand.api.guard import Guarded, needs
from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.identity.roles import Permission
from leitstand.monitoring import acts
from leitstand.monitoring.incident_values import Incident, IncidentView

Number = Annotated[str, Path(max_length=64, description="Number or id of the incident.")]


class Desk(Protocol):
    """What these operations need of the house; monitoring/incident_desk.py."""

    def newest(self) -> list[Incident]:
        """Newest first."""

    def view(self, name: str) -> IncidentView:
        """One with all that belongs to it; raises NotFound."""

    def open(self, wish: acts.Open, by: str) -> Incident:
        """By hand; raises a Refusal."""

    def act(self, name: str, act: acts.Act, by: str) -> None:
        """Do one thing; raises a Refusal."""


class HasIncidents(Protocol):
    """Who has them."""

    @property
    def incidents(self) -> Desk:
        """Them."""


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OpenWish(_Wish):
    """A new incident."""

    title: str = Field(max_length=200, description="What happened.")
    severity: Literal["critical", "warning"] = Field(default="critical", description="How grave it is.")
    runbook: str = Field(default="", max_length=120, description="Slug of a runbook.")


class NoteWish(_Wish):
    """A line of the timeline."""

    text: str = Field(max_length=4000, description="What was done or seen.")


class CloseWish(_Wish):
    """The end of an incident."""

    lessons: str = Field(default="", max_length=20_000, description="What is learned from it.")


class ClassifyWish(_Wish):
    """Whether personal data was breached."""

    classification: Literal["none", "breach"] = Field(description="`breach` starts the 72 hours.")
    reason: str = Field(max_length=4000, description="Why; without names of people affected.")


class PublishWish(_Wish):
    """What employees are told."""

    de: str = Field(max_length=500, description="In German, in plain words.")
    en: str = Field(default="", max_length=500, description="In English; none: the German text.")
    until: AwareDatetime | None = Field(default=None, description="Expected end.")
    models: list[str] = Field(default=[], max_length=100, description="Models concerned; none: all.")


class TaskWish(_Wish):
    """Something to do afterwards."""

    text: str = Field(max_length=500, description="What.")
    owner: str = Field(max_length=120, description="Who does it.")
    due: str = Field(default="", max_length=10, description="Day, YYYY-MM-DD.")


class PostMortemWish(_Wish):
    """A new version of the post-mortem."""

    text: str = Field(max_length=20_000, description="Markdown.")
    version: int = Field(default=0, ge=0, description="The version that was read; 0: none.")


def incident_routes(office: HasIncidents) -> APIRouter:
    """The operations."""
    router = APIRouter(prefix="/api/incidents", tags=["incidents"], route_class=Guarded)
    may_write = needs(Permission.INCIDENTS_WRITE)

    def act(request: Request, number: str, wish: acts.Act) -> dict[str, Any]:
        office.incidents.act(number, wish, request.state.caller.name)
        return incident_view(office.incidents.view(number))

    @router.get("", **needs(Permission.OPERATIONS_READ))
    def newest() -> dict[str, Any]:
        """The newest 200 incidents, newest first."""
        return {"incidents": [incident_figures(each) for each in office.incidents.newest()]}

    @router.post("", status_code=201, **may_write)
    def open_incident(request: Request, wish: OpenWish) -> dict[str, Any]:
        """Open one by hand; you lead it."""
        new = acts.Open(wish.title, wish.severity, wish.runbook)
        return incident_figures(office.incidents.open(new, request.state.caller.name))

    @router.get("/{number}", **needs(Permission.OPERATIONS_READ))
    def one(number: Number) -> dict[str, Any]:
        """One with its timeline, its tasks and what it did."""
        return incident_view(office.incidents.view(number))

    @router.post("/{number}/notes", status_code=201, **may_write)
    def note(request: Request, number: Number, wish: NoteWish) -> dict[str, Any]:
        """Write a line into the timeline."""
        return act(request, number, acts.Note(wish.text))

    @router.post("/{number}/lead", **may_write)
    def take_over(request: Request, number: Number) -> dict[str, Any]:
        """Lead it from now on; its alerts count as acknowledged."""
        return act(request, number, acts.TakeOver())

    @router.post("/{number}/steps/{step}", **may_write)
    def tick(request: Request, number: Number, step: Annotated[int, Path(ge=1, le=100)]) -> dict[str, Any]:
        """A step of the runbook is done."""
        return act(request, number, acts.Tick(step))

    @router.post("/{number}/close", **may_write)
    def close(request: Request, number: Number, wish: CloseWish) -> dict[str, Any]:
        """Close it; refused while one of its alerts is firing."""
        return act(request, number, acts.Close(wish.lessons))

    @router.post("/{number}/reopen", **may_write)
    def reopen(request: Request, number: Number) -> dict[str, Any]:
        """It is not over."""
        return act(request, number, acts.Reopen())

    @router.put("/{number}/classification", **may_write)
    def classify(request: Request, number: Number, wish: ClassifyWish) -> dict[str, Any]:
        """Say whether personal data was breached; it is journalled."""
        return act(request, number, acts.Classify(wish.classification, wish.reason))

    @router.put("/{number}/message", **may_write)
    def publish(request: Request, number: Number, wish: PublishWish) -> dict[str, Any]:
        """Tell employees on the status page and in the chat."""
        until_us = int(wish.until.timestamp() * 1_000_000) if wish.until else None
        return act(request, number, acts.Publish(wish.de, wish.en, until_us, tuple(wish.models)))

    @router.delete("/{number}/message", **may_write)
    def withdraw(request: Request, number: Number) -> dict[str, Any]:
        """Tell employees nothing more."""
        return act(request, number, acts.Withdraw())

    @router.post("/{number}/tasks", status_code=201, **may_write)
    def add_task(request: Request, number: Number, wish: TaskWish) -> dict[str, Any]:
        """Add a follow-up task."""
        return act(request, number, acts.AddTask(wish.text, wish.owner, wish.due))

    @router.post("/{number}/tasks/{task}/done", **may_write)
    def finish_task(
        request: Request, number: Number, task: Annotated[str, Path(max_length=64)]
    ) -> dict[str, Any]:
        """A follow-up task is done."""
        return act(request, number, acts.FinishTask(task))

    @router.put("/{number}/post-mortem", **may_write)
    def write(request: Request, number: Number, wish: PostMortemWish) -> dict[str, Any]:
        """Save a new version of the post-mortem; refused where somebody was quicker."""
        return act(request, number, acts.Write(wish.text, wish.version))

    return router


def incident_figures(each: Incident) -> dict[str, Any]:
    """An incident without what belongs to it."""
    message = each.message
    return {
        "id": each.id, "number": each.number, "title": _said(each.title), "severity": each.severity, "state": each.state,
        "rule": each.rule, "labels": dict(each.labels), "runbook": each.runbook, "opened": _iso(each.opened_us),
        "opened_by": each.opened_by, "lead": each.lead, "lead_since": _iso(each.lead_us), "calm_since": _iso(each.calm_us),
        "closed": _iso(each.closed_us), "closed_by": each.closed_by, "classification": each.classification or None,
        "classified": _iso(each.classified_us), "classified_by": each.classified_by, "reason": each.reason,
        "lessons": each.lessons,
        "message": None if message is None else {
            "de": message.de, "en": message.en, "until": _iso(message.until_us), "models": list(message.models),
        },
    }  # fmt: skip


def incident_view(view: IncidentView) -> dict[str, Any]:
    """An incident with all that belongs to it."""
    written = view.post_mortem
    return incident_figures(view.incident) | {
        "effect": view.effect._asdict(),
        "alerts": [each.id for each in view.alerts],
        "timeline": [
            {"time": _iso(each.time_us), "kind": each.kind, "by": each.by, "text": _said(each.text)}
            for each in view.entries
        ],
        "tasks": [
            {"id": each.id, "text": each.text, "owner": each.owner, "due": each.due or None, "done": _iso(each.done_us)}
            for each in view.tasks
        ],
        "post_mortem": None if written is None else {"version": written.version, "text": written.text},
    }  # fmt: skip


def _said(text: Bilingual) -> dict[str, str]:
    return {"de": text.de, "en": text.en}


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
