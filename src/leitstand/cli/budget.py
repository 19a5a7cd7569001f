"""`leitstand budget`: every limit as it stands, extensions, grace, and the proof; also beside a running server.

Running processes follow a change within two seconds. `list` reads what the journal has booked: what running requests
hold is known to the server only (`GET /api/budgets`).
"""

import argparse
import json
import time
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from leitstand.cli import office

if TYPE_CHECKING:
    from leitstand.accounting.budgets.board import Board


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("budget", help="limits: list, extend, grace, verify")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    listing = verbs.add_parser("list", help="every limit with what is spent and when it will be reached")

    extend = verbs.add_parser("extend", help="more for one limit until its day or month ends")
    extend.add_argument(
        "scope", help="company, department:NAME, use_case:NAME, user:NAME, key:ID, model:NAME"
    )
    extend.add_argument(
        "--measure", default="eur_per_month", help="which limit of that scope (default eur_per_month)"
    )
    more = extend.add_mutually_exclusive_group(required=True)
    more.add_argument("--amount", type=_amount, help="EUR or tokens to add")
    more.add_argument("--percent", type=_amount, help="or so many per cent of the limit")

    grace = verbs.add_parser(
        "grace", help="let a user, key or use case pass limits up to a day and an amount"
    )
    grace.add_argument("scope", help="user:NAME, key:ID or use_case:NAME")
    grace.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="last day, e.g. 2026-11-30")
    grace.add_argument("--eur", type=_amount, default=Decimal(0), help="how far beyond limits in EUR")
    grace.add_argument("--tokens", type=int, default=0, help="how far beyond limits in tokens")
    grace.add_argument("--end", action="store_true", help="end the grace of this scope now")

    for verb in (extend, grace):
        verb.add_argument("--reason", default="", help="why, for the audit trail")
    verify = verbs.add_parser(
        "verify", help="compare counters, journal and hourly sums of every limit; 1 if they differ"
    )
    verify.add_argument(
        "--mend", action="store_true", help="raise counters that are too low, release what nobody holds"
    )

    for verb in (listing, extend, grace, verify):
        office.add_data_option(verb)
        verb.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked, 1 where sums differ; errors are raised as refusals with a hint."""
    with office.opened(args.data) as desk:
        match args.verb:
            case "extend":
                _extend(desk, args)
            case "grace":
                _grace(desk, args)
            case "verify":
                return _verify(desk, args)
            case _:
                _list(desk, args.json)
    return 0


def _verify(desk: office.Desk, args: argparse.Namespace) -> int:
    from leitstand.accounting.balance.desk import BalanceDesk, figures
    from leitstand.accounting.counters.opened import open_counters
    from leitstand.core import settings
    from leitstand.journal.backlog import catch_up

    folder, editor = settings.data_dir(args.data), desk.editor
    counters = open_counters(folder)
    try:
        balance = BalanceDesk(
            editor.engine, counters, editor.clock, lambda: desk.configuration,
            lambda: catch_up(editor.engine, folder), editor.record,
        )  # fmt: skip
        facts = figures(balance.verify(desk.actor, mend=args.mend))
    finally:
        counters.close()
    if args.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _tell_balance(facts)
    return int(not facts["agrees"])


def _tell_balance(facts: dict[str, Any]) -> None:
    print(f"{facts['accounts']} limits compared, {len(facts['differences'])} differences")
    for each in facts["differences"]:
        mended = ", mended" if each["mended"] else ""
        print(
            f"{each['scope']:32} {each['measure']:17} {each['period']:10} {each['kind']}: "
            f"by {each['difference']}{mended}"
        )


def _extend(desk: office.Desk, args: argparse.Namespace) -> None:
    from leitstand.accounting.budgets.changes import ExtensionWish, extend

    wish = ExtensionWish(args.scope, args.measure, args.reason, args.amount, args.percent)
    extension = extend(desk.editor, desk.configuration, wish, desk.actor, time.time())
    if args.json:
        print(extension.model_dump_json())
    else:
        print(f"{extension.scope} {extension.measure}: {extension.amount} more in {extension.period}.")


def _grace(desk: office.Desk, args: argparse.Namespace) -> None:
    from leitstand.accounting.budgets.changes import GraceWish, give_grace

    if args.end:
        desk.editor.remove_object("grace", args.scope, desk.actor)
        facts: dict[str, Any] = {"scope": args.scope, "ended": True}
        said = f"The grace of {args.scope} has ended."
    else:
        until = args.until or _today(desk)
        wish = GraceWish(args.scope, until, args.reason, args.eur, args.tokens)
        give_grace(desk.editor, wish, desk.actor, _today(desk))
        facts = {
            "scope": args.scope,
            "until": until.isoformat(),
            "eur": float(args.eur),
            "tokens": args.tokens,
        }
        said = f"{args.scope} may pass limits until {until}, by {args.eur} EUR and {args.tokens} tokens."
    print(json.dumps(facts) if args.json else said)


def _list(desk: office.Desk, as_json: bool) -> None:
    from leitstand.accounting.budgets.figures import board_figures

    figures = board_figures(_board(desk))
    if as_json:
        for limit in figures["limits"]:
            limit.pop("held")
        print(json.dumps(figures, ensure_ascii=False))
        return
    for limit in figures["limits"]:
        used = "private" if limit["private"] else f"{limit['spent']} ({limit['share']:.0%})"
        print(f"{limit['scope']:32} {limit['measure']:17} {used:>22} of {limit['limit']}  {_told(limit)}")
    for pace in figures["paces"]:
        print(f"{pace['scope']:32} {pace['measure']:17} {'':>22}    {pace['limit']}")
    for grace in figures["graces"]:
        print(f"grace: {grace['scope']} until {grace['until']}, {grace['eur']} EUR, {grace['tokens']} tokens")


def _told(limit: dict[str, Any]) -> str:
    ahead = limit["forecast"]
    if not ahead or not ahead["reached"]:
        return ""
    return f"will be reached on {ahead['reached']} ({ahead['earliest']} to {ahead['latest'] or 'never'})"


def _board(desk: office.Desk) -> "Board":
    from leitstand.accounting.budgets.board import Sources, take_board
    from leitstand.accounting.budgets.repository import UsageRows
    from leitstand.accounting.budgets.rules import leeway, limit_rules
    from leitstand.accounting.counters import Reading
    from leitstand.accounting.periods import Calendar
    from leitstand.accounting.rebuild import spent_by_counter
    from leitstand.accounting.repository import settled_since

    timezone, now_s = desk.configuration.organisation.timezone, time.time()
    rules, calendar = limit_rules(desk.configuration), Calendar(timezone)
    rows = UsageRows(desk.editor.engine)
    while rows.advance(timezone):
        pass
    since_us = int(calendar.period("month", now_s).begins_s * 1_000_000)
    spent = dict(spent_by_counter(settled_since(desk.editor.engine, since_us), rules, calendar))
    sources = Sources(rows.daily, lambda counters: [Reading(spent.get(each, 0), 0) for each in counters])
    return take_board(rules, leeway(desk.configuration), calendar, now_s, sources)


def _today(desk: office.Desk) -> date:
    from zoneinfo import ZoneInfo

    return datetime.now(UTC).astimezone(ZoneInfo(desk.configuration.organisation.timezone)).date()


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as cause:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write 25 or 25.50") from cause
