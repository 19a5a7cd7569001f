"""`leitstand`: reads the arguments and hands over to one command."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from leitstand import __version__
from leitstand.cli import (
    alert,
    audit,
    backup,
    budget,
    config,
    drill,
    incident,
    job,
    key,
    knowledge,
    mcp,
    migrate,
    model,
    policy,
    price,
    privacy,
    reconcile,
    regression,
    restore,
    retention,
    serve,
    tiers,
    usage,
    user,
    what_if,
    worker,
)

_COMMANDS = (
    serve,
    worker,
    job,
    alert,
    incident,
    config,
    user,
    key,
    privacy,
    policy,
    knowledge,
    audit,
    budget,
    usage,
    price,
    reconcile,
    what_if,
    model,
    regression,
    drill,
    tiers,
    mcp,
    backup,
    restore,
    migrate,
    retention,
)


def run(argv: Sequence[str], compose: Callable[[], Any]) -> int:
    """Run one command.

    compose: loads the composition root; only `serve` and `demo` need it, and only when they run.
    Returns the exit code: 0 done, 1 the answer is no, 2 the question was wrong.
    """
    parser = argparse.ArgumentParser(
        prog="leitstand", description="The control room from which a company runs its AI."
    )
    parser.add_argument("--version", action="version", version=f"leitstand {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.register(subparsers)
    args = parser.parse_args(argv)
    args.compose = compose
    from leitstand.core.errors import Refusal  # after parsing: --help stays quick

    try:
        return int(args.run(args))
    except Refusal as refusal:
        print(f"error: {refusal.en}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
