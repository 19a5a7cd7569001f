"""`leitstand what-if`: replay the traffic of a period under another model, cache, cap or price list.

Works on the data folder, also beside a running server; no provider is asked and nothing is changed. The scenario is
kept and shown on the page, too.
"""

import argparse
import json
import sys
from typing import Any

from leitstand.cli import office


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("what-if", help="replay past traffic under other models or prices")
    parser.add_argument("file", metavar="FILE", nargs="?", help="scenario (YAML); - is standard input")
    parser.add_argument("--period", metavar="DAY..DAY", help="whole days, e.g. 2026-11-01..2026-11-30")
    parser.add_argument("--replace", metavar="A=B", action="append", default=[], help="model B instead of A")
    parser.add_argument("--cache", metavar="MODEL=on|off", action="append", default=[])
    parser.add_argument("--max-output", metavar="MODEL=N", action="append", default=[])
    parser.add_argument("--price-factor", metavar="PROVIDER=F", action="append", default=[])
    parser.add_argument("--rate", metavar="CUR=R", action="append", default=[], help="what one euro buys")
    parser.add_argument("--use-case", metavar="NAME", action="append", default=[], help="only this one")
    parser.add_argument("--title", default="")
    parser.add_argument("--switch", action="store_true", help="print the configuration of the change alone")
    office.add_data_option(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay it and print the result; 1 where it could not be calculated."""
    from leitstand.core.errors import InvalidRequest
    from leitstand.reports.what_if.scenario import read
    from leitstand.reports.what_if.views import scenario_view

    app = args.compose()
    with app.open_what_if(args.data) as (scenarios, actor):
        try:
            document = _file(args.file) if args.file else _options(args, scenarios.usual_period())
        except OSError as cause:
            raise InvalidRequest(str(cause), f"{args.file}: {cause.strerror}") from cause
        scenario_id = scenarios.ask(read(document), actor)
        app.work_now(scenarios)
        told = scenarios.get(scenario_id)
    if told.result is None:
        print(f"error: {told.reason.en if told.reason else told.state}", file=sys.stderr)
        return 1
    if args.switch:
        print(told.result.switch, end="")
    elif args.json:
        print(json.dumps(scenario_view(told), ensure_ascii=False))
    else:
        print("\n".join(_readable(scenario_view(told))))
    return 0


def _file(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    with open(name, encoding="utf-8") as file:
        return file.read()


def _options(args: argparse.Namespace, usual: tuple[Any, Any]) -> dict[str, Any]:
    first, _, last = (args.period or f"{usual[0]}..{usual[1]}").partition("..")
    return {
        "title": args.title,
        "period": {"begin": first, "end": last or first},
        "use_cases": args.use_case,
        "replace": _pairs(args.replace),
        "cache": {name: word == "on" for name, word in _pairs(args.cache).items()},
        "max_output_tokens": {name: _whole(word) for name, word in _pairs(args.max_output).items()},
        "price_factors": _pairs(args.price_factor),
        "exchange_rates": _pairs(args.rate),
    }


def _pairs(texts: list[str]) -> dict[str, str]:
    from leitstand.core.errors import InvalidRequest

    for text in texts:
        if "=" not in text:
            raise InvalidRequest(f"„{text}“ braucht die Form A=B.", f"'{text}' must have the form A=B.")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


def _whole(word: str) -> int | str:
    return int(word) if word.isdecimal() else word


def _readable(view: dict[str, Any]) -> list[str]:
    result = view["result"]
    after, saving = result["after_eur"], result["saving"]
    lines = [
        f"{view['title']}: {result['requests']} requests, {result['moved']} answered otherwise",
        f"cost    {result['before_eur']} EUR  ->  {after['value']} EUR ({after['low']} to {after['high']})",
        f"saving  {saving['value']:.1%} ({saving['low']:.1%} to {saving['high']:.1%})",
    ]
    for row in result["use_cases"]:
        now = row["after_eur"]
        lines.append(
            f"  {row['name'] or '(small groups)':24} {row['before_eur']:>14}  ->  {now['value']:>14} "
            f"({now['low']} to {now['high']})"
        )
    control = result["control"]
    lines.append(
        f"checked {control['exact']} requests to the nano-euro; {control['unknown_price']} without a known price, "
        f"{control['estimated']} estimates and {control['differing']} others differ"
    )
    lines += [f"note: {note['en']}" for note in result["notes"]]
    return lines
