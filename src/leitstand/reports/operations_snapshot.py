"""Builds the figures of IT operations from grouped counts. Reads the journal, computes in memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from leitstand.core.clock import from_us
from leitstand.reports.operations import (
    BEAT_S,
    BEATS,
    FLOW_MINUTES,
    Beat,
    Flow,
    OperationsSnapshot,
    Plan,
    ProviderFigures,
    RecentRequest,
    Slot,
    Span,
    TargetState,
    Totals,
    judge,
    percentile,
    slot_length_s,
    span_start,
)
from leitstand.reports.repository import ANSWERED, FAILED, REFUSED, Count, Journal, LatencyCount, Passage

AVAILABILITY_S = 300


@dataclass
class _Tally:
    """Counts of one group while they are added up; `good` and `slots` serve availability."""

    requests: int = 0
    answered: int = 0
    failed: int = 0
    refused: int = 0
    cached: int = 0
    cost_nano: int = 0
    saved_nano: int = 0
    bins: Counter[int] = field(default_factory=Counter)
    good: int = 0
    slots: int = 0

    def add(self, count: Count) -> None:
        self.requests += count.requests
        self.answered += count.requests if count.outcome in ANSWERED else 0
        self.failed += count.requests if count.outcome in FAILED else 0
        self.refused += count.requests if count.outcome == REFUSED else 0
        self.cached += count.requests if count.outcome == "cached" else 0
        self.cost_nano += count.cost_nano
        self.saved_nano += count.saved_nano

    def totals(self) -> Totals:
        return Totals(
            requests=self.requests,
            answered=self.answered,
            failed=self.failed,
            refused=self.refused,
            cached=self.cached,
            cost_nano=self.cost_nano,
            saved_nano=self.saved_nano,
            median_s=percentile(self.bins, 0.5),
            p95_s=percentile(self.bins, 0.95),
            availability=self.good / self.slots if self.slots else None,
        )


def take_snapshot(
    journal: Journal,
    targets: Sequence[TargetState],
    span: Span,
    now: datetime,
    zone: tzinfo,
    plan: Plan,
) -> OperationsSnapshot:
    """All figures of the page IT-Betrieb. Blocking: call it in a thread.

    targets: every provider set up, as the gateway knows it now. plan: the company's month, as the limits count it.
    """
    start = span_start(span, now, zone)
    start_us, end_us = _us(start), _us(now) + 1
    slot_s = slot_length_s(span)
    per_slot = slot_s // AVAILABILITY_S
    counts = journal.counts(start_us, end_us, AVAILABILITY_S * 1_000_000)
    latencies = journal.latencies(start_us, end_us, slot_s * 1_000_000)
    slots, whole = _slots(counts, latencies, per_slot)
    length = (end_us - 1 - start_us) // (slot_s * 1_000_000) + 1
    return OperationsSnapshot(
        taken=now,
        span=span,
        start=start,
        slot_s=slot_s,
        totals=whole.totals(),
        slots=tuple(
            Slot(start + timedelta(seconds=slot_s * index), slots[index].totals()) for index in range(length)
        ),
        flow=_flow(journal.passages(end_us - FLOW_MINUTES * 60_000_000, end_us)),
        providers=_providers(journal, targets, counts, latencies, end_us),
        plan=plan,
    )


def recent_requests(journal: Journal, limit: int) -> tuple[RecentRequest, ...]:
    """The newest requests without persons. Blocking: call it in a thread."""
    return tuple(
        RecentRequest(
            id=row.id,
            time=from_us(row.time_us),
            use_case=row.use_case,
            model=row.model,
            provider=row.provider,
            data_class=row.data_class,
            outcome=row.outcome,
            code=row.code,
            latency_s=row.latency_us / 1e6,
            cost_nano=row.cost_nano,
        )
        for row in journal.recent(limit)
    )


def _slots(
    counts: Iterable[Count], latencies: Iterable[LatencyCount], per_slot: int
) -> tuple[Mapping[int, _Tally], _Tally]:
    """By index of the page's slots, and over all. The counts come in 5-minute slots."""
    slots: dict[int, _Tally] = defaultdict(_Tally)
    whole = _Tally()
    asked: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    for count in counts:
        slots[count.slot // per_slot].add(count)
        whole.add(count)
        if count.outcome in ANSWERED or count.outcome in FAILED:
            asked[count.slot] += count.requests
            answered[count.slot] += count.requests if count.outcome in ANSWERED else 0
    for number, requests in asked.items():
        for tally in (slots[number // per_slot], whole):
            tally.slots += 1
            tally.good += answered[number] * 2 >= requests
    for latency in latencies:
        for tally in (slots[latency.slot], whole):
            tally.bins[latency.latency_bin] += latency.requests
    return slots, whole


def _flow(passages: Sequence[Passage]) -> Flow:
    outcomes: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    for passage in passages:
        outcomes[passage.outcome] += passage.requests
        if passage.outcome == REFUSED:
            refusals[passage.code] += passage.requests
    arrived, refused, cached = outcomes.total(), outcomes[REFUSED], outcomes["cached"]
    fallbacks = sum(passage.fallbacks for passage in passages)
    sent = arrived - refused - cached
    return Flow(
        arrived=arrived / FLOW_MINUTES,
        refused=refused / FLOW_MINUTES,
        protected=sum(passage.pseudonymised for passage in passages) / FLOW_MINUTES,
        cached=cached / FLOW_MINUTES,
        sent=sent / FLOW_MINUTES,
        tries=(sent + fallbacks) / sent if sent else 1.0,
        refusals=tuple(refusals.most_common()),
    )


def _providers(
    journal: Journal,
    targets: Sequence[TargetState],
    counts: Iterable[Count],
    latencies: Iterable[LatencyCount],
    end_us: int,
) -> tuple[ProviderFigures, ...]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for count in counts:
        if count.outcome != "cached":
            tallies[count.provider].add(count)
    for latency in latencies:
        if latency.outcome != "cached":
            tallies[latency.provider].bins[latency.latency_bin] += latency.requests
    hour = journal.counts(end_us - BEATS * BEAT_S * 1_000_000, end_us, BEAT_S * 1_000_000)
    return tuple(_provider(target, tallies[target.name], hour) for target in targets)


def _provider(target: TargetState, tally: _Tally, hour: Iterable[Count]) -> ProviderFigures:
    requests: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for count in hour:
        if count.provider == target.name and count.outcome != "cached":
            requests[count.slot] += count.requests
            failed[count.slot] += count.requests if count.outcome in FAILED else 0
    beats = tuple(Beat(requests[index], failed[index]) for index in range(BEATS))
    last = -(-FLOW_MINUTES * 60 // BEAT_S)
    per_minute = sum(beat.requests for beat in beats[-last:]) / (last * BEAT_S / 60)
    return ProviderFigures(judge(target, beats), tally.totals(), per_minute, beats)


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
