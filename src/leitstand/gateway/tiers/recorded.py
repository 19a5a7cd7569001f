"""A tier decision as it stands in the journal: numbers and names of features, never a word of the prompt."""

from typing import Any

from leitstand.core.money import NanoEuro
from leitstand.gateway.tiers.classify import Judgement
from leitstand.policy.tiers import Tiering


def record(judgement: Judgement | None, tiering: Tiering | None, full_nano: NanoEuro) -> dict[str, Any]:
    """The entry `tier` of a record's detail; empty for a model without tiers.

    full_nano: what the same tokens would have cost at the largest tier that was open, at the prices of
    that moment. features: value and points of each feature that was found. After a downgrade only the
    judgement is left.
    """
    entry: dict[str, Any] = {}
    if tiering is not None:
        entry = {"taken": tiering.taken.value, "model": tiering.model, "why": tiering.why}
        if tiering.wanted is not tiering.taken:
            entry["wanted"] = tiering.wanted.value
        if tiering.passed:
            entry["passed"] = [tier.value for tier in tiering.passed]
        if full_nano:
            entry["full_nano"] = full_nano
    if judgement is not None:
        entry["judged"] = judgement.tier.value
        entry["score"] = judgement.score
        entry["features"] = {name: [value, points] for name, value, points in judgement.reasons}
    return entry
