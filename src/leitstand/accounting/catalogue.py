"""List prices of the public providers, from the open data set genai-prices.

The data set takes a quarter of a second to import, so it comes with the first question, not with this file.
It is used as shipped in the package, or as a file that somebody imported: no price changes by itself.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from leitstand.accounting.prices import NO_UNITS, Tariff, Tier, UnitPrices

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelPrice

# Our kinds of providers to the data set's ids.
PROVIDER_IDS: Mapping[str, str] = MappingProxyType(
    {
        "openai": "openai",
        "anthropic": "anthropic",
        "azure_openai": "azure",
        "gemini": "google",
        "vertex": "google",
        "cohere": "cohere",
        "together": "together",
        "mistral": "mistral",
        "bedrock": "aws",
    }
)
_CURRENCY = "USD"
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A list price in its own currency, per million tokens."""

    tariff: Tariff
    tiers: tuple[Tier, ...]
    currency: str
    source: str
    units: UnitPrices = NO_UNITS


class Catalogue:
    """Looks prices up; opening it loads the data set (0.25 s)."""

    def __init__(self, snapshot: "DataSnapshot | None" = None, source: str = "") -> None:
        """snapshot: an imported one, of that source; the shipped one by default."""
        import genai_prices
        from genai_prices.data_snapshot import get_snapshot

        self._snapshot = snapshot or get_snapshot()
        self.source = source or f"genai-prices {genai_prices.__version__}"

    @classmethod
    def read(cls, data: bytes, source: str) -> "Catalogue":
        """A catalogue of the data set's own JSON; raises ValueError for anything else."""
        from genai_prices.data_snapshot import DataSnapshot
        from genai_prices.types import (
            _providers_from_raw,
        )  # the package's own reader, which has no public name

        raw = json.loads(data)
        if not isinstance(raw, list) or not raw:
            raise ValueError("a list of providers is expected")
        try:
            providers = _providers_from_raw(raw)
        except TypeError as cause:  # a price by a measure that the installed package does not know
            raise ValueError(str(cause)) from cause
        return cls(DataSnapshot(providers, from_auto_update=False), source)

    def all(self, moment: datetime) -> Iterator[tuple[str, str, ListPrice]]:
        """(provider id, model id, price) of every model with a price at a moment."""
        for provider in self._snapshot.providers:
            for model in provider.models:
                price = _list_price(model.get_prices(moment), self.source)
                if price is not None:
                    yield provider.id, model.id, price

    def find(self, kind: str, provider: str, model: str, moment: datetime) -> ListPrice | None:
        """The list price at a moment (prices are dated, some change by time of day), or None if unknown.

        provider: our name of it; for a kind that the data set does not know, a name equal to one of its ids
        (such as `groq`) is taken. Of models that are not billed by token, those that transcribe are known.
        """
        provider_id = PROVIDER_IDS.get(kind, provider)
        try:
            _, found = self._snapshot.find_provider_model(model, None, provider_id, None)
        except LookupError:
            return None
        return _list_price(found.get_prices(moment), self.source)

    def context_tokens(self, kind: str, provider: str, model: str) -> int | None:
        """How long a prompt the model takes, as listed; None if unknown. Arguments as in `find`."""
        try:
            _, found = self._snapshot.find_provider_model(model, None, PROVIDER_IDS.get(kind, provider), None)
        except LookupError:
            return None
        return found.context_window


def _list_price(price: "ModelPrice", source: str) -> ListPrice | None:
    starts = {0} | {tier.start for value in vars(price).values() for tier in getattr(value, "tiers", ())}
    tariffs = {start: _tariff(price, start) for start in sorted(starts)}
    base = tariffs.pop(0)
    if base is None:
        return _by_second(price, source)
    tiers = tuple(Tier(start, tariff) for start, tariff in tariffs.items() if tariff is not None)
    return ListPrice(base, tiers, _CURRENCY, source)


def _by_second(price: "ModelPrice", source: str) -> ListPrice | None:
    """The price of a model that is billed by the length of the sound it is given, and by nothing else."""
    hour = getattr(price, "input_audio_hours", None)
    if not isinstance(hour, Decimal):
        return None
    nothing = Tariff(*[Decimal(0)] * 4)
    return ListPrice(nothing, (), _CURRENCY, source, UnitPrices(second=hour / _SECONDS_PER_HOUR))


def _tariff(price: "ModelPrice", start: int) -> Tariff | None:
    """The tariff above `start` input tokens; None for a model without any price per token."""
    given = {
        name: amount
        for name, value in vars(price).items()
        if name.endswith("_mtok") and (amount := _above(value, start)) is not None
    }
    if not given:
        return None
    fresh = given.get("input_mtok", _dearest(given, "input"))
    output = given.get("output_mtok", _dearest(given, "output"))
    cached = given.get("cache_read_mtok", fresh)
    return Tariff(fresh, cached, given.get("cache_write_mtok", fresh), output)


def _dearest(given: Mapping[str, Decimal], direction: str) -> Decimal:
    """A model without a price for text tokens (images, speech) is billed at the dearest kind that it has."""
    return max((amount for name, amount in given.items() if name.startswith(direction)), default=Decimal(0))


def _above(value: object, start: int) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    base: Decimal | None = getattr(value, "base", None)
    for tier in getattr(value, "tiers", ()):
        if tier.start <= start and start > 0:
            base = tier.price
    return base
