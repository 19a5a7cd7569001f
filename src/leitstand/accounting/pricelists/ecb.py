"""Exchange rates of the European Central Bank: the history (eurofxref-hist.csv), one day (eurofxref.csv), also zipped.

First line: `Date, USD, JPY, …`; then a day per line, ISO in the history and `23 November 2026` in the daily file.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from leitstand.accounting.rates import Rate
from leitstand.core.errors import InvalidRequest

KEPT_DAYS = 800  # before the newest day of a file: this year, the last one, and the invoices of its end
_MOST_BYTES = 16 * 1024 * 1024
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December"), 1,
    )
}  # fmt: skip
_NONE = ("", "N/A")


def read_rates(data: bytes, source: str) -> Sequence[Rate]:
    """All rates of the last `KEPT_DAYS` of a file; raises InvalidRequest with the line that is wrong."""
    rows = csv.reader(io.StringIO(_text(data)))
    heads = [head.strip() for head in next(rows, [])]
    currencies = heads[1:]
    if not heads or heads[0] != "Date" or not any(currencies):
        raise InvalidRequest(
            "Das ist keine Kursdatei der EZB: Die erste Zeile muss mit „Date, USD, …“ beginnen. Gemeint ist "
            "eurofxref-hist.csv oder eurofxref.csv, auch als ZIP.",
            "This is no rate file of the ECB: its first line must begin with 'Date, USD, …'. Expected is "
            "eurofxref-hist.csv or eurofxref.csv, also as ZIP.",
        )
    rates = [rate for row in rows for rate in _rates(row, currencies, rows.line_num, source)]
    if not rates:
        raise InvalidRequest("Die Datei enthält keinen Kurs.", "The file holds no rate.")
    since = max(rate.day for rate in rates) - timedelta(days=KEPT_DAYS)
    return [rate for rate in rates if rate.day >= since]


def _text(data: bytes) -> str:
    if data[:2] == b"PK":
        data = _unzipped(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise InvalidRequest("Die Datei ist kein Text (UTF-8).", "The file is no text (UTF-8).") from cause


def _unzipped(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = next(each for each in archive.infolist() if each.filename.endswith(".csv"))
            with archive.open(name) as file:
                found = file.read(_MOST_BYTES + 1)
    except (zipfile.BadZipFile, StopIteration, NotImplementedError, RuntimeError) as cause:
        raise InvalidRequest(
            "Im ZIP liegt keine lesbare CSV-Datei.", "There is no readable CSV file in the ZIP."
        ) from cause
    if len(found) > _MOST_BYTES:
        raise InvalidRequest(
            "Die Datei ist größer als 16 MiB.", "The file is larger than 16 MiB; no rate file is."
        )
    return found


def _rates(row: Sequence[str], currencies: Sequence[str], line: int, source: str) -> Iterator[Rate]:
    if not any(cell.strip() for cell in row):
        return
    day = _day(row[0].strip(), line)
    for currency, cell in zip(currencies, row[1:], strict=False):
        value = cell.strip()
        if currency and value not in _NONE:
            yield Rate(currency, day, _number(value, currency, line), source)


def _day(text: str, line: int) -> date:
    try:
        day, _, rest = text.partition(" ")
        if not rest:
            return date.fromisoformat(text)
        month, _, year = rest.partition(" ")
        return date(int(year), _MONTHS[month], int(day))
    except (ValueError, KeyError) as cause:
        raise InvalidRequest(
            f"Zeile {line}: „{text}“ ist kein Tag.", f"Line {line}: '{text}' is no day."
        ) from cause


def _number(text: str, currency: str, line: int) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise InvalidRequest(
            f"Zeile {line}: „{text}“ ist kein Kurs für {currency}.",
            f"Line {line}: '{text}' is no rate of {currency}.",
        )
    return number
