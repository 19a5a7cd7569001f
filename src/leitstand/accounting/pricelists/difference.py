"""What a price list would change: for the models in use in figures and euros, for all others as counts."""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from leitstand.accounting.catalogue import Catalogue
from leitstand.accounting.pricebook import PriceBook
from leitstand.accounting.prices import Price, cost
from leitstand.core.classes import Region
from leitstand.core.clock import Clock
from leitstand.core.conversation import Usage

Direction = Literal["rises", "falls", "mixed", "new", "gone", "same"]
PERIOD_DAYS = 30


class Place(NamedTuple):
    """A model at a provider, as the configuration names both. names: the public models that lead there."""

    provider: str
    kind: str
    region: Region
    model: str
    names: tuple[str, ...] = ()

    def price(self, book: PriceBook) -> Price:
        """What it costs today."""
        return book.price(self.provider, self.kind, self.region, self.model)


class Figures(msgspec.Struct, frozen=True):
    """A price in EUR per million tokens."""

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal


class Change(msgspec.Struct, frozen=True):
    """One model in use. before, after: None where no price is known. effect_nano: what the usage of the last
    `PERIOD_DAYS` would have cost more (less: negative); tokens: how many those were."""

    provider: str
    model: str
    direction: Direction
    before: Figures | None
    after: Figures | None
    tokens: int
    effect_nano: int


class Difference(msgspec.Struct, frozen=True):
    """changes: every model in use. new, gone, changed: models of the whole list, in use or not."""

    changes: tuple[Change, ...]
    new: int = 0
    gone: int = 0
    changed: int = 0

    @property
    def effect_nano(self) -> int:
        """Of all models in use together."""
        return sum(change.effect_nano for change in self.changes)


def compare(
    places: Sequence[Place], before: PriceBook, after: PriceBook, used: Mapping[tuple[str, str], Usage]
) -> Difference:
    """The models in use under both price books. used: by provider and model, in the last `PERIOD_DAYS`."""
    changes = (
        _change(place, place.price(before), place.price(after), used.get((place.provider, place.model)))
        for place in places
    )
    return Difference(tuple(changes))


def with_lists(found: Difference, before: Catalogue, after: Catalogue, clock: Clock) -> Difference:
    """The same with counts over all models of both lists."""
    old, new = (
        {(provider, model): (price.tariff, price.tiers, price.units) for provider, model, price in each.all(clock.now())}
        for each in (before, after)
    )  # fmt: skip
    return msgspec.structs.replace(
        found,
        new=len(new.keys() - old.keys()),
        gone=len(old.keys() - new.keys()),
        changed=sum(old[place] != new[place] for place in old.keys() & new.keys()),
    )


def _change(place: Place, before: Price, after: Price, used: Usage | None) -> Change:
    usage = used or Usage()
    # Sums of many calls say nothing of how long each prompt was, so the tariff of short ones is taken.
    costs = [cost(usage, dataclasses.replace(price, tiers=())) for price in (before, after)]
    return Change(
        place.provider,
        place.model,
        _direction(before, after),
        _figures(before),
        _figures(after),
        usage.input_tokens + usage.output_tokens,
        costs[1] - costs[0],
    )


def _figures(price: Price) -> Figures | None:
    return None if price.unpriced else Figures(*price.tariff)


def _direction(before: Price, after: Price) -> Direction:
    if before.unpriced or after.unpriced:
        return "same" if before.unpriced and after.unpriced else "new" if before.unpriced else "gone"
    steps = [new - old for old, new in zip(_all(before), _all(after), strict=False)]
    rises, falls = any(step > 0 for step in steps), any(step < 0 for step in steps)
    if rises and falls:
        return "mixed"
    return "rises" if rises else "falls" if falls else "same"


def _all(price: Price) -> list[Decimal]:
    tiers = [value for tier in price.tiers for value in tier.tariff]
    return [*price.tariff, *(value or Decimal(0) for value in price.units), *tiers]
