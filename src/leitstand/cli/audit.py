"""`leitstand audit`: prove that the journal is whole, and export it."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leitstand.core.settings import data_dir

if TYPE_CHECKING:
    from leitstand.journal.verify import Problem, Verdict

_INTACT, _DAMAGED, _UNREADABLE = 0, 1, 2


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("audit", help="verify and export the journal")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    verify = actions.add_parser(
        "verify", help="check the chain: exit code 0 intact, 1 damaged, 2 cannot be read"
    )
    verify.add_argument("--json", action="store_true", help="machine-readable output")
    verify.add_argument(
        "--public-key", metavar="FILE", type=Path, help="a copy of audit.pub that was kept elsewhere"
    )

    export = actions.add_parser("export", help="one JSON line per interaction, oldest first")
    export.add_argument("--since", metavar="ISO", type=_time_us, help="from this time on; UTC without offset")
    export.add_argument("--until", metavar="ISO", type=_time_us, help="before this time")
    export.add_argument("--all", action="store_true", help="audit events too")

    for action in (verify, export):
        action.add_argument(
            "--data", metavar="DIR", help="data folder (default: LEITSTAND_DATA, else ./data)"
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it; the exit code of `verify` is its verdict."""
    from leitstand.journal.repository import Unreadable

    try:
        return _verify(args) if args.action == "verify" else _export(args)
    except Unreadable as cause:
        print(f"Das Journal ist nicht lesbar: {cause}", file=sys.stderr)
        print(
            f"The journal cannot be read: {cause}\nHint: name the data folder with --data.", file=sys.stderr
        )
        return _UNREADABLE


def _time_us(text: str) -> int:
    """ISO 8601 to microseconds since 1970."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-11-01T08:00:00Z") from cause
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)


def _verify(args: argparse.Namespace) -> int:
    from leitstand.journal.verify import verify

    verdict = verify(data_dir(args.data), args.public_key)
    print(json.dumps(_facts(verdict), ensure_ascii=False) if args.json else _report(verdict))
    return _INTACT if verdict.intact else _DAMAGED


def _facts(verdict: "Verdict") -> dict[str, object]:
    return {
        "intact": verdict.intact,
        "records": verdict.rows,
        "head": verdict.head,
        "signed": _iso(verdict.signed_us),
        "purged_up_to": verdict.purged,
        "key_fingerprint": verdict.fingerprint,
        "spooled": {"records": verdict.spooled, "torn": verdict.torn, "corrupt": verdict.corrupt},
        "problem_count": verdict.problem_count,
        "problems": [problem._asdict() for problem in verdict.problems],
    }


def _report(verdict: "Verdict") -> str:
    if verdict.intact:
        lines = [
            f"Das Journal ist unversehrt: {_german(verdict.rows)} Datensätze.",
            f"The journal is intact: {verdict.rows:,} records.",
        ]
    else:
        lines = [
            f"Das Journal ist beschädigt: {_german(verdict.problem_count)} Befunde in "
            f"{_german(verdict.rows)} Datensätzen.",
            f"The journal is damaged: {verdict.problem_count:,} findings in {verdict.rows:,} records.",
        ]
    lines += [f"  {_sentence(problem)}" for problem in verdict.problems]
    if verdict.problem_count > len(verdict.problems):
        lines.append(f"  … {verdict.problem_count - len(verdict.problems)} more")
    lines += [
        f"Kopf / head:              {verdict.head or '-'}",
        *_purged(verdict),
        f"signiert / signed:        {_iso(verdict.signed_us) or '-'}",
        f"Schlüssel / key:          {verdict.fingerprint or '-'}",
        f"noch im Spool / spooled:  {verdict.spooled} ({verdict.torn} torn, {verdict.corrupt} corrupt)",
    ]
    return "\n".join(lines)


def _purged(verdict: "Verdict") -> list[str]:
    if not verdict.purged:
        return []
    return [f"gelöscht / purged:        up to record {verdict.purged}, {_iso(verdict.cut_us)}"]


def _sentence(problem: "Problem") -> str:
    place = [] if problem.seq is None else [f"record {problem.seq}"]
    if problem.id:
        place.append(problem.id)
    return f"{', '.join(place)}: {problem.what}" if place else problem.what


def _german(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _iso(time_us: int | None) -> str | None:
    from leitstand.core.clock import from_us

    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")


def _export(args: argparse.Namespace) -> int:
    import os

    from leitstand.journal.backlog import catch_up
    from leitstand.journal.export import export
    from leitstand.journal.repository import Unreadable
    from leitstand.store.engine import DATABASE_FILE, is_made, open_engine

    data = data_dir(args.data)
    if not is_made(data):
        raise Unreadable(f"{data / DATABASE_FILE} does not exist")
    writable = os.access(data, os.W_OK)
    engine = open_engine(data, read_only=not writable)
    try:
        if not writable or not catch_up(engine, data):
            print("warning: the newest records may still be in the spool", file=sys.stderr)
        for line in export(engine, since_us=args.since, until_us=args.until, audit_events=args.all):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    finally:
        engine.dispose()
    return 0
