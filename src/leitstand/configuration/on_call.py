"""The section `on_call`: who is on duty in which week, how to reach them, and who has swapped."""

from typing import Annotated

from pydantic import Field, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.calendar import ClockTime
from leitstand.configuration.finding import suggestion
from leitstand.configuration.sections import PRIVATE, Section


class OnCallPerson(Section):
    """Somebody who takes turns."""

    name: v.Name = Field(description="As the others know them.")
    channels: Annotated[v.Names, Field(min_length=1)] = Field(
        description="Channels of `alerts.channels` that reach this person; only theirs are used for `on_call`."
    )
    phone: Annotated[str, Field(max_length=40)] = Field(
        default="", description="Shown to colleagues on the page."
    )
    email: v.Email | None = Field(default=None, description="Shown to colleagues on the page.")


class Swap(Section):
    """Somebody takes days of somebody else."""

    begins: v.Day = Field(description="First day; from the hour of the hand-over on.")
    ends: v.Day = Field(description="Last day; until the hand-over on the day after.")
    person: v.Name = Field(description="Who is on duty instead.")

    @model_validator(mode="after")
    def _in_order(self) -> "Swap":
        if self.ends < self.begins:
            raise v.refused(
                f"Der letzte Tag ({self.ends}) liegt vor dem ersten ({self.begins}).",
                f"The last day ({self.ends}) is before the first ({self.begins}).",
            )
        return self


class OnCall(Section):
    """Who is on duty. In a route the channel `on_call` stands for them."""

    people: Annotated[tuple[OnCallPerson, ...], Field(min_length=1, max_length=50)] = Field(
        description="Who takes turns, in this order.", json_schema_extra=PRIVATE
    )
    first_day: v.Day = Field(
        description="The day on which the first turn of the first person begins; all begin on its weekday."
    )
    at: ClockTime = Field(default="09:00", description="Hour of the hand-over, local time.")
    weeks: Annotated[int, Field(ge=1, le=8)] = Field(default=1, description="How long a turn is.")
    swaps: Annotated[tuple[Swap, ...], Field(max_length=200)] = Field(
        default=(), description="Days that somebody else takes; the last one that fits holds."
    )

    @property
    def key(self) -> str:
        return "on_call"

    @model_validator(mode="after")
    def _known_people(self) -> "OnCall":
        names = [person.name for person in self.people]
        for name in names:
            if names.count(name) > 1:
                raise v.refused(f"„{name}“ steht zweimal in der Liste.", f"'{name}' is in the list twice.")
        for swap in self.swaps:
            if swap.person not in names:
                raise v.refused(
                    f"„{swap.person}“ gehört nicht zur Bereitschaft. {suggestion(swap.person, names)[0]}",
                    f"'{swap.person}' does not take turns. {suggestion(swap.person, names)[1]}",
                )
        return self
