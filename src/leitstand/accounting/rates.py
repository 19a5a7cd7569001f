"""Exchange rates to the euro, by day."""

import tomllib
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
    """All known rates; given rows win over shipped ones of the same day."""

    def __init__(self, rows: Iterable[Rate] = ()) -> None:
        by_day = {(rate.currency, rate.day): rate for rate in (*shipped_rates(), *rows)}
        self._rates = sorted(by_day.values(), key=lambda rate: rate.day)

    def on(self, currency: str, day: date) -> Rate:
        """The latest rate on or before a day, or the oldest known if all are later.

        Raises KeyError for a currency without any rate.
        """
        if currency == EURO:
            return Rate(EURO, day, Decimal(1), "identity")
        rows = [rate for rate in self._rates if rate.currency == currency]
        if not rows:
            raise KeyError(currency)
        return next((rate for rate in reversed(rows) if rate.day <= day), rows[0])
