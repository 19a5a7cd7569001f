"""`leitstand knowledge`: add documents, search them, see what is there.

Exit codes: 0 done, 1 some files were refused, 2 the question was wrong.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from leitstand.cli.office import add_data_option

if TYPE_CHECKING:
    from leitstand.knowledge.library import Knowledge
    from leitstand.knowledge.values import Outcome, Passage

_DONE, _SOME_REFUSED, _WRONG = 0, 1, 2


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("knowledge", help="documents: add, search, status")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    add = verbs.add_parser("add", help="add a file or a folder; searchable when the command ends")
    add.add_argument("path", metavar="PATH", type=Path, help="Markdown, text or HTML, or a folder of them")
    add.add_argument("--collection", metavar="NAME", help="default: allgemein")

    search = verbs.add_parser("search", help="find passages")
    search.add_argument("query", metavar="QUERY", nargs="?", help="words or a question")
    search.add_argument("-k", type=_count, default=10, metavar="N", help="how many passages (default: 10)")
    search.add_argument("--collection", metavar="NAME", help="only this one; default: all")
    search.add_argument(
        "--batch", action="store_true", help="JSON lines {id,text} on standard input to {id,results}"
    )

    status = verbs.add_parser("status", help="collections with their counts")
    for verb in (add, search, status):
        verb.add_argument("--json", action="store_true", help="machine-readable output")
        add_data_option(verb)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from leitstand.core.settings import data_dir
    from leitstand.knowledge.library import Knowledge

    knowledge = Knowledge(data_dir(args.data))
    if args.verb == "add":
        return _add(args, knowledge)
    if args.verb == "status":
        return _status(args, knowledge)
    if args.batch:
        return _batch(args, knowledge, sys.stdin)
    if not args.query:
        return _wrong("a QUERY is needed, or --batch with JSON lines on standard input")
    return _search(args, knowledge)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("must be between 1 and 1000")
    return number


def _add(args: argparse.Namespace, knowledge: "Knowledge") -> int:
    from leitstand.knowledge.library import DEFAULT_COLLECTION
    from leitstand.knowledge.values import Refused

    try:
        outcomes = knowledge.add(args.path, args.collection or DEFAULT_COLLECTION)
    except FileNotFoundError:
        return _wrong(f"there is no file or folder {str(args.path)!r}")
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    if args.json:
        _print([_outcome_json(outcome) for outcome in outcomes])
    else:
        print(_summary(outcomes))
        for outcome in refused:
            print(f"{outcome.document}: {outcome.reason.de}\n  ({outcome.reason.en})", file=sys.stderr)
    return _SOME_REFUSED if refused else _DONE


def _summary(outcomes: "list[Outcome]") -> str:
    from leitstand.knowledge.values import Added, Refused

    added = [outcome for outcome in outcomes if isinstance(outcome, Added)]
    refused = sum(isinstance(outcome, Refused) for outcome in outcomes)
    same = len(outcomes) - len(added) - refused
    passages = sum(outcome.passages for outcome in added)
    return (
        f"{len(added)} aufgenommen ({passages} Abschnitte), {same} unverändert, {refused} abgelehnt"
        f" / {len(added)} added ({passages} passages), {same} unchanged, {refused} refused"
    )


def _outcome_json(outcome: "Outcome") -> dict[str, Any]:
    from leitstand.knowledge.values import Added, Refused

    match outcome:
        case Added():
            return {"document": outcome.document, "outcome": "added", "passages": outcome.passages}
        case Refused():
            reason = {"de": outcome.reason.de, "en": outcome.reason.en}
            return {"document": outcome.document, "outcome": "refused", "reason": reason}
    return {"document": outcome.document, "outcome": "unchanged"}


def _search(args: argparse.Namespace, knowledge: "Knowledge") -> int:
    found = knowledge.search(args.query, args.k, args.collection)
    if args.json:
        _print({"query": args.query, "results": [_result(passage) | _content(passage) for passage in found]})
        return _DONE
    for number, passage in enumerate(found, start=1):
        where = ", ".join(part for part in (passage.document, passage.heading, passage.place) if part)
        print(f"{number}. {where}  ({passage.score:.2f})")
        print("   " + passage.text.replace("\n", "\n   "))
    if not found:
        print("Nichts gefunden. / Nothing found.", file=sys.stderr)
    return _DONE


def _batch(args: argparse.Namespace, knowledge: "Knowledge", lines: TextIO) -> int:
    try:
        for record_id, text in _records(lines):
            results = [_result(passage) for passage in knowledge.search(text, args.k, args.collection)]
            print(json.dumps({"id": record_id, "results": results}, ensure_ascii=False))
    except ValueError as cause:
        return _wrong(f'{cause}\nhint: each line is a JSON object like {{"id": "1", "text": "…"}}')
    return _DONE


def _records(lines: TextIO) -> Iterator[tuple[object, str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as cause:
            raise ValueError(f"line {number}: not JSON ({cause.msg} at column {cause.colno})") from cause
        if not isinstance(record, dict) or "id" not in record or not isinstance(record.get("text"), str):
            raise ValueError(f"line {number}: 'id' and a string 'text' are needed")
        yield record["id"], record["text"]


def _result(passage: "Passage") -> dict[str, Any]:
    return {"document": passage.document, "chunk": passage.id, "score": round(passage.score, 4)}


def _content(passage: "Passage") -> dict[str, Any]:
    return {
        "collection": passage.collection,
        "place": passage.place,
        "heading": passage.heading,
        "text": passage.text,
        "sha256": passage.sha256,
    }


def _status(args: argparse.Namespace, knowledge: "Knowledge") -> int:
    from dataclasses import asdict

    collections = knowledge.status()
    if args.json:
        _print({"collections": [asdict(each) for each in collections]})
        return _DONE
    for each in collections:
        print(
            f"{each.collection}: {each.documents} Dokumente, {each.passages} Abschnitte,"
            f" {each.characters} Zeichen"
        )
    if not collections:
        print("Noch kein Dokument. / No document yet.", file=sys.stderr)
        print("Hint: leitstand knowledge add PATH", file=sys.stderr)
    return _DONE


def _print(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _wrong(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return _WRONG
