"""`leitstand tiers explain`: which tier a text takes, and why."""

import argparse
import json
import sys
from typing import Any

_MOST_CHARACTERS = 200_000


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `tiers` with its own subcommands."""
    parser = subparsers.add_parser("tiers", help="how a model such as `auto` chooses")
    actions = parser.add_subparsers(dest="action", required=True)
    explain = actions.add_parser("explain", help="a text on stdin to its tier and the reasons on stdout")
    explain.add_argument("--json", action="store_true", help="machine-readable output")
    explain.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge standard input; 2 when there is no text. No server and no data folder is needed."""
    from leitstand.gateway.tiers.explain import explanation, judge_text

    text = sys.stdin.read(_MOST_CHARACTERS)
    if not text.strip():
        print('error: no text on stdin\nhint: echo "Vergleiche …" | leitstand tiers explain', file=sys.stderr)
        return 2
    told = explanation(judge_text(text))
    print(json.dumps(told, ensure_ascii=False) if args.json else _readable(told))
    return 0


def _readable(told: dict[str, Any]) -> str:
    lines = [
        f"{told['tier']}  {told['score']:.1f} points "
        f"(standard from {told['standard_from']:.0f}, complex from {told['complex_from']:.0f})",
        f"{told['base']:+8.1f}  start",
        *(f"{reason['points']:+8.1f}  {reason['en']}" for reason in told["reasons"]),
    ]
    return "\n".join(lines)
