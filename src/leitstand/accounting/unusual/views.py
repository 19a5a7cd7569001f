"""A finding as plain figures for programs: `/api/usage/unusual` and `leitstand usage unusual --json` show the same."""

from typing import Any

from leitstand.accounting.unusual.findings import finding_facts
from leitstand.accounting.unusual.repository import Finding
from leitstand.core.clock import from_us


def finding_view(finding: Finding) -> dict[str, Any]:
    """Amounts in EUR, tokens or requests; times ISO, null while it goes on or is not judged."""
    facts = finding_facts(finding)
    return {
        "id": facts.pop("finding"),
        **facts,
        "times": round(finding.times, 1),
        "found": _iso(finding.found_us),
        "last": _iso(finding.last_us),
        "ended": _iso(finding.ended_us),
        "verdict": finding.verdict,
        "note": finding.note,
        "judged": _iso(finding.judged_us),
        "judged_by": finding.judged_by,
    }


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
