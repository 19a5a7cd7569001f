"""What the pages about incidents, runbooks and the status need from the house (ports.py: Ports)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from leitstand.configuration.incidents import Incidents as IncidentSettings
from leitstand.monitoring.acts import Act, Open
from leitstand.monitoring.duties import Duty
from leitstand.monitoring.incident_values import Incident, IncidentView
from leitstand.monitoring.public_status import Disturbance
from leitstand.web.viewer import Viewer


@dataclass(frozen=True)
class RunbookNote:
    """What the company adds to a runbook."""

    text: str
    changed_us: int
    changed_by: str


@dataclass(frozen=True)
class IncidentPapers:
    """Drafts made from what is known of an incident: Markdown."""

    post_mortem: str
    notification: str


@dataclass(frozen=True)
class HeartState:
    """The heartbeat. silent: why none was sent when the last was due, "" if it was."""

    configured: bool
    sent_us: int | None = None
    tried_us: int | None = None
    silent: str = ""


class Incidents(Protocol):
    """What people work on; with a name: raises NotFound. Acts raise core.errors.Refusal for what is wrong."""

    async def newest(self) -> Sequence[Incident]:
        """Newest first."""
        ...

    async def view(self, name: str) -> IncidentView:
        """One with all that belongs to it."""
        ...

    async def open(self, viewer: Viewer, wish: Open) -> str:
        """By hand; its number."""
        ...

    async def act(self, viewer: Viewer, name: str, act: Act) -> None:
        """Do one thing."""
        ...

    def settings(self) -> IncidentSettings:
        """Those in force."""
        ...

    def duties(self, view: IncidentView) -> Sequence[Duty]:
        """Deadlines of the law that run."""
        ...

    def papers(self, view: IncidentView, language: str) -> IncidentPapers:
        """The drafts."""
        ...

    async def notes(self) -> Mapping[str, RunbookNote]:
        """The company's additions to runbooks, by slug."""
        ...

    async def set_note(self, viewer: Viewer, slug: str, text: str) -> None:
        """Replace one."""
        ...

    async def disturbances(self) -> Sequence[Disturbance]:
        """What employees are told."""
        ...

    async def heart(self) -> HeartState:
        """The heartbeat to the outside."""
        ...
