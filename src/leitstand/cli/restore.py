"""`leitstand restore`: bring a backup back into an empty data folder, checked before and after."""

import argparse
import json
import sys
from pathlib import Path

from leitstand.cli.backup import add_key_options, opening_key, told_plainly
from leitstand.cli.office import add_data_option


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "restore",
        help="restore a backup into an empty data folder",
        description="The backup is proven as a whole before anything is written. With LEITSTAND_DATABASE the rows go "
        "into that database, which must be empty; so an embedded installation moves to PostgreSQL, and back.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup")
    add_key_options(parser)
    add_data_option(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Restore; 0 when the journal is intact, 1 when it was damaged already as it was backed up."""
    from leitstand.backup.restore import restore
    from leitstand.core.settings import data_dir

    data = data_dir(args.data)
    with told_plainly():
        done = restore(args.file, data, opening_key(args))
    facts = {
        "data": str(data), "created": done.created, "records": done.verdict.rows, "intact": done.verdict.intact,
        "left_out": list(done.manifest.left_out),
    }  # fmt: skip
    if args.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print(
            f"Zurückgespielt / restored: {data}, Stand / as of {done.created}, {done.verdict.rows:,} records"
        )
        for name in done.manifest.left_out:
            print(f"  Modell neu installieren / install the model again: {name}")
    for problem in done.verdict.problems:
        print(f"  {problem.what}", file=sys.stderr)
    if not done.verdict.intact:
        print("hint: see 'leitstand audit verify'", file=sys.stderr)
    return 0 if done.verdict.intact else 1
