"""What the semantic cache was good for: hits and savings from the journal, refusals from this process's memory."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from leitstand.core.money import NanoEuro
from leitstand.gateway.semantic import Figures, Refused
from leitstand.reports.repository import Journal

PERIOD_DAYS = 30
PERIOD_US = PERIOD_DAYS * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class SemanticRow:
    """One use case. on: whether it wishes the semantic cache. similarity: mean cosine of the hits since the start
    of this process, None without any. skipped: look-ups that were too slow. refused: near answers that were not given, by reason, most frequent first.
    """

    use_case: str
    on: bool
    hits: int
    exact_hits: int
    misses: int
    saved_nano: NanoEuro
    similarity: float | None
    skipped: int
    refused: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SemanticSnapshot:
    """rows: use cases that wish it or had hits. refusals: the last ones, newest first."""

    rows: tuple[SemanticRow, ...] = ()
    refusals: tuple[Refused, ...] = ()


def take_semantic(
    journal: Journal, start_us: int, end_us: int, wishing: Set[str], since_start: Mapping[str, Figures],
    refusals: tuple[Refused, ...],
) -> SemanticSnapshot:  # fmt: skip
    """Add up [start, end). wishing: names of the use cases that have it on. Blocking: call it in a thread."""
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for each in journal.cached(start_us, end_us):
        counts.setdefault(each.use_case, {})[each.cache] = each.requests, each.saved_nano
    names = wishing | {name for name, by_cache in counts.items() if "semantic" in by_cache}
    rows = tuple(
        _row(name, name in wishing, counts.get(name, {}), since_start.get(name, Figures()))
        for name in sorted(names)
    )
    return SemanticSnapshot(rows, tuple(reversed(refusals)))


def _row(name: str, on: bool, by_cache: Mapping[str, tuple[int, int]], figures: Figures) -> SemanticRow:
    hits, saved = by_cache.get("semantic", (0, 0))
    return SemanticRow(
        use_case=name,
        on=on,
        hits=hits,
        exact_hits=by_cache.get("hit", (0, 0))[0],
        misses=by_cache.get("miss", (0, 0))[0],
        saved_nano=NanoEuro(saved),
        similarity=figures.similarity_sum / figures.hits if figures.hits else None,
        skipped=figures.skipped,
        refused=tuple(figures.refused.most_common()),
    )
