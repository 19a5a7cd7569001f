"""Faults at providers become alerts at a webhook, through a served house whose clock runs fast."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from support.house import House, wait_until
from support.simulator import Simulator

FAULT = {"fault": "server_error", "times": None}
FACTOR = 60  # an alert window of five minutes passes in five seconds
DPA = "region: eu, dpa: {signed: 2020-01-15, expires: 2099-01-15}, api_key: sk-of-nobody"


class Receiver:
    """A webhook that keeps what it is told."""

    def __init__(self) -> None:
        told = self.told = list[dict[str, Any]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def heard(self, rule: str, state: str) -> list[dict[str, Any]]:
        return [each for each in self.told if (each["rule"], each["state"]) == (rule, state)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    hook = Receiver()
    yield hook
    hook.close()


def configuration(simulator: Simulator, hook: str) -> str:
    def provider(name: str) -> str:
        return f"  - {{name: {name}, kind: openai, base_url: '{simulator.url(name)}', {DPA}, probe: {{every: 1}}}}"

    return "\n".join(
        [
            "providers:",
            provider("openai-eu"),
            provider("spare"),
            "models:",
            "  - {name: standard, targets: [{provider: openai-eu, model: gpt-4o-mini}, {provider: spare, model: gpt-4o-mini}]}",
            "  - {name: lonely, targets: [{provider: openai-eu, model: gpt-4o-mini}]}",
            "users:",
            "  - {name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}",
            "alerts:",
            f"  channels: [{{name: hook, kind: webhook, url: '{hook}'}}]",
        ]
    )


def test_faults_become_alerts_and_their_end_is_told(simulator: Simulator, receiver: Receiver) -> None:
    for provider in ("openai-eu", "spare"):
        simulator.reset(provider)
    with House(configuration(simulator, receiver.url)) as house:
        server = house.serve("--clock", str(FACTOR), "--clock-start", "2026-11-18T10:00:00+01:00")
        key = house.key()
        client = httpx2.Client(base_url=server.url, headers={"authorization": f"Bearer {key}"}, timeout=30)
        stop = threading.Event()

        def work() -> None:
            count = 0
            while not stop.wait(0.1):
                count += 1
                for model in ("standard", "lonely"):
                    said = [{"role": "user", "content": f"Frage {count}"}]
                    client.post("/v1/chat/completions", json={"model": model, "messages": said})

        worker = threading.Thread(target=work)
        worker.start()
        try:
            time.sleep(2)
            assert receiver.told == []
            simulator.faults("openai-eu", FAULT)
            wait_until(lambda: receiver.heard("provider_unreachable", "firing"), 60)
            wait_until(lambda: receiver.heard("error_rate_critical", "firing"), 60)
            simulator.faults("openai-eu")
            wait_until(lambda: receiver.heard("provider_unreachable", "resolved"), 60)
            wait_until(lambda: receiver.heard("error_rate_critical", "resolved"), 60)
        finally:
            stop.set()
            worker.join()
            client.close()
    (alert,) = receiver.heard("provider_unreachable", "firing")
    assert alert["severity"] == "critical"
    assert alert["labels"] == {"provider": "openai-eu"}
    assert alert["runbook"].endswith("/betrieb/anleitungen/anbieter-ausgefallen")
    assert alert["started"].startswith("2026-11-18T")
    assert "openai-eu" in alert["summary"]
    assert len({each["id"] for each in receiver.told}) == len(receiver.told)
