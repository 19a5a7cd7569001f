"""`leitstand user`: add, change, list and remove people, and set local passwords."""

import argparse
import getpass
import json
import sys

from leitstand.cli import office


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("user", help="people: set, list, remove, password")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    change = verbs.add_parser("set", help="add a person, or change what is named")
    change.add_argument("name")
    change.add_argument("--email")
    change.add_argument("--display-name")
    change.add_argument("--department")
    change.add_argument("--role", choices=["user", "power_user", "admin", "super_admin"])

    password = verbs.add_parser("password", help="set a local password; asks for it, or reads standard input")
    password.add_argument("name")
    password.add_argument("--generate", action="store_true", help="make one and print it")

    remove = verbs.add_parser("remove", help="remove a person; what they did stays in the journal")
    remove.add_argument("name")

    listing = verbs.add_parser("list", help="all people")

    for verb in (change, password, remove, listing):
        office.add_data_option(verb)
        verb.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; errors are raised as refusals with a hint."""
    with office.opened(args.data) as desk:
        match args.verb:
            case "set":
                wishes = {
                    "email": args.email,
                    "display_name": args.display_name,
                    "department": args.department,
                    "role": args.role,
                }
                given = {key: value for key, value in wishes.items() if value is not None}
                body = desk.set_object("user", {"name": args.name} | given)
                print(json.dumps(body, ensure_ascii=False) if args.json else f"{args.name} is set.")
            case "password":
                return _password(desk, args)
            case "remove":
                desk.require_known("user", [args.name])
                desk.editor.remove_object("user", args.name, desk.actor)
                desk.sessions.forget(args.name, desk.actor)
                desk.keys.revoke_all(args.name, desk.actor)
                print(
                    json.dumps({"name": args.name, "removed": True})
                    if args.json
                    else f"{args.name} is removed."
                )
            case _:
                for body in desk.objects("user"):
                    if args.json:
                        print(json.dumps(body, ensure_ascii=False))
                    else:
                        print(
                            f"{body['name']:20}  {body.get('role', 'user'):12}  {body.get('department') or '-':16}  {body.get('email') or '-'}"
                        )
    return 0


def _password(desk: office.Desk, args: argparse.Namespace) -> int:
    from leitstand.identity import passwords

    desk.require_known("user", [args.name])
    if args.generate:
        password = passwords.generate()
    elif sys.stdin.isatty():
        password = getpass.getpass("New password: ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    desk.sessions.set_password(args.name, password, desk.actor)
    shown = {"name": args.name} | ({"password": password} if args.generate else {})
    if args.json:
        print(json.dumps(shown))
    else:
        print(
            f"password of {args.name}: {password}"
            if args.generate
            else f"The password of {args.name} is set."
        )
    return 0
