"""The price book: own prices first, then list prices with regional surcharges, never nothing for the unknown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from leitstand.accounting.catalogue import Catalogue, ListPrice
from leitstand.accounting.periods import Calendar
from leitstand.accounting.prices import Price, Tariff, Tier, UnitPrices, free
from leitstand.accounting.rates import EURO, Rate, Rates
from leitstand.accounting.uplifts import NONE, uplift
from leitstand.core.classes import Region
from leitstand.core.clock import Clock

# An unknown model is held and booked at this: above the dearest text model on the lists of November 2026 that
# a company would use for work, so that a budget errs to the safe side, and marked, so that somebody mends it.
RESERVATION = Tariff(Decimal(20), Decimal(20), Decimal(20), Decimal(80))
_DIGITS = Decimal("1e-9")  # of a price per million tokens: a billion tokens drift by less than a micro-euro
_UNIT_DIGITS = Decimal("1e-15")  # of a price per unit: a second of sound costs a hundredth of a cent
_FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A negotiated price, per million tokens in `currency`; what is None costs as much as fresh input.

    per_image, per_minute, per_search: for a picture, a minute of sound, a search of a reranker; None: unknown.
    No regional surcharge is added to it. model: as the provider calls it, or `*` for all others of the provider.
    valid_from: its first day; None: always. Of several the newest that has begun counts.
    """

    provider: str
    model: str
    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    currency: str = EURO
    per_image: Decimal | None = None
    per_minute: Decimal | None = None
    per_search: Decimal | None = None
    valid_from: date | None = None

    def units(self) -> UnitPrices:
        """The unit prices in the row's own currency."""
        second = None if self.per_minute is None else self.per_minute / 60
        return UnitPrices(self.per_image, second, self.per_search)

    def tariff(self) -> Tariff:
        """The four prices in the row's own currency."""
        cached = self.input if self.cached_input is None else self.cached_input
        write = self.input if self.cache_write is None else self.cache_write
        return Tariff(self.input, cached, write, self.output)


class PriceBook:
    """Answers with the price of now; immutable rows, replaced as a whole when the configuration changes."""

    def __init__(
        self,
        clock: Clock,
        rows: Iterable[PriceRow] = (),
        rates: Iterable[Rate] = (),
        *,
        timezone: str = "UTC",
        catalogue: Catalogue | None = None,
        keep: Callable[[Price], None] | None = None,
    ) -> None:
        """timezone: of the days on which prices and rates begin. catalogue: list prices; the shipped ones by default.

        keep: told of each price that is found, so that records booked with it can be proven; called on the event loop.
        """
        self._clock = clock
        self._calendar = Calendar(timezone)
        self._rows: dict[tuple[str, str], list[PriceRow]] = {}
        for row in sorted(rows, key=lambda row: row.valid_from or date.min, reverse=True):
            self._rows.setdefault((row.provider, row.model), []).append(row)
        self.rates = Rates(rates)
        for currency in {row.currency for same in self._rows.values() for row in same}:
            self.rates.on(currency, clock.now().date())  # a currency without a rate must fail here
        self._catalogue = catalogue
        self._keep = keep
        self._windows: dict[tuple[str, str, str], int | None] = {}
        self._cache: dict[tuple[str, str, Region, str], tuple[float, float, Price]] = {}

    def price(self, provider: str, kind: str, region: Region, model: str) -> Price:
        """The price of a model at a provider, cached for a minute of application time, never into the next day.

        provider: its name in the configuration; kind: which wire format (`openai`, `azure_openai` …).
        """
        key = (provider, kind, region, model)
        now_s = self._clock.time()
        known = self._cache.get(key)
        if known is not None and known[0] <= now_s < known[1]:
            return known[2]
        found = self._find(provider, kind, region, model)
        self._cache[key] = (now_s, min(now_s + _FRESH_S, self._calendar.period("day", now_s).ends_s), found)
        if self._keep is not None:
            self._keep(found)
        return found

    def today(self) -> date:
        """The day whose prices and rates count now."""
        return date.fromisoformat(self._calendar.period("day", self._clock.time()).label)

    def row(self, provider: str, model: str) -> PriceRow | None:
        """The own price that counts today; None where the list does."""
        today = self.today()
        rows = (*self._rows.get((provider, model), ()), *self._rows.get((provider, "*"), ()))
        return next((row for row in rows if row.valid_from is None or row.valid_from <= today), None)

    @property
    def source(self) -> str:
        """Of the list prices."""
        self.warm()
        assert self._catalogue is not None
        return self._catalogue.source

    def context_tokens(self, provider: str, kind: str, model: str) -> int | None:
        """How long a prompt a model takes, from the same list as its price; None if it is not there."""
        key = (provider, kind, model)
        if key not in self._windows:
            self._catalogue = self._catalogue or Catalogue()
            self._windows[key] = self._catalogue.context_tokens(kind, provider, model)
        return self._windows[key]

    def warm(self) -> None:
        """Load the list prices now (0.25 s), so that no request waits for it."""
        self._catalogue = self._catalogue or Catalogue()

    def _find(self, provider: str, kind: str, region: Region, model: str) -> Price:
        row = self.row(provider, model)
        if row is not None:
            own = ListPrice(row.tariff(), (), row.currency, "override", row.units())
            return self._in_euro(own, NONE, model)
        if region is Region.LOCAL:
            return free("local")
        self._catalogue = self._catalogue or Catalogue()
        listed = self._catalogue.find(kind, provider, model, self._clock.now())
        if listed is None:
            return Price(RESERVATION, "reservation", unpriced=True, model=model)
        return self._in_euro(listed, uplift(kind, region, model), model)

    def _in_euro(self, listed: ListPrice, factor: Decimal, model: str) -> Price:
        rate = self.rates.on(listed.currency, self.today())
        to_euro = factor / rate.per_euro
        return Price(
            tariff=listed.tariff.times(to_euro, _DIGITS),
            tiers=tuple(Tier(tier.above, tier.tariff.times(to_euro, _DIGITS)) for tier in listed.tiers),
            source=listed.source,
            currency=listed.currency,
            rate=rate.per_euro,
            rate_day=None if listed.currency == EURO else rate.day,
            uplift=factor,
            units=listed.units.times(to_euro, _UNIT_DIGITS),
            model=model,
        )
