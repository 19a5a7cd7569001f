"""What tokens cost: a price as a value, and the cost of a usage under it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from leitstand.core.conversation import Usage
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
    """

    tariff: Tariff
    source: str
    tiers: Sequence[Tier] = ()
    currency: str = "EUR"
    rate: Decimal = Decimal(1)
    rate_day: date | None = None
    uplift: Decimal = Decimal(1)
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
        )
        return hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()

    def at(self, input_tokens: int) -> Tariff:
        """The tariff of a call with so many input tokens."""
        for tier in reversed(self.tiers):
            if input_tokens > tier.above:
                return tier.tariff
        return self.tariff


def free(source: str) -> Price:
    """A price of nothing, for models in the house."""
    zero = Decimal(0)
    return Price(Tariff(zero, zero, zero, zero), source)


def cost(usage: Usage, price: Price) -> NanoEuro:
    """What a call costs, rounded once, half up.

    `usage.input_tokens` includes cached and cache-write tokens, `output_tokens` the reasoning ones; a provider
    that counts more cached than input tokens is billed for the cached ones.
    """
    tariff = price.at(usage.input_tokens)
    fresh = max(usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
    total = (
        fresh * tariff.input
        + usage.cached_tokens * tariff.cached_input
        + usage.cache_write_tokens * tariff.cache_write
        + usage.output_tokens * tariff.output
    )
    return nano(total / MTOK)
