"""Exchange rates to the euro, by day."""

import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files

EURO = "EUR"


@dataclass(frozen=True, slots=True)
class Rate:
    """One euro bought `per_euro` units of `currency` on `day`."""

    currency: str
    day: date
    per_euro: Decimal
    source: str = ""


def shipped_rates() -> Sequence[Rate]:
    """The rows of `rates.toml`."""
    table = tomllib.loads(files("leitstand.accounting").joinpath("rates.toml").read_text("utf-8"))
    return tuple(
        Rate(row["currency"], row["date"], Decimal(row["per_euro"]), row["source"]) for row in table["rate"]
    )


class Rates:
    """All known rates; given rows win over shipped ones of the same day, later rows over earlier ones."""

    def __init__(self, rows: Iterable[Rate] = ()) -> None:
        by_day = {(rate.currency, rate.day): rate for rate in (*shipped_rates(), *rows)}
        self._rates: dict[str, list[Rate]] = {}
        for rate in sorted(by_day.values(), key=lambda rate: rate.day):
            self._rates.setdefault(rate.currency, []).append(rate)

    def on(self, currency: str, day: date) -> Rate:
        """The latest rate on or before a day, or the oldest known if all are later.

        Raises KeyError for a currency without any rate.
        """
        if currency == EURO:
            return Rate(EURO, day, Decimal(1), "identity")
        rows = self._rates[currency]
        return rows[max(bisect_right(rows, day, key=lambda rate: rate.day) - 1, 0)]

    @property
    def currencies(self) -> Sequence[str]:
        """Those with a rate, but for the euro."""
        return tuple(sorted(self._rates))
