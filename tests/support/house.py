"""A real `leitstand serve` in a process of its own, for tests that go through the whole house."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

COMMAND = [sys.executable, "-m", "leitstand"]


def leitstand(
    *arguments: str, data: Path, stdin: str = "", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run one command on a data folder."""
    done = subprocess.run(
        [*COMMAND, *arguments, "--data", str(data)], input=stdin, capture_output=True, text=True, timeout=60
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


@dataclass
class Running:
    """A server. url: its root. log(): everything it wrote to standard error so far."""

    process: "subprocess.Popen[str]"
    port: int
    _lines: list[str] = field(default_factory=list)
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        return "".join(self._lines)

    def read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line)

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self._end()

    def _end(self) -> None:
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.reader.join(10)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


class House:
    """A data folder with a configuration, and the servers started on it."""

    def __init__(self, configuration: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.data = Path(self._folder.name) / "data"
        self.running: list[Running] = []
        if configuration:
            self.apply(configuration)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self.running:
            server.stop()
        self._folder.cleanup()

    def apply(self, configuration: str) -> None:
        """`leitstand config apply` of a YAML text."""
        leitstand("config", "apply", "-", data=self.data, stdin=configuration)

    def key(self, user: str = "anna", use_case: str = "", *options: str) -> str:
        """A fresh virtual key."""
        return self.new_key(user, use_case, *options)["key"]

    def new_key(self, user: str = "anna", use_case: str = "", *options: str) -> dict[str, str]:
        """A fresh virtual key with its id."""
        arguments = ["key", "create", "--user", user, "--json", *options]
        if use_case:
            arguments += ["--use-case", use_case]
        made: dict[str, str] = json.loads(leitstand(*arguments, data=self.data).stdout)
        self.wait_for_key(made["key"])
        return made

    def wait_for_key(self, key: str, accepted: bool = True) -> None:
        """Running servers follow a change of keys within two seconds."""
        for server in self.running:
            if server.process.poll() is None:
                wait_until(lambda url=server.url: _accepts(url, key) is accepted, timeout_s=2.0)

    def serve(self, *options: str, environment: dict[str, str] | None = None) -> Running:
        """Start a server and wait until it answers."""
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--data", str(self.data), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start:\n{process.communicate()[1]}")
        server = Running(process, int(line.rsplit(":", 1)[1].strip().strip("/")))
        self.running.append(server)
        wait_until(lambda: httpx2.get(f"{server.url}/healthz", timeout=5).status_code == 200)
        return server

    def export(self, *options: str) -> list[dict[str, Any]]:
        """`leitstand audit export`, parsed."""
        done = leitstand("audit", "export", *options, data=self.data)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def record(self, request_id: str) -> dict[str, Any]:
        """The journal record of a request, as soon as it is in the table."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = [row for row in self.export() if row["request_id"] == request_id]
            return bool(found)

        wait_until(is_there)
        assert len(found) == 1
        return found[0]

    def verify(self) -> "subprocess.CompletedProcess[str]":
        """`leitstand audit verify --json`."""
        return leitstand("audit", "verify", "--json", data=self.data, check=False)


def issue_key(server: Running, office: str, user: str, **wish: Any) -> dict[str, str]:
    """A fresh key by `/api/keys`, at once and without a process. office: a super administrator's key."""
    answer = httpx2.post(
        f"{server.url}/api/keys", json={"user": user, **wish}, headers={"authorization": f"Bearer {office}"},
        timeout=20,
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def _accepts(url: str, key: str) -> bool:
    answer = httpx2.get(f"{url}/v1/models", headers={"authorization": f"Bearer {key}"}, timeout=5)
    return answer.status_code == 200


def wait_until(condition: Any, timeout_s: float = 20.0) -> None:
    """Ask until it is true; connection errors mean: not yet."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            if condition():
                return
        except httpx2.TransportError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError("it did not become true in time")
        time.sleep(0.02)


def configuration(simulator: Any, **extra: str) -> str:
    """Two simulated providers (openai, anthropic) in the EU, one in the US without a contract, one in the house.

    extra: YAML sections to append, by name, and `first_token`, `idle`, `total` for time-outs.
    """
    waits = ", ".join(f"{name}: {extra.pop(name, value)}" for name, value in (
        ("connect", "2"), ("first_token", "5"), ("idle", "5"), ("total", "30"),
    ))  # fmt: skip
    dpa = "{signed: 2026-01-15, expires: 2099-01-15}"
    sections = "\n".join(f"{name}:\n{body}" for name, body in extra.items())
    return f"""
organisation: {{name: Musterwerk GmbH, state: BW, timezone: Europe/Berlin, language: de, currency: EUR}}
providers:
  - {{name: openai-eu, kind: openai, base_url: "{simulator.url("openai-eu")}", api_key: sk-test-secret-openai, region: eu, dpa: {dpa}, probe: {{every: 0}}, timeouts: {{{waits}}}}}
  - {{name: anthropic-eu, kind: anthropic, base_url: "{simulator.url("anthropic-eu")}", api_key: sk-test-secret-anthropic, region: eu, dpa: {dpa}, probe: {{every: 0}}, timeouts: {{{waits}}}}}
  - {{name: offen, kind: openai_compatible, base_url: "{simulator.url("offen")}", region: eu, dpa: {dpa}, probe: {{every: 0}}, timeouts: {{{waits}}}}}
  - {{name: openai-us, kind: openai, base_url: "{simulator.url("openai-us")}", api_key: sk-test-secret-us, region: us, probe: {{every: 0}}, timeouts: {{{waits}}}}}
  - {{name: lokal, kind: openai_compatible, base_url: "{simulator.url("lokal")}", region: local, probe: {{every: 0}}, timeouts: {{{waits}}}}}
models:
  - {{name: standard, targets: [{{provider: openai-eu, model: gpt-4o-mini}}, {{provider: anthropic-eu, model: claude-sonnet-4-5}}]}}
  - {{name: nur-openai, targets: [{{provider: openai-eu, model: gpt-4o-mini}}]}}
  - {{name: nur-anthropic, targets: [{{provider: anthropic-eu, model: claude-sonnet-4-5}}]}}
  - {{name: nur-offen, targets: [{{provider: offen, model: qwen}}]}}
  - {{name: gemerkt, cache: true, targets: [{{provider: openai-eu, model: gpt-4o-mini}}]}}
  - {{name: fern, targets: [{{provider: openai-us, model: gpt-4o-mini}}]}}
  - {{name: fern-oder-haus, targets: [{{provider: openai-us, model: gpt-4o-mini}}, {{provider: lokal, model: llama}}]}}
  - {{name: haus, targets: [{{provider: lokal, model: llama}}]}}
use_cases:
  - {{name: angebote, department: vertrieb, data_class: confidential}}
  - {{name: werbung, department: marketing, data_class: public}}
  - {{name: personalakte, department: personal, data_class: special}}
users:
  - {{name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}}
  - {{name: ben, email: ben@musterwerk.example, department: marketing, role: user}}
  - {{name: petra, email: petra@musterwerk.example, department: it, role: admin}}
  - {{name: sina, email: sina@musterwerk.example, department: leitung, role: super_admin}}
prices:
  - {{provider: openai-eu, model: gpt-4o-mini, input: 1.00, output: 2.00, currency: EUR}}
  - {{provider: anthropic-eu, model: claude-sonnet-4-5, input: 1.00, output: 2.00, currency: EUR}}
  - {{provider: offen, model: qwen, input: 1.00, output: 2.00, currency: EUR}}
{sections}
"""
