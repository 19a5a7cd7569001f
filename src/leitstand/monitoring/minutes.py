"""Journal records to sums by minute: what `metric_minute` holds, and what rules and key figures are read from.

Only counts and a histogram of durations, by provider, model and use case: no persons, so no view of one can be made.
"""

import math
from collections.abc import Iterable, Mapping
from operator import add, sub
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from leitstand.journal.records import INTERACTION
from leitstand.providers.faults import FaultKind

MINUTE_US = 60_000_000
_STEP = math.log(1.1)  # buckets of 10 %: a quantile is off by 5 % at most
_K = FaultKind
_PRESENT = frozenset(
    {_K.RATE_LIMITED, _K.MODEL_MISSING, _K.CONTEXT_TOO_LONG, _K.INVALID, _K.CONTENT_FILTER}
)  # it refused this request, so it is there; with every other fault nobody is served


class Row(NamedTuple):
    """The columns of a journal record that are counted; see `store.schema.journal`."""

    seq: int
    kind: str
    time_us: int
    use_case: str
    model: str
    provider: str
    outcome: str
    code: str
    input_tokens: int
    output_tokens: int
    cost_nano: int
    saved_nano: int
    latency_us: int
    first_token_us: int
    pseudonymised: int
    fallback: int
    estimated: bool
    detail: str


class Place(NamedTuple):
    """What is kept apart. minute_us: the begin of the minute in which the request ended."""

    minute_us: int
    provider: str
    model: str
    use_case: str


class Counts(NamedTuple):
    """What is added up. answered: from providers and caches. left: clients that hung up. tokens: in and out.

    fallback: answered, but not by the first target.
    """

    requests: int = 0
    answered: int = 0
    cached: int = 0
    failed: int = 0
    refused: int = 0
    left: int = 0
    fallback: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0
    saved_nano: int = 0
    pseudonymised: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts._make(map(add, self, other))

    def less(self, other: "Counts") -> "Counts":
        """Without those."""
        return Counts._make(map(sub, self, other))


Histogram = Mapping[int, int]
"""Bucket -> how many; bucket k holds durations from 1.1^k to 1.1^(k+1) milliseconds."""


_NOBODY: Histogram = MappingProxyType({})


class Sum(NamedTuple):
    """One minute of one place. took, first: of answered requests, whole answer and first content; caches left out."""

    counts: Counts = Counts()
    took: Histogram = _NOBODY
    first: Histogram = _NOBODY

    def plus(self, other: "Sum") -> "Sum":
        """Both together."""
        return Sum(
            self.counts.plus(other.counts), merge(self.took, other.took), merge(self.first, other.first)
        )


class Tries(NamedTuple):
    """How a provider did for a while, seen by requests and probes. absent: calls after which nobody was served.

    Moments in microseconds, 0: never. answered_us: its last answer; since_us: its first absence after that;
    absent_us: its last absence.
    """

    tries: int = 0
    faults: int = 0
    absent: int = 0
    answered_us: int = 0
    since_us: int = 0
    absent_us: int = 0

    def plus(self, other: "Tries") -> "Tries":
        """Both together, in any order: of absences around an answer that is added later, the last one counts."""
        answered_us = max(self.answered_us, other.answered_us)
        moments = (self.since_us, other.since_us, self.absent_us, other.absent_us)
        later = [moment for moment in moments if moment > answered_us]
        return Tries(
            self.tries + other.tries, self.faults + other.faults, self.absent + other.absent,
            answered_us, min(later, default=0), max(self.absent_us, other.absent_us),
        )  # fmt: skip


def bucket(duration_us: int) -> int:
    """Where a duration is counted; under a millisecond all is one."""
    return max(0, int(math.log(max(1.0, duration_us / 1000)) / _STEP))


def merge(one: Mapping[int, int], other: Mapping[int, int]) -> Histogram:
    """Both histograms together."""
    found = dict(one)
    for place, count in other.items():
        found[place] = found.get(place, 0) + count
    return found


def quantile(histogram: Mapping[int, int], share: float) -> float | None:
    """Seconds that `share` of the durations stay below; None without any. Off by 5 % at most."""
    total = sum(histogram.values())
    if not total:
        return None
    rank, seen = share * total, 0
    for place in sorted(histogram):
        seen += histogram[place]
        if seen >= rank:
            return math.exp((place + 0.5) * _STEP) / 1000
    return None


class Counted(NamedTuple):
    """Sums by place, how providers did by (minute, provider), refusals by (minute, code)."""

    sums: dict[Place, Sum]
    tries: dict[tuple[int, str], Tries]
    refusals: dict[tuple[int, str], int]


def count(rows: Iterable[Row]) -> Counted:
    """Add up the interactions among the records."""
    sums: dict[Place, Sum] = {}
    tries: dict[tuple[int, str], Tries] = {}
    refusals: dict[tuple[int, str], int] = {}
    for row in rows:
        if row.kind != INTERACTION:
            continue
        ended_us = row.time_us + row.latency_us
        minute = ended_us // MINUTE_US * MINUTE_US
        place = Place(minute, row.provider, row.model, row.use_case)
        sums[place] = sums.get(place, Sum()).plus(_sum(row))
        for provider, found in _tries(row, ended_us):
            key = (minute, provider)
            tries[key] = tries.get(key, Tries()).plus(found)
        if row.outcome == "refused":
            refusals[minute, row.code] = refusals.get((minute, row.code), 0) + 1
    return Counted(sums, tries, refusals)


def _sum(row: Row) -> Sum:
    answered = row.outcome in ("ok", "cached")
    cached = row.outcome == "cached"
    counts = Counts(
        1, answered, cached, row.outcome in ("failed", "lost"), row.outcome == "refused", row.outcome == "left",
        answered and row.fallback > 0, row.input_tokens, row.output_tokens, row.cost_nano, row.saved_nano,
        row.pseudonymised,
    )  # fmt: skip
    if not answered or cached:
        return Sum(counts)
    first = {bucket(row.first_token_us): 1} if row.first_token_us else {}
    return Sum(counts, {bucket(row.latency_us): 1}, first)


def _tries(row: Row, ended_us: int) -> Iterable[tuple[str, Tries]]:
    """Every call to a provider: those that failed are in the detail, a single good one is the record itself."""
    if '"attempts"' in row.detail:
        for attempt in msgspec.json.decode(row.detail).get("attempts", ()):
            yield attempt["provider"], tried(attempt.get("fault", ""), ended_us)
    elif row.provider and row.outcome == "ok":
        yield row.provider, tried("", ended_us)


def tried(fault: str, moment_us: int) -> Tries:
    """One call. fault: its kind, "" when it was answered."""
    if not fault:
        return Tries(1, answered_us=moment_us)
    if fault in _PRESENT:
        return Tries(1, 1, answered_us=moment_us)
    return Tries(1, 1, 1, since_us=moment_us, absent_us=moment_us)
