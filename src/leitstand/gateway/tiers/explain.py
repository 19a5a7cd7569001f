"""The judgement of a single text with all its reasons, for people and programs; nothing is sent or kept."""

from typing import Any

from leitstand.core.conversation import Message, Prompt, Text
from leitstand.gateway.tiers.classify import Judgement, judge, shipped_weights
from leitstand.gateway.tiers.features import FEATURES

NAMES = {feature.name: feature for feature in FEATURES}


def judge_text(text: str) -> Judgement:
    """How demanding a text is as the first question of a conversation."""
    return judge(Prompt("chat", "", (Message("user", (Text(text),)),)))


def explanation(judgement: Judgement) -> dict[str, Any]:
    """A judgement in JSON: score = base + points of all reasons; the tiers begin at the two thresholds."""
    weights = shipped_weights()
    return {
        "tier": judgement.tier.value,
        "score": judgement.score,
        "base": weights.base,
        "standard_from": weights.standard_from,
        "complex_from": weights.complex_from,
        "reasons": [
            {
                "feature": name, "de": NAMES[name].de, "en": NAMES[name].en, "value": value, "points": points,
            }
            for name, value, points in judgement.reasons
        ],
    }  # fmt: skip
