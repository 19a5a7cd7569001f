"""How many tokens another model would take for the same work: a factor with its interval, and where it comes from."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from leitstand.reports.what_if.repository import Moments, Pair
from leitstand.reports.what_if.result import Range, Source

LEAST_PAIRS = 10
LEAST_CALLS = 30
# Where nothing is measured. Input: two families' tokenizers on German business text differ by up to a quarter.
# Output: their answers to the same question, by style, by up to two thirds.
ASSUMED_INPUT = Range(0.8, 1.0, 1.25)
ASSUMED_OUTPUT = Range(0.6, 1.0, 1.67)
EXACT = Range(1.0, 1.0, 1.0)
_RESAMPLES = 500
_Z = 1.96


class Ratio(msgspec.Struct, frozen=True):
    """Tokens at the new model for one at the old. calls: how many questions it was measured on; 0: not measured.

    source: same (the same model elsewhere), paired (the same questions to both, in trials), traffic (both models'
    own questions in this use case), assumed.
    """

    input: Range
    output: Range
    source: Source
    calls: int = 0


SAME = Ratio(EXACT, EXACT, "same")
ASSUMED = Ratio(ASSUMED_INPUT, ASSUMED_OUTPUT, "assumed")


def ratio(
    before: str, after: str, use_case: str, pairs: Sequence[Pair], moments: Mapping[tuple[str, str], Moments]
) -> Ratio:
    """The best that is known. before, after: providers' models; moments: by use case and provider's model."""
    unmeasured = usual(before, after)
    if unmeasured is SAME:
        return SAME
    if len(pairs) >= LEAST_PAIRS:
        inputs = [(pair.input_before, pair.input_after) for pair in pairs]
        outputs = [(pair.output_before, pair.output_after) for pair in pairs]
        return Ratio(_resampled(inputs), _resampled(outputs), "paired", len(pairs))
    old, new = moments.get((use_case, before)), moments.get((use_case, after))
    if old is None or new is None or min(old.calls, new.calls) < LEAST_CALLS:
        return unmeasured
    inputs_ = _of_means(old.calls, old.input, old.input_squares, new.calls, new.input, new.input_squares)
    outputs_ = _of_means(old.calls, old.output, old.output_squares, new.calls, new.output, new.output_squares)
    # Prompts are not made by the model: means that differ by more than tokenizers can are of other questions.
    is_comparable = ASSUMED_INPUT.low <= inputs_.value <= ASSUMED_INPUT.high
    if not is_comparable:
        return unmeasured
    return Ratio(inputs_, outputs_, "traffic", min(old.calls, new.calls))


def by_place(rows: Iterable[Moments]) -> dict[tuple[str, str], Moments]:
    """By use case and provider's model."""
    return {(row.use_case, row.provider_model): row for row in rows}


def usual(before: str, after: str) -> Ratio:
    """Without any measurement."""
    return SAME if family(before) == family(after) else ASSUMED


def family(model: str) -> str:
    """A provider's model without what only says where it is served: `eu.anthropic.x` is `x`."""
    return model.lower().rsplit("/", 1)[-1].rsplit(".anthropic.", 1)[-1]


def _resampled(pairs: Sequence[tuple[int, int]]) -> Range:
    """Ratio of sums with its percentile interval. Source: Efron and Tibshirani (1993), ch. 13."""
    draw = random.Random(0)  # noqa: S311 - resampling, not a secret

    def figure(chosen: Sequence[tuple[int, int]]) -> float:
        return sum(new for _, new in chosen) / max(sum(old for old, _ in chosen), 1)

    found = sorted(figure(draw.choices(pairs, k=len(pairs))) for _ in range(_RESAMPLES))
    return Range(found[round(0.025 * _RESAMPLES)], figure(pairs), found[round(0.975 * _RESAMPLES) - 1])


def _of_means(n_old: int, old: int, old_squares: int, n_new: int, new: int, new_squares: int) -> Range:
    """Ratio of two means with its interval on the log scale (delta method)."""
    value = (new / n_new) / (old / n_old) if old and new else 1.0
    spread = _relative_variance(n_old, old, old_squares) + _relative_variance(n_new, new, new_squares)
    width = math.exp(_Z * math.sqrt(spread))
    return Range(value / width, value, value * width)


def _relative_variance(n: int, total: int, squares: int) -> float:
    mean = total / n
    return max(squares / n - mean**2, 0.0) / n / mean**2 if mean else 0.0
