"""The rules of the house that no type can check: who may make what, touch what, and how files look."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from leitstand.core.settings import SETTINGS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "leitstand"
FILES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path for path in SOURCE.glob("*/__init__.py"))


def place(path: Path) -> str:
    """`gateway/hotpath.py`"""
    return path.relative_to(SOURCE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def dotted(node: ast.expr) -> str:
    """`os.environ.get` of the expression, "" for one that is no plain name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            above = dotted(value)
            return f"{above}.{attr}" if above else ""
    return ""


def full_names(module: ast.Module) -> Iterator[str]:
    """Every name that a module uses, with imports written out: `from os import environ as e; e` is `os.environ`."""
    known: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield f"{node.module}.{alias.name}"
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute | ast.Name) and (name := dotted(node)):
            first, _, rest = name.partition(".")
            yield ".".join(filter(None, (known.get(first, first), rest)))


def users_of(*prefixes: str) -> set[str]:
    """Files that use a name at or below one of these."""
    return {
        place(path)
        for path in FILES
        for name in full_names(tree(path))
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
    }


def allowed(used: set[str], *places: str) -> set[str]:
    """Those of the files that stand at none of the places (a file, or a folder with a slash at its end)."""
    return {
        one for one in used if not any(one == p or (p.endswith("/") and one.startswith(p)) for p in places)
    }


def test_the_search_for_names_sees_through_imports() -> None:
    ways = {
        "import os\nos.environ['X']": "os.environ",
        "from os import environ as e\ne.get('X')": "os.environ.get",
        "import os as system\nsystem.getenv('X')": "os.getenv",
        "import urllib.request": "urllib.request",
        "from http import client": "http.client",
        "import asyncio\nasyncio.open_connection()": "asyncio.open_connection",
    }
    for text, name in ways.items():
        assert name in set(full_names(ast.parse(text))), text


# ------------------------------------------------------------ who may make and touch what


def constructions(path: Path, name: str) -> bool:
    names = {name} | {
        alias.asname
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == name and alias.asname
    }
    return any(
        isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in names
        for node in ast.walk(tree(path))
    )


@pytest.mark.parametrize(
    ("value", "maker"), [("Admitted", "policy/admit.py"), ("Candidate", "policy/admit.py")]
)
def test_only_policy_says_where_a_request_may_go(value: str, maker: str) -> None:
    assert {place(path) for path in FILES if constructions(path, value)} == {maker}


def test_the_environment_is_read_in_one_file() -> None:
    assert users_of("os.environ", "os.getenv", "os.environb") == {"core/settings.py"}


def test_bytes_leave_the_house_through_providers_only() -> None:
    ways_out = users_of(
        "urllib.request", "http.client", "socket", "ftplib", "smtplib", "xmlrpc", "asyncio.open_connection",
        "asyncio.open_unix_connection",
    )  # fmt: skip
    assert allowed(ways_out, "providers/", "simulator/", "app/server.py", "monitoring/notifiers/") == set()


def test_the_object_store_is_reached_by_one_file() -> None:
    assert users_of("obstore") == {"store/blobs/bucket.py"}


def test_connections_are_made_by_no_event_loop_outside_providers() -> None:
    makers = {
        place(path)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("create_connection", "sock_connect", "start_tls")
    }
    assert allowed(makers, "providers/", "simulator/") == set()


def test_sql_text_stands_in_store_and_repositories_only() -> None:
    direct = {
        place(path)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("exec_driver_sql", "executescript")
    }
    written = direct | users_of("sqlalchemy.text")
    outside = {one for one in allowed(written, "store/") if not one.endswith("repository.py")}
    assert outside == set()


def test_sqlite_is_opened_by_store_and_by_repositories_only() -> None:
    outside = {
        one for one in allowed(users_of("sqlite3.connect"), "store/") if not one.endswith("repository.py")
    }
    assert outside == set()


def test_broad_excepts_give_a_reason() -> None:
    bare = []
    for path in FILES:
        lines = path.read_text("utf-8").splitlines()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or dotted(node.type) in ("Exception", "BaseException")
            ):
                line = lines[node.lineno - 1]
                if "# noqa: BLE001 - " not in line and not any(
                    isinstance(n, ast.Raise) for n in ast.walk(node)
                ):
                    bare.append(f"{place(path)}:{node.lineno}")
    assert bare == []


# ------------------------------------------------------------ nothing happens at import

WATCH = """
import importlib, json, os, sys, threading
allowed, names = set(), json.loads(sys.argv[1])
happened = []
class Watched(type(os.environ)):
    def __getitem__(self, key):
        note("environ " + key); return super().__getitem__(key)
PASSED = ("os", "_collections_abc", "collections.abc", "contextlib", "pathlib", "socket", "asyncio", "__main__")
def caller():  # the module of ours that did it, straight or through one of these
    frame = sys._getframe(1)
    while frame:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("leitstand"):
            return name
        if not name.startswith(PASSED):
            return ""
        frame = frame.f_back
    return ""
def note(what):
    who = caller()
    if who:
        happened.append(f"{who}: {what}")
def hook(event, args):
    if event == "open" and isinstance(args[0], str) and not args[0].endswith((".py", ".pyc")):
        note("open " + args[0])
    elif event in ("socket.connect", "socket.bind", "subprocess.Popen", "sqlite3.connect", "os.putenv", "os.mkdir"):
        note(event)
os.environ.__class__ = Watched
sys.addaudithook(hook)
for name in names:
    importlib.import_module(name)
    if threading.active_count() > 1:
        happened.append(f"{name}: a thread")
        break
print(json.dumps({"happened": happened, "cwd": os.listdir(".")}))
"""


def modules() -> list[str]:
    """Every module but those that run a program of their own when imported."""
    names = [
        "leitstand."
        + place(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__").removesuffix("__init__")
        for path in FILES
        if "migrations" not in path.parts
    ]
    return sorted(name.rstrip(".") for name in names)


def test_nothing_happens_at_import(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCH, json.dumps(modules())],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"happened": [], "cwd": []}
    assert done.stderr == ""


def test_the_watch_at_import_sees_what_it_should(tmp_path: Path) -> None:
    package = tmp_path / "leitstand_sample"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import os, threading\nos.environ.get('HOME')\nopen('left.txt', 'w').close()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", WATCH, '["leitstand_sample"]'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    seen = json.loads(done.stdout)["happened"]
    assert seen == [
        "leitstand_sample: environ HOME",
        "leitstand_sample: open left.txt",
        "leitstand_sample: a thread",
    ]


# ------------------------------------------------------------ how files look


def test_the_hot_path_can_be_read_at_one_sitting() -> None:
    assert len((SOURCE / "gateway" / "hotpath.py").read_text("utf-8").splitlines()) <= 200


def test_no_file_is_longer_than_500_lines() -> None:
    assert [place(path) for path in FILES if len(path.read_text("utf-8").splitlines()) >= 500] == []


@pytest.mark.parametrize("path", ROOMS, ids=place)
def test_every_room_has_its_sign_at_the_door(path: Path) -> None:
    sign = ast.get_docstring(tree(path)) or ""
    assert "In: " in sign
    assert "Out: " in sign
    assert "Must not know: " in sign


def test_every_file_says_what_it_is_for() -> None:
    silent = [path for path in FILES if path.stat().st_size and not ast.get_docstring(tree(path))]
    assert [place(path) for path in silent] == []


def test_no_file_speaks_of_work_that_is_left() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")
    left = [place(path) for path in FILES if any(word in path.read_text("utf-8") for word in words)]
    assert left == []


# ------------------------------------------------------------ settings


def settings_page() -> str:
    """docs/settings.md as it should be: made from the table in core/settings.py."""
    rows = "\n".join(
        f"| `{setting.variable}` | `{setting.default}` | {setting.sentence} |" for setting in SETTINGS
    )
    return (
        "# Settings of a process\n\n"
        "What a process must know before it can open its data folder comes from the environment. Everything else is\n"
        "configuration: see [configuration.md](configuration.md). The command line option `--data` goes before\n"
        "`LEITSTAND_DATA`. This page is made from `src/leitstand/core/settings.py`; a test keeps it fresh.\n\n"
        "| Variable | Default | Meaning |\n|---|---|---|\n" + rows + "\n"
    )


def test_every_setting_is_documented_and_the_page_is_fresh() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings_page()
