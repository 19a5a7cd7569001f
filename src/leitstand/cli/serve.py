"""`leitstand serve` and `leitstand demo`: the application itself."""

import argparse

from leitstand.cli import office


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands; they take the same options."""
    for name, sentence in (
        ("serve", "run the application"),
        ("demo", "the same with the data of Musterwerk GmbH and simulated providers"),
    ):
        parser = subparsers.add_parser(name, help=sentence)
        office.add_data_option(parser)
        parser.add_argument("--config", metavar="FILE", help="configuration file, applied before the start")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument(
            "--port", type=int, default=8080, help="port to listen on (default 8080; 0 = a free one)"
        )
        parser.add_argument("--workers", type=int, default=1, help="number of processes (default 1)")
        parser.add_argument(
            "--clock",
            type=float,
            default=1.0,
            metavar="FACTOR",
            help="let application time run faster (simulation)",
        )
        parser.add_argument("--clock-start", metavar="ISO", help="application time at the start (simulation)")
        parser.add_argument(
            "--socket-fd", type=int, help=argparse.SUPPRESS
        )  # set for the processes of --workers
        parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return int(args.compose().run(args))
