"""What attackers tried at peers: injections, forged hosts, poisoned releases, calls home."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from spine.peers.peer_desk import Desk, peer_configuration
from support.answers import body_of
from support.house import House
from support.simulator import Simulator

ROOT = Path(__file__).parents[3]
SQL = (
    "' OR '1'='1",
    "'; DROP TABLE journal; --",
    '" UNION SELECT digest FROM virtual_key --',
    "%27%20OR%201%3D1",
    "\\'; --",
)
TEMPLATES = (
    "{{7*7}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "${7*7}",
    "#{7*7}",
)
HOSTS = ("evil.example", "127.0.0.1:1", "localhost/api/me?", "/api/openapi.json", "evil.example\tx")
MADE_OF_CONSTANTS = {"backup/repository.py"}  # names of settings, written in the file itself
RUNS_SQL = ("text", "exec_driver_sql", "execute", "executemany", "executescript")


def answers_well(desk: Desk) -> None:
    """Nothing broke inside, and a good key still works."""
    assert "a request failed inside" not in desk.server.log()
    assert "an operation of /api failed" not in desk.server.log()
    assert desk.ask(desk.key()["key"], "nur-openai", "echo: gut").text == "gut"


@pytest.mark.parametrize("payload", [*SQL, *TEMPLATES])
def test_peer_27_words_of_attackers_are_words(desk: Desk, payload: str) -> None:
    """A header that was put into SQL opened the gateway before any key was checked; names were run as templates."""
    good, body = desk.key()["key"], body_of("chat", "nur-openai", "echo: gut")
    headers = {"authorization": f"Bearer {good}"}

    def chat(wrong: dict[str, str], **more: object) -> httpx2.Response:
        return desk.client.post("/v1/chat/completions", json={**body, **more}, headers={**headers, **wrong})

    assert chat({"authorization": f"Bearer {payload}"}).status_code == 401
    assert chat({"authorization": "", "x-api-key": payload}).status_code == 401
    assert chat({"x-leitstand-use-case": payload}).status_code in (400, 403, 404)
    assert chat({"x-leitstand-data-class": payload}).status_code == 400
    assert chat({"x-leitstand-scope": payload}).status_code in (200, 400)
    refused = chat({}, model=payload)
    assert refused.status_code == 404
    assert "49" not in refused.json()["error"]["message"]
    for path in ("/v1/models/", "/v1/responses/", "/api/configuration/", "/api/keys/", "/"):
        answer = desk.client.get(path + quote(payload, safe=""), headers=headers)
        assert answer.status_code in (303, 400, 403, 404, 405, 422), (path, answer.text)
    sign_in = desk.client.post("/anmeldung", data={"name": payload, "password": payload})
    assert sign_in.status_code < 500
    assert not re.search(r"\b49\b", sign_in.text)
    answers_well(desk)


@pytest.mark.parametrize("host", HOSTS)
def test_peer_27_the_host_header_opens_nothing(desk: Desk, host: str) -> None:
    """The address was read from the Host header, so that a forged one passed the check of keys."""
    with httpx2.Client(base_url=desk.server.url, timeout=20) as nobody:
        for path in ("/api/keys", "/api/configuration", "/metrics", "/v1/models"):
            answer = nobody.get(path, headers={"host": host})
            assert answer.status_code in (400, 401), (path, answer.text)
        page = nobody.get("/", headers={"host": host})
        assert "evil" not in page.headers.get("location", "") + page.text
    answers_well(desk)


def built_sql(path: Path) -> list[str]:
    """Calls that run SQL made of parts (f-string, `+`, `%`, `.format`) without a reasoned exception beside them."""
    found, lines = [], path.read_text("utf-8").splitlines()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        excused = any("noqa: S608 - " in row for row in lines[node.lineno - 1 : node.end_lineno])
        if name in RUNS_SQL and is_built(node.args[0]) and not excused:
            found.append(f"{path.name}:{node.lineno}")
    return found


def is_built(statement: ast.expr) -> bool:
    match statement:
        case ast.JoinedStr(values=parts):
            values = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
            return not all(
                isinstance(value, ast.Name) and value.id.isupper() for value in values
            )  # constants
        case ast.BinOp(op=ast.Add() | ast.Mod()) | ast.Call(func=ast.Attribute(attr="format")):
            return True
    return False


def test_peer_27_no_sql_is_made_of_parts(tmp_path: Path) -> None:
    """Values reach the database bound, never inside the text of a statement."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        "c.execute(f'SELECT {x}')\nc.execute('a' + b)\nc.execute('%s' % b)\nc.execute('{}'.format(b))\n"
    )
    assert len(built_sql(bad)) == 4
    source = ROOT / "src" / "leitstand"
    found = {path.relative_to(source).as_posix() for path in source.rglob("*.py") if built_sql(path)}
    assert found <= MADE_OF_CONSTANTS


def test_peer_28_every_release_is_pinned_by_its_hash() -> None:
    """A poisoned release of a dependency stole keys from everyone who installed that day."""
    for name in ("runtime", "build", "uv", "dev"):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ").splitlines()
        wanted = [row for row in lines if row.strip() and not row.lstrip().startswith("#")]
        assert wanted, name
        unpinned = [row[:60] for row in wanted if "==" not in row or "--hash=sha256:" not in row]
        assert unpinned == [], name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert len(project["dependencies"]) < 40


_WATCH = """
import os, sys
out = os.open({file!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        os.write(out, (repr(arguments[1]) + chr(10)).encode())
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        os.write(out, (repr(arguments[0]) + chr(10)).encode())
sys.addaudithook(note)
"""


def test_peer_28_a_start_calls_nobody(tmp_path: Path, simulator: Simulator) -> None:
    """Prices, models or telemetry were fetched at the start, from wherever an attacker put them. Every connection
    that a starting and answering house opens goes to its own configured providers."""
    (tmp_path / "sitecustomize.py").write_text(_WATCH.format(file=str(tmp_path / "calls")))
    paths = [str(tmp_path), str(ROOT / "src")]
    probe = "import socket, contextlib\nwith contextlib.suppress(OSError): socket.create_connection(('127.0.0.1', 1), 1)"
    subprocess.run([sys.executable, "-c", probe], env={"PYTHONPATH": ":".join(paths)}, check=True, timeout=30)
    assert "('127.0.0.1', 1)" in (tmp_path / "calls").read_text(), "the watch sees nothing"
    (tmp_path / "calls").write_text("")
    with House(peer_configuration(simulator)) as house:
        key = house.key()
        server = house.serve(environment={"PYTHONPATH": ":".join(paths)})
        headers = {"authorization": f"Bearer {key}"}
        body = body_of("chat", "nur-openai", "echo: gut")
        assert (
            httpx2.post(
                f"{server.url}/v1/chat/completions", json=body, headers=headers, timeout=30
            ).status_code
            == 200
        )
        assert httpx2.get(f"{server.url}/anmeldung", timeout=30).status_code == 200
    calls = (tmp_path / "calls").read_text().splitlines()
    outside = [
        call for call in calls if "127.0.0.1" not in call and "localhost" not in call and "::1" not in call
    ]
    assert outside == []
