"""The section `leak_watch`: how much of what left the house is looked at again at night."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from leitstand.configuration.sections import Section
from leitstand.configuration.values import Amount, Count


class LeakWatch(Section):
    """Keeps a sealed sample of the masked texts that went to providers and looks at it again every night."""

    sample_percent: Annotated[Amount, Field(le=100)] = Field(
        default=Decimal(1), description="How many of the requests are kept for the night; 0: none."
    )
    most_per_day: Annotated[Count, Field(ge=1, le=100_000)] = Field(
        default=500, description="So many are kept a day at most."
    )
    keep_days: Annotated[Count, Field(ge=1, le=30)] = Field(
        default=7, description="Days after which what was kept is removed, findings' texts included."
    )

    @property
    def key(self) -> str:
        return "leak_watch"
