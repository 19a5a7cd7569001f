"""The ports of prices and reconciliation for page tests: every state at once; what is changed is noted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from leitstand.accounting.balance.repository import FOUND, RELEASED, VERIFIED, BalanceRecord
from leitstand.accounting.invoices.compare import Comparison, Day, ModelDifference
from leitstand.accounting.invoices.desk import Wish
from leitstand.accounting.invoices.repository import Check
from leitstand.accounting.pricelists.desk import PriceInForce, PriceTable, Proven, RateInForce
from leitstand.accounting.pricelists.difference import Change, Difference, Figures, Place
from leitstand.accounting.pricelists.repository import Version
from leitstand.accounting.prices import Price, Tariff, Tier, UnitPrices, free
from leitstand.accounting.rates import Rate
from leitstand.core.classes import Region
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.web.ports import Viewer

NOW_US = int(datetime(2026, 11, 17, 13, 32, tzinfo=UTC).timestamp() * 1_000_000)
_DAY_US = 86_400_000_000
_RATE = Rate("USD", date(2024, 12, 31), Decimal("1.0389"), "European Central Bank, 31 December 2024")


def tariff(*figures: str) -> Tariff:
    return Tariff(*(Decimal(each) for each in figures))


def in_force(place: Place, price: Price, days: int | None = 40) -> PriceInForce:
    since = None if days is None else NOW_US - days * _DAY_US
    return PriceInForce(place, price, since, None, "Mistral, Regional inference" if price.uplift != 1 else "")


_LISTED = {"source": "genai-prices 0.2.3", "currency": "USD", "rate": _RATE.per_euro, "rate_day": _RATE.day}
PRICES = (
    in_force(
        Place("openai-eu", "openai", Region.EU, "gpt-4o-mini", ("standard", "auto")),
        Price(tariff("0.144400000", "0.072190000", "0.1444", "0.5775"), **_LISTED),  # type: ignore[arg-type]
    ),
    in_force(
        Place("mistral", "mistral", Region.EU, "mistral-large-latest", ("gruendlich",)),
        Price(
            tariff("2.117600000", "2.1176", "2.1176", "6.3529"), uplift=Decimal("1.10"),
            tiers=[Tier(200_000, tariff("4.2", "4.2", "4.2", "9.5"))], **_LISTED,  # type: ignore[arg-type]
        ),
    ),
    in_force(
        Place("bilder", "openai_compatible", Region.EU, "flux", ("bild",)),
        Price(tariff("0", "0", "0", "0"), "override", units=UnitPrices(image=Decimal("0.04"))),
    ),
    in_force(Place("eigen", "openai_compatible", Region.EU, "unbekannt-70b", ("fremd",)),
             Price(tariff("20", "20", "20", "80"), "reservation", unpriced=True), None),
    in_force(Place("lokal-01", "openai_compatible", Region.LOCAL, "llama3.2:3b", ("haus",)), free("local")),
)  # fmt: skip


def figures(input_: str, output: str) -> Figures:
    return Figures(Decimal(input_), Decimal(input_) / 2, Decimal(input_), Decimal(output))


PROPOSED = Version(
    "prl_neu", "list", "genai-prices-2026-11.json", "ab" * 32, 2341,
    Difference(
        (
            Change("openai-eu", "gpt-4o-mini", "rises", figures("0.1444", "0.5775"), figures("0.2888", "1.1550"), 41_200_000, 6_410_000_000),
            Change("mistral", "mistral-large-latest", "falls", figures("2.1176", "6.3529"), figures("1.8", "5.4"), 3_100_000, -1_180_000_000),
            Change("eigen", "unbekannt-70b", "new", None, figures("0.6", "0.8"), 0, 0),
            Change("lokal-01", "llama3.2:3b", "same", figures("0", "0"), figures("0", "0"), 800_000, 0),
        ),
        new=12, gone=1, changed=87,
    ),
    NOW_US, "petra",
)  # fmt: skip
VERSIONS = (
    PROPOSED,
    Version("prl_ezb", "rates", "eurofxref-hist.csv", "cd" * 32, 23_100, Difference(()), NOW_US - 9 * _DAY_US, "petra", NOW_US - 9 * _DAY_US, "petra"),
    Version("prl_eigen", "own", "rahmenvertrag-2026.csv", "ef" * 32, 4, Difference(()), NOW_US - 20 * _DAY_US, "petra", NOW_US - 20 * _DAY_US, "petra"),
)  # fmt: skip


@dataclass
class MemoryPrices:
    acts: list[object] = field(default_factory=list)
    priced: bool = False
    versions: tuple[Version, ...] = VERSIONS

    async def table(self) -> PriceTable:
        rows = tuple(row for row in PRICES if not (self.priced and row.price.unpriced))
        rate = replace(_RATE, day=date(2026, 11, 16)) if self.priced else _RATE
        return PriceTable(
            rows, (RateInForce(rate, 1 if self.priced else 686),), "genai-prices 0.2.3", self.versions
        )

    async def proof(self) -> Proven:
        return Proven(500, 497, (), 3)

    async def propose(self, viewer: Viewer, data: bytes, name: str) -> Version:
        if not data.startswith(b"["):
            raise InvalidRequest(f"„{name}“ ist keine Preisliste.", f"'{name}' is no price list.")
        self.acts += [("propose", name, len(data)), viewer.name]
        return PROPOSED

    async def take(self, viewer: Viewer, number: str) -> None:
        self.acts += [("take", number), viewer.name]

    async def import_rates(self, viewer: Viewer, data: bytes, name: str) -> None:
        self.acts += [("rates", name, data), viewer.name]


TOLD = (
    BalanceRecord(VERIFIED, NOW_US, {"accounts": 48, "differences": 2, "mended": 1, "estimated_tokens": 21_000, "tokens": 4_100_000}),
    BalanceRecord(FOUND, NOW_US, {"scope": "user:anna", "measure": "tokens_per_day", "period": "2026-11-17", "kind": "counter_high", "difference": 800,
                         "mended": False}),
    BalanceRecord(RELEASED, NOW_US, {"scope": "company", "measure": "eur_per_month", "period": "2026-11", "kind": "loose_hold", "difference": "0.0125",
                            "journal": "2310.40", "other": "0.0125", "mended": True}),
)  # fmt: skip
CHECK = Check(
    "inv_eins", "openai-eu", "2026-10", "usage_2026-10.csv", "12" * 32,
    Comparison(
        "openai-costs", "USD", "utc", "USD 1.1604 (2026-10-01), USD 1.1571 (2026-10-30)",
        (
            ModelDifference("gpt-4o-mini", 41_200_000, 41_200_000, 12_410_000_000, 12_402_000_000, 0, 8_000_000, ("day_cut",), True),
            ModelDifference("gpt-4o", 3_900_000, 2_800_000, 22_100_000_000, 15_900_000_000, 6_200_000_000, 0, ("other_keys",), False),
            ModelDifference("dall-e-3", None, 0, 4_000_000_000, 2_900_000_000, None, None, ("price",), False),
        ),
        (
            Day(date(2026, 10, 3), "gpt-4o", 210_000, 90_000, 1_200_000_000, 500_000_000),
            Day(date(2026, 10, 31), "gpt-4o-mini", 1_300_000, 1_310_000, 400_000_000, 402_000_000),
        ),
        "differs", 12_000, 40,
    ),
    NOW_US - _DAY_US, "petra",
)  # fmt: skip


@dataclass
class MemoryReconciliation:
    acts: list[object] = field(default_factory=list)
    empty: bool = False

    def providers(self) -> tuple[str, ...]:
        return ("openai-eu", "mistral")

    async def told(self) -> Sequence[BalanceRecord]:
        return () if self.empty else TOLD

    async def verify(self, viewer: Viewer) -> None:
        self.acts += ["verify", viewer.name]

    async def checks(self) -> Sequence[Check]:
        return () if self.empty else (CHECK,)

    async def find(self, number: str) -> Check:
        if number != CHECK.id:
            raise NotFound("Diesen Abgleich gibt es nicht.", "There is no such comparison.")
        return CHECK

    async def check(self, viewer: Viewer, wish: Wish) -> Check:
        if b"Datum" in wish.data and not wish.columns:
            raise InvalidRequest("Zeile 2: „x“ ist kein Tag.", "Line 2: 'x' is no day.")
        self.acts += [wish, viewer.name]
        return CHECK
