"""`leitstand job`: background work of a running server: what there is, how it went, do it now, end it."""

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
    parser = subparsers.add_parser("job", help="background work: list, show, run, cancel")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, argument, sentence in (
        ("list", "", "every job with its last run and its next one"),
        ("show", "NAME", "the last runs of a job; of a run (JOB/SLOT) its steps"),
        ("run", "NAME", "have a job done now"),
        ("cancel", "RUN", "ask for a run's end"),
    ):
        action = actions.add_parser(name, help=sentence, description=sentence)
        if argument:
            action.add_argument("name", metavar=argument)
        if name == "run":
            action.add_argument(
                "--option", metavar="NAME=VALUE", action="append", default=[], help="for the job"
            )
        add_server_options(action, _HOLDER)
        action.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    answer = _ask(args)
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    match args.action:
        case "list":
            _print_jobs(answer)
        case "show":
            _print_runs(answer)
        case _:
            print(f"{answer['id']}: {answer['state']}")
    return 0


def _ask(args: argparse.Namespace) -> dict[str, Any]:
    match args.action:
        case "list":
            return ask(args, "GET", "/api/jobs")
        case "show" if "/" in args.name:
            return {"runs": [ask(args, "GET", f"/api/jobs/runs/{quote(args.name)}")]}
        case "show":
            return ask(args, "GET", f"/api/jobs/{quote(args.name)}")
        case "run":
            options = dict(pair.partition("=")[::2] for pair in args.option)
            return ask(args, "POST", f"/api/jobs/{quote(args.name)}/runs", {"options": options})
        case _:
            return ask(args, "DELETE", f"/api/jobs/runs/{quote(args.name)}")


def _print_jobs(answer: Mapping[str, Any]) -> None:
    for job in answer["jobs"]:
        last, running = job["last"], job["running"]
        state = running["state"] if running else (last["state"] if last else "-")
        print(f"{job['name']:<20} {state:<10} next {job['next'] or '-':<26} {job['title']['en']}")
        if last:
            print(f"{'':<20} {last['ended']}: {last['result']['en']}")
    if not answer["workers"]:
        print("Nobody works: start 'leitstand worker', or set LEITSTAND_JOBS=here.", file=sys.stderr)


def _print_runs(answer: Mapping[str, Any]) -> None:
    for run in answer["runs"]:
        print(f"{run['id']}  {run['state']}  {run['began'] or '-'} to {run['ended'] or '-'}")
        if run["result"]["en"]:
            print(f"  {run['result']['en']}")
        for step in run.get("steps", ()):
            print(f"  {step['name']}: {step['took_ms']} ms{'  ' + step['fault'] if step['fault'] else ''}")
