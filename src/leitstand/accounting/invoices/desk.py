"""What people do with invoices: compare an export with the journal, and see the comparisons that were made."""

import calendar
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from leitstand.accounting.invoices.compare import Facts, Tolerance, compare
from leitstand.accounting.invoices.formats import Cut, Layout, own_layout
from leitstand.accounting.invoices.read import Invoice, read_invoice
from leitstand.accounting.invoices.repository import Check, InvoiceRows
from leitstand.accounting.pricebook import PriceBook
from leitstand.accounting.pricelists.desk import PriceDesk
from leitstand.accounting.prices import Price
from leitstand.accounting.rates import EURO
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.ids import new_id
from leitstand.journal.records import Record


@dataclass(frozen=True)
class Wish:
    """What to compare. month: ISO, "" for the one that most lines are of. columns: own layout, field to column.

    currency, cut: of an own layout. share: per cent that may differ; None: as `Tolerance` has it.
    """

    provider: str
    name: str
    data: bytes
    month: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    currency: str = EURO
    cut: Cut = "utc"
    share: Decimal | None = None


@dataclass(frozen=True)
class InvoiceDesk:
    """Blocking: call it in a thread."""

    prices: PriceDesk
    rows: InvoiceRows = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", InvoiceRows(self.prices.editor.engine))

    def providers(self) -> tuple[str, ...]:
        """The names that an invoice can belong to."""
        return tuple(self.prices.configuration().providers)

    def check(self, wish: Wish, actor: str) -> Check:
        """Compare and keep it; raises InvalidRequest for a file, month or provider that is none."""
        if wish.provider not in self.providers():
            known = ", ".join(self.providers())
            raise InvalidRequest(
                f"Einen Anbieter „{wish.provider}“ gibt es nicht. Eingerichtet sind: {known}.",
                f"There is no provider '{wish.provider}'. Configured are: {known}.",
            )
        invoice = read_invoice(wish.data, _layout(wish))
        month = _month(wish.month, invoice)
        zone = self._zone(invoice.cut)
        since, until = _borders(month, zone)
        facts = Facts(
            self.rows.booked(wish.provider, since, until, zone),
            self._to_euro(invoice.currency),
            self._price_of(wish.provider),
            self._rates(invoice, month),
            self.rows.lost_tokens(since, until),
        )
        tolerance = Tolerance() if wish.share is None else Tolerance(share=wish.share / 100)
        check = Check(
            new_id("inv"), wish.provider, month, wish.name[:200], hashlib.sha256(wish.data).hexdigest(),
            compare(invoice, month, facts, tolerance), self.prices.clock.time_us(), actor,
        )  # fmt: skip
        self.rows.put(check)
        self._note(check)
        return check

    def checks(self, most: int = 24) -> list[Check]:
        """The last comparisons, newest first."""
        return self.rows.checks(most)

    def find(self, number: str) -> Check:
        """One of them; raises NotFound."""
        found = self.rows.check(number)
        if found is None:
            raise NotFound("Diesen Abgleich gibt es nicht.", "There is no such comparison.")
        return found

    def _note(self, check: Check) -> None:
        found = check.comparison
        self.prices.record(
            Record(
                id=new_id("evt"), kind="accounting.invoice.checked", time_us=check.checked_us, user=check.checked_by,
                provider=check.provider,
                detail={
                    "check": check.id, "month": check.month, "source": check.source, "sha256": check.sha256,
                    "verdict": found.verdict, "billed_nano": found.billed_nano, "booked_nano": found.booked_nano,
                },
            )
        )  # fmt: skip

    def _zone(self, cut: Cut) -> tzinfo:
        return UTC if cut == "utc" else ZoneInfo(self.prices.configuration().organisation.timezone)

    def _all_rates(self, currency: str) -> PriceBook:
        book = self.prices.book(also=(currency,))
        if currency != EURO and currency not in book.rates.currencies:
            raise InvalidRequest(
                f"Für {currency} gibt es keinen Wechselkurs. Importieren Sie zuerst die Kurse der EZB.",
                f"There is no exchange rate for {currency}. Import the rates of the ECB first.",
            )
        return book

    def _to_euro(self, currency: str) -> Callable[[date], Decimal]:
        rates = self._all_rates(currency).rates
        return lambda day: 1 / rates.on(currency, day).per_euro

    def _rates(self, invoice: Invoice, month: str) -> str:
        """The rates of the first and the last day, in words."""
        if invoice.currency == EURO:
            return ""
        rates = self._all_rates(invoice.currency).rates
        first = date.fromisoformat(f"{month}-01")
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        used = dict.fromkeys(rates.on(invoice.currency, day) for day in (first, last))
        return ", ".join(f"{rate.currency} {rate.per_euro} ({rate.day})" for rate in used)

    def _price_of(self, provider: str) -> Callable[[str], Price | None]:
        book, found = self.prices.book(), self.prices.configuration().providers[provider]

        def price(model: str) -> Price | None:
            priced = book.price(provider, found.kind.value, found.place, model)
            return None if priced.unpriced else priced

        return price


def _layout(wish: Wish) -> Layout | None:
    return own_layout(wish.columns, wish.currency.upper(), wish.cut) if wish.columns else None


def _month(wish: str, invoice: Invoice) -> str:
    counted = Counter(f"{line.day:%Y-%m}" for line in invoice.lines)
    if not wish:
        return counted.most_common(1)[0][0]
    try:
        month = f"{datetime.strptime(wish, '%Y-%m').replace(tzinfo=UTC):%Y-%m}"
    except ValueError as cause:
        raise InvalidRequest(
            f"„{wish}“ ist kein Monat. Beispiel: 2026-10.", f"'{wish}' is no month. Example: 2026-10."
        ) from cause
    if month not in counted:
        there = ", ".join(sorted(counted))
        raise InvalidRequest(
            f"Die Datei enthält nichts aus {month}, sondern: {there}.",
            f"The file holds nothing of {month}, but: {there}.",
        )
    return month


def _borders(month: str, zone: tzinfo) -> tuple[int, int]:
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=zone)
    after = (first + timedelta(days=32)).replace(day=1)
    return int(first.timestamp() * 1_000_000), int(after.timestamp() * 1_000_000)
