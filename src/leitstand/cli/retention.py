"""`leitstand retention`: what the retention rules would remove, and remove it now; a server does so every hour."""

import argparse
import json
import sys

from leitstand.cli.office import add_data_option


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("retention", help="remove what is older than the retention rules allow")
    parser.add_argument(
        "--run", dest="now", action="store_true", help="remove it (default: show what is due)"
    )
    parser.add_argument(
        "--compact",
        action="store_true",
        help="give freed room back to the disk; writing waits for it meanwhile",
    )
    add_data_option(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show or do it; 1 when the journal is damaged, so that its old records must stay."""
    from leitstand.backup.retain import foresee, retain
    from leitstand.configuration.current import load
    from leitstand.core.clock import Clock
    from leitstand.core.errors import InvalidRequest
    from leitstand.core.settings import data_dir
    from leitstand.journal.backlog import catch_up
    from leitstand.journal.chain import Signer
    from leitstand.journal.purge import Damaged
    from leitstand.journal.spool import Spool
    from leitstand.store.engine import is_made, open_engine
    from leitstand.store.migrate import migrate
    from leitstand.store.retention import compact

    data = data_dir(args.data)
    if not is_made(data):
        raise InvalidRequest(
            f"In {data} liegt keine Installation. Nennen Sie ihren Ordner mit --data.",
            f"There is no installation in {data}. Name its folder with --data.",
        )
    engine = open_engine(data)
    spool = Spool(data / "spool")
    try:
        migrate(engine)
        rules, clock = load(engine).retention, Clock()
        if args.now:
            catch_up(engine, data)
            _tell(dict(retain(engine, Signer.load(data), rules, clock, spool.write_now)), args.json)
        else:
            found = foresee(engine, rules, clock.time_us())
            _tell({**found.rows, "journal_up_to": found.journal_up_to}, args.json)
        if args.compact:
            compact(engine)
    except Damaged as damaged:
        print(f"error: {damaged}", file=sys.stderr)
        return 1
    finally:
        spool.close()
        engine.dispose()
    return 0


def _tell(facts: dict[str, int], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts))
        return
    for name, number in facts.items():
        print(f"{name}: {number:,}")
    if not any(facts.values()):
        print("Nichts zu tun / nothing to do", file=sys.stderr)
