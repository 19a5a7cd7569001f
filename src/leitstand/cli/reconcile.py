"""`leitstand reconcile`: a provider's invoice or usage export against the journal."""

import argparse
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from leitstand.cli import office


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("reconcile", help="compare a provider's invoice with the journal")
    parser.add_argument(
        "file", type=Path, help="CSV export of OpenAI, Anthropic, Azure or AWS, or any with --columns"
    )
    parser.add_argument("--provider", required=True, help="its name in the configuration")
    parser.add_argument("--month", default="", help="e.g. 2026-10 (default: the one that most lines are of)")
    parser.add_argument(
        "--columns", default="", help="own layout, e.g. day=Datum,model=Modell,output=Ausgabe,amount=Betrag"
    )
    parser.add_argument("--currency", default="EUR", help="of an own layout (default EUR)")
    parser.add_argument(
        "--days-by", choices=("utc", "local"), default="utc", help="whose days an own layout counts"
    )
    parser.add_argument("--tolerance", type=Decimal, help="per cent that may differ (default 1)")
    office.add_data_option(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare and keep it; 1 where something differs that nothing explains."""
    from leitstand.accounting.invoices.desk import InvoiceDesk, Wish
    from leitstand.accounting.invoices.figures import check_figures
    from leitstand.accounting.invoices.formats import columns_of
    from leitstand.accounting.pricelists.desk import PriceDesk
    from leitstand.core import settings
    from leitstand.journal.backlog import catch_up

    with office.opened(args.data) as desk:
        editor = desk.editor
        catch_up(editor.engine, settings.data_dir(args.data))
        prices = PriceDesk(editor, editor.record, editor.clock, lambda: desk.configuration, lambda: None)
        wish = Wish(
            args.provider, args.file.name, office.read_file(args.file), args.month, columns_of(args.columns), args.currency,
            args.days_by, args.tolerance,
        )  # fmt: skip
        facts = check_figures(InvoiceDesk(prices).check(wish, desk.actor))
    if args.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _tell(facts)
    return int(facts["verdict"] == "differs")


def _tell(facts: dict[str, Any]) -> None:
    print(
        f"{facts['provider']} {facts['month']}: {facts['verdict']} ({facts['layout']}, days by {facts['days_by']})"
    )
    print(f"{'model':40} {'billed tokens':>15} {'booked tokens':>15} {'billed EUR':>14} {'booked EUR':>14}")
    for row in facts["models"]:
        billed = "-" if row["billed_tokens"] is None else f"{row['billed_tokens']:,}"
        euro = "-" if row["billed_eur"] is None else f"{float(row['billed_eur']):.4f}"
        said = "agrees" if row["agrees"] else ", ".join(row["reasons"]) or "differs"
        print(
            f"{row['model']:40} {billed:>15} {row['booked_tokens']:>15,} {euro:>14} {float(row['booked_eur']):>14.4f}  {said}"
        )
