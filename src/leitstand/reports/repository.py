"""SQL of the reports: figures grouped in the database, never rows of persons.

Every statement is portable between SQLite and PostgreSQL and reads a time range through an index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, case, func, select
from sqlalchemy.sql import ColumnElement

from leitstand.journal.records import INTERACTION, TOOL_CALL
from leitstand.reports.operations import COARSE_US, FINE_BINS, FINE_US
from leitstand.store.schema import journal

j = journal.c
ANSWERED = ("ok", "cached")
FAILED = ("failed", "lost")
REFUSED = "refused"
_BINS = 1 << 24  # more latency bins than a month has


@dataclass(frozen=True)
class Count:
    """A group of requests that share slot, provider and outcome."""

    slot: int
    provider: str
    outcome: str
    requests: int
    cost_nano: int
    saved_nano: int


@dataclass(frozen=True)
class Passage:
    """A group of requests that share outcome and error code: how far they came."""

    outcome: str
    code: str
    requests: int
    pseudonymised: int
    fallbacks: int


@dataclass(frozen=True)
class LatencyCount:
    """How many answered requests of a slot, provider and outcome fell into a latency bin (operations.bin_middle_s)."""

    slot: int
    provider: str
    outcome: str
    latency_bin: int
    requests: int


@dataclass(frozen=True)
class Recent:
    """One request, without the person."""

    id: str
    time_us: int
    use_case: str
    model: str
    provider: str
    data_class: str
    outcome: str
    code: str
    latency_us: int
    cost_nano: int


@dataclass(frozen=True)
class TieredRow:
    """One request whose model has tiers, without the person. detail: JSON of the record."""

    time_us: int
    use_case: str
    outcome: str
    cost_nano: int
    detail: str


@dataclass(frozen=True)
class CacheCount:
    """A group of requests of one use case. cache: hit, semantic or miss."""

    use_case: str
    cache: str
    requests: int
    saved_nano: int


@dataclass(frozen=True)
class ToolCount:
    """A group of tool calls of one MCP server that ended alike."""

    server: str
    outcome: str
    calls: int
    cost_nano: int


@dataclass(frozen=True)
class RecentTool:
    """One tool call, without the person."""

    id: str
    time_us: int
    use_case: str
    provider: str
    provider_model: str
    outcome: str
    code: str
    latency_us: int
    cost_nano: int


class Journal:
    """Reads figures from the journal. Blocking: call it in a thread. Sums are made int: PostgreSQL gives Decimal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def counts(self, start_us: int, end_us: int, slot_us: int) -> Sequence[Count]:
        """Requests of [start, end), grouped; slot: number of steps of `slot_us` since start."""
        slot = _slot(start_us, slot_us)
        query = (
            select(
                slot.label("slot"), j.provider, j.outcome, func.count(), func.sum(j.cost_nano),
                func.sum(j.saved_nano),
            )
            .where(*_between(start_us, end_us))
            .group_by("slot", j.provider, j.outcome)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return [
                Count(slot, provider, outcome, requests, int(cost), int(saved))
                for slot, provider, outcome, requests, cost, saved in connection.execute(query)
            ]

    def passages(self, start_us: int, end_us: int) -> Sequence[Passage]:
        """Requests of [start, end) by what became of them; for short ranges."""
        query = (
            select(
                j.outcome, j.code, func.count(), func.sum(j.pseudonymised), func.sum(j.fallback)
            )
            .where(*_between(start_us, end_us))
            .group_by(j.outcome, j.code)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return [
                Passage(outcome, code, requests, int(pseudonymised), int(fallbacks))
                for outcome, code, requests, pseudonymised, fallbacks in connection.execute(query)
            ]

    def latencies(self, start_us: int, end_us: int, slot_us: int) -> Sequence[LatencyCount]:
        """Latency bins of the answered requests of [start, end), grouped by slot and provider."""
        latency_bin = case(
            (j.latency_us < FINE_BINS * FINE_US, j.latency_us // FINE_US),
            else_=FINE_BINS + (j.latency_us - FINE_BINS * FINE_US) // COARSE_US,
        )
        place = _slot(start_us, slot_us) * _BINS + latency_bin  # one number groups a tenth quicker than two
        query = (
            select(place.label("place"), j.provider, j.outcome, func.count())
            .where(*_between(start_us, end_us), j.outcome.in_(ANSWERED))
            .group_by("place", j.provider, j.outcome)
        )
        with self._engine.connect() as connection:
            return [
                LatencyCount(place // _BINS, provider, outcome, place % _BINS, requests)
                for place, provider, outcome, requests in connection.execute(query)
            ]

    def tiered(self, start_us: int, end_us: int) -> Iterator[TieredRow]:
        """Requests of [start, end) whose record tells of tiers, newest first."""
        query = (
            select(j.time_us, j.use_case, j.outcome, j.cost_nano, j.detail)
            .where(*_between(start_us, end_us), j.detail.contains('"tier":{'))
            .order_by(j.time_us.desc())
        )
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield TieredRow(**row._mapping)

    def cached(self, start_us: int, end_us: int) -> Sequence[CacheCount]:
        """Requests of [start, end) that looked into a cache, by use case and what came of it."""
        query = (
            select(j.use_case, j.cache, func.count().label("requests"), func.sum(j.saved_nano).label("saved"))
            .where(*_between(start_us, end_us), j.cache.in_(("hit", "semantic", "miss")))
            .group_by(j.use_case, j.cache)
        )
        with self._engine.connect() as connection:
            return [
                CacheCount(row.use_case, row.cache, row.requests, int(row.saved))
                for row in connection.execute(query)
            ]

    def recent(self, limit: int) -> Sequence[Recent]:
        """The newest requests first."""
        query = (
            select(
                j.id, j.time_us, j.use_case, j.model, j.provider, j.data_class, j.outcome, j.code,
                j.latency_us, j.cost_nano,
            )
            .where(j.kind == INTERACTION)
            .order_by(j.time_us.desc())
            .limit(limit)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return [Recent(**row._mapping) for row in connection.execute(query)]

    def tool_counts(self, start_us: int, end_us: int) -> Sequence[ToolCount]:
        """Tool calls of [start, end) that reached a decision on a server, grouped."""
        query = (
            select(j.provider, j.outcome, func.count().label("calls"), func.sum(j.cost_nano).label("cost"))
            .where(j.kind == TOOL_CALL, j.time_us >= start_us, j.time_us < end_us, j.provider != "")
            .group_by(j.provider, j.outcome)
        )
        with self._engine.connect() as connection:
            return [
                ToolCount(row.provider, row.outcome, row.calls, int(row.cost))
                for row in connection.execute(query)
            ]

    def recent_tools(self, limit: int) -> Sequence[RecentTool]:
        """The newest tool calls first."""
        query = (
            select(
                j.id, j.time_us, j.use_case, j.provider, j.provider_model, j.outcome, j.code, j.latency_us,
                j.cost_nano,
            )
            .where(j.kind == TOOL_CALL)
            .order_by(j.time_us.desc())
            .limit(limit)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return [RecentTool(**row._mapping) for row in connection.execute(query)]

    def request(self, request_id: str) -> dict[str, Any] | None:
        """All columns of one request; None where the journal has none of that number (yet)."""
        query = select(journal).where(j.id == request_id, j.kind == INTERACTION)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else dict(row._mapping)


def _between(start_us: int, end_us: int) -> tuple[ColumnElement[bool], ...]:
    return j.kind == INTERACTION, j.time_us >= start_us, j.time_us < end_us


def _slot(start_us: int, slot_us: int) -> ColumnElement[int]:
    """Whole-number division on both databases; the operands are never negative."""
    return (j.time_us - start_us) // slot_us
