"""`leitstand privacy mask`, `restore` and `erase`: placeholders in JSON lines, and what stands behind them.

They work on the data folder, beside a running server or without one.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from leitstand.cli import office

if TYPE_CHECKING:
    from leitstand.configuration.current import Configuration
    from leitstand.privacy.erasures import Erasure
    from leitstand.privacy.scan import Scanner
    from leitstand.privacy.vault import Vault


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the three to `privacy`."""
    masking = actions.add_parser(
        "mask", help="JSON lines {id,text,scope?} on stdin to {id,text,scope} with placeholders on stdout"
    )
    masking.add_argument(
        "--scope", metavar="S", help="the file that lines without one belong to (default: one each)"
    )
    masking.add_argument(
        "--department", metavar="D", default="", help="with the terms of this department, too"
    )
    masking.set_defaults(run=_mask)
    restoring = actions.add_parser(
        "restore", help="JSON lines {id,text,scope} on stdin to {id,text,scope} with originals on stdout"
    )
    restoring.add_argument("--scope", metavar="S", help="the file that lines without one belong to")
    restoring.set_defaults(run=_restore)
    erasing = actions.add_parser("erase", help="erase a file or a person from the vault for good")
    what = erasing.add_mutually_exclusive_group(required=True)
    what.add_argument("--scope", metavar="S", help="all of this file")
    what.add_argument("--person", metavar="NAME", help="this person, or any other value, in all files")
    erasing.add_argument("--json", action="store_true", help="machine-readable receipt")
    erasing.set_defaults(run=_erase)
    erasing.add_argument("--reason", default="", help="why, for the audit trail; no names")
    listing = actions.add_parser(
        "erasures", help="receipts of erasures; --list: what must be repeated after a restore, without names"
    )
    listing.add_argument("--list", action="store_true", help="print the list that --repeat reads")
    listing.add_argument("--repeat", metavar="FILE", type=Path, help="erase again what such a list names")
    listing.add_argument("--json", action="store_true", help="machine-readable output")
    listing.set_defaults(run=_erasures)
    for parser in (masking, restoring, erasing, listing):
        office.add_data_option(parser)


def _mask(args: argparse.Namespace) -> int:
    """0 when every line was masked, 2 at the first bad one (named on stderr)."""
    from leitstand.core.conversation import Message, Prompt, Text, texts
    from leitstand.core.ids import new_id
    from leitstand.privacy.mask import scan

    with _opened(args.data) as (vault, configuration):
        scanner = _scanner(configuration, args.department)
        for record_id, text, given in _lines("mask"):
            scope = given or args.scope or new_id("scope")
            prompt = Prompt("chat", "", (Message("user", (Text(text),)),))
            masked, _ = vault.mask(scope, scan(prompt, scanner))
            _say(record_id, next(texts(masked.prompt)), scope)
    return 0


def _restore(args: argparse.Namespace) -> int:
    """0 when every line was restored; unknown placeholders stay and are counted on stderr."""
    from leitstand.privacy.restore import Restorer

    unknown = 0
    with _opened(args.data) as (vault, _):
        for record_id, text, given in _lines("restore"):
            scope = given or args.scope
            if not scope:
                raise _bad(
                    "restore", f"the line with id {record_id!r} names no 'scope', and --scope is not given"
                )
            restorer = Restorer(vault.mapping(scope))
            _say(record_id, restorer.plain(text), scope)
            unknown += restorer.unknown
    if unknown:
        print(
            f"leitstand privacy restore: {unknown} unknown placeholders were left as they are",
            file=sys.stderr,
        )
    return 0


def _erase(args: argparse.Namespace) -> int:
    """0 with a receipt; also when there was nothing to erase, which the receipt says."""
    actor = f"cli:{getpass.getuser()}"
    with _opened(args.data) as (vault, _):
        receipt = (
            vault.erase_scope(args.scope, actor, args.reason)
            if args.scope
            else vault.erase_person(args.person, actor, args.reason)
        )
    if args.json:
        print(json.dumps({"receipt": receipt.id, "scopes": receipt.scopes, "entries": receipt.entries}))
    else:
        print(
            f"erased: {receipt.entries} entries in {receipt.scopes} files\nreceipt: {receipt.id} (in the journal)"
        )
    return 0


def _erasures(args: argparse.Namespace) -> int:
    """0; 2 where the list cannot be read."""
    from leitstand.privacy.erasures import told, written

    if args.repeat is not None:
        receipt = repeat(args.data, args.repeat)
        print(json.dumps(receipt) if args.json else f"erased again: {receipt['entries']} entries")
        return 0
    with _opened(args.data) as (vault, _):
        found = vault.erasures()
    if args.list:
        sys.stdout.write(written(found))
        return 0
    lines = [told(each) for each in found]
    if args.json:
        print(json.dumps(lines, ensure_ascii=False))
    for line in lines if not args.json else ():
        print(
            f"{line['time']}  {line['what']:<7} {line['entries']} entries  {line['receipt']}  {line['reason']}"
        )
    return 0


def repeat(data: str | None, source: Path) -> dict[str, int]:
    """Erase again what a list names; how much was found. Raises InvalidRequest."""
    erasures = read_list(source)
    with _opened(data) as (vault, _):
        receipt = vault.repeat(erasures, f"cli:{getpass.getuser()}")
    return {"erasures": len(erasures), "scopes": receipt.scopes, "entries": receipt.entries}


def read_list(source: Path) -> "list[Erasure]":
    """A list of erasures from its file; raises InvalidRequest."""
    from leitstand.core.errors import InvalidRequest
    from leitstand.privacy.erasures import read

    try:
        return list(read(source.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as cause:
        raise InvalidRequest(
            f"Die Löschliste {source} lässt sich nicht lesen.",
            f"The list of erasures {source} cannot be read.",
        ) from cause


@contextmanager
def _opened(data: str | None) -> "Iterator[tuple[Vault, Configuration]]":
    from leitstand.configuration.current import load
    from leitstand.configuration.secrets import load_sealer
    from leitstand.core import settings
    from leitstand.core.clock import Clock
    from leitstand.core.sealing import installation_secret
    from leitstand.journal.spool import Spool
    from leitstand.privacy.repository import VaultRows
    from leitstand.privacy.vault import VAULT_SECRET, Vault
    from leitstand.store.engine import open_engine
    from leitstand.store.migrate import migrate

    folder = settings.data_dir(data)
    engine = open_engine(folder)
    migrate(engine)
    spool = Spool(folder / "spool")
    try:
        pepper = installation_secret(folder, VAULT_SECRET)
        yield Vault(VaultRows(engine), load_sealer(folder), pepper, Clock(), spool.write_now), load(engine)
    finally:
        spool.close()
        engine.dispose()


def _scanner(configuration: "Configuration", department: str) -> "Scanner":
    """As the server scans for a department: configured terms and patterns, the tagger unless switched off."""
    from leitstand.core.clock import Clock
    from leitstand.privacy.wording import scanner_for, wording

    return scanner_for(wording(configuration, Clock().now().date())).of(department)


def _lines(command: str) -> Iterator[tuple[object, str, str]]:
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as cause:
            raise _bad(command, f"line {number}: not JSON ({cause.msg} at column {cause.colno})") from cause
        yield _read(command, record, number)


def _read(command: str, record: object, number: int) -> tuple[object, str, str]:
    if not isinstance(record, dict) or "id" not in record:
        raise _bad(command, f"line {number}: a JSON object with 'id' is needed")
    text, scope = record.get("text"), record.get("scope") or ""
    if not isinstance(text, str) or not isinstance(scope, str):
        raise _bad(command, f"line {number}: 'text' and 'scope' must be strings")
    return record["id"], text, scope


def _bad(command: str, why: str) -> Exception:
    from leitstand.core.errors import InvalidRequest

    sys.stdout.flush()
    return InvalidRequest(f"leitstand privacy {command}: {why}", f"leitstand privacy {command}: {why}")


def _say(record_id: object, text: str, scope: str) -> None:
    sys.stdout.write(json.dumps({"id": record_id, "text": text, "scope": scope}, ensure_ascii=False) + "\n")
