"""`leitstand regression`: keep sets of questions, run a model against another, read the report.

A trial is run by the server on the same data folder; the command waits for it.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leitstand.cli import office

if TYPE_CHECKING:
    from leitstand.answers.regression import Regression, Report
    from leitstand.prompts.regression.verdict import ModelFigures

_POLL_S = 0.5
_SERVER_WAIT_S = 15.0
_DECISIONS = {"go": "GO", "no_go": "NO-GO", "more_runs": "MORE RUNS NEEDED"}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("regression", help="test a change of model on sets of questions")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    listing = verbs.add_parser("list", help="all sets and the last trials")
    keep = verbs.add_parser("import", help="keep a set from a YAML file")
    keep.add_argument("file", type=Path)
    export = verbs.add_parser("export", help="print a set as YAML")
    export.add_argument("set")
    remove = verbs.add_parser("remove", help="remove a set with its trials")
    remove.add_argument("set")
    run_ = verbs.add_parser("run", help="run a trial and print its report; exit code 1 unless it says go")
    run_.add_argument("set")
    run_.add_argument("--model", required=True, help="the model that may come")
    run_.add_argument("--against", required=True, metavar="MODEL", help="the model in use today")
    run_.add_argument("--user", required=True, metavar="NAME", help="in whose name and at whose cost")
    run_.add_argument("-n", "--repetitions", type=int, default=5, help="of each question (default 5)")
    run_.add_argument("--max-eur", default=None, help="what it may cost (default: twice of what is expected)")
    report = verbs.add_parser("report", help="print the report of a trial")
    report.add_argument("trial")
    accept = verbs.add_parser("accept", help="let a model's answers of a trial be the nightly standard")
    accept.add_argument("trial")
    accept.add_argument("--model", required=True)
    for verb in (listing, keep, export, remove, run_, report, accept):
        office.add_data_option(verb)
        verb.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    with args.compose().open_regression(args.data) as (regression, actor):
        match args.verb:
            case "list":
                return _list(regression, args.json)
            case "import":
                made = regression.put(_read(args.file), actor)
                _say(
                    args.json,
                    {"set": made.name, "cases": len(made.cases)},
                    f"{made.name}: {len(made.cases)} cases kept.",
                )
            case "export":
                from leitstand.prompts.regression import sets

                sys.stdout.write(sets.write(regression.get(args.set)))
            case "remove":
                regression.remove(args.set, actor)
                _say(args.json, {"removed": args.set}, f"{args.set} is removed.")
            case "run":
                return _run(regression, args)
            case "report":
                return _show(regression.report(args.trial), args.json)
            case _:
                regression.accept(args.trial, args.model, actor)
                _say(
                    args.json,
                    {"trial": args.trial, "accepted": args.model},
                    f"{args.model} is the standard now.",
                )
    return 0


def _read(path: Path) -> str:
    from leitstand.core.errors import InvalidRequest

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise InvalidRequest(
            f"{path} ist nicht lesbar: {cause}", f"{path} cannot be read: {cause}"
        ) from cause


def _say(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    print(json.dumps(facts, ensure_ascii=False) if as_json else sentence)


def _list(regression: "Regression", as_json: bool) -> int:
    for kept in regression.list():
        facts = {
            "set": kept.name,
            "title": kept.label,
            "cases": kept.cases,
            "nightly": kept.nightly,
            "accepted": dict(kept.accepted),
        }
        _say(
            as_json,
            facts,
            f"{kept.name:24} {kept.cases:4} cases  {'nightly' if kept.nightly else '':8} {kept.label}",
        )
    for trial in regression.trials(limit=10):
        facts = {
            "trial": trial.id,
            "set": trial.set_name,
            "state": trial.state,
            "candidate": trial.candidate,
            "baseline": trial.baseline,
        }
        against = (
            f"{trial.candidate} against {trial.baseline}"
            if trial.baseline
            else f"{trial.candidate}, night {trial.night}"
        )
        _say(as_json, facts, f"{trial.id}  {trial.state:10} {trial.set_name}: {against}")
    return 0


def _run(regression: "Regression", args: argparse.Namespace) -> int:
    from leitstand.answers.regression import Plan
    from leitstand.core.money import nano, plain

    most = nano(_amount(args.max_eur)) if args.max_eur is not None else None
    plan = Plan(args.set, args.model, args.against, args.repetitions, most)
    trial = regression.start(plan, args.user)
    expected = plain(regression.expected_nano(plan))
    print(
        f"{trial.id}: {trial.total} answers, about {expected} EUR, at most {plain(trial.most_nano)} EUR",
        file=sys.stderr,
    )
    deadline = time.monotonic() + _SERVER_WAIT_S
    while True:
        report = regression.report(trial.id)
        if not report.trial.is_open:
            return _show(report, args.json)
        if report.trial.state == "waiting" and time.monotonic() > deadline and not _somebody_runs(regression):
            print(
                f"No server runs on this data folder. The trial waits; 'leitstand regression report {trial.id}' shows it.",
                file=sys.stderr,
            )
            return 1
        time.sleep(_POLL_S)


def _somebody_runs(regression: "Regression") -> bool:
    return any(trial.state == "running" for trial in regression.trials(limit=20))


def _amount(text: str) -> Any:
    from decimal import Decimal, InvalidOperation

    from leitstand.core.errors import InvalidRequest

    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation:
        amount = Decimal(0)
    if not amount > 0:
        raise InvalidRequest(f"„{text}“ ist kein Betrag.", f"'{text}' is no amount; give EUR such as 1.50.")
    return amount


def _show(report: "Report", as_json: bool) -> int:
    """The report; 0 when it says go (or, of a night, no drift)."""
    if as_json:
        from leitstand.answers.regression_views import report_view

        print(json.dumps(report_view(report), ensure_ascii=False))
    else:
        print("\n".join(_lines(report)))
    if report.comparison is not None:
        return 0 if report.trial.state == "done" and report.comparison.decision == "go" else 1
    return 0 if report.drift is not None and not report.drift.drifted else 1


def _lines(report: "Report") -> list[str]:
    trial, found = report.trial, report.comparison
    lines = [
        f"{trial.set_name}: {trial.candidate} {'against ' + trial.baseline if trial.baseline else 'on ' + trial.night}, {trial.state}"
    ]
    if trial.reason is not None:
        lines.append(trial.reason.en)
    if report.drift is not None:
        drift = report.drift
        lines.append(
            f"{'DRIFT' if drift.drifted else 'no drift'}: passed {drift.passed:.1%} (before {drift.before:.1%}), agreement {drift.agreement:.2f}"
        )
    if found is None:
        return lines
    lines.append(f"{'':12}{'candidate':>12}{'baseline':>12}")
    ours, theirs = (_figures(found.candidate), _figures(found.baseline))
    lines += [f"{label:12}{ours[label]:>12}{theirs[label]:>12}" for label in ours]
    lines.append(
        f"difference passed: {found.difference.value:+.1%} (95 %: {found.difference.low:+.1%} to {found.difference.high:+.1%})"
    )
    if found.saving is not None:
        lines.append(
            f"cost saved: {found.saving.value:.1%} (95 %: {found.saving.low:.1%} to {found.saving.high:.1%})"
        )
    if found.failing:
        lines.append(f"must, but fail: {', '.join(found.failing)}")
    more = f": at least {found.repetitions_needed} repetitions" if found.repetitions_needed else ""
    lines.append(f"{_DECISIONS[found.decision]}{more}")
    return lines


def _figures(model: "ModelFigures") -> dict[str, str]:
    return {
        "passed": f"{model.passed:.1%}",
        "agreement": f"{model.agreement:.2f}",
        "cost EUR": f"{model.cost_nano / 1e9:.6f}",
        "p50 s": f"{model.p50_s:.2f}",
        "p95 s": f"{model.p95_s:.2f}",
        "tokens": f"{model.output_tokens:.0f}",
    }
