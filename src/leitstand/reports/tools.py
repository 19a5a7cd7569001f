"""The figures of tools: per MCP server what was called, refused and spent. No persons.

Call: one `tool_call` in the journal. Failed: not reached, too slow, too large, or answered with an error of the tool.
Refused by a rule (right, policy, budget, run): not failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leitstand.core.clock import from_us
from leitstand.reports.repository import Journal

PERIOD_DAYS = 30
PERIOD_US = PERIOD_DAYS * 86_400_000_000
RECENT = 15


@dataclass(frozen=True)
class ToolFigures:
    """One server over the period."""

    calls: int = 0
    failed: int = 0
    refused: int = 0
    cost_nano: int = 0


@dataclass(frozen=True)
class RecentCall:
    """One call without the person who made it."""

    id: str
    time: datetime
    use_case: str
    server: str
    tool: str
    outcome: str
    code: str
    latency_s: float
    cost_nano: int


@dataclass(frozen=True)
class ToolSnapshot:
    """figures: by server. recent: newest first."""

    figures: Mapping[str, ToolFigures]
    recent: tuple[RecentCall, ...]


def take_tools(journal: Journal, end_us: int) -> ToolSnapshot:
    """The last PERIOD_DAYS. Blocking."""
    figures: dict[str, ToolFigures] = {}
    for row in journal.tool_counts(end_us - PERIOD_US, end_us):
        known = figures.get(row.server, ToolFigures())
        figures[row.server] = ToolFigures(
            known.calls + row.calls,
            known.failed + (row.calls if row.outcome in ("failed", "lost") else 0),
            known.refused + (row.calls if row.outcome == "refused" else 0),
            known.cost_nano + row.cost_nano,
        )
    recent = tuple(
        RecentCall(
            row.id, from_us(row.time_us), row.use_case, row.provider, row.provider_model, row.outcome, row.code,
            row.latency_us / 1e6, row.cost_nano,
        )
        for row in journal.recent_tools(RECENT)
    )  # fmt: skip
    return ToolSnapshot(figures, recent)
