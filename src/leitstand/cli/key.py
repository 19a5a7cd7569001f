"""`leitstand key`: create, rotate, revoke and list virtual keys, also beside a running server."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from leitstand.cli import office

if TYPE_CHECKING:
    from leitstand.identity.repository import KeyRow
    from leitstand.identity.virtual_keys import NewKey


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("key", help="virtual keys: create, rotate, revoke, list")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    create = verbs.add_parser("create", help="issue a key; it is shown once")
    create.add_argument("--user", required=True, metavar="NAME", help="whose key it is")
    create.add_argument(
        "--use-case", action="append", default=[], metavar="NAME", help="may be repeated; none = all"
    )
    create.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="may be repeated; none = all"
    )
    create.add_argument(
        "--network", action="append", default=[], metavar="CIDR", help="address range it is valid from"
    )
    create.add_argument("--label", default="", help="what it is for")
    create.add_argument("--days", type=float, default=None, help="valid for so many days (default: no end)")

    rotate = verbs.add_parser("rotate", help="issue a successor; the old key goes on for a while")
    rotate.add_argument("id")
    rotate.add_argument(
        "--overlap-days", type=float, default=7.0, help="how long the old key goes on (default 7)"
    )

    revoke = verbs.add_parser("revoke", help="end a key now")
    revoke.add_argument("id")

    listing = verbs.add_parser("list", help="all keys, without the keys themselves")
    listing.add_argument("--user", default=None, metavar="NAME")

    for verb in (create, rotate, revoke, listing):
        office.add_data_option(verb)
        verb.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; errors are raised as refusals with a hint."""
    with office.opened(args.data) as desk:
        match args.verb:
            case "create":
                return _create(desk, args)
            case "rotate":
                return _show(desk.keys.rotate(args.id, desk.actor, args.overlap_days), args.json)
            case "revoke":
                desk.keys.revoke(args.id, desk.actor)
                print(json.dumps({"id": args.id, "revoked": True}) if args.json else f"{args.id} is revoked.")
            case _:
                _list(desk.keys.list(args.user), args.json)
    return 0


def _create(desk: office.Desk, args: argparse.Namespace) -> int:
    from leitstand.identity.virtual_keys import KeyRequest

    desk.require_known("user", [args.user])
    desk.require_known("use_case", args.use_case)
    desk.require_known("model", args.model)
    wish = KeyRequest(
        args.user, args.label, tuple(args.use_case), tuple(args.model), tuple(args.network), args.days
    )
    return _show(desk.keys.create(wish, desk.actor), args.json)


def _show(new: "NewKey", as_json: bool) -> int:
    if as_json:
        print(json.dumps({"id": new.id, "key": new.key, "user": new.user, "expires": _iso(new.expires_us)}))
    else:
        print(f"id:   {new.id}\nkey:  {new.key}\n\nThis is the only time the key is shown.")
    return 0


def _list(rows: "Sequence[KeyRow]", as_json: bool) -> None:
    for row in rows:
        facts = {
            "id": row.id,
            "user": row.user,
            "label": row.label,
            "hint": row.hint,
            "use_cases": list(row.use_cases),
            "models": list(row.models),
            "networks": list(row.networks),
            "created": _iso(row.created_us),
            "expires": _iso(row.expires_us),
            "revoked": _iso(row.revoked_us),
            "replaced_by": row.replaced_by,
        }
        if as_json:
            print(json.dumps(facts, ensure_ascii=False))
        else:
            state = (
                "revoked" if row.revoked_us else (f"until {facts['expires']}" if row.expires_us else "valid")
            )
            print(f"{row.id}  {row.hint}…  {row.user:20}  {state:32}  {row.label}")


def _iso(time_us: int | None) -> str | None:
    from leitstand.core.clock import from_us

    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")
