"""One booked request as the replay sees it: the columns and details of its record that cost money or time."""

from typing import NamedTuple

import msgspec

from leitstand.accounting.pricelists.snapshots import BookedRecord
from leitstand.core.conversation import Unit, Usage


class TierFacts(msgspec.Struct, frozen=True):
    """judged: the tier that the request's own text asked for."""

    judged: str = ""


class Facts(msgspec.Struct, frozen=True):
    """What of a record's detail counts here. same: digest of the whole question (gateway/repeats.py)."""

    dialect: str = "chat"
    stream: bool = False
    answered_as: str = ""
    price: str = ""
    same: str = ""
    recalled: int = 0
    cache_write_tokens: int = 0
    units: dict[str, int] = {}
    tier: TierFacts = TierFacts()


_facts = msgspec.json.Decoder(Facts)


class Call(NamedTuple):
    """Columns of `store.schema.journal`."""

    time_us: int
    use_case: str
    model: str
    provider: str
    provider_model: str
    data_class: str
    outcome: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_nano: int
    saved_nano: int
    latency_us: int
    first_token_us: int
    cache: str
    estimated: bool
    unpriced: bool
    detail: str

    def facts(self) -> Facts:
        """The rest of the record."""
        return _facts.decode(self.detail)

    @property
    def is_cached(self) -> bool:
        """Whether no model was asked."""
        return self.outcome == "cached"


def record_of(call: Call) -> BookedRecord:
    """As the proof of costs reads it."""
    return BookedRecord(
        "",
        call.outcome,
        call.input_tokens,
        call.output_tokens,
        call.cached_tokens,
        call.cost_nano,
        call.detail,
    )


def usage_of(call: Call, facts: Facts) -> Usage:
    """What was billed."""
    unit, units = next(iter(facts.units.items()), ("", 0))
    return Usage(
        call.input_tokens, call.output_tokens, call.cached_tokens, facts.cache_write_tokens,
        call.reasoning_tokens, units, call.estimated, None, _unit(unit),
    )  # fmt: skip


def _unit(word: str) -> Unit:
    unit: Unit = msgspec.convert(word, Unit) if word else ""
    return unit
