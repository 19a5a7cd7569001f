"""`leitstand alert`: alerts, silences and rules of a running server; `recount` works on the data folder itself."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from leitstand.cli import alert_channels, office
from leitstand.cli.server import add_server_options, ask

_HOLDER = "an administrator"
_MINUTES = {"m": 1, "h": 60, "d": 1440}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "alert", help="alerts: list, ack, silence, rules, back-test, channels, test, on-call"
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    listing = verbs.add_parser("list", help="open alerts, the gravest first; muted ones with the reason")
    listing.add_argument("--past", action="store_true", help="those of the last 30 days, too")
    ack = verbs.add_parser("ack", help="take an alert on: nobody else is called any more")
    ack.add_argument("alert", metavar="ID")
    silence = verbs.add_parser("silence", help="mute alerts for a while, or end a silence")
    silence.add_argument(
        "matchers",
        nargs="*",
        metavar="LABEL=VALUE",
        help="what it is about, e.g. rule=response_time provider=azure-eu",
    )
    silence.add_argument(
        "--for", dest="duration", default="1h", metavar="DURATION", help="e.g. 30m, 2h, 7d (default 1h)"
    )
    silence.add_argument("--reason", default="", help="why, for the audit trail")
    silence.add_argument(
        "--maintenance", action="store_true", help="a planned window: mutes critical alerts, too"
    )
    silence.add_argument("--dry-run", action="store_true", help="say only which open alerts it would mute")
    silence.add_argument("--end", metavar="ID", help="let this silence end now")
    verbs.add_parser("rules", help="every rule with its limits, and how often it would have fired")
    test = verbs.add_parser("back-test", help="the alerts that a rule would have fired in the last 30 days")
    test.add_argument("rule", metavar="NAME")
    test.add_argument(
        "--above", type=float, help="with this limit instead; of --severity, in the signal's unit"
    )
    test.add_argument(
        "--severity", choices=("warning", "critical"), default="warning", help="whose limit (default warning)"
    )
    for name, verb in verbs.choices.items():
        add_server_options(verb, _HOLDER)
        verb.description = name
    alert_channels.register_verbs(verbs)
    recount = verbs.add_parser(
        "recount", help="count the journal's last 35 days anew, for rules and back-tests"
    )
    office.add_data_option(recount)
    recount.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    if args.verb == "recount":
        return _recount(args)
    if args.verb in alert_channels.VERBS:
        return alert_channels.run(args)
    answer = _ask(args)
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    match args.verb:
        case "list":
            _print_board(answer, past=args.past)
        case "ack":
            print(f"{answer['id']}: taken on by {answer['acknowledged_by']}")
        case "silence":
            _print_silence(answer)
        case "rules":
            for rule in answer["rules"]:
                print(_rule_line(rule))
        case _:
            _print_tests(answer)
    return 0


def _ask(args: argparse.Namespace) -> dict[str, Any]:
    match args.verb:
        case "list":
            return ask(args, "GET", "/api/alerts")
        case "ack":
            return ask(args, "POST", f"/api/alerts/{quote(args.alert)}/acknowledge")
        case "silence" if args.end:
            return ask(args, "DELETE", f"/api/alerts/silences/{quote(args.end)}")
        case "silence":
            return ask(args, "POST", "/api/alerts/silences", _wish(args))
        case "rules":
            return ask(args, "GET", "/api/alerts/rules")
        case _:
            path = f"/api/alerts/rules/{quote(args.rule)}/back-test"
            change = None if args.above is None else {args.severity: {"above": args.above}}
            return ask(args, "POST", path, change)


def _wish(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "matchers": dict(each.partition("=")[::2] for each in args.matchers),
        "minutes": _minutes(args.duration),
        "comment": args.reason, "maintenance": args.maintenance, "dry_run": args.dry_run,
    }  # fmt: skip


def _minutes(text: str) -> int:
    from leitstand.core.errors import InvalidRequest

    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _MINUTES:
        raise InvalidRequest(
            f"„{text}“ ist keine Dauer. Schreiben Sie zum Beispiel 30m, 2h oder 7d.",
            f"'{text}' is no duration. Write 30m, 2h or 7d, for example.",
        )
    return int(number) * _MINUTES[unit]


def _recount(args: argparse.Namespace) -> int:
    from leitstand.monitoring.alertpath import COUNT_BACK_US
    from leitstand.monitoring.minutes_repository import Minutes

    with office.opened(args.data) as desk:
        minutes = Minutes(desk.editor.engine).recount(desk.editor.clock.time_us() - COUNT_BACK_US)
    print(json.dumps({"minutes": minutes}) if args.json else f"{minutes} minutes counted")
    return 0


# ---------------------------------------------------------------- for people


def _print_board(answer: Mapping[str, Any], *, past: bool) -> None:
    for alert in answer["open"]:
        print(_line(alert))
    for alert in answer["muted"]:
        muted = alert["muted"]
        until = f" until {muted['until']}" if muted["until"] else ""
        print(f"{_line(alert)}  muted: {muted['why']} {muted['by']}{until}")
    if past:
        for alert in answer["past"]:
            print(f"{_line(alert)}  over {alert['resolved']}")
    if not answer["open"] and not answer["muted"]:
        since = f" since {answer['well_since']}" if answer["well_since"] else ""
        print(f"all is well{since}", file=sys.stderr)


def _line(alert: Mapping[str, Any]) -> str:
    labels = " ".join(f"{name}={value}" for name, value in alert["labels"].items())
    value = (
        ""
        if alert["value"] is None
        else f"  {alert['value']:g} (limit {alert['limit'] or 0:g} {alert['unit']})"
    )
    taken = f"  taken on by {alert['acknowledged_by']}" if alert["acknowledged_by"] else ""
    return f"{alert['id']}  {alert['severity']:8}  {alert['rule']:22} {labels}  since {alert['since']}{value}{taken}"


def _print_silence(answer: Mapping[str, Any]) -> None:
    if "ended" in answer:
        print(f"{answer['id']}: ended")
        return
    if "id" in answer:
        print(f"{answer['id']}: until {answer['ends']}")
    for word in ("mutes", "spares"):
        for alert in answer[word]:
            print(f"  {word} {alert['id']}  {alert['severity']}  {alert['rule']}")
    if answer["spares"]:
        print("only a maintenance window (--maintenance) mutes critical alerts", file=sys.stderr)


def _rule_line(rule: Mapping[str, Any]) -> str:
    levels = ", ".join(f"{each['severity']} > {each['above']:g}" for each in rule["levels"])
    test = rule["back_test"]
    fired = "not known yet" if test is None else f"{test['count']} times in 30 days"
    state = "off" if not rule["enabled"] else "firing" if rule["open"] else "on"
    return f"{rule['name']:24} {state:7} {rule['signal']:20} {levels} ({rule['unit']})  {fired}"


def _print_tests(answer: Mapping[str, Any]) -> None:
    parts = (
        {"as it is": answer} if "alerts" in answer else {"before": answer["before"], "after": answer["after"]}
    )
    for name, test in parts.items():
        if test is None:
            continue
        print(f"{name}: {test['count']} alerts from {test['since']} to {test['until']}")
        for alert in test["alerts"]:
            labels = " ".join(f"{label}={value}" for label, value in alert["labels"].items())
            print(f"  {alert['fired']} to {alert['resolved'] or 'now'}  {alert['severity']}  {labels}")
