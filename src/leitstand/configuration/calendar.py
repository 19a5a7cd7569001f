"""The section `calendar`: when people work. Warnings wait for it; public holidays follow `organisation.state`."""

from typing import Annotated

from pydantic import Field, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.sections import Section

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Weekdays = Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1, max_length=7)]


class _Hours(Section):
    """Days of the week and the hours on them."""

    days: Weekdays = Field(default=(1, 2, 3, 4, 5), description="Working days; 1 is Monday, 7 is Sunday.")
    begins: ClockTime = Field(default="07:00", description="Begin of the working day, local time.")
    ends: ClockTime = Field(default="18:00", description="Its end.")

    @model_validator(mode="after")
    def _in_order(self) -> "_Hours":
        if self.begins >= self.ends:
            raise v.refused(
                f"„begins“ ({self.begins}) muss vor „ends“ ({self.ends}) liegen.",
                f"'begins' ({self.begins}) must be before 'ends' ({self.ends}).",
            )
        return self


class TeamHours(_Hours):
    """Core hours of a department that differ from the company's."""

    department: v.Name = Field(description="Which one.")


class Closed(Section):
    """Days on which nobody works, such as company holidays."""

    name: v.Text = Field(description="What it is.")
    begins: v.Day = Field(description="First day.")
    ends: v.Day | None = Field(default=None, description="Last day; none: one day.")


class BusinessCalendar(_Hours):
    """When people work."""

    holidays: bool = Field(
        default=True, description="Whether the public holidays of `organisation.state` are free; without a state, those "
        "of all Germany.",
    )  # fmt: skip
    closed: tuple[Closed, ...] = Field(default=(), description="Company holidays.")
    teams: tuple[TeamHours, ...] = Field(default=(), description="Departments with hours of their own.")

    @property
    def key(self) -> str:
        return "calendar"
