"""What people do with prices: see those in force, compare and take a file, import exchange rates, prove records."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from leitstand.accounting.catalogue import Catalogue
from leitstand.accounting.pricebook import PriceBook, PriceRow
from leitstand.accounting.pricelists.book import (
    Imported,
    ImportedPrices,
    own_row,
    own_rows,
    places,
    price_book,
)
from leitstand.accounting.pricelists.difference import PERIOD_DAYS, Difference, Place, compare, with_lists
from leitstand.accounting.pricelists.ecb import read_rates
from leitstand.accounting.pricelists.read import ListFile, OwnFile, read_prices
from leitstand.accounting.pricelists.repository import PriceRows, Version
from leitstand.accounting.pricelists.snapshots import Proof, prices_of, prove
from leitstand.accounting.prices import Price
from leitstand.accounting.rates import EURO, Rate
from leitstand.accounting.uplifts import UPLIFTS
from leitstand.configuration import repository as stored
from leitstand.configuration.apply import Editor
from leitstand.configuration.checks import SHIPPED_CURRENCIES
from leitstand.configuration.current import Configuration
from leitstand.configuration.file import Document, Entry
from leitstand.configuration.kinds import plain
from leitstand.configuration.models import ExchangeRate
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.ids import new_id
from leitstand.journal.records import Record

STALE_DAYS = 35
"""An exchange rate older than this is told as old: a month and the days until somebody imports the next."""
SAMPLE = 500
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class PriceInForce:
    """A model in use with its price of today. since_us: when this very price was first used; None: not yet."""

    place: Place
    price: Price
    since_us: int | None
    valid_from: date | None
    uplift_source: str


@dataclass(frozen=True)
class RateInForce:
    """The rate that counts today, and how old it is."""

    rate: Rate
    age_days: int

    @property
    def is_old(self) -> bool:
        """Whether somebody should import newer ones."""
        return self.age_days > STALE_DAYS


@dataclass(frozen=True)
class Proven:
    """How many records were computed again. differs: those that came out otherwise. unknown: without a kept price."""

    records: int
    proven: int
    differs: tuple[Proof, ...]
    unknown: int


@dataclass(frozen=True)
class PriceTable:
    """All prices in force. source: of the list."""

    prices: tuple[PriceInForce, ...]
    rates: tuple[RateInForce, ...]
    source: str
    versions: tuple[Version, ...]

    @property
    def unpriced(self) -> tuple[Place, ...]:
        """Models in use without a known price."""
        return tuple(each.place for each in self.prices if each.price.unpriced)


@dataclass(frozen=True)
class PriceDesk:
    """Blocking: call it in a thread.

    record: keeps an audit record durably. configuration: the one in force. refresh: takes over a change now.
    """

    editor: Editor
    record: Callable[[Record], None]
    clock: Clock
    configuration: Callable[[], Configuration]
    refresh: Callable[[], None]
    rows: PriceRows = field(init=False)
    _imported: ImportedPrices = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", PriceRows(self.editor.engine))
        object.__setattr__(self, "_imported", ImportedPrices(lambda: self.editor.engine))

    # ------------------------------------------------------------ in force

    def table(self, most_versions: int = 20) -> PriceTable:
        """The prices of today."""
        configuration, book = self.configuration(), self.book()
        first = self.rows.first_used()
        found = []
        for place in places(configuration):
            price, row = place.price(book), book.row(place.provider, place.model)
            found.append(
                PriceInForce(
                    place, price, first.get(price.snapshot), row.valid_from if row else None, _uplift_source(place, price)
                )
            )  # fmt: skip
        rates = sorted({each.price.currency for each in found if each.price.rate_day} | {"USD"})
        return PriceTable(
            tuple(found),
            tuple(self._rate(book, currency) for currency in rates),
            book.source,
            tuple(self.rows.versions(most_versions)),
        )

    def book(self, also: tuple[str, ...] = ()) -> PriceBook:
        """The price book of now, as the gateway has it. also: further currencies to know the rates of."""
        configuration = self.configuration()
        return price_book(configuration, self.clock, self._imported.now(configuration, also))

    def _rate(self, book: PriceBook, currency: str) -> RateInForce:
        rate = book.rates.on(currency, book.today())
        return RateInForce(rate, (book.today() - rate.day).days)

    # ------------------------------------------------------------ import

    def propose(self, data: bytes, name: str, actor: str) -> Version:
        """Read a price file, compare it and keep it for `take`; nothing changes yet. Raises InvalidRequest."""
        version = self.preview(data, name, actor)
        self.rows.add(version, data)
        return version

    def preview(self, data: bytes, name: str, actor: str) -> Version:
        """Read a price file and compare it; nothing is kept. Raises InvalidRequest."""
        file = read_prices(data, name)
        kind = "list" if isinstance(file, ListFile) else "own"
        return Version(
            new_id("prl"), kind, name[:200], hashlib.sha256(data).hexdigest(), file.entries, self.compare(file),
            self.clock.time_us(), actor,
        )  # fmt: skip

    def compare(self, file: ListFile | OwnFile) -> Difference:
        """What a file would change."""
        configuration = self.configuration()
        imported = self._imported.now(configuration)
        before = price_book(configuration, self.clock, imported)
        until_us = self.clock.time_us() + 1
        used = self.rows.used(until_us - PERIOD_DAYS * _DAY_US, until_us)
        if isinstance(file, OwnFile):
            return compare(places(configuration), before, self._with_own(configuration, imported, file), used)
        after = price_book(configuration, self.clock, Imported(file.catalogue, imported.rates))
        found = compare(places(configuration), before, after, used)
        return with_lists(found, imported.catalogue or Catalogue(), file.catalogue, self.clock)

    def _with_own(self, configuration: Configuration, imported: Imported, file: OwnFile) -> PriceBook:
        new = [own_row(price) for price in file.prices]
        replaced = {(row.provider, row.model, row.valid_from) for row in new}
        kept = [
            row
            for row in own_rows(configuration)
            if (row.provider, row.model, row.valid_from) not in replaced
        ]
        # A price that begins later is compared as if it had begun: that is what people want to see before.
        shown = [_begun(row, self.clock.now().date()) for row in new]
        try:
            return PriceBook(
                self.clock, [*kept, *shown], imported.rates, timezone=configuration.organisation.timezone,
                catalogue=imported.catalogue,
            )  # fmt: skip
        except KeyError as cause:
            raise InvalidRequest(
                f"Für {cause.args[0]} gibt es keinen Wechselkurs. Importieren Sie zuerst die Kurse der EZB.",
                f"There is no exchange rate for {cause.args[0]}. Import the rates of the ECB first.",
            ) from cause

    def take(self, number: str, actor: str) -> Version:
        """A file that was compared comes into force, from the next request on; booked records stay as they are.

        An older list may be taken again. Raises NotFound, InvalidRequest, or ConfigurationRefused for own prices.
        """
        version = self.rows.version(number)
        if version is None or version.kind == "rates":
            raise NotFound("Diesen Preisimport gibt es nicht.", "There is no such price import.")
        if version.kind == "own":
            file = read_prices(self.rows.body(number), version.source)
            assert isinstance(file, OwnFile)
            self._set_own(file, actor)
        time_us = self.clock.time_us()
        with stored.changing(self.rows.engine) as connection:
            self.rows.take(connection, number, time_us, actor)
            self._note("accounting.price_list.taken", actor, {
                "import": number, "source": version.source, "sha256": version.sha256, "kind": version.kind,
                "entries": version.entries,
            })  # fmt: skip
        self.refresh()
        taken = self.rows.version(number)
        assert taken is not None
        return taken

    def _set_own(self, file: OwnFile, actor: str) -> None:
        """Into the configuration, all or none; with the imported rate of a currency that it does not know yet."""
        entries = [Entry("price", price.key, plain(price)) for price in file.prices]
        known = {rate.currency for rate in self.configuration().exchange_rates.values()} | set(
            SHIPPED_CURRENCIES
        )
        missing = {price.currency for price in file.prices} - known - {EURO}
        rates = self.rows.rates() if missing else []
        for rate in rates:
            if rate.currency in missing:
                body = {"currency": rate.currency, "date": rate.day, "per_euro": rate.per_euro}
                found = ExchangeRate.model_validate(body)
                entries.append(Entry("exchange_rate", found.key, plain(found)))
        self.editor.apply(Document(tuple(entries), ()), actor)

    def import_rates(self, data: bytes, name: str, actor: str) -> Version:
        """Take the ECB's rates over; booked records stay as they are. Raises InvalidRequest."""
        rates = read_rates(data, name)
        time_us = self.clock.time_us()
        version = Version(
            new_id("prl"), "rates", name[:200], hashlib.sha256(data).hexdigest(), len(rates), Difference(()), time_us,
            actor, time_us, actor,
        )  # fmt: skip
        self.rows.add(version, data)
        with stored.changing(self.rows.engine) as connection:
            self.rows.put_rates(connection, rates, version.id)
            self._note("accounting.exchange_rates.imported", actor, {
                "import": version.id, "source": name[:200], "sha256": version.sha256, "rates": len(rates),
                "first": min(rate.day for rate in rates).isoformat(), "last": max(rate.day for rate in rates).isoformat(),
            })  # fmt: skip
        self.refresh()
        return version

    def _note(self, kind: str, actor: str, detail: Mapping[str, Any]) -> None:
        self.record(
            Record(id=new_id("evt"), kind=kind, time_us=self.clock.time_us(), user=actor, detail=dict(detail))
        )

    # ------------------------------------------------------------ proof

    def prove(self, days: int = PERIOD_DAYS, most: int | None = SAMPLE) -> Proven:
        """Compute the cost of booked records again from the prices they name. most: the newest so many; None: all."""
        until_us = self.clock.time_us() + 1
        known: dict[str, Price] = {}
        records = proven = unknown = 0
        differs: list[Proof] = []
        for page in self.rows.booked(until_us - days * _DAY_US, until_us, most):
            wanted = {number for record in page for number in prices_of(record)} - known.keys()
            known |= self.rows.snapshots(wanted)
            for record in page:
                proof = prove(record, known)
                records += 1
                proven += proof.verdict == "proven"
                unknown += proof.verdict == "unknown"
                if proof.verdict == "differs":
                    differs.append(proof)
        return Proven(records, proven, tuple(differs), unknown)


def _begun(row: PriceRow, today: date) -> PriceRow:
    return replace(row, valid_from=today) if row.valid_from and row.valid_from > today else row


def _uplift_source(place: Place, price: Price) -> str:
    if price.uplift == 1:
        return ""
    rows = (row for row in UPLIFTS if row.kind == place.kind and row.region == place.region)
    return next((row.source for row in rows if row.models.match(place.model.lower())), "")
