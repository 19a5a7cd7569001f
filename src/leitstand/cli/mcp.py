"""`leitstand mcp`: the MCP servers behind a running server, how they are, and a look at one now.

It asks the server's `/api` with the key of an administrator. Exit codes: 0 all is well, 1 a checked server does not
answer, 2 the question was wrong.
"""

import argparse
import json
from typing import Any

from leitstand.cli.server import add_server_options, ask


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `mcp` with its own subcommands."""
    parser = subparsers.add_parser("mcp", help="tool servers (Model Context Protocol)")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="all servers with state, tools, calls and cost")
    listing.set_defaults(run=run_list)
    check = actions.add_parser("check", help="connect to servers now and read their tools; nothing is called")
    check.add_argument("names", nargs="*", metavar="NAME", help="which ones (default: all)")
    check.set_defaults(run=run_check)
    for each in (listing, check):
        add_server_options(each, "an administrator")


def run_list(args: argparse.Namespace) -> int:
    """Show all servers."""
    told = ask(args, "GET", "/api/tools")
    if args.json:
        print(json.dumps(told, ensure_ascii=False))
        return 0
    for server in told["servers"]:
        print(
            f"{server['name']:24} {server['state']:8} {server['region']:6} {len(server['published']):3} tools  "
            f"{server['calls']} calls, {server['failed']} failed, {server['cost_eur']:.2f} EUR in {told['days']} days"
        )
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Look at servers now; 1 when one does not answer."""
    from urllib.parse import quote

    names = args.names or [server["name"] for server in ask(args, "GET", "/api/tools")["servers"]]
    checked = [ask(args, "POST", f"/api/tools/{quote(name, safe='')}/check") for name in names]
    print(json.dumps(checked, ensure_ascii=False) if args.json else "\n".join(map(_told, checked)))
    return 0 if all(state["state"] == "running" for state in checked) else 1


def _told(state: dict[str, Any]) -> str:
    if state["fault"]:
        return f"{state['name']:24} {state['state']:8} {state['fault']}"
    return f"{state['name']:24} {state['state']:8} {state['tools']} tools in {state['took_ms']:.0f} ms"
