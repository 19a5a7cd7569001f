"""The section `alerts`: where alerts are sent, who hears of which, and what is changed about the rules."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.channels import AlertChannel as AlertChannel
from leitstand.configuration.sections import Named, Section

Minutes = Annotated[float, Field(ge=0, le=44_640)]


class AlertRoute(Named):
    """Who hears of which alerts. Without any route, every channel hears of every alert."""

    severity: Literal["any", "critical", "warning"] = Field(default="any", description="Of which gravity.")
    rules: v.Names = Field(default=(), description="Of which rules; none: all.")
    providers: v.Names = Field(
        default=(), description="About which providers; none: all, and all other alerts."
    )
    channels: v.Names = Field(description="Channels that are told; `on_call`: those of whoever is on duty.")
    after_minutes: Minutes = Field(
        default=0,
        description="0: at once. Else the escalation: critical alerts that nobody has acknowledged for so long.",
    )
    remind_minutes: Annotated[float, Field(ge=5, le=1440)] | None = Field(
        default=None,
        description="A critical alert that nobody has acknowledged is told again after so long, at most 12 times; none: "
        "it is told once.",
    )


class Threshold(Section):
    """When a rule fires, and when all is well again."""

    above: float = Field(description="It fires above this value, in the signal's unit (shares: 0.05 is 5 %).")
    clears: float | None = Field(
        default=None, description="All is well at or below this value; none: as `above`."
    )
    for_minutes: Minutes = Field(default=0, description="How long the value must stay above.")

    @model_validator(mode="after")
    def _clears_below(self) -> "Threshold":
        if self.clears is not None and self.clears > self.above:
            raise v.refused(
                "„clears“ muss kleiner oder gleich „above“ sein.", "'clears' must be at most 'above'."
            )
        return self


class AlertRule(Named):
    """A change to a shipped rule, by its name, or a rule of your own on one of the signals."""

    enabled: bool = Field(default=True, description="Whether it is watched.")
    title: v.Text = Field(default="", description="What people read; of your own rules.")
    signal: v.Text = Field(default="", description="What is watched; needed for a rule of your own.")
    window_minutes: Annotated[float, Field(gt=0, le=44_640)] | None = Field(
        default=None, description="What it looks back over; none: as shipped, 10 for your own."
    )
    min_sample: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Fewer observations count as no data; none: as shipped, 10 for your own."
    )
    no_data: Literal["resolve", "keep", "fire"] | None = Field(
        default=None,
        description="Without data a firing alert is resolved or kept, or silence itself is the fault; none: as shipped.",
    )
    warning: Threshold | None = Field(default=None, description="For business hours; none: as shipped.")
    critical: Threshold | None = Field(default=None, description="At any hour; none: as shipped.")
    runbook: v.Text = Field(default="", description="Runbook of a rule of your own.")


class Alerts(Section):
    """What happens with alerts."""

    channels: tuple[AlertChannel, ...] = Field(default=(), description="Where alerts are sent.")
    routes: tuple[AlertRoute, ...] = Field(default=(), description="Who hears of which alerts.")
    rules: tuple[AlertRule, ...] = Field(
        default=(), description="Changes to the rules, and rules of your own."
    )
