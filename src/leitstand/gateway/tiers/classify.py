"""From a prompt to its tier: points per feature, added up, against two thresholds. Same prompt, same tier.

The whole conversation is judged, question by question, and the most demanding one decides. An earlier
question is judged as it was when it was the newest, so the tier never falls from one turn to the next and
the model, with the provider's prompt cache, is kept. Source: decision 0007.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from leitstand.core.conversation import CONVERSATIONS, Prompt
from leitstand.core.tiers import Tier
from leitstand.gateway.tiers.features import FEATURES, Values, turns


class Reason(NamedTuple):
    """A feature that was found. value: how much of it; points: what it adds to the score, may be negative."""

    name: str
    value: float
    points: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """How demanding a request is. score: the points; reasons: the weightiest first, `base` is not among them."""

    tier: Tier
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """base: the points of an empty question. standard_from, complex_from: scores at which a tier begins."""

    base: float
    standard_from: float
    complex_from: float
    points: Mapping[str, float]

    def score(self, values: Values) -> float:
        """Points of a question with these features."""
        return self.base + sum(self.points[name] * value for name, value in values.items())

    def tier(self, score: float) -> Tier:
        """The tier of a score."""
        if score >= self.complex_from:
            return Tier.COMPLEX
        return Tier.STANDARD if score >= self.standard_from else Tier.SIMPLE


@cache
def shipped_weights() -> Weights:
    """The weights in `weights.toml`, made by bench/tiers.py."""
    read = tomllib.loads(files(__package__).joinpath("weights.toml").read_text("utf-8"))
    points = {feature.name: float(read["points"][feature.name]) for feature in FEATURES}
    return Weights(read["base"], read["standard_from"], read["complex_from"], points)


def judge(prompt: Prompt, weights: Weights | None = None) -> Judgement:
    """Judge a prompt. What is no conversation, or asks nothing, is simple."""
    weights = weights or shipped_weights()
    questions = turns(prompt) if prompt.dialect in CONVERSATIONS or prompt.dialect == "count_tokens" else ()
    scored = [(weights.score(values), values) for values in questions]
    if not scored:
        return Judgement(Tier.SIMPLE, weights.base, ())
    score, values = max(scored, key=lambda pair: pair[0])
    reasons = [Reason(name, value, round(weights.points[name] * value, 1)) for name, value in values.items()]
    reasons.sort(key=lambda reason: -abs(reason.points))
    return Judgement(weights.tier(score), round(score, 1), tuple(reasons))
