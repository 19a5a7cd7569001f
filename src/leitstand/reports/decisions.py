"""Decisions of the past, read from the journal by the number of their request."""

import msgspec

from leitstand.policy.decisions import PastDecision, read_decision
from leitstand.reports.repository import Journal


def past_decision(journal: Journal, request_id: str) -> PastDecision | None:
    """The decision on a request; None where the journal has none of that number (yet)."""
    row = journal.request(request_id)
    return None if row is None else read_decision(row, msgspec.json.decode(row["detail"]))
