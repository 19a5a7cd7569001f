"""A review for programs: `/api/usage/reviews` and `leitstand usage review --json` show the same."""

from typing import Any

import msgspec

from leitstand.core.clock import from_us
from leitstand.reports.review.repository import Kept
from leitstand.reports.review.told import records_command
from leitstand.reports.review.values import LEAST_PEOPLE


def review_view(kept: Kept) -> dict[str, Any]:
    """All figures as they are stored, money in nano-euro, and what people wrote. records_of: prints the records."""
    body: dict[str, Any] = msgspec.to_builtins(kept.review)
    return body | {
        "complete": kept.review.is_complete,
        "change_nano": kept.review.change_nano,
        "least_people": LEAST_PEOPLE,
        "records_of": records_command(kept.review),
        "revision": kept.revision,
        "created": _iso(kept.created_us),
        "created_by": kept.created_by,
        "notes": kept.notes,
        "notes_changed": _iso(kept.notes_us),
        "notes_by": kept.notes_by,
    }


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
