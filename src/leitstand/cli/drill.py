"""`leitstand drill`: play a fault against a real route of a running server, and see what people would see.

It asks the server's `/api` with the key of an administrator. Exit codes: 0 people got a whole answer, 1 they
did not, 2 the question was wrong.
"""

import argparse
import json
from typing import Any

from leitstand.cli import server

_PATH = "/api/drills"
_TIMEOUT_S = 900.0  # a drill lasts as long as the patience with a provider


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "drill",
        help="fire drill: play a provider's fault for one request",
        description="Plays a provider's fault for one single request against the real route of a running server. "
        "The call to the target that takes over is real, and so is its cost. Without --model: shows what can be played.",
    )
    parser.add_argument("--model", metavar="NAME", help="the model that is asked for")
    parser.add_argument("--provider", metavar="NAME", default="*", help="whose target fails (default: all)")
    parser.add_argument("--fault", metavar="FAULT", default="timeout", help="what it does (default: timeout)")
    parser.add_argument(
        "--after-words",
        type=int,
        default=0,
        metavar="N",
        help="fail after N words of the answer (default: before)",
    )
    parser.add_argument(
        "--use-case", metavar="NAME", help="use case of the question (default: the general one)"
    )
    server.add_server_options(parser, "an administrator")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play it and tell what happened."""
    if args.model is None:
        choices = server.ask(args, "GET", _PATH)
        print(
            json.dumps(choices, ensure_ascii=False, indent=2) if args.json else "\n".join(_offered(choices))
        )
        return 0
    wish = {
        "model": args.model, "provider": args.provider, "fault": args.fault,
        "after_words": args.after_words, "use_case": args.use_case,
    }  # fmt: skip
    report = server.ask(args, "POST", _PATH, wish, timeout_s=_TIMEOUT_S)
    print(json.dumps(report, ensure_ascii=False, indent=2) if args.json else "\n".join(_told(report)))
    return 0 if report["outcome"] == "answered" else 1


def _offered(choices: dict[str, Any]) -> list[str]:
    lines = ["models:"]
    for choice in choices["models"]:
        lines.append(
            f"  {choice['model']:24} {' -> '.join(choice['providers'])}   at most {choice['cost_eur_at_most']:.6f} EUR"
        )
    lines.append("faults:")
    for fault in choices["faults"]:
        within = " (with --after-words too)" if fault["within_answer"] else ""
        lines.append(f"  {fault['fault']:24} {fault['does']['en']}{within}")
    return lines


def _told(report: dict[str, Any]) -> list[str]:
    lines = [
        f"{_seconds(step['began_ms']):>9}  {step['provider']} / {step['model']}: {_came_to(step)} after {_seconds(step['took_ms'])}"
        for step in report["attempts"]
    ]
    lines += [
        f"           {each['provider']}: left out, {each['reason']['en']}" for each in report["left_out"]
    ]
    if report["text"]:
        lines.append(f"answer:    {report['text']}")
    if report["error"]:
        error = report["error"]
        lines.append(f"error:     {error['status']} {error['code']}: {error['message']['en']}")
    lines.append(f"outcome:   {report['outcome']}, {report['took_s']:.2f} s, {report['cost_eur']:.6f} EUR")
    return lines


def _came_to(step: dict[str, Any]) -> str:
    if not step["fault"]:
        return "answered"
    return f"{step['fault']} (played)" if step["played"] else str(step["fault"])


def _seconds(thousandths: float) -> str:
    return f"{thousandths / 1000:.2f} s"
