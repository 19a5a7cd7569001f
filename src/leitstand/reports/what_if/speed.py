"""How fast models answered: histograms with steps of a tenth, so that a million records need a few hundred numbers."""

import math

import msgspec

from leitstand.reports.what_if.result import Pace
from leitstand.reports.what_if.traffic import Call, Facts

LEAST_ANSWERS = 30
_STEPS = 24  # per decade: a step of 10 %

Histogram = dict[str, int]  # JSON wants words as keys


class Times(msgspec.Struct):
    """Of one model in one use case. token: microseconds per token after the first content, of streams."""

    answers: int = 0
    latency: Histogram = {}
    first: Histogram = {}
    token: Histogram = {}

    def take(self, call: Call, facts: Facts) -> None:
        """Count an answer that a model gave."""
        self.answers += 1
        _count(self.latency, call.latency_us)
        if facts.stream and call.first_token_us:
            _count(self.first, call.first_token_us)
            if call.output_tokens > 1 and call.latency_us > call.first_token_us:
                _count(self.token, (call.latency_us - call.first_token_us) / call.output_tokens)

    def add(self, other: "Times") -> None:
        """Both together, in this one."""
        self.answers += other.answers
        pairs = ((self.latency, other.latency), (self.first, other.first), (self.token, other.token))
        for mine, theirs in pairs:
            for step, number in theirs.items():
                mine[step] = mine.get(step, 0) + number

    def pace(self) -> Pace:
        """Quantiles in seconds; None below LEAST_ANSWERS."""
        token = _quantile(self.token, 0.5)
        return Pace(
            self.answers,
            _seconds(self.latency, 0.5), _seconds(self.latency, 0.95),
            _seconds(self.first, 0.5), _seconds(self.first, 0.95),
            None if token is None else token / 1000,
        )  # fmt: skip


def _count(steps: Histogram, value_us: float) -> None:
    step = str(math.floor(math.log10(max(value_us, 1.0)) * _STEPS))
    steps[step] = steps.get(step, 0) + 1


def _seconds(steps: Histogram, share: float) -> float | None:
    found = _quantile(steps, share)
    return None if found is None else found / 1e6


def _quantile(steps: Histogram, share: float) -> float | None:
    total = sum(steps.values())
    if total < LEAST_ANSWERS:
        return None
    passed = 0
    for step in sorted(steps, key=int):
        passed += steps[step]
        if passed >= share * total:
            return float(10 ** ((int(step) + 0.5) / _STEPS))
    raise AssertionError("the steps hold fewer than all")
