"""Numbers, money, times and dates as people in each language write them. The only place that formats.

German: 1.234,56 €; 0,4 ct; 87,4 %; 1,4 s; 14:32 Uhr; no-break space before units, minus sign U+2212.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from leitstand.core.money import NANO_PER_EURO, euro

NBSP = "\u00a0"
MINUS = "\u2212"
NONE = "–"  # what stands where there is no value
_LOCALES = {"de": Locale("de", "DE"), "en": Locale("en", "GB")}
_CENT = NANO_PER_EURO // 100


@dataclass(frozen=True)
class Quantity:
    """A number and its unit, apart, so that a page can set the unit smaller; `str` joins them."""

    value: str
    unit: str = ""
    gap: str = NBSP

    def __str__(self) -> str:
        return f"{self.value}{self.gap}{self.unit}" if self.unit else self.value


class Format:
    """The formats of one language and one time zone."""

    def __init__(self, language: str, zone: tzinfo) -> None:
        self.language = language
        self.zone = zone
        self._locale = _LOCALES[language]

    def number(self, value: float | Decimal, digits: int = 0) -> str:
        """With grouping and exactly `digits` decimals: `1.284`, `−0,2`."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=self._locale).replace("-", MINUS)

    def signed(self, value: float, digits: int = 0) -> str:
        """A difference with its sign: `+0,2`, `−54`, `±0`."""
        text = self.number(abs(value), digits)
        if round(value, digits) == 0:
            return f"±{text}"
        return ("+" if value > 0 else MINUS) + text

    def percent(self, share: float, digits: int = 1) -> Quantity:
        """A share of 1 as `87,4 %`."""
        return Quantity(self.number(share * 100, digits), "%", NBSP if self.language == "de" else "")

    def seconds(self, value_s: float) -> Quantity:
        """A duration: `0,04 s`, `1,4 s`, `12 s`, `3 min`."""
        if value_s >= 120:
            return Quantity(self.number(value_s / 60), "min")
        digits = 2 if value_s < 0.095 else 1 if value_s < 9.95 else 0
        return Quantity(self.number(value_s, digits), "s")

    def money(self, nano_euro: int) -> Quantity:
        """Euros from 1 € on, cents below: `94,18 €`, `0,4 ct`, `unter 0,1 ct`."""
        if abs(nano_euro) >= NANO_PER_EURO:
            amount = self.number(euro(nano_euro), 2)
            if self.language == "de":
                return Quantity(amount, "€")
            return Quantity(f"{MINUS}€{amount[1:]}" if amount.startswith(MINUS) else f"€{amount}")
        cents = Decimal(nano_euro) / _CENT
        if 0 < abs(cents) < Decimal("0.05"):
            return Quantity(("unter " if self.language == "de" else "below ") + self.number(0.1, 1), "ct")
        return Quantity(self.number(cents, 1 if cents and abs(cents) < 10 else 0), "ct")

    def total(self, nano_euro: int) -> Quantity:
        """A sum in an overview: above 100 € without cents: `4.000 €`."""
        if abs(nano_euro) < 100 * NANO_PER_EURO:
            return self.money(nano_euro)
        amount = self.number(euro(nano_euro))
        return Quantity(amount, "€") if self.language == "de" else Quantity(f"€{amount}")

    def time(self, moment: datetime) -> str:
        """`14:32 Uhr`; English `14:32`."""
        return f"{self.clock(moment)}{NBSP}Uhr" if self.language == "de" else self.clock(moment)

    def clock(self, moment: datetime, *, seconds: bool = False) -> str:
        """`14:32` or `14:32:08`, for tables and axes."""
        return f"{moment.astimezone(self.zone):{'%H:%M:%S' if seconds else '%H:%M'}}"

    def date(self, moment: datetime) -> str:
        """`17.11.2026`; English `17/11/2026`."""
        return format_date(
            moment.astimezone(self.zone),
            format="dd.MM.yyyy" if self.language == "de" else "dd/MM/yyyy",
            locale=self._locale,
        )

    def short_date(self, moment: datetime) -> str:
        """`17.11.`; English `17 Nov`."""
        pattern = "dd.MM." if self.language == "de" else "d MMM"
        return format_date(moment.astimezone(self.zone), format=pattern, locale=self._locale)

    def weekday(self, moment: datetime) -> str:
        """`Di`; English `Tue`."""
        text = format_datetime(moment.astimezone(self.zone), format="ccc", locale=self._locale)
        return text.removesuffix(".")

    def stamp(self, moment: datetime) -> str:
        """`Di 17.11.2026 · 14:32`, for the message bar."""
        return f"{self.weekday(moment)} {self.date(moment)} · {self.clock(moment)}"

    def iso(self, moment: datetime) -> str:
        """For `<time datetime>`: with offset, to the second."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds")
