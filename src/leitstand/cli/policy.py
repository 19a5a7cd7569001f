"""`leitstand policy`: why a request may go where, and the register of processors; on a data folder."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from leitstand.cli import office

if TYPE_CHECKING:
    from leitstand.policy.questions import Question

_CLASSES = ("public", "internal", "confidential", "personal", "special")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `policy` with its own subcommands."""
    parser = subparsers.add_parser("policy", help="where data may go: decisions explained, agreements")
    actions = parser.add_subparsers(dest="action", required=True)
    explain = actions.add_parser("explain", help="every target with the reason why it may be asked or not")
    add_question_options(explain)
    explain.add_argument("--request", metavar="ID", help="what was decided on a request of the past")
    explain.set_defaults(run=_explain)
    processors = actions.add_parser("processors", help="the register of data-processing agreements")
    processors.set_defaults(run=_processors)
    for each in (explain, processors):
        office.add_data_option(each)
        each.add_argument("--json", action="store_true", help="machine-readable output")


def add_question_options(parser: argparse.ArgumentParser) -> None:
    """What a request would say."""
    parser.add_argument("--model", default="", help="the model asked for (default: the first one)")
    parser.add_argument("--use-case", default="", help="the use case named")
    parser.add_argument("--class", dest="data_class", choices=_CLASSES, help="the data class stated")
    parser.add_argument("--user", default="", help="whose request")


def question_from(args: argparse.Namespace) -> "Question":
    """The options as a question."""
    from leitstand.core.classes import DataClass
    from leitstand.policy.questions import Question

    stated = DataClass.parse(args.data_class) if args.data_class else None
    return Question(args.model, args.use_case, stated, args.user)


def _explain(args: argparse.Namespace) -> int:
    """0 when the request is admitted, 1 when it is refused."""
    from leitstand.policy.told import told_decision, told_explanation

    with args.compose().open_desks(args.data) as desks:
        if args.request:
            told = told_decision(desks.policy.past_decision(desks.caller, args.request))
            print(json.dumps(told, ensure_ascii=False) if args.json else _readable_past(told))
            return 0
        told = told_explanation(desks.policy.explain(desks.caller, question_from(args)))
    print(json.dumps(told, ensure_ascii=False) if args.json else readable_decision(told))
    return 0 if told["admitted"] else 1


def readable_decision(told: dict[str, Any]) -> str:
    """A decision for a terminal."""
    lines = [
        f"model {told['model']}, use case {told['use_case'] or '-'}, class {told['data_class'] or 'unknown'}"
    ]
    if told["refusal"]:
        lines.append(f"refused ({told['refusal']['code']}): {told['refusal']['en']}")
    for each in told["targets"]:
        mark = f"{each['place']}." if each["allowed"] else "no"
        sees = {"masked": "sees placeholders", "house": "sees clear text", "released": "sees clear text"}
        shown = f"; {sees[each['sees']]}" if each["allowed"] and each["sees"] else ""
        lines.append(f"  {mark:<3} {each['provider']} / {each['model']}: {each['en']}{shown}")
    return "\n".join(lines)


def _readable_past(told: dict[str, Any]) -> str:
    lines = [
        f"{told['request_id']}  {told['time']}  {told['outcome']} {told['code'] or ''}".rstrip(),
        f"class {told['data_class'] or 'unknown'} {told['class_by']['en']}".rstrip(),
        f"answered by {told['provider'] or 'nobody'} ({told['region'] or '-'})",
    ]
    return "\n".join([*lines, *(f"  no  {each['provider']}: {each['en']}" for each in told["dropped"])])


def _processors(args: argparse.Namespace) -> int:
    """0 when every agreement that is needed is valid, 1 when one is missing or has ended."""
    from leitstand.policy.told import told_processor

    with args.compose().open_desks(args.data) as desks:
        found = [told_processor(each) for each in desks.policy.processors()]
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    for each in found if not args.json else ():
        left = "" if each["days_left"] is None else f", {each['days_left']} days"
        blocked = f"; not for: {', '.join(each['blocked'])}" if each["blocked"] else ""
        print(f"{each['state']:<9}{each['name']} ({each['region']}{left}){blocked}")
    return 1 if any(each["state"] in ("expired", "missing") for each in found) else 0
