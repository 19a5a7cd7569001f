"""The verbs of `leitstand alert` about ways out: `channels`, `test` and `on-call`, of a running server."""

import argparse
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from leitstand.cli.server import add_server_options, ask

VERBS = frozenset({"channels", "test", "on-call"})
_HOLDER = "an administrator"


def register_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add them."""
    channels = verbs.add_parser("channels", help="every way out with its last delivery and what fails")
    test = verbs.add_parser("test", help="send a test on a channel; 1 if it does not arrive")
    test.add_argument("channel", metavar="CHANNEL", help="its name")
    duty = verbs.add_parser("on-call", help="who is on duty now and in the next weeks")
    for verb in (channels, test, duty):
        add_server_options(verb, _HOLDER)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    match args.verb:
        case "test":
            answer = ask(args, "POST", f"/api/alerts/channels/{quote(args.channel, safe='')}/test")
        case "channels":
            answer = ask(args, "GET", "/api/alerts/channels")
        case _:
            answer = ask(args, "GET", "/api/on-call")
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _tell(args.verb, answer)
    return int(args.verb == "test" and not answer["arrived"])


def _tell(verb: str, answer: Mapping[str, Any]) -> None:
    match verb:
        case "test":
            said = "arrived" if answer["arrived"] else f"did not arrive: {answer['reason']}"
            print(f"{answer['channel']}: {said}")
        case "channels":
            for each in answer["channels"]:
                state = f"failing: {each['reason']}" if each["failing"] else "well"
                last = each["last_delivery"] or "never"
                print(f"{each['name']:20} {each['kind']:11} last {last}, waiting {each['waiting']}  {state}")
        case _:
            for turn in answer["turns"]:
                instead = f"  instead of {turn['instead_of']}" if turn["instead_of"] else ""
                print(f"{turn['begins']}  {turn['ends']}  {turn['person']}{instead}")
