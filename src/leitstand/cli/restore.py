"""`leitstand restore`: bring a backup back into an empty data folder, checked before and after."""

import argparse
import json
import sys
from pathlib import Path

from leitstand.cli.backup import add_key_options, opening_key, told_plainly
from leitstand.cli.office import add_data_option
from leitstand.cli.privacy_vault import read_list, repeat


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "restore",
        help="restore a backup into an empty data folder",
        description="The backup is proven as a whole before anything is written. With LEITSTAND_DATABASE the rows go "
        "into that database, which must be empty; so an embedded installation moves to PostgreSQL, and back.",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="the backup: a path, s3://BUCKET/NAME?endpoint=URL, or blobs:NAME in the store of LEITSTAND_BLOBS",
    )
    add_key_options(parser)
    parser.add_argument(
        "--erasures",
        metavar="FILE",
        type=Path,
        help="erase again what this list names (privacy erasures --list)",
    )
    add_data_option(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Restore; 0 when the journal is intact, 1 when it was damaged already as it was backed up."""
    from leitstand.backup.restore import restore
    from leitstand.core.settings import data_dir
    from leitstand.store.blobs.address import place_of

    data = data_dir(args.data)
    if args.erasures is not None:
        read_list(args.erasures)  # a faulty list is refused before anything is restored
    with told_plainly():
        done = restore(place_of(args.file), data, opening_key(args))
    erased = None if args.erasures is None else repeat(str(data), args.erasures)
    facts = {
        "data": str(data), "created": done.created, "records": done.verdict.rows, "intact": done.verdict.intact,
        "left_out": list(done.manifest.left_out), **({"erased_again": erased["entries"]} if erased else {}),
    }  # fmt: skip
    if args.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print(
            f"Zurückgespielt / restored: {data}, Stand / as of {done.created}, {done.verdict.rows:,} records"
        )
        if erased:
            print(
                f"  Löschungen wiederholt / erasures repeated: {erased['erasures']}, {erased['entries']} entries"
            )
        for name in done.manifest.left_out:
            print(f"  Modell neu installieren / install the model again: {name}")
    for problem in done.verdict.problems:
        print(f"  {problem.what}", file=sys.stderr)
    if not done.verdict.intact:
        print("hint: see 'leitstand audit verify'", file=sys.stderr)
    return 0 if done.verdict.intact else 1
