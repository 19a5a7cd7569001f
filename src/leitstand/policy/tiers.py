"""Which of a model's tiers a request takes: the wish, the cap of its use case, and what policy leaves open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from leitstand.core.conversation import Prompt
from leitstand.core.tiers import Tier
from leitstand.policy.rulebook import UseCase
from leitstand.providers.base import Target

Judge = Callable[[Prompt], Tier]
Why = Literal["judged", "pinned", "capped"]


def always_complex(_prompt: Prompt) -> Tier:
    """The judge where there is none: nothing is answered by too small a model."""
    return Tier.COMPLEX


@dataclass(frozen=True, slots=True)
class Tiering:
    """How a model with tiers came to the one that answers.

    wanted: the tier by `why`: judged by the classifier, pinned by the use case, or judged higher and capped
    by it. taken: the tier of `model`. passed: tiers tried before, in which policy left no target.
    largest: the target of the largest tier that this request might have gone to.
    """

    wanted: Tier
    why: Why
    taken: Tier
    model: str
    passed: tuple[Tier, ...]
    largest: Target


def wish(use_case: UseCase, prompt: Prompt, judge: Judge) -> tuple[Tier, Why]:
    """The tier that a request should take, and why. The judge is asked only where it decides."""
    if use_case.tier is not None:
        return use_case.tier, "pinned"
    judged, most = judge(prompt), use_case.max_tier
    return (most, "capped") if most is not None and judged.rank > most.rank else (judged, "judged")


def order(tiers: Mapping[Tier, str], wanted: Tier, most: Tier | None) -> list[Tier]:
    """The tiers in the order of trying: the wanted one, larger ones, then smaller ones; none above `most`.

    Where all are above `most`, the smallest one is left. tiers: models by tier, at least one.
    """
    rising = sorted(tiers, key=lambda tier: tier.rank)
    allowed = [tier for tier in rising if most is None or tier.rank <= most.rank] or rising[:1]
    larger = [tier for tier in allowed if tier.rank >= wanted.rank]
    return larger + [tier for tier in reversed(allowed) if tier.rank < wanted.rank]
