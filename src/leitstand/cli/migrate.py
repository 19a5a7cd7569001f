"""`leitstand migrate`: bring the database to this version, forward only; `serve` does the same at its start."""

import argparse
import sys

from leitstand.cli.office import add_data_option


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("migrate", help="bring the database to this version")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the steps and their SQL, change nothing"
    )
    add_data_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the missing steps; 1 when the database is of a newer version, 2 when there is none."""
    from leitstand.core.errors import InvalidRequest
    from leitstand.core.settings import data_dir
    from leitstand.store.engine import is_made, open_engine
    from leitstand.store.migrate import NewerDatabase, migrate, pending, planned_sql

    data = data_dir(args.data)
    if not is_made(data):
        raise InvalidRequest(
            f"In {data} liegt keine Installation. Nennen Sie ihren Ordner mit --data.",
            f"There is no installation in {data}. Name its folder with --data.",
        )
    engine = open_engine(data)
    try:
        steps = pending(engine) if args.dry_run else migrate(engine)
        if args.dry_run:
            sys.stdout.write(planned_sql(engine))
    except NewerDatabase as newer:
        print(f"error: {newer}", file=sys.stderr)
        return 1
    finally:
        engine.dispose()
    verb = "würden laufen / would run" if args.dry_run else "ausgeführt / done"
    print(f"{verb}: {', '.join(steps)}" if steps else "Nichts zu tun / nothing to do", file=sys.stderr)
    return 0
