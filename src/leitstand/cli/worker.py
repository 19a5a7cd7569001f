"""`leitstand worker`: background work without a port, on as many machines as there is work for."""

import argparse

from leitstand.cli import office


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "worker",
        help="do the background work, without a port",
        description="Any number of workers share the work; the gateways beside them run with LEITSTAND_JOBS=worker.",
    )
    office.add_data_option(parser)
    parser.add_argument(
        "--clock",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="let application time run faster (simulation)",
    )
    parser.add_argument("--clock-start", metavar="ISO", help="application time at the start (simulation)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Work until told to stop."""
    return int(args.compose().work(args))
