"""From the judged answers of two models to a verdict: go, no-go, or more runs needed.

The unit of comparison is the case: its share of passed answers under either model. The difference of the
two means carries a 95 % interval by paired bootstrap over the cases, so that a lucky set proves nothing.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, quantiles

from leitstand.core.money import ZERO, NanoEuro
from leitstand.prompts.regression.agreement import among, between

MARGIN = 0.05
"""By how much the share of passed answers may fall before a change counts as worse."""
MOST_UNANSWERED = 0.1
"""Share of questions without an answer, of either model, above which a trial proves nothing."""
_RESAMPLES = 2_000
_MOST_REPETITIONS = 50


class Decision(StrEnum):
    """What a trial says."""

    GO = "go"
    NO_GO = "no_go"
    MORE_RUNS = "more_runs"


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer. passed: all its checks hold; False, too, when none came (`text` is then empty)."""

    case: str
    must: bool
    passed: bool
    text: str = ""
    cost_nano: NanoEuro = ZERO
    latency_s: float = 0.0
    output_tokens: int = 0
    answered: bool = True


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model on the whole set. agreement: among its own repetitions. cost_nano: mean of an answer."""

    passed: float
    agreement: float
    cost_nano: float
    p50_s: float
    p95_s: float
    output_tokens: float
    answers: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """One case under both models, shares from 0 to 1."""

    case: str
    must: bool
    candidate: float
    baseline: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures of a trial. difference: of the pass shares, candidate minus baseline.

    saving: share of cost saved, where the baseline's answers cost anything. failing: `must` cases that the
    candidate fails in most of its repetitions. repetitions_needed: 0 unless more runs are needed.
    """

    decision: Decision
    candidate: ModelFigures
    baseline: ModelFigures
    difference: Interval
    saving: Interval | None
    agreement: float
    failing: tuple[str, ...]
    repetitions_needed: int
    cases: tuple[CaseFigures, ...]


def compare(
    candidate: Sequence[Judged], baseline: Sequence[Judged], margin: float = MARGIN, seed: int = 0
) -> Comparison:
    """Judge a change. Only cases that both models were asked count; ValueError when there is none.

    Equal input gives equal figures: the resampling is seeded.
    """
    ours, theirs = _by_case(candidate), _by_case(baseline)
    shared = [case for case in ours if case in theirs]
    if not shared:
        raise ValueError("the two models have no case in common")
    cases = tuple(_case(case, ours[case], theirs[case]) for case in shared)
    difference = interval([(case.candidate, case.baseline) for case in cases], seed, gap)
    spent = [(_cost(ours[case]), _cost(theirs[case])) for case in shared]
    saving = interval(spent, seed, _saved) if any(theirs for _, theirs in spent) else None
    failing = tuple(case.case for case in cases if case.must and case.candidate <= 0.5)
    missing = max(_unanswered(judged, shared) for judged in (ours, theirs))
    decision = _decide(difference, failing, margin) if missing <= MOST_UNANSWERED else Decision.MORE_RUNS
    repetitions = max(len(ours[case]) for case in shared)
    return Comparison(
        decision,
        _model([judged for case in shared for judged in ours[case]], ours, shared),
        _model([judged for case in shared for judged in theirs[case]], theirs, shared),
        difference,
        saving,
        fmean(case.agreement for case in cases),
        failing,
        _needed(repetitions, difference, margin) if decision is Decision.MORE_RUNS else 0,
        cases,
    )


def _decide(difference: Interval, failing: tuple[str, ...], margin: float) -> Decision:
    if failing or difference.high < -margin:
        return Decision.NO_GO
    return Decision.GO if difference.low >= -margin else Decision.MORE_RUNS


def _unanswered(by_case: Mapping[str, Sequence[Judged]], cases: Sequence[str]) -> float:
    return fmean(not answer.answered for case in cases for answer in by_case[case])


def _needed(repetitions: int, difference: Interval, margin: float) -> int:
    """Repetitions at which an interval that shrinks with their root would clear the margin; bounded.

    More repetitions narrow the part of the interval that comes from a model's own variation; what comes
    from too few cases they cannot narrow, so this is a lower bound.
    """
    half_width = max(difference.value - difference.low, 1e-9)
    room = max(abs(difference.value + margin), 1e-3)
    return min(_MOST_REPETITIONS, max(repetitions + 1, round(repetitions * (half_width / room) ** 2)))


def _by_case(answers: Sequence[Judged]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for answer in answers:
        found.setdefault(answer.case, []).append(answer)
    return found


def _case(name: str, ours: Sequence[Judged], theirs: Sequence[Judged]) -> CaseFigures:
    return CaseFigures(
        name, ours[0].must, _share(ours), _share(theirs),
        between([each.text for each in ours], [each.text for each in theirs]),
    )  # fmt: skip


def _share(answers: Sequence[Judged]) -> float:
    return fmean(answer.passed for answer in answers)


def _cost(answers: Sequence[Judged]) -> float:
    return fmean(answer.cost_nano for answer in answers)


def _model(
    answers: Sequence[Judged], by_case: Mapping[str, Sequence[Judged]], cases: Sequence[str]
) -> ModelFigures:
    times = [answer.latency_s for answer in answers if answer.answered] or [0.0]
    steps = quantiles(times, n=20, method="inclusive") if len(times) > 1 else times * 19
    return ModelFigures(
        passed=fmean(_share(by_case[case]) for case in cases),
        agreement=fmean(among([each.text for each in by_case[case]]) for case in cases),
        cost_nano=_cost(answers),
        p50_s=steps[9],
        p95_s=steps[18],
        output_tokens=fmean(answer.output_tokens for answer in answers),
        answers=len(answers),
        unanswered=sum(not answer.answered for answer in answers),
    )


_Pairs = Sequence[tuple[float, float]]


def gap(pairs: _Pairs) -> float:
    """The mean of the first values minus that of the second ones."""
    return fmean(ours - theirs for ours, theirs in pairs)


def _saved(pairs: _Pairs) -> float:
    """Share of the baseline's cost that the candidate saves; 0 when the drawn cases cost nothing."""
    theirs = sum(pair[1] for pair in pairs)
    return 1 - sum(pair[0] for pair in pairs) / theirs if theirs else 0.0


def interval(pairs: _Pairs, seed: int, figure: Callable[[_Pairs], float]) -> Interval:
    """A figure of paired values with its percentile interval. Source: Efron and Tibshirani (1993), ch. 13."""
    draw = random.Random(seed)  # noqa: S311 - resampling, not a secret
    found = sorted(figure(draw.choices(pairs, k=len(pairs))) for _ in range(_RESAMPLES))
    return Interval(figure(pairs), found[round(0.025 * _RESAMPLES)], found[round(0.975 * _RESAMPLES) - 1])
