"""`leitstand incident`: incidents of a running server: list, show, open, note, close.

It asks the server's `/api` with the key of an administrator.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from leitstand.cli.server import add_server_options, ask

_HOLDER = "an administrator"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("incident", help="incidents: list, show, open, note, close")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, arguments, sentence in (
        ("list", (), "the newest incidents; --open: those not closed"),
        ("show", ("number",), "one with its timeline"),
        ("open", ("title",), "open one by hand"),
        ("note", ("number", "text"), "write a line into the timeline"),
        ("close", ("number",), "close it; refused while one of its alerts is firing"),
    ):
        action = actions.add_parser(name, help=sentence, description=sentence)
        for argument in arguments:
            action.add_argument(argument, metavar=argument.upper())
        add_server_options(action, _HOLDER)
        if name == "list":
            action.add_argument("--open", action="store_true", help="only those not closed")
        if name == "open":
            action.add_argument("--severity", choices=["critical", "warning"], default="critical")
            action.add_argument("--runbook", default="", metavar="SLUG", help="e.g. anbieter-ausgefallen")
        if name == "close":
            action.add_argument("--lessons", default="", metavar="TEXT", help="what is learned from it")
        action.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    answer = _ask(args)
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    elif args.action == "list":
        _print_list(answer)
    elif args.action == "show":
        _print_one(answer)
    else:
        print(f"{answer['number']}: {answer['state']}")
    return 0


def _ask(args: argparse.Namespace) -> dict[str, Any]:
    path = f"/api/incidents/{quote(getattr(args, 'number', ''))}"
    match args.action:
        case "list":
            found = ask(args, "GET", "/api/incidents")
            if args.open:
                found["incidents"] = [each for each in found["incidents"] if each["state"] != "closed"]
            return found
        case "show":
            return ask(args, "GET", path)
        case "open":
            wish = {"title": args.title, "severity": args.severity, "runbook": args.runbook}
            return ask(args, "POST", "/api/incidents", wish)
        case "note":
            return ask(args, "POST", f"{path}/notes", {"text": args.text})
        case _:
            return ask(args, "POST", f"{path}/close", {"lessons": args.lessons})


def _print_list(answer: Mapping[str, Any]) -> None:
    for each in answer["incidents"]:
        print(
            f"{each['number']}  {each['state']:<9} {each['severity']:<8} {each['opened']}  {each['title']['en']}"
        )
    if not answer["incidents"]:
        print("no incidents", file=sys.stderr)


def _print_one(answer: Mapping[str, Any]) -> None:
    effect = answer["effect"]
    print(f"{answer['number']}  {answer['title']['en']}")
    print(f"{answer['severity']}, {answer['state']}, since {answer['opened']}, lead: {answer['lead'] or '-'}")
    print(f"{effect['requests']} requests, {effect['failed']} failed, {effect['rescued']} rescued")
    for entry in reversed(answer["timeline"]):
        print(f"  {entry['time']}  {entry['by']:<16} {entry['text']['en']}")
    for task in answer["tasks"]:
        print(
            f"  [{'x' if task['done'] else ' '}] {task['text']} ({task['owner']}, {task['due'] or 'no date'})"
        )
