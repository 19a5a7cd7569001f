"""Which tiers requests took, why, and what that saved: figures of a period, without persons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from leitstand.core.clock import from_us
from leitstand.core.tiers import Tier
from leitstand.reports.repository import ANSWERED, Journal, TieredRow

PERIOD_DAYS = 30
PERIOD_US = PERIOD_DAYS * 86_400_000_000


@dataclass(frozen=True)
class TierFigures:
    """One tier. full_nano: the same tokens at the largest tier open to each request, at the prices of then."""

    tier: Tier
    requests: int
    cost_nano: int
    full_nano: int


@dataclass(frozen=True)
class TierDecision:
    """One request. reasons: names of features with their points, the weightiest first; empty where pinned.

    why: judged, pinned or capped. passed: tiers in which policy left no target.
    """

    time: datetime
    use_case: str
    tier: Tier
    model: str
    why: str
    passed: tuple[str, ...]
    score: float | None
    reasons: tuple[tuple[str, float], ...]
    cost_nano: int


@dataclass(frozen=True)
class TierSnapshot:
    """The figures of a period and its last answered decisions. from_cache: answered without any model, in no sum."""

    figures: tuple[TierFigures, ...]
    recent: tuple[TierDecision, ...]
    from_cache: int

    @property
    def requests(self) -> int:
        return sum(each.requests for each in self.figures)

    @property
    def cost_nano(self) -> int:
        return sum(each.cost_nano for each in self.figures)

    @property
    def full_nano(self) -> int:
        return sum(each.full_nano for each in self.figures)


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    cost_nano: int = 0
    full_nano: int = 0


def take_tiers(journal: Journal, start_us: int, end_us: int, recent: int) -> TierSnapshot:
    """Add up [start, end). Blocking: call it in a thread; about 5 µs a request that took a tier."""
    sums, from_cache = {tier: _Sum() for tier in Tier}, 0
    last: list[TierDecision] = []
    for row in journal.tiered(start_us, end_us):
        entry = _entry(row)
        if entry is None or row.outcome not in ANSWERED:
            continue
        if len(last) < recent:
            last.append(_decision(row, entry))
        if row.outcome == "cached":
            from_cache += 1
        else:
            _add(sums[Tier(entry["taken"])], row.cost_nano, entry)
    figures = tuple(TierFigures(tier, s.requests, s.cost_nano, s.full_nano) for tier, s in sums.items())
    return TierSnapshot(figures, tuple(last), from_cache)


def _add(tier: _Sum, cost_nano: int, entry: Mapping[str, Any]) -> None:
    tier.requests += 1
    tier.cost_nano += cost_nano
    tier.full_nano += int(entry.get("full_nano", cost_nano))


def _entry(row: TieredRow) -> Mapping[str, Any] | None:
    """The tier decision in a record's detail; None where a downgrade replaced it."""
    entry = msgspec.json.decode(row.detail).get("tier")
    return entry if isinstance(entry, dict) and "taken" in entry else None


def _decision(row: TieredRow, entry: Mapping[str, Any]) -> TierDecision:
    features: Mapping[str, tuple[float, float]] = entry.get("features", {})
    reasons = ((name, points) for name, (_value, points) in features.items())
    return TierDecision(
        time=from_us(row.time_us),
        use_case=row.use_case,
        tier=Tier(entry["taken"]),
        model=entry["model"],
        why=entry["why"],
        passed=tuple(entry.get("passed", ())),
        score=entry.get("score"),
        reasons=tuple(sorted(reasons, key=lambda reason: -abs(reason[1]))),
        cost_nano=row.cost_nano,
    )
