"""`leitstand privacy`: find personal data in JSON lines; explain finds (privacy_rules.py); mask, restore and erase it
(privacy_vault.py)."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from leitstand.cli import privacy_leaks, privacy_rules, privacy_vault

if TYPE_CHECKING:
    from leitstand.privacy.scan import Scanner


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `privacy` with its own subcommands."""
    parser = subparsers.add_parser(
        "privacy", help="personal data: scan, mask and restore texts, erase persons"
    )
    actions = parser.add_subparsers(dest="action", required=True)
    scan = actions.add_parser(
        "scan", help="JSON lines {id,text,lang?,allow?} on stdin to {id,entities} on stdout"
    )
    scan.add_argument("--rules-only", action="store_true", help="without the name tagger")
    scan.set_defaults(run=run)
    privacy_rules.register(actions)
    privacy_vault.register(actions)
    privacy_leaks.register(actions)


def run(args: argparse.Namespace) -> int:
    """Scan standard input; 0 when every line was read, 2 at the first bad one (named on stderr)."""
    return _scan(sys.stdin, sys.stdout, sys.stderr, args.rules_only)


class _BadLine(Exception):
    """A line that is not what the command takes; the message says where and why."""


def _scan(lines: TextIO, out: TextIO, errors: TextIO, rules_only: bool = False) -> int:
    scanners: dict[tuple[str, ...], Scanner] = {}
    try:
        for record_id, text, allow in _records(lines):
            scanner = scanners.get(allow) or scanners.setdefault(allow, _scanner(allow, rules_only))
            entities = [
                {"start": entity.start, "end": entity.end, "type": entity.type.value}
                for entity in scanner.scan_text(text)
            ]
            out.write(json.dumps({"id": record_id, "entities": entities}, ensure_ascii=False) + "\n")
    except (_BadLine, UnicodeDecodeError) as fault:
        out.flush()
        errors.write(f"leitstand privacy scan: {fault}\n")
        errors.write('hint: each line is a JSON object like {"id": "1", "text": "Frau Beispiel ruft an"}\n')
        return 2
    return 0


def _records(lines: TextIO) -> Iterator[tuple[object, str, tuple[str, ...]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as cause:
            raise _BadLine(f"line {number}: not JSON ({cause.msg} at column {cause.colno})") from cause
        yield _checked(record, number)


def _checked(record: object, number: int) -> tuple[object, str, tuple[str, ...]]:
    if not isinstance(record, dict):
        raise _BadLine(f"line {number}: a JSON object is needed, not {type(record).__name__}")
    if "id" not in record:
        raise _BadLine(f"line {number}: 'id' is missing")
    text, allow = record.get("text"), record.get("allow") or []
    if not isinstance(text, str):
        raise _BadLine(f"line {number}: 'text' must be a string")
    if not isinstance(allow, list) or not all(isinstance(name, str) for name in allow):
        raise _BadLine(f"line {number}: 'allow' must be a list of strings")
    return record["id"], text, tuple(allow)


def _scanner(allow: tuple[str, ...], rules_only: bool) -> "Scanner":
    from leitstand.privacy.scan import Scanner
    from leitstand.privacy.tagger import tagger

    return Scanner(allow, tagger=None if rules_only else tagger())
