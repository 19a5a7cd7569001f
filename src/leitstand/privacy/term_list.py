"""Lists of terms as CSV, for spreadsheets: `;` between columns, one term per line, UTF-8."""

import csv
import io
from collections.abc import Iterable

from pydantic import ValidationError

from leitstand.configuration.messages import remarks
from leitstand.configuration.models import Term
from leitstand.core.errors import InvalidRequest

COLUMNS = ("text", "treat", "type", "department", "owner", "comment", "until")
MOST = 5_000  # terms in one list
_FORMULA = tuple("=+-@\t")  # what spreadsheets take for a formula at the beginning of a cell


def written(terms: Iterable[Term]) -> str:
    """The list, with a mark that makes spreadsheets read it as UTF-8."""
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for term in terms:
        cells = (getattr(term, column) for column in COLUMNS)
        rows.writerow([_safe("" if cell is None else str(cell)) for cell in cells])
    return "\ufeff" + out.getvalue()


def read(text: str) -> list[Term]:
    """The terms of a list; the column `text` is needed, the others may be missing.

    Raises InvalidRequest, which names every line that is wrong.
    """
    lines = text.removeprefix("\ufeff")
    rows = csv.DictReader(io.StringIO(lines), delimiter=_delimiter(lines))
    if not rows.fieldnames or "text" not in rows.fieldnames or set(rows.fieldnames) - set(COLUMNS):
        raise InvalidRequest(
            f"Die erste Zeile muss Spalten nennen: {';'.join(COLUMNS)}. Nur „text“ ist nötig.",
            f"The first line must name columns: {';'.join(COLUMNS)}. Only 'text' is needed.",
        )
    terms: list[Term] = []
    faults: list[tuple[str, str]] = []
    for number, row in enumerate(rows, 2):
        body = {
            column: _plain(cell) for column, cell in row.items() if isinstance(cell, str) and cell.strip()
        }
        if not body:
            continue
        try:
            terms.append(Term.model_validate(body))
        except ValidationError as cause:
            found = remarks(cause, Term, ())
            faults += [(f"Zeile {number}: {each.de}", f"line {number}: {each.en}") for each in found]
    if faults:
        raise InvalidRequest(" ".join(de for de, _ in faults[:20]), " ".join(en for _, en in faults[:20]))
    if len(terms) > MOST:
        raise InvalidRequest(
            f"Die Liste hat {len(terms)} Begriffe; höchstens {MOST} sind möglich.",
            f"The list has {len(terms)} terms; {MOST} are possible at most.",
        )
    return terms


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return ";" if ";" in first or "," not in first else ","


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
