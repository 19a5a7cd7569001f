"""`leitstand privacy explain` and `terms`: the test bench and the lists of terms, on a data folder."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from leitstand.cli import office
from leitstand.cli.policy import add_question_options, question_from, readable_decision

_MOST_CHARACTERS = 50_001  # one more than the bench takes, so that it says so


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both to `privacy`."""
    explain = actions.add_parser(
        "explain",
        help="a text on stdin: what is found and why, what leaves the house, where it could go; or what a term changes",
    )
    add_question_options(explain)
    explain.add_argument("--try-term", metavar="TEXT", help="what a term would change, before it is kept")
    explain.add_argument(
        "--try-pattern", metavar="REGEX", help="the same for a pattern; stdin holds its example"
    )
    explain.add_argument("--treat", choices=("always", "never"), default="always", help="of --try-term")
    explain.add_argument("--type", default="REF_ID", help="what a find counts as (default REF_ID)")
    explain.add_argument("--department", default="", help="of the term or pattern; empty: the whole company")
    explain.set_defaults(run=_explain)
    terms = actions.add_parser("terms", help="the lists of terms: list them, or keep those of a CSV file")
    terms.add_argument("--import", dest="source", metavar="FILE", type=Path, help="CSV; `-`: stdin")
    terms.add_argument("--csv", action="store_true", help="print them as CSV")
    terms.set_defaults(run=_terms)
    for parser in (explain, terms):
        office.add_data_option(parser)
        parser.add_argument("--json", action="store_true", help="machine-readable output")


def _explain(args: argparse.Namespace) -> int:
    """0 with what was found; 2 where there is no text, or the term or pattern cannot be."""
    from leitstand.policy.told import told_explanation
    from leitstand.privacy.told import told_examined, told_trial

    text = sys.stdin.read(_MOST_CHARACTERS)
    with args.compose().open_desks(args.data) as desks:
        if args.try_term or args.try_pattern:
            trial = told_trial(_trial(args, desks, text))
            print(json.dumps(trial, ensure_ascii=False) if args.json else _readable_trial(trial))
            return 0
        looked = desks.privacy.look(desks.caller, text, question_from(args))
    told = told_examined(looked.examined)
    told["decision"] = None if looked.decision is None else told_explanation(looked.decision)
    print(json.dumps(told, ensure_ascii=False) if args.json else _readable(told))
    return 0


def _trial(args: argparse.Namespace, desks: Any, text: str) -> Any:
    shared = {"type": args.type, "department": args.department}
    if args.try_pattern:
        body = {"name": "versuch", "expression": args.try_pattern, "examples": [text.strip()], **shared}
        return desks.privacy.try_pattern(desks.caller, body, "")
    return desks.privacy.try_term(desks.caller, {"text": args.try_term, "treat": args.treat, **shared}, text)


def _readable(told: dict[str, Any]) -> str:
    lines = [f"class {told['data_class']}", "", *_indented("leaves the house:", told["leaves"]), ""]
    for each in told["entities"]:
        names = " ".join(each["placeholders"]) or "-"
        lines.append(
            f"{each['type']:<14}{each['text']!r} -> {names}  ({each['source']['en']}: {each['reason']['en']}, "
            f"{each['confidence']:.0%})"
        )
    if told["decision"]:
        lines += ["", readable_decision(told["decision"])]
    return "\n".join(lines)


def _readable_trial(told: dict[str, Any]) -> str:
    lines = [
        f"{told['changed']} of {told['texts']} texts change: {told['hidden']} places hidden, {told['shown']} shown, "
        f"{told['over_masked']} of them in texts that hold nothing to hide"
    ]
    lines += [f"note: {each['en']}" for each in told["warnings"]]
    for each in told["effects"]:
        hidden = [each["text"][start:end] for start, end in each["hidden"]]
        shown = [each["text"][start:end] for start, end in each["shown"]]
        lines.append(f"  {each['origin']}: {each['text'][:80]!r}  hides {hidden}  shows {shown}")
    return "\n".join(lines)


def _indented(head: str, text: str) -> list[str]:
    return [head, *(f"  {line}" for line in text.splitlines())]


def _terms(args: argparse.Namespace) -> int:
    """0 when listed or kept; 2 when a line of the list is wrong: then none was kept."""
    from leitstand.configuration.kinds import plain

    with args.compose().open_desks(args.data) as desks:
        if args.source is not None:
            text = sys.stdin.read() if str(args.source) == "-" else args.source.read_text("utf-8-sig")
            changed = desks.privacy.import_terms(text, desks.caller.name)
            print(json.dumps({"changed": changed}) if args.json else f"{changed} terms are new or different.")
            return 0
        if args.csv:
            sys.stdout.write(desks.privacy.export_terms())
            return 0
        found = [{"key": key, **plain(term)} for key, term in desks.privacy.terms()]
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for each in found:
        until = f"  until {each['until']}" if "until" in each else ""
        print(f"{each.get('treat', 'always'):<8}{each['text']}  {each.get('department') or 'all'}{until}")
    return 0
