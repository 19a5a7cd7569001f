"""Whether a model in use answers as it did: tonight's answers against those of the day it was accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from leitstand.prompts.regression.agreement import among, between
from leitstand.prompts.regression.verdict import Judged, compare

_LEAST_AGREEMENT_DROP = 0.1


@dataclass(frozen=True, slots=True)
class Drift:
    """One night. passed, before: shares of passed answers now and then.

    agreement: with the accepted answers; own_agreement: of those among each other, the model's usual variation.
    """

    drifted: bool
    passed: float
    before: float
    agreement: float
    own_agreement: float
    failing: tuple[str, ...]


def drift(tonight: Sequence[Judged], accepted: Sequence[Judged]) -> Drift:
    """Compare; ValueError when no case is in both.

    Drifted means: a `must` case fails now, the share of passed answers fell beyond its 95 % interval, or the
    answers differ from the accepted ones by more than those differ from each other (and by a tenth at least).
    """
    comparison = compare(tonight, accepted)
    shared = {case.case for case in comparison.cases}
    agreement = fmean(_between(case, tonight, accepted) for case in shared)
    own = fmean(among([each.text for each in accepted if each.case == case]) for case in shared)
    drifted = (
        bool(comparison.failing) or comparison.difference.high < 0 or own - agreement > _LEAST_AGREEMENT_DROP
    )
    return Drift(
        drifted, comparison.candidate.passed, comparison.baseline.passed, agreement, own, comparison.failing
    )


def _between(case: str, tonight: Sequence[Judged], accepted: Sequence[Judged]) -> float:
    return between(
        [each.text for each in tonight if each.case == case],
        [each.text for each in accepted if each.case == case],
    )
