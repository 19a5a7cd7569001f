"""The section `models`: the names that clients ask for, with their targets or tiers."""

from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from leitstand.configuration import values as v
from leitstand.configuration.sections import Named, Section
from leitstand.core.tiers import Tier


class Strategy(StrEnum):
    """In which order the targets of a model are tried."""

    PRIORITY = "priority"
    WEIGHTED = "weighted"
    FASTEST = "fastest"
    CHEAPEST = "cheapest"


class Target(Section):
    """A model at a provider."""

    provider: v.Name = Field(description="Name of the provider.")
    model: v.ModelID = Field(description="Name of the model there (at Azure: of the deployment).")
    weight: v.Weight = Field(default=1, description="Share of the traffic with strategy `weighted`.")
    context_tokens: v.PositiveCount | None = Field(
        default=None,
        description="How many tokens a prompt may have there; longer ones go to other targets. None: as the "
        "price list says, which only changes the order.",
    )


class Tiers(Section):
    """The models from which each request takes one by how demanding it is; a tier without one takes the next larger."""

    simple: v.Name | None = Field(
        default=None, description="Model for simple tasks: translate, shorten, look up."
    )
    standard: v.Name | None = Field(
        default=None, description="Model for usual tasks: write a letter, explain something."
    )
    complex: v.Name | None = Field(
        default=None, description="Model for demanding tasks: analyse, calculate, plan, judge."
    )

    @model_validator(mode="after")
    def _some(self) -> "Tiers":
        if not self.models:
            raise v.refused("Die Stufen nennen kein Modell.", "The tiers name no model.")
        return self

    @property
    def models(self) -> dict[Tier, str]:
        """Names of models by tier, in rising order."""
        named = ((tier, getattr(self, tier.value)) for tier in Tier)
        return {tier: name for tier, name in named if name is not None}


class Model(Named):
    """A name that clients ask for, and what is behind it: targets at providers, or other models as tiers."""

    description: v.Text = Field(default="", description="What it is good for; shown where people choose.")
    strategy: Strategy = Field(default=Strategy.PRIORITY, description="Order in which targets are tried.")
    cache: bool = Field(default=False, description="Whether identical requests are answered from the cache.")
    buffered: bool = Field(
        default=False,
        description="Whether a stream is sent only when the whole answer is there; then another target can "
        "take over at any time.",
    )
    continuation: bool = Field(
        default=False,
        description="Whether an answer that breaks off is continued by a target that can do so.",
    )
    hedge_after: v.Seconds | None = Field(
        default=None,
        description="After so many seconds without content a second target is asked beside the first, which "
        "may cost twice; none: never.",
    )
    targets: tuple[Target, ...] = Field(
        default=(),
        description="Providers and their models, in order; at least one, unless there are tiers.",
        json_schema_extra={"minItems": 1},
    )
    tiers: Tiers | None = Field(
        default=None,
        description="Instead of targets: models between which each request is decided; usual for a model `auto`.",
    )

    @field_validator("targets")
    @classmethod
    def _some(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if not targets:
            raise v.refused("Das Modell braucht mindestens ein Ziel.", "The model needs at least one target.")
        return targets

    @model_validator(mode="after")
    def _targets_or_tiers(self) -> "Model":
        if not self.targets and self.tiers is None:
            raise v.refused(
                "Das Modell braucht mindestens ein Ziel (targets) oder Stufen (tiers).",
                "The model needs at least one target (targets) or tiers.",
            )
        if self.tiers is None:
            return self
        beside = self.model_fields_set - {"name", "description", "tiers"}
        idle = ", ".join(name for name in type(self).model_fields if name in beside and getattr(self, name))
        if idle:
            raise v.refused(
                f"Neben tiers hat keine Wirkung: {idle}. Tragen Sie es bei den Modellen der Stufen ein.",
                f"Beside tiers these have no effect: {idle}. Write them at the models of the tiers.",
            )
        return self

    @model_validator(mode="after")
    def _rescued_in_one_way(self) -> "Model":
        if self.buffered and self.continuation:
            raise v.refused(
                "buffered und continuation schließen sich aus: Was noch nicht gesendet ist, wird neu erfragt.",
                "buffered and continuation exclude each other: what is not yet sent is asked for anew.",
            )
        if self.hedge_after is not None and len(self.targets) < 2:
            raise v.refused("hedge_after braucht ein zweites Ziel.", "hedge_after needs a second target.")
        return self
