"""From the configuration and what was imported to the price book."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand.accounting.catalogue import Catalogue
from leitstand.accounting.pricebook import PriceBook, PriceRow
from leitstand.accounting.pricelists.difference import Place
from leitstand.accounting.pricelists.repository import PriceRows
from leitstand.accounting.prices import Price
from leitstand.accounting.rates import EURO, Rate
from leitstand.configuration import models as stored
from leitstand.configuration.current import Configuration
from leitstand.core.clock import Clock

LIST_CURRENCY = "USD"


@dataclass(frozen=True)
class Imported:
    """What was imported and counts. catalogue: None for the shipped one."""

    catalogue: Catalogue | None = None
    rates: tuple[Rate, ...] = ()


NOTHING = Imported()


class ImportedPrices:
    """Reads it, and a list only when another one has come into force: reading takes half a second."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        """engine: where to read now; of a database that is away, what was last known of it, without imports."""
        self._engine = engine
        self._read: tuple[str, Catalogue | None] = ("", None)

    def now(self, configuration: Configuration, also: tuple[str, ...] = ()) -> Imported:
        """All of it; the last known list and no imported rates while the tables are away. also: further currencies."""
        rows = PriceRows(self._engine())
        currencies = {LIST_CURRENCY, *also, *(price.currency for price in configuration.prices.values())} - {
            EURO
        }
        try:
            number = rows.in_force()
            if number != self._read[0]:
                version = rows.version(number)
                found = Catalogue.read(rows.body(number), version.source) if version else None
                self._read = (number, found)
            return Imported(self._read[1], tuple(rows.rates(currencies)))
        except SQLAlchemyError:
            return Imported(self._read[1])


def own_rows(configuration: Configuration) -> list[PriceRow]:
    """The negotiated prices, those of coming days too."""
    return [own_row(price) for price in configuration.prices.values()]


def own_row(price: stored.Price) -> PriceRow:
    """One of them."""
    return PriceRow(
        price.provider, price.model, price.input, price.output, price.cached_input, price.cache_write,
        price.currency, price.per_image, price.per_minute, price.per_search, price.valid_from,
    )  # fmt: skip


def price_book(
    configuration: Configuration, clock: Clock, imported: Imported = NOTHING,
    keep: Callable[[Price], None] | None = None,
) -> PriceBook:  # fmt: skip
    """Own prices over the list in force; configured exchange rates over imported ones of the same day."""
    configured = [
        Rate(rate.currency, rate.date, rate.per_euro, "exchange_rates")
        for rate in configuration.exchange_rates.values()
    ]
    return PriceBook(
        clock, own_rows(configuration), (*imported.rates, *configured),
        timezone=configuration.organisation.timezone, catalogue=imported.catalogue, keep=keep,
    )  # fmt: skip


def places(configuration: Configuration) -> list[Place]:
    """Every model at a provider that a public model leads to, in the order of the configuration."""
    names: dict[tuple[str, str], list[str]] = {}
    for model in configuration.models.values():
        for target in model.targets:
            if target.provider in configuration.providers:
                names.setdefault((target.provider, target.model), []).append(model.name)
    found = []
    for (name, model_id), public in names.items():
        provider = configuration.providers[name]
        found.append(Place(name, provider.kind.value, provider.place, model_id, tuple(dict.fromkeys(public))))
    return found
