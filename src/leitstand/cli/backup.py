"""`leitstand backup`: the whole installation in one encrypted file, also beside a running server; and the restore drill.

Exit codes: 0 done, 1 the drill found that the backup is not whole, 2 the question was wrong or the backup unusable.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from leitstand.cli.office import add_data_option

if TYPE_CHECKING:
    from leitstand.backup.keys import Identity, Locks, Passphrase
    from leitstand.core.errors import InvalidRequest


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "backup",
        help="back up the whole installation into one encrypted file",
        description="Without a key option the passphrase is asked for. Model weights are not backed up.",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="the backup: a path, s3://BUCKET/NAME?endpoint=URL, or blobs:NAME in the store of LEITSTAND_BLOBS; with "
        "--new-key the key file, with --list a folder, s3://BUCKET/PREFIX?endpoint=URL or blobs:",
    )
    parser.add_argument(
        "--recipient", metavar="KEY", help="public key: this server then cannot read the backup"
    )
    parser.add_argument(
        "--drill", action="store_true", help="restore FILE into a temporary folder and verify it"
    )
    parser.add_argument("--list", action="store_true", help="what is kept in a folder or an object store")
    parser.add_argument("--new-key", action="store_true", help="make a key file and print its public key")
    add_key_options(parser)
    add_data_option(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    parser.set_defaults(run=run)


def add_key_options(parser: argparse.ArgumentParser) -> None:
    """The options that open a backup."""
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        type=Path,
        help="its first line is the passphrase; `-`: standard input",
    )
    parser.add_argument("--identity", metavar="FILE", type=Path, help="private key file of the recipient")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    if args.new_key:
        from leitstand.backup.keys import new_identity

        print(new_identity(Path(args.file)))
        return 0
    with told_plainly():
        if args.list:
            return _list(args)
        return _drill(args) if args.drill else _create(args)


@contextmanager
def told_plainly() -> Iterator[None]:
    """A full or missing disk ends the command with a sentence; nothing half-made is left then."""
    from leitstand.core.errors import InvalidRequest

    try:
        yield
    except OSError as cause:
        where = cause.filename or ""
        raise InvalidRequest(
            f"Der Datenträger verweigert sich: {cause.strerror} {where}".strip()
            + ". Es blieb nichts Halbes zurück.",
            f"The disk refuses: {cause.strerror} {where}".strip() + ". Nothing half-made was left.",
        ) from cause


def opening_key(args: argparse.Namespace) -> "Identity | Passphrase":
    """What opens a backup: the recipient's key file, or a passphrase."""
    from leitstand.backup.keys import Identity

    return Identity.read(args.identity) if args.identity else _passphrase(args)


def _locking_key(args: argparse.Namespace) -> "Locks":
    from leitstand.backup.keys import Recipient

    return Recipient.parse(args.recipient) if args.recipient else _passphrase(args, twice=True)


def _passphrase(args: argparse.Namespace, *, twice: bool = False) -> "Passphrase":
    from leitstand.backup.keys import Passphrase, read_secret

    if args.passphrase_file is not None:
        if str(args.passphrase_file) == "-":
            return Passphrase(sys.stdin.readline().strip())
        return Passphrase(read_secret(args.passphrase_file))
    if not sys.stdin.isatty():
        raise _no_key()
    text = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("Passphrase (wiederholen / repeat): ") != text:
        raise _unlike()
    return Passphrase(text)


def _no_key() -> "InvalidRequest":
    from leitstand.core.errors import InvalidRequest

    return InvalidRequest(
        "Es fehlt der Schlüssel: --passphrase-file DATEI, oder --recipient beim Sichern, --identity beim Öffnen.",
        "The key is missing: --passphrase-file FILE, or --recipient to back up, --identity to open.",
    )


def _unlike() -> "InvalidRequest":
    from leitstand.core.errors import InvalidRequest

    return InvalidRequest("Die beiden Eingaben sind verschieden.", "The two entries differ.")


def _list(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from leitstand.store.blobs.address import open_blobs

    for blob in open_blobs(args.file).list():
        changed = datetime.fromtimestamp(blob.changed_us / 1_000_000, UTC).isoformat(timespec="seconds")
        if args.json:
            fact = {"name": blob.name, "size_bytes": blob.size_bytes, "changed": changed}
            print(json.dumps(fact, ensure_ascii=False))
        else:
            print(f"{changed}  {blob.size_bytes:>15,}  {blob.name}")
    return 0


def _create(args: argparse.Namespace) -> int:
    from leitstand.backup.create import create
    from leitstand.backup.tell import tell
    from leitstand.core.settings import data_dir
    from leitstand.store.blobs.address import place_of

    data = data_dir(args.data)
    made = create(data, place_of(args.file), _locking_key(args))
    told: dict[str, object] = {
        "file": str(made.place),
        "size_bytes": made.size_bytes,
        "created": made.created,
    }
    tell(data, "backup.backup.created", f"cli:{getpass.getuser()}", told)
    rows, left_out = made.manifest.rows, made.manifest.left_out
    facts = {
        "file": str(made.place), "size_bytes": made.size_bytes, "records": rows.get("journal", 0),
        "rows": sum(rows.values()), "left_out": list(left_out),
    }  # fmt: skip
    if args.json:
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    print(
        f"Gesichert / backed up: {made.place} ({made.size_bytes:,} bytes, {rows.get('journal', 0):,} records)"
    )
    for name in left_out:
        print(f"  ohne / without: {name}")
    return 0


def _drill(args: argparse.Namespace) -> int:
    from leitstand.backup.drill import drill
    from leitstand.backup.tell import tell
    from leitstand.core.settings import data_dir
    from leitstand.store.blobs.address import place_of
    from leitstand.store.engine import is_made

    place = place_of(args.file)
    done = drill(place, opening_key(args))
    data = data_dir(args.data)
    if is_made(data):  # a drill may run on a machine that has nothing but the backup
        told: dict[str, object] = {
            "file": str(place),
            "created": done.created,
            "problems": len(done.problems),
        }
        kind = "backup.drill.passed" if done.passed else "backup.drill.failed"
        tell(data, kind, f"cli:{getpass.getuser()}", told)
    if args.json:
        print(
            json.dumps(
                {
                    "passed": done.passed, "created": done.created, "rows": done.rows, "files": done.files,
                    "problems": done.problems, "took_s": round(done.took_s, 2),
                },
                ensure_ascii=False,
            )
        )  # fmt: skip
    else:
        word = "bestanden / passed" if done.passed else "NICHT bestanden / FAILED"
        print(f"Rückspielprobe / restore drill: {word}, {done.took_s:.1f} s")
        print(f"  Stand / as of: {done.created}")
        print(
            f"  Journal: {done.rows.get('journal', 0):,} records, {sum(done.rows.values()):,} rows, {done.files} files"
        )
        for problem in done.problems:
            print(f"  {problem}")
    return 0 if done.passed else 1
