"""`leitstand config`: the configuration as a file — validate, apply, export, diff, schema.

Exit codes: 0 all is well, 1 findings or differences, 2 the question was wrong. Data goes to standard output,
everything else to standard error.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leitstand.configuration.apply import Editor
    from leitstand.configuration.file import Document
    from leitstand.configuration.plan import Change, State

_VERBS = (
    ("validate", "check a file; nothing is changed"),
    ("apply", "apply a file; what it does not name stays"),
    ("diff", "show what applying a file would change"),
    ("export", "print what is stored as a file"),
    ("schema", "print the JSON schema of the file"),
)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("config", help="configuration as a file")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, sentence in _VERBS:
        verb = verbs.add_parser(name, help=sentence, description=sentence)
        if name in ("validate", "apply", "diff"):
            verb.add_argument("file", metavar="FILE", help="configuration file (YAML); - is standard input")
        verb.add_argument("--data", metavar="DIR", help="data folder (default: LEITSTAND_DATA, else ./data)")
        verb.add_argument("--json", action="store_true", help="machine-readable output")
        if name == "schema":
            verb.add_argument("--write", metavar="DIR", help="renew the schema and the page in DIR instead")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.verb == "schema":
        return _schema(args)
    from leitstand.core.settings import data_dir

    data = data_dir(args.data)
    try:
        if args.verb == "export":
            return _export(args, data)
        return {"validate": _validate, "apply": _apply, "diff": _diff}[args.verb](args, data)
    except OSError as cause:
        return _usage(f"{cause.filename or args.verb}: {cause.strerror or cause}")


def _validate(args: argparse.Namespace, data: Path) -> int:
    document = _read(args.file, _state(data))
    if args.json:
        _print_json({"ok": document.ok, "findings": _findings(document)})
    else:
        _report(args.file, document, sys.stdout)
        print(f"{args.file}: {_verdict(document)}")
    return 0 if document.ok else 1


def _apply(args: argparse.Namespace, data: Path) -> int:
    with _editor(data) as editor:
        document = _read(args.file, editor.state())
        if not document.ok:
            return _refused(args, document)
        changes = editor.apply(document, "system").changes
    if args.json:
        _print_json({"ok": True, "findings": _findings(document), "changes": _changes(changes)})
    else:
        _report(args.file, document, sys.stderr)
        _print_changes(changes)
    return 0


def apply_file(source: "Path | bytes", data: Path, *, quiet: bool = False) -> None:
    """Apply a file before the start of the server; findings go to standard error unless `quiet`.

    Raises ConfigurationRefused with every finding; then nothing was applied.
    """
    from leitstand.configuration.file import read
    from leitstand.configuration.refusal import ConfigurationRefused

    with _editor(data) as editor:
        document = read(source, editor.state().known)
        name = str(source) if isinstance(source, Path) else "configuration"
        if not quiet or not document.ok:
            _report(name, document, sys.stderr)
        if not document.ok:
            raise ConfigurationRefused(document.errors)
        changes = editor.apply(document, "system").changes
    if not quiet:
        print(f"{name}: {len(changes)} changes applied", file=sys.stderr)


def _diff(args: argparse.Namespace, data: Path) -> int:
    from leitstand.configuration import plan
    from leitstand.configuration.secrets import load_sealer

    state = _state(data)
    document = _read(args.file, state)
    if not document.ok:
        return _refused(args, document)
    # Without stored secrets none is opened, and none may be made in a folder that is only looked at.
    changes = plan.plan(document.entries, state, load_sealer(data) if state.sealed else None).changes
    if args.json:
        _print_json({"ok": True, "findings": _findings(document), "changes": _changes(changes)})
    else:
        _report(args.file, document, sys.stderr)
        _print_changes(changes)
    return 1 if changes else 0


def _export(args: argparse.Namespace, data: Path) -> int:
    from leitstand.configuration.export import export

    text = export(_state(data))
    if args.json:
        _print_json({"yaml": text})
    else:
        print(text, end="")
    return 0


def _schema(args: argparse.Namespace) -> int:
    from leitstand.configuration import reference

    if not args.write:
        print(reference.json_schema(), end="")
        return 0
    for path in reference.write(Path(args.write)):
        print(path)
    return 0


def _read(file: str, state: "State") -> "Document":
    from leitstand.configuration.file import read

    return read(sys.stdin.buffer.read() if file == "-" else Path(file), state.known)


def _state(data: Path) -> "State":
    """What is stored; nothing where no database of this version lies. Creates and changes nothing."""
    from leitstand.configuration.plan import State, stored_state
    from leitstand.store.engine import is_made, open_engine
    from leitstand.store.migrate import pending

    if not is_made(data):
        return State()
    engine = open_engine(data)
    try:
        return State() if pending(engine) else stored_state(engine)
    finally:
        engine.dispose()


@contextmanager
def _editor(data: Path) -> "Iterator[Editor]":
    """The stored configuration, open for changes; their audit records go to the journal's spool."""
    from leitstand.configuration.apply import Editor
    from leitstand.configuration.secrets import load_sealer
    from leitstand.core.clock import Clock
    from leitstand.journal.spool import Spool
    from leitstand.store.engine import open_engine
    from leitstand.store.migrate import migrate

    engine = open_engine(data)
    spool = Spool(data / "spool")
    try:
        migrate(engine)
        yield Editor(engine, load_sealer(data), spool.write_now, Clock())
    finally:
        spool.close()
        engine.dispose()


def _refused(args: argparse.Namespace, document: "Document") -> int:
    if args.json:
        _print_json({"ok": False, "findings": _findings(document), "changes": []})
    else:
        _report(args.file, document, sys.stderr)
        print(f"{args.file}: {_verdict(document)}; nothing was applied", file=sys.stderr)
    return 1


def _report(file: str, document: "Document", stream: Any) -> None:
    for each in document.findings:
        where = f" ({each.path})" if each.path else ""
        print(f"{file}:{each.line}:{each.column}: {each.severity}: {each.message('en')}{where}", file=stream)
        if each.hint("en"):
            print(f"    hint: {each.hint('en')}", file=stream)


def _verdict(document: "Document") -> str:
    errors = len(document.errors)
    warnings = len(document.findings) - errors
    return f"{errors} {'error' if errors == 1 else 'errors'}, {warnings} {'warning' if warnings == 1 else 'warnings'}"


def _print_changes(changes: "list[Change]") -> None:
    from leitstand.configuration.export import lines

    for line in lines(changes) or ["No change."]:
        print(line)


def _findings(document: "Document") -> list[dict[str, Any]]:
    from dataclasses import asdict

    return [asdict(each) for each in document.findings]


def _changes(changes: "list[Change]") -> list[dict[str, Any]]:
    return [
        {
            "kind": each.kind,
            "name": each.name,
            "change": each.verb,
            "before": each.before,
            "after": each.after,
            "secrets_renewed": list(each.renewed),
        }
        for each in changes
    ]


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _usage(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2
