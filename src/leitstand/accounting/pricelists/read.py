"""Reads price files: the JSON of the data set genai-prices, or own prices as YAML or CSV.

Own prices have the fields of the configuration's section `prices`; a CSV names them in its first line, with `,` or `;`
between the cells, and with `;` also decimal commas.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from leitstand.accounting.catalogue import Catalogue
from leitstand.configuration.models import Price as OwnPrice
from leitstand.core.errors import InvalidRequest

MOST_BYTES = 8 * 1024 * 1024
_FIELDS = tuple(OwnPrice.model_fields)
_NUMBERS = ("input", "cached_input", "cache_write", "output", "per_image", "per_minute", "per_search")


@dataclass(frozen=True)
class ListFile:
    """List prices of many providers, in place of the shipped ones."""

    catalogue: Catalogue
    entries: int


@dataclass(frozen=True)
class OwnFile:
    """Negotiated prices, to be set in the configuration."""

    prices: tuple[OwnPrice, ...]

    @property
    def entries(self) -> int:
        """How many."""
        return len(self.prices)


def read_prices(data: bytes, name: str) -> ListFile | OwnFile:
    """The prices of a file; its first character tells the format. Raises InvalidRequest with the place that is wrong."""
    if len(data) > MOST_BYTES:
        raise InvalidRequest(
            f"„{name}“ ist größer als 8 MiB. Eine Preisliste ist kleiner.",
            f"'{name}' is larger than 8 MiB. A price list is smaller.",
        )
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as cause:
        raise _no_prices(name, "") from cause
    if not text:
        raise _no_prices(name, "")
    if text.startswith("["):
        return _list_file(data, name)
    found = list(_from_yaml(text, name) if _is_yaml(text) else _from_csv(text))
    if not found:
        raise _no_prices(name, "")
    return OwnFile(tuple(found))


def _list_file(data: bytes, name: str) -> ListFile:
    try:
        catalogue = Catalogue.read(data, name)
    except ValueError as cause:
        raise _no_prices(name, str(cause).splitlines()[0]) from cause
    from datetime import UTC, datetime

    return ListFile(catalogue, sum(1 for _ in catalogue.all(datetime.now(UTC))))


def _no_prices(name: str, why: str) -> InvalidRequest:
    said = f" ({why})" if why else ""
    return InvalidRequest(
        f"„{name}“ ist keine Preisliste{said}. Möglich sind die JSON-Datei von genai-prices und eigene Preise als YAML "
        "oder CSV mit den Feldern provider, model, input, output.",
        f"'{name}' is no price list{said}. Possible are the JSON file of genai-prices, and own prices as YAML or CSV "
        "with the fields provider, model, input, output.",
    )


def _is_yaml(text: str) -> bool:
    first = next((line for line in text.splitlines() if not line.lstrip().startswith("#")), "")
    return first.lstrip().startswith(("prices:", "-", "{"))


def _from_yaml(text: str, name: str) -> Iterator[OwnPrice]:
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as cause:
        line = cause.problem_mark.line + 1 if cause.problem_mark else 0
        raise _no_prices(name, f"line {line}: {cause.problem}") from cause
    rows = found.get("prices") if isinstance(found, Mapping) else found
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise _no_prices(name, "")
    for number, row in enumerate(rows, 1):
        yield _own(row, f"Preis {number}", f"Price {number}")


def _from_csv(text: str) -> Iterator[OwnPrice]:
    separator = ";" if ";" in text.splitlines()[0] else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=separator)
    heads = [head.strip() for head in rows.fieldnames or ()]
    rows.fieldnames = heads
    unknown = [head for head in heads if head not in _FIELDS]
    if unknown:
        raise InvalidRequest(
            f"Zeile 1: Die Spalte „{unknown[0]}“ gibt es nicht. Möglich sind: {', '.join(_FIELDS)}.",
            f"Line 1: there is no column '{unknown[0]}'. Possible are: {', '.join(_FIELDS)}.",
        )
    for row in rows:
        line = rows.line_num
        if None in row:
            raise InvalidRequest(
                f"Zeile {line}: mehr Werte als Spalten.", f"Line {line}: more cells than columns."
            )
        cells = {name: value.strip() for name, value in row.items() if value and value.strip()}
        if separator == ";":
            cells |= {name: _point(cells[name]) for name in _NUMBERS if name in cells}
        if cells:
            yield _own(cells, f"Zeile {line}", f"Line {line}")


def _point(number: str) -> str:
    """A German number with a decimal point."""
    return number.replace(".", "").replace(",", ".") if "," in number else number


def _own(row: Any, place_de: str, place_en: str) -> OwnPrice:
    try:
        return OwnPrice.model_validate(row)
    except ValidationError as cause:
        fault = cause.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InvalidRequest(
            f"{place_de}, Feld „{where}“: {fault['msg']}.", f"{place_en}, field '{where}': {fault['msg']}."
        ) from cause
