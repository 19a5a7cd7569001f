"""What tokens cost: a price as a value, and the cost of a usage under it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from leitstand.core.conversation import Unit, Usage
from leitstand.core.money import NanoEuro, nano

MTOK = 1_000_000


class Tariff(NamedTuple):
    """EUR per million tokens."""

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal

    def times(self, factor: Decimal, digits: Decimal) -> "Tariff":
        """All four multiplied and rounded to the exponent of `digits`."""
        return Tariff(*((value * factor).quantize(digits) for value in self))


class UnitPrices(NamedTuple):
    """EUR per picture, second of sound, search of a reranker, call of a tool; None where no price is known."""

    image: Decimal | None = None
    second: Decimal | None = None
    search: Decimal | None = None
    call: Decimal | None = None

    def of(self, unit: Unit) -> Decimal | None:
        """The price of one unit."""
        return getattr(self, unit) if unit else None

    def times(self, factor: Decimal, digits: Decimal) -> "UnitPrices":
        """All known ones multiplied and rounded to the exponent of `digits`."""
        return UnitPrices(*(None if value is None else (value * factor).quantize(digits) for value in self))


NO_UNITS = UnitPrices()
# What a unit without a known price is held and booked at: above the dearest on the lists of November 2026.
UNIT_RESERVATION = UnitPrices(Decimal("0.50"), Decimal("0.002"), Decimal("0.02"))


class Tier(NamedTuple):
    """The tariff of all tokens of a call whose input is longer than `above` tokens."""

    above: int
    tariff: Tariff


@dataclass(frozen=True)
class Price:
    """The price of a model on a day, in EUR.

    tiers: dearer tariffs for long prompts, by rising `above`. source: `override`, `genai-prices VERSION`,
    `local`, or `reservation` when no price is known; then `unpriced` is true and the figures are deliberately
    high. currency, rate, rate_day: what the list price was in, and the units of it that one euro bought.
    units: what comes on top of the tokens, or in their place.
    """

    tariff: Tariff
    source: str
    tiers: Sequence[Tier] = ()
    currency: str = "EUR"
    rate: Decimal = Decimal(1)
    rate_day: date | None = None
    uplift: Decimal = Decimal(1)
    units: UnitPrices = NO_UNITS
    unpriced: bool = False
    model: str = field(default="", compare=False)

    @property
    def input(self) -> Decimal:
        """EUR per million fresh input tokens of a short prompt."""
        return self.tariff.input

    @property
    def output(self) -> Decimal:
        """EUR per million output tokens after a short prompt."""
        return self.tariff.output

    @cached_property
    def snapshot(self) -> str:
        """Sixteen hex digits over everything above: equal prices have equal ids."""
        facts = (
            self.tariff,
            tuple(self.tiers),
            self.source,
            self.currency,
            self.rate,
            self.rate_day,
            self.uplift,
            *((self.units,) if any(value is not None for value in self.units) else ()),
        )
        return hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()

    def at(self, input_tokens: int) -> Tariff:
        """The tariff of a call with so many input tokens."""
        for tier in reversed(self.tiers):
            if input_tokens > tier.above:
                return tier.tariff
        return self.tariff

    def reserved(self, unit: Unit) -> Decimal:
        """EUR to hold for one unit: deliberately much where neither it nor the tokens have a known price."""
        known = self.units.of(unit)
        if known is not None:
            return known
        return Decimal(0) if self._has_tokens() else UNIT_RESERVATION.of(unit) or Decimal(0)

    def _has_tokens(self) -> bool:
        return not self.unpriced and any(self.tariff)


def free(source: str) -> Price:
    """A price of nothing, for models in the house."""
    zero = Decimal(0)
    return Price(Tariff(zero, zero, zero, zero), source, units=UnitPrices(zero, zero, zero))


def cost(usage: Usage, price: Price) -> NanoEuro:
    """What a call costs, tokens and units, rounded once, half up.

    `usage.input_tokens` includes cached and cache-write tokens, `output_tokens` the reasoning ones; a provider
    that counts more cached than input tokens is billed for the cached ones. Units without a known price cost
    nothing if the tokens were billed, else `UNIT_RESERVATION`: see `is_unpriced`.
    """
    tokens = _tokens_euro(usage, price)
    units = Decimal(0)
    if usage.units:
        known = price.units.of(usage.unit)
        if known is None and tokens == 0:
            known = UNIT_RESERVATION.of(usage.unit)
        units = usage.units * (known or Decimal(0))
    return nano(tokens + units)


def is_unpriced(usage: Usage, price: Price) -> bool:
    """Whether the cost is a deliberately high guess, for want of a price."""
    if price.unpriced:
        return True
    return bool(usage.units) and price.units.of(usage.unit) is None and _tokens_euro(usage, price) == 0


def _tokens_euro(usage: Usage, price: Price) -> Decimal:
    tariff = price.at(usage.input_tokens)
    fresh = max(usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
    total = (
        fresh * tariff.input
        + usage.cached_tokens * tariff.cached_input
        + usage.cache_write_tokens * tariff.cache_write
        + usage.output_tokens * tariff.output
    )
    return total / MTOK
