"""Reads a provider's export into lines of day, model, tokens and money; each fault names its line."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from leitstand.accounting.invoices.formats import Cut, Layout, layout_of
from leitstand.core.errors import InvalidRequest

MOST_BYTES = 32 * 1024 * 1024
_ROUGH = re.compile(r"[^a-z0-9]+")
_INPUT, _OUTPUT = re.compile(r"\b(inp|input|inpt|prompt)"), re.compile(r"\b(outp|output|opt|completion)")
_CACHED, _WRITE = re.compile(r"cache(d)?[ _-]?(read|hit)?|cchd"), re.compile(r"cache[ _-]?(write|creation)")
_SCALES = ((re.compile(r"\b1?m\b|million"), 1_000_000), (re.compile(r"\b1?k\b|1,?000|thousand"), 1000))


@dataclass(frozen=True)
class Line:
    """What is billed for a model on a day. input: cached and cache-write tokens included. amount: None where the
    export tells no money. tokens_known: False where it tells only money."""

    day: date
    model: str
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    requests: int = 0
    amount: Decimal | None = None
    tokens_known: bool = True


@dataclass(frozen=True)
class Invoice:
    """A read export."""

    layout: str
    cut: Cut
    currency: str
    lines: tuple[Line, ...]


def read_invoice(data: bytes, layout: Layout | None = None) -> Invoice:
    """The lines of a CSV export. layout: None finds it by the columns. Raises InvalidRequest."""
    if len(data) > MOST_BYTES:
        raise InvalidRequest(
            "Die Datei ist größer als 32 MiB. Exportieren Sie einen Monat.",
            "The file is larger than 32 MiB. Export a single month.",
        )
    text = _text(data)
    first = text.splitlines()[0] if text.strip() else ""
    separator = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=separator)
    heads = [head.strip() for head in rows.fieldnames or ()]
    rows.fieldnames = heads
    chosen = layout or layout_of(heads)
    _demand(chosen, heads)
    currencies: set[str] = set()
    lines = []
    for row in rows:
        cells = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
        if any(cells.values()):
            lines.append(_line(_Row(cells, chosen, rows.line_num, german=separator == ";"), currencies))
    if not lines:
        raise InvalidRequest("Die Datei enthält keine Zeile.", "The file holds no line.")
    if len(currencies) > 1:
        raise InvalidRequest(
            f"Die Datei mischt Währungen: {', '.join(sorted(currencies))}.",
            f"The file mixes currencies: {', '.join(sorted(currencies))}.",
        )
    return Invoice(chosen.name, chosen.cut, next(iter(currencies), chosen.currency), tuple(lines))


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidRequest("Die Datei ist keine CSV-Datei.", "The file is no CSV file.")


def _demand(layout: Layout, heads: Sequence[str]) -> None:
    wanted = [
        name
        for names in (layout.day, layout.model)
        for name in names[:1]
        if not any(n in heads for n in names)
    ]
    if layout.name == "own":
        chosen = (
            *layout.input,
            *layout.cached,
            *layout.cache_write,
            *layout.output,
            *layout.requests,
            *layout.amount,
        )
        wanted += [name for name in chosen if name not in heads]
    if wanted:
        raise InvalidRequest(
            f"Die Spalte „{wanted[0]}“ fehlt. Vorhanden sind: {', '.join(heads[:20])}.",
            f"The column '{wanted[0]}' is missing. There are: {', '.join(heads[:20])}.",
        )


@dataclass(frozen=True)
class _Row:
    cells: Mapping[str, str]
    layout: Layout
    line: int
    german: bool

    def text(self, names: Sequence[str]) -> str:
        """The first of these columns that holds something."""
        return next((self.cells[name] for name in names if self.cells.get(name)), "")

    def number(self, text: str) -> Decimal:
        """A number, with decimal comma where the file separates by semicolons."""
        plain = text.replace("$", "").replace("€", "").replace(" ", "")
        if self.german and "," in plain:
            plain = plain.replace(".", "").replace(",", ".")
        else:
            plain = plain.replace(",", "")
        try:
            number = Decimal(plain)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise InvalidRequest(
                f"Zeile {self.line}: „{text}“ ist keine Zahl.", f"Line {self.line}: '{text}' is no number."
            )
        return number

    def tokens(self, names: Sequence[str]) -> int:
        """The sum of these columns."""
        return int(sum((self.number(self.cells[name]) for name in names if self.cells.get(name)), Decimal(0)))

    def day(self) -> date:
        """The day, out of ISO texts, seconds since 1970, and 11/30/2026 or 30.11.2026."""
        text = self.text(self.layout.day)
        try:
            if text.isdigit() and len(text) >= 9:
                return datetime.fromtimestamp(int(text), UTC).date()
            if "/" in text:
                month, day, year = (int(part) for part in text.split(" ")[0].split("/"))
                return date(year, month, day)
            if "." in text[:6]:
                day, month, year = (int(part) for part in text.split(" ")[0].split("."))
                return date(year, month, day)
            return date.fromisoformat(text[:10])
        except (ValueError, OverflowError) as cause:
            raise InvalidRequest(
                f"Zeile {self.line}: „{text}“ ist kein Tag.", f"Line {self.line}: '{text}' is no day."
            ) from cause


def _line(row: _Row, currencies: set[str]) -> Line:
    layout, day, name = row.layout, row.day(), row.text(row.layout.model)
    if currency := row.text(layout.currency_column):
        currencies.add(currency.upper())
    money = row.text(layout.amount)
    amount = row.number(money) if money else None if not layout.amount else Decimal(0)
    if layout.quantity:
        return _single(row, day, name, amount)
    if not layout.output:
        return Line(day, name.partition(",")[0], amount=amount, tokens_known=False)
    return Line(
        day, name, row.tokens(layout.input), row.tokens(layout.cached), row.tokens(layout.cache_write),
        row.tokens(layout.output), row.tokens(layout.requests), amount,
    )  # fmt: skip


def _single(row: _Row, day: date, name: str, amount: Decimal | None) -> Line:
    """A row about one kind of token, as clouds bill them; the kind stands in the name of the meter."""
    words = f"{row.text(row.layout.kind)}".lower().replace("-", " ").replace("_", " ")
    quantity = int(
        (
            row.number(row.text(row.layout.quantity) or "0") * _scale(row.text(row.layout.unit))
        ).to_integral_value()
    )
    if _OUTPUT.search(words):
        return Line(day, name, output=quantity, amount=amount)
    if not _INPUT.search(words) and not _CACHED.search(words):
        return Line(day, name, amount=amount, tokens_known=False)
    is_write = bool(_WRITE.search(words))
    return Line(
        day, name, input=quantity, cached=0 if is_write or not _CACHED.search(words) else quantity,
        cache_write=quantity if is_write else 0, amount=amount,
    )  # fmt: skip


def _scale(unit: str) -> int:
    return next((scale for pattern, scale in _SCALES if pattern.search(unit.lower())), 1)


def same_model(billed: str, known: Sequence[str]) -> str:
    """The model of ours that a billed name means: the longest whose words all stand in it; else the name itself."""
    words = _words(billed)
    fitting = [model for model in known if _words(model) and _follows(_words(model), words)]
    return max(fitting, key=lambda model: len(_words(model)), default=billed)


def _words(name: str) -> list[str]:
    """`gpt-4o-mini-2024-07-18` and `gpt 4o mini 0718 Inp glbl` share the words `gpt 4 o mini`."""
    rough = _ROUGH.sub(" ", name.lower().rpartition("/")[2])
    parts = re.findall(r"[a-z]+|\d+", rough)
    return [part for part in parts if not re.fullmatch(r"20\d\d|\d{4,}|v", part)]


def _follows(wanted: Sequence[str], words: Sequence[str]) -> bool:
    rest: Iterator[str] = iter(words)
    return all(word in rest for word in wanted)
