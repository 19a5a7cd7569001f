"""Price snapshots: the price that a record was booked at, kept to the last digit, and the record's cost from it again.

A record names its price in `detail.price`. One that several attempts made names each of them with its own usage in
`detail.booked`. Decision: 0018.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from leitstand.accounting.prices import Price, Tariff, Tier, UnitPrices, cost
from leitstand.core.conversation import Unit, Usage

Verdict = Literal["proven", "differs", "unknown"]
_FREE = ("cached",)
_USAGE = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "units", "unit")


class _Body(msgspec.Struct, frozen=True):
    """A price as JSON; decimals are texts, so that no digit is lost."""

    tariff: list[Decimal]
    tiers: list[tuple[int, list[Decimal]]]
    source: str
    currency: str
    rate: Decimal
    rate_day: date | None
    uplift: Decimal
    units: list[Decimal | None]
    unpriced: bool
    model: str


def encode(price: Price) -> str:
    """The price as a text that `decode` reads back."""
    body = _Body(
        list(price.tariff), [(tier.above, list(tier.tariff)) for tier in price.tiers], price.source, price.currency,
        price.rate, price.rate_day, price.uplift, list(price.units), price.unpriced, price.model,
    )  # fmt: skip
    return msgspec.json.encode(body).decode()


def decode(text: str) -> Price:
    """The price of a text; raises msgspec.DecodeError for anything else."""
    body = msgspec.json.decode(text, type=_Body)
    return Price(
        tariff=Tariff(*body.tariff),
        source=body.source,
        tiers=tuple(Tier(above, Tariff(*tariff)) for above, tariff in body.tiers),
        currency=body.currency,
        rate=body.rate,
        rate_day=body.rate_day,
        uplift=body.uplift,
        units=UnitPrices(*body.units),
        unpriced=body.unpriced,
        model=body.model,
    )


def booked(usage: Usage, price: Price, cost_nano: int) -> dict[str, Any]:
    """One attempt of several for `detail.booked`: only what says something."""
    facts = {name: value for name in _USAGE if (value := getattr(usage, name))}
    return {"price": price.snapshot, "nano": cost_nano, **facts}


class BookedRecord(NamedTuple):
    """What a journal record says of its cost."""

    id: str
    outcome: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_nano: int
    detail: str


@dataclass(frozen=True)
class Proof:
    """Whether a record's cost comes out of its prices again. recomputed_nano: None where a price is not kept."""

    id: str
    cost_nano: int
    recomputed_nano: int | None

    @property
    def verdict(self) -> Verdict:
        """Equal to the nano-euro, different, or not to be told."""
        if self.recomputed_nano is None:
            return "unknown"
        return "proven" if self.recomputed_nano == self.cost_nano else "differs"


def prices_of(record: BookedRecord) -> frozenset[str]:
    """The ids of the snapshots that a record names."""
    return frozenset(price for price, _ in _parts(record))


def prove(record: BookedRecord, known: Mapping[str, Price]) -> Proof:
    """Compute a record's cost again. known: the snapshots that `prices_of` names, as far as they are kept."""
    if record.outcome in _FREE or not record.cost_nano:
        return Proof(record.id, record.cost_nano, 0)
    parts = list(_parts(record))
    if not parts or any(price not in known for price, _ in parts):
        return Proof(record.id, record.cost_nano, None)
    return Proof(record.id, record.cost_nano, sum(cost(usage, known[price]) for price, usage in parts))


def _parts(record: BookedRecord) -> Iterator[tuple[str, Usage]]:
    detail: dict[str, Any] = msgspec.json.decode(record.detail)
    unit: Unit
    if several := detail.get("booked"):
        for part in several:
            yield part["price"], Usage(**{name: part[name] for name in _USAGE if name in part})
    elif price := detail.get("price"):
        unit, units = next(iter(detail.get("units", {}).items()), ("", 0))
        yield (
            price,
            Usage(
                record.input_tokens, record.output_tokens, record.cached_tokens,
                detail.get("cache_write_tokens", 0), units=units, unit=unit,
            ),
        )  # fmt: skip
