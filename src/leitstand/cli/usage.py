"""`leitstand usage`: what is unusual, and the reviews of months; also beside a running server."""

import argparse
import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from leitstand.cli import office

if TYPE_CHECKING:
    from leitstand.accounting.unusual.repository import Finding
    from leitstand.reports.review.desk import ReviewDesk


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("usage", help="unusual usage, and the reviews of months")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    unusual = verbs.add_parser("unusual", help="who used far more than is usual for them, newest first")
    unusual.add_argument("-n", "--most", type=int, default=20, help="how many (default 20)")
    review = verbs.add_parser(
        "review", help="the review of a month as Markdown; made if there is none, or anew with --new"
    )
    review.add_argument("month", nargs="?", help="e.g. 2026-10 (default: the month that ended last)")
    review.add_argument("--new", action="store_true", help="make it anew; notes stay")
    review.add_argument("--csv", action="store_true", help="the figures as CSV")
    review.add_argument("--language", choices=("de", "en"), help="default: the organisation's")
    for verb in (unusual, review):
        office.add_data_option(verb)
        verb.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; errors are raised as refusals with a hint."""
    return _review(args) if args.verb == "review" else _unusual(args)


def _unusual(args: argparse.Namespace) -> int:
    from leitstand.accounting.unusual.repository import UnusualRows
    from leitstand.accounting.unusual.views import finding_view

    with office.opened(args.data) as desk:
        findings = UnusualRows(desk.editor.engine).latest(args.most)
    if args.json:
        print(json.dumps([finding_view(finding) for finding in findings], ensure_ascii=False))
        return 0
    for finding in findings:
        print(_line(finding))
    if not findings:
        print("nothing unusual was found", file=sys.stderr)
    return 0


def _line(finding: "Finding") -> str:
    from leitstand.accounting.unusual.views import finding_view

    view: dict[str, Any] = finding_view(finding)
    state = view["verdict"] or ("going on" if view["ended"] is None else "over")
    return (
        f"{view['found']}  {view['severity']:8}  {view['scope']:32}  {view['amount']} {view['measure']} "
        f"({view['window']}), {view['times']:g} times the usual  {state}"
    )


def _review(args: argparse.Namespace) -> int:
    from leitstand.core.errors import NotFound
    from leitstand.reports.review.told import csv_text, markdown
    from leitstand.reports.review.views import review_view

    with _reviews(args.data) as desk:
        month = args.month or desk.last_month()
        actor = f"cli:{getpass.getuser()}"
        try:
            kept = desk.generate(month, actor) if args.new else desk.get(month)
        except NotFound:
            kept = desk.generate(month, actor)
        language = args.language or desk.configuration().organisation.language
    if args.json:
        print(json.dumps(review_view(kept), ensure_ascii=False))
    elif args.csv:
        sys.stdout.write(csv_text(kept.review))
    else:
        sys.stdout.write(markdown(kept, language))
    return 0


@contextmanager
def _reviews(data: str | None) -> Iterator["ReviewDesk"]:
    from leitstand.configuration.current import load
    from leitstand.core import settings
    from leitstand.core.clock import Clock
    from leitstand.journal.spool import Spool
    from leitstand.reports.review.desk import ReviewDesk
    from leitstand.store.engine import open_engine
    from leitstand.store.migrate import migrate

    folder = settings.data_dir(data)
    engine = open_engine(folder)
    migrate(engine)
    spool, configuration = Spool(folder / "spool"), load(engine)
    try:
        yield ReviewDesk(engine, Clock(), lambda: configuration, spool.write_now)
    finally:
        spool.close()
        engine.dispose()
