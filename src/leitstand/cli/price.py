"""`leitstand price`: the prices in force, price lists and exchange rates from files, and the proof of booked records.

Works beside a running server, which follows within two seconds.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leitstand.cli import office

if TYPE_CHECKING:
    from leitstand.accounting.pricelists.desk import PriceDesk
    from leitstand.accounting.pricelists.repository import Version


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("price", help="prices: list, diff, import, rates, history, verify")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    listing = verbs.add_parser(
        "list", help="every model in use with its price of today, in EUR per million tokens"
    )
    diff = verbs.add_parser("diff", help="what a price file would change; changes nothing")
    taken = verbs.add_parser("import", help="bring a price file into force; booked records stay as they are")
    for verb in (diff, taken):
        verb.add_argument("file", type=Path, help="genai-prices JSON, or own prices as YAML or CSV")
    rates = verbs.add_parser("rates", help="exchange rates")
    rates.add_argument("action", choices=("import",), help="take over a file of the ECB")
    rates.add_argument("file", type=Path, help="eurofxref-hist.csv or eurofxref.csv, also as ZIP")
    history = verbs.add_parser("history", help="every import")
    verify = verbs.add_parser(
        "verify", help="compute booked records again, each from the price that it names"
    )
    verify.add_argument("--days", type=int, default=30, help="how far back (default 30)")
    for verb in (listing, diff, taken, rates, history, verify):
        office.add_data_option(verb)
        verb.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 1 where a record comes out otherwise than it was booked."""
    from leitstand.accounting.pricelists.desk import PriceDesk
    from leitstand.accounting.pricelists.figures import proof_figures, table_figures, version_figures

    with office.opened(args.data) as desk:
        editor = desk.editor
        prices = PriceDesk(editor, editor.record, editor.clock, lambda: desk.configuration, lambda: None)
        match args.verb:
            case "list":
                _say(table_figures(prices.table()), args.json, _list)
            case "history":
                found = [version_figures(each, whole=False) for each in prices.rows.versions(200)]
                _say({"imports": found}, args.json, _history)
            case "rates":
                version = prices.import_rates(office.read_file(args.file), args.file.name, desk.actor)
                _say(version_figures(version, whole=False), args.json, _rates)
            case "verify":
                facts = proof_figures(prices.prove(args.days, None))
                _say(facts, args.json, _proof)
                return int(bool(facts["differs"]))
            case verb:
                _say(version_figures(_import(prices, args, desk.actor, verb)), args.json, _changes)
    return 0


def _import(prices: "PriceDesk", args: argparse.Namespace, actor: str, verb: str) -> "Version":
    data, name = office.read_file(args.file), args.file.name
    if verb == "diff":
        return prices.preview(data, name, actor)
    return prices.take(prices.propose(data, name, actor).id, actor)


def _say(facts: dict[str, Any], as_json: bool, told: Any) -> None:
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        told(facts)


def _list(facts: dict[str, Any]) -> None:
    print(f"{'provider / model':52} {'in':>10} {'cached':>10} {'out':>10}  EUR per million tokens")
    for row in facts["prices"]:
        figures = " ".join(f"{float(row[name]):10.4f}" for name in ("input", "cached_input", "output"))
        note = "UNPRICED, booked high" if row["unpriced"] else row["source"]
        more = f", regional x{row['uplift']}" if row["uplift"] != "1" else ""
        print(f"{row['provider'] + ' / ' + row['model']:52} {figures}  {note}{more}")
    for rate in facts["rates"]:
        age = f", {rate['age_days']} days old: import newer ones" if rate["old"] else ""
        print(f"1 EUR = {rate['per_euro']} {rate['currency']} ({rate['day']}{age})")


def _changes(facts: dict[str, Any]) -> None:
    for row in facts["changes"]:
        before, after = _pair(row["before"]), _pair(row["after"])
        name = f"{row['provider']} / {row['model']}"
        print(f"{name:52} {row['direction']:6} {before} -> {after}  {row['effect_eur']} EUR")
    listed = facts["list"]
    print(
        f"whole list: {listed['changed']} changed, {listed['new']} new, {listed['gone']} gone",
        file=sys.stderr,
    )
    state = f"in force since {facts['taken']}" if facts["taken"] else "compared only"
    print(f"{facts['effect_eur']} EUR on the usage of the last 30 days; {state}", file=sys.stderr)


def _pair(figures: dict[str, str] | None) -> str:
    return "-" if figures is None else f"{float(figures['input']):.4f}/{float(figures['output']):.4f}"


def _history(facts: dict[str, Any]) -> None:
    for row in facts["imports"]:
        print(
            f"{row['read']}  {row['kind']:5} {row['taken'] or 'compared only':25} {row['source']}  {row['read_by']}"
        )


def _rates(facts: dict[str, Any]) -> None:
    print(f"{facts['entries']} rates of {facts['source']} are in force.")


def _proof(facts: dict[str, Any]) -> None:
    print(
        f"{facts['records']} records, {facts['proven']} come out to the nano-euro, {facts['unknown']} without a kept price"
    )
    for row in facts["differs"]:
        print(f"{row['id']}: booked {row['booked_eur']}, recomputed {row['recomputed_eur']} EUR")
