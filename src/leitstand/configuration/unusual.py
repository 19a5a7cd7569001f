"""The section `unusual_usage`: whether and how strictly it is watched who uses far more than is usual for them."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from leitstand.configuration import values as v
from leitstand.configuration.sections import Section


class UnusualUsage(Section):
    """When the use of a person, key or use case is far outside its own pattern."""

    enabled: bool = Field(default=True, description="Whether it is watched at all.")
    sensitivity: Literal["low", "normal", "high"] = Field(
        default="normal",
        description="How readily it is told: `low`, `normal` or `high`; what each finds and how often it errs is measured "
        "in docs/benchmarks/unusual.md.",
    )
    least_eur: v.Amount = Field(
        default=Decimal(1), description="EUR in an hour, day or week below which no cost is unusual."
    )
    least_tokens: v.Count = Field(
        default=500_000,
        description="Tokens below which no number of tokens is unusual; also where they cost nothing.",
    )
    least_requests: v.Count = Field(
        default=300, description="Requests below which no number of them is unusual."
    )

    @property
    def key(self) -> str:
        return "unusual_usage"
