"""No other way out of the house than the door: which files touch a network, and through what adapters send."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from leitstand.core.conversation import CONVERSATIONS, Masked
from leitstand.knowledge.library import Knowledge
from leitstand.providers import adapters
from leitstand.providers.base import HTTPCall

SOURCE = Path(__file__).parents[2] / "src" / "leitstand"
NETWORK = (
    "socket", "ssl", "socketserver", "subprocess", "http.client", "urllib.request", "urllib3", "requests", "httpx", "httpx2",
    "aiohttp", "websockets", "smtplib", "ftplib", "telnetlib", "mcp.client", "anthropic", "openai", "boto3", "botocore",
)  # fmt: skip
CALLS = {
    "open_connection", "create_connection", "open_unix_connection", "create_datagram_endpoint", "sock_connect", "urlopen",
    "create_subprocess_exec", "create_subprocess_shell",
}  # fmt: skip
MAY = {
    "app/demo.py": "starts the provider simulator beside itself",
    "app/server.py": "listens; starts its workers",
    "app/jobs/restore_drill.py": "proves a backup in a process of its own",
    "privacy/pictures/tesseract.py": "reads pictures with a program on this machine",
    "providers/http/dial.py": "the pool",
    "providers/http/lane.py": "the pool",
    "providers/http/tls.py": "the pool",
    "providers/local_runtime.py": "starts a model on this machine",
    "providers/mcp_transport.py": "tool servers, behind a door of their own (gateway/toolpath.py)",
    "simulator/http.py": "listens",
}
NOTIFIERS = "monitoring/notifiers/"
"""Tell people of alerts; what they are handed holds no prompt and no answer."""
POOLS = {
    "app/house.py": "hands it to the door",
    "cli/server.py": "speaks with the own server",
    "providers/local_models.py": "loads weights of models",
    "providers/local_runtime.py": "asks a model on this machine whether it is there",
}


def reaches(tree: ast.AST) -> Iterator[str]:
    """Everything in a file by which bytes could leave."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_network(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
            yield from filter(_is_network, names)
        elif isinstance(node, ast.Attribute) and node.attr in CALLS:
            yield node.attr
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("__import__", *CALLS)
        ):
            yield node.func.id


def _is_network(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in NETWORK)


def calls(name: str) -> set[str]:
    """Files that call a function or method, or build a class, of this name."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if called == name:
                    found.add(path.relative_to(SOURCE).as_posix())
    return found


def test_only_these_files_touch_a_network() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if any(reaches(ast.parse(path.read_text("utf-8"))))
    }
    assert {name for name in found if not name.startswith(NOTIFIERS)} == set(MAY)


@pytest.mark.parametrize(
    "way",
    [
        "import socket", "from urllib import request", "import httpx2 as h", "import asyncio\nasyncio.open_connection('a', 1)",
        "from http.client import HTTPSConnection", "loop.create_connection(f)", "__import__('socket')", "import openai",
        "from asyncio import open_connection\nopen_connection('a', 1)", "def f():\n    import subprocess",
    ],
)  # fmt: skip
def test_the_search_sees_every_way_out(way: str) -> None:
    assert list(reaches(ast.parse(way)))


def test_pools_are_built_in_known_places_only() -> None:
    assert calls("Pool") == set(POOLS)


def test_only_the_door_asks_an_adapter() -> None:
    assert calls("stream") - {"store/blobs/bucket.py"} == {"providers/door.py"}  # that one reads an object


@pytest.mark.parametrize("kind", sorted(adapters.load_adapters(Knowledge(Path("/nowhere")))))
def test_an_adapter_takes_masked_prompts_and_sends_by_what_the_door_hands_it(kind: str) -> None:
    adapter = adapters.load_adapters(Knowledge(Path("/nowhere")))[kind]
    hints = get_type_hints(type(adapter).stream)
    assert (hints["masked"], hints["call"]) == (Masked, HTTPCall)
    takers = [
        name
        for name, method in inspect.getmembers(type(adapter), inspect.isfunction)
        if not name.startswith("_") and HTTPCall in get_type_hints(method).values()
    ]
    assert set(takers) <= {"stream", "probe"}


def test_single_tasks_have_no_way_of_their_own() -> None:
    """Embeddings, reranking, pictures, transcripts and counts are dialects of the same `stream`."""
    shelf = adapters.load_adapters(Knowledge(Path("/nowhere")))
    tasks = {dialect for adapter in shelf.values() for dialect in adapter.serves} - CONVERSATIONS
    assert tasks == {"embeddings", "rerank", "images", "transcriptions", "count_tokens"}
