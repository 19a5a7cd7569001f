"""From journal records to sums by hour: what `usage_hour` holds."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from leitstand.accounting.periods import Calendar
from leitstand.journal.records import BOOKED

HOUR_US = 3_600_000_000


class Booked(NamedTuple):
    """The columns of a journal record that are added up; see `store.schema.journal`."""

    seq: int
    kind: str
    time_us: int
    user: str
    department: str
    use_case: str
    key_id: str
    model: str
    provider: str
    provider_model: str
    outcome: str
    input_tokens: int
    output_tokens: int
    cost_nano: int
    saved_nano: int
    unpriced: bool
    detail: str


class Place(NamedTuple):
    """What is kept apart; the key of `usage_hour`. model: the public name that answered."""

    hour_us: int
    user: str
    use_case: str
    key_id: str
    model: str
    provider: str
    provider_model: str
    department: str


class Sums(NamedTuple):
    """What is added up; the other columns of `usage_hour`, but for its day."""

    requests: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0
    saved_nano: int = 0
    unpriced: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def add_up(records: Iterable[Booked]) -> dict[Place, Sums]:
    """Sums of those records that book something."""
    found: dict[Place, Sums] = {}
    for record in records:
        if record.kind in BOOKED:
            place = _place(record)
            found[place] = found.get(place, _NOTHING).plus(_sums(record))
    return found


def day_of(place: Place, calendar: Calendar) -> str:
    """The local day of an hour. Time zones here are whole hours apart from UTC, so no hour lies in two days."""
    return calendar.period("day", place.hour_us / 1_000_000).label


def _place(record: Booked) -> Place:
    return Place(
        record.time_us // HOUR_US * HOUR_US, record.user, record.use_case, record.key_id, _answered_as(record),
        record.provider, record.provider_model, record.department,
    )  # fmt: skip


def _answered_as(record: Booked) -> str:
    if '"answered_as"' not in record.detail:
        return record.model
    return str(msgspec.json.decode(record.detail).get("answered_as", record.model))


def _sums(record: Booked) -> Sums:
    if record.outcome == "cached":
        return Sums(requests=1, cached=1, saved_nano=record.saved_nano)
    return Sums(
        1,
        0,
        record.input_tokens,
        record.output_tokens,
        record.cost_nano,
        record.saved_nano,
        int(record.unpriced),
    )


_NOTHING = Sums()
