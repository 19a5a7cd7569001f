"""The figures of IT operations: is it quick, does it answer, what does it cost, who is in trouble.

Request: one interaction in the journal. Refused by a rule (budget, right, policy): not an error.
Error rate: failed and lost requests over all that were not refused.
Availability: share of 5-minute slots with such requests in which at least half were answered.
Response time: arrival to last byte of answered requests, cache hits included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Literal

from leitstand.core.classes import Region
from leitstand.core.i18n import Bilingual

ProviderState = Literal["running", "troubled", "cooling", "down", "blocked"]
BEATS = 30
BEAT_S = 120
FLOW_MINUTES = 5
TROUBLED_FROM = 0.05  # error rate of the last 10 minutes, PRODUCT 9.2
TROUBLED_MIN_SAMPLE = 5


class Span(StrEnum):
    """The time range of the page; the value stands in its address."""

    TODAY = "heute"
    DAY = "24h"
    WEEK = "7t"


@dataclass(frozen=True)
class Totals:
    """Over the whole span. median_s, p95_s, availability: None without a request to measure."""

    requests: int = 0
    answered: int = 0
    failed: int = 0
    refused: int = 0
    cached: int = 0
    cost_nano: int = 0
    saved_nano: int = 0
    median_s: float | None = None
    p95_s: float | None = None
    availability: float | None = None

    @property
    def error_rate(self) -> float | None:
        """Failed and lost over all that were not refused; None without any."""
        counted = self.requests - self.refused
        return self.failed / counted if counted else None

    @property
    def cache_rate(self) -> float | None:
        """Answers from the cache over all answers; None without any."""
        return self.cached / self.answered if self.answered else None


@dataclass(frozen=True)
class Slot:
    """One step of the time axis, beginning at `start`."""

    start: datetime
    totals: Totals


@dataclass(frozen=True)
class Flow:
    """The way of the requests, mean per minute over the last FLOW_MINUTES.

    protected: entities replaced. tries: provider calls per request that was sent, 1.0 without fallback.
    refusals: how many by code in the whole window, most frequent first.
    """

    arrived: float = 0.0
    refused: float = 0.0
    protected: float = 0.0
    cached: float = 0.0
    sent: float = 0.0
    tries: float = 1.0
    refusals: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Beat:
    """Two minutes of one provider."""

    requests: int = 0
    failed: int = 0


@dataclass(frozen=True)
class TargetState:
    """What the gateway knows of a provider now. until: end of a cooldown. note: for example the DPA.

    watch: what its last probe and its own words about limits tell.
    """

    name: str
    region: Region
    state: ProviderState = "running"
    until: datetime | None = None
    note: Bilingual | None = None
    watch: Bilingual | None = None


@dataclass(frozen=True)
class ProviderFigures:
    """One provider over the span; beats: BEATS of them, oldest first; per_minute as in Flow."""

    target: TargetState
    totals: Totals
    per_minute: float
    beats: tuple[Beat, ...]


@dataclass(frozen=True)
class RecentRequest:
    """One request without the person who asked: nobody's work is watched here."""

    id: str
    time: datetime
    use_case: str
    model: str
    provider: str
    data_class: str
    outcome: str
    code: str
    latency_s: float
    cost_nano: int


@dataclass(frozen=True)
class Plan:
    """The company's month: booked so far, and the limit; None: no monthly limit is set."""

    month_cost_nano: int
    month_limit_nano: int | None


@dataclass(frozen=True)
class OperationsSnapshot:
    """All figures of the page. slots cover start to taken without gaps; slot_s is their length."""

    taken: datetime
    span: Span
    start: datetime
    slot_s: int
    totals: Totals
    slots: tuple[Slot, ...]
    flow: Flow
    providers: tuple[ProviderFigures, ...]
    plan: Plan


def span_start(span: Span, now: datetime, zone: tzinfo) -> datetime:
    """Midnight of the organisation's day, or 24 hours or 7 days back."""
    if span is Span.TODAY:
        return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return now - timedelta(days=1 if span is Span.DAY else 7)


def slot_length_s(span: Span) -> int:
    """15 minutes for a day, 3 hours for a week: about 60 to 100 points on the axis."""
    return 10_800 if span is Span.WEEK else 900


def percentile(bins: Mapping[int, int], share: float) -> float | None:
    """A percentile in seconds from a histogram of latency bins (`bin_middle_s`); None when it is empty."""
    total = sum(bins.values())
    rank = share * total
    seen = 0
    for latency_bin in sorted(bins):
        seen += bins[latency_bin]
        if seen >= rank and total:
            return bin_middle_s(latency_bin)
    return None


# Latency bins: 20 ms wide below 2 s, 200 ms above, so that percentiles come from counts that SQL groups.
FINE_US = 20_000
FINE_BINS = 100
COARSE_US = 200_000


def bin_middle_s(latency_bin: int) -> float:
    """The middle of a latency bin in seconds."""
    if latency_bin < FINE_BINS:
        return (latency_bin + 0.5) * FINE_US / 1e6
    return (FINE_BINS * FINE_US + (latency_bin - FINE_BINS + 0.5) * COARSE_US) / 1e6


def judge(target: TargetState, beats: Sequence[Beat]) -> TargetState:
    """The gateway's word, or `troubled` when a running provider failed too often in the last 10 minutes."""
    if target.state != "running":
        return target
    last = beats[-5:]
    requests, failed = sum(beat.requests for beat in last), sum(beat.failed for beat in last)
    if requests < TROUBLED_MIN_SAMPLE or failed / requests <= TROUBLED_FROM:
        return target
    return replace(target, state="troubled")
