"""The sections `incidents` (what a company needs when something goes wrong) and `heartbeat` (who notices silence)."""

from typing import Annotated, Literal

from pydantic import Field

from leitstand.configuration import values as v
from leitstand.configuration.sections import PRIVATE, Section


class Incidents(Section):
    """What is asked for when something goes wrong."""

    nis2: bool = Field(
        default=False,
        description="Whether the company falls under NIS2: incidents then show its deadlines (24 hours, 72 hours, a month).",
    )
    authority: v.Text = Field(
        default="", description="Supervisory authority for data protection, with how it is reached."
    )
    officer: v.Text = Field(default="", description="Data protection officer, with how they are reached.")
    partner: v.Text = Field(
        default="", description="Whom to call when the runbook does not help; shown in every runbook."
    )

    @property
    def key(self) -> str:
        return "incidents"


class Heartbeat(Section):
    """A sign of life to a watch outside, sent only while alerts are really judged and delivered."""

    url: v.WebAddress = Field(
        description="Address of the watch; `env:NAME` or `file:PATH` keep it secret.",
        json_schema_extra=PRIVATE,
    )
    every_minutes: Annotated[float, Field(ge=1, le=1440)] = Field(
        default=5, description="How often it is sent."
    )
    method: Literal["GET", "POST"] = Field(default="GET", description="How the watch wants to be asked.")

    @property
    def key(self) -> str:
        return "heartbeat"
