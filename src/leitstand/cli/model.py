"""`leitstand model`: weights of local models — install, list, remove, try out.

Exit codes: 0 done, 1 it failed, 2 the question was wrong. Progress and messages go to standard error.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from leitstand.cli.office import add_data_option

if TYPE_CHECKING:
    from leitstand.providers.local_models import InstalledModel

_DONE, _FAILED, _WRONG = 0, 1, 2
_QUESTION = "Was ist ein Förderband? Antworten Sie in einem Satz."


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("model", help="local models: install, list, remove, try out")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    install = verbs.add_parser("install", help="take over weights in GGUF format")
    install.add_argument("source", metavar="SOURCE", help="a file, an http(s) URL, or hub:ORG/REPO/FILE")
    install.add_argument("--name", help="name of the model; default: the file's name")
    install.add_argument("--sha256", metavar="HEX", help="refuse anything else than these bytes")
    install.add_argument("--licence", default="", help="noted beside the weights, e.g. Apache-2.0")
    install.add_argument("--hub", metavar="URL", help="address behind hub: (default: huggingface.co)")

    listing = verbs.add_parser("list", help="installed models")
    remove = verbs.add_parser("remove", help="delete a model's weights")
    check = verbs.add_parser("run-check", help="start a model, ask it one question, show speed and answer")
    for verb in (remove, check):
        verb.add_argument("name", metavar="NAME")
    check.add_argument("--question", default=_QUESTION)
    check.add_argument(
        "--python", metavar="FILE", help="interpreter that has llama-cpp-python[server]; default: our own"
    )
    for verb in (install, listing, check):
        verb.add_argument("--json", action="store_true", help="machine-readable output")
    for verb in (install, listing, remove, check):
        add_data_option(verb)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from leitstand.core.settings import data_dir
    from leitstand.providers.local_models import ModelRefused, UnknownModel
    from leitstand.providers.local_runtime import RuntimeFailed

    act = {"install": _install, "list": _list, "remove": _remove, "run-check": _check}[args.verb]
    try:
        return act(args, data_dir(args.data))
    except UnknownModel as cause:
        print(f"error: {cause}", file=sys.stderr)
        return _WRONG
    except (ModelRefused, RuntimeFailed) as cause:
        print(f"error: {cause}", file=sys.stderr)
        return _FAILED


def _install(args: argparse.Namespace, data: Path) -> int:
    from leitstand.providers.local_models import DEFAULT_HUB, install

    progress = _Progress()
    try:
        model = asyncio.run(
            install(
                args.source, data, name=args.name, sha256=args.sha256, licence=args.licence,
                hub=args.hub or DEFAULT_HUB, progress=progress.show,
            )
        )  # fmt: skip
    finally:
        progress.end()
    _show([model], as_json=args.json)
    return _DONE


def _list(args: argparse.Namespace, data: Path) -> int:
    from leitstand.providers.local_models import installed

    models = installed(data)
    _show(models, as_json=args.json)
    if not models and not args.json:
        print("Noch kein Modell. / No model yet.\nHint: leitstand model install SOURCE", file=sys.stderr)
    return _DONE


def _remove(args: argparse.Namespace, data: Path) -> int:
    from leitstand.providers.local_models import remove

    remove(args.name, data)
    print(f"{args.name}: entfernt / removed")
    return _DONE


def _check(args: argparse.Namespace, data: Path) -> int:
    from leitstand.providers.local_models import find
    from leitstand.providers.local_runtime import try_out

    trial = asyncio.run(try_out(find(args.name, data), args.question, python=args.python))
    if args.json:
        facts = {
            "answer": trial.answer,
            "started_s": round(trial.started_s, 1),
            "answered_s": round(trial.answered_s, 1),
            "output_tokens": trial.output_tokens,
        }
        print(json.dumps(facts, ensure_ascii=False))
        return _DONE
    print(trial.answer)
    speed = trial.output_tokens / trial.answered_s if trial.answered_s else 0.0
    print(
        f"bereit nach / ready after {trial.started_s:.1f} s, Antwort in / answered in {trial.answered_s:.1f} s,"
        f" {speed:.0f} Token/s",
        file=sys.stderr,
    )
    return _DONE


def _show(models: "list[InstalledModel]", *, as_json: bool) -> None:
    if as_json:
        facts = [
            {
                "name": model.name,
                "path": str(model.path),
                "size_bytes": model.size_bytes,
                "sha256": model.sha256,
                "source": model.source,
                "licence": model.licence,
            }
            for model in models
        ]
        print(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    for model in models:
        licence = f", {model.licence}" if model.licence else ""
        print(f"{model.name}: {model.size_bytes / 1e6:.0f} MB{licence}, sha256 {model.sha256[:12]}…")


class _Progress:
    """One line on standard error, renewed at most five times a second, on a terminal only."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._open = False

    def show(self, done_bytes: int, total_bytes: int | None) -> None:
        """Called after each piece."""
        if not sys.stderr.isatty() or time.monotonic() - self._shown < 0.2:
            return
        self._shown = time.monotonic()
        self._open = True
        whole = f" von / of {total_bytes / 1e6:.0f}" if total_bytes else ""
        print(f"\r{done_bytes / 1e6:.0f}{whole} MB", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            print(file=sys.stderr)
