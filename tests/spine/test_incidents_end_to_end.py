"""A provider's fault becomes an incident of a served house; programs and the command line work on it; the heart beats."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

from leitstand.cli.main import run
from support.house import House, wait_until
from support.simulator import Simulator

FAULT = {"fault": "server_error", "times": None}
FACTOR = 60
DPA = "region: eu, dpa: {signed: 2020-01-15, expires: 2099-01-15}, api_key: sk-of-nobody"


class Watch:
    """The other side of the heartbeat."""

    def __init__(self) -> None:
        asked = self.asked = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/leitstand"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def configuration(simulator: Simulator, watch: str) -> str:
    return f"""
providers:
  - {{name: openai-eu, kind: openai, base_url: '{simulator.url("openai-eu")}', {DPA}, probe: {{every: 1}}}}
models:
  - {{name: standard, targets: [{{provider: openai-eu, model: gpt-4o-mini}}]}}
users:
  - {{name: jonas, email: jonas@musterwerk.example, role: admin}}
heartbeat: {{url: '{watch}', every_minutes: 1}}
incidents: {{nis2: true, partner: 'Rhein-Neckar IT'}}
"""


def test_a_fault_becomes_an_incident_that_people_work_on(simulator: Simulator, capsys) -> None:  # type: ignore[no-untyped-def]
    simulator.reset("openai-eu")
    watch = Watch()
    with House(configuration(simulator, watch.url)) as house:
        server = house.serve("--clock", str(FACTOR), "--clock-start", "2026-11-18T10:00:00+01:00")
        key = house.key("jonas")
        client = httpx2.Client(base_url=server.url, headers={"authorization": f"Bearer {key}"}, timeout=30)
        try:
            wait_until(lambda: len(watch.asked) >= 2, 60)
            simulator.faults("openai-eu", FAULT)

            def incidents() -> list[dict]:  # type: ignore[type-arg]
                said = [{"role": "user", "content": "Frage"}]
                client.post("/v1/chat/completions", json={"model": "standard", "messages": said})
                found: list[dict] = client.get("/api/incidents").json()["incidents"]  # type: ignore[type-arg]
                return [each for each in found if each["rule"] == "provider_unreachable"]

            wait_until(lambda: bool(incidents()), 90)
            (incident,) = incidents()
            assert incident["labels"] == {"provider": "openai-eu"}
            assert incident["runbook"] == "anbieter-ausgefallen"
            number = incident["number"]
            led = client.post(f"/api/incidents/{number}/lead").json()
            assert led["lead"] == "jonas"
            wait_until(lambda: client.get(f"/api/incidents/{number}").json()["effect"]["failed"] > 0, 60)
            options = ["--url", server.url, "--key", key, "--json"]
            assert run(["incident", "note", number, "Anbieter angerufen", *options], lambda: None) == 0
            noted = json.loads(capsys.readouterr().out)
            assert "Anbieter angerufen" in [entry["text"]["de"] for entry in noted["timeline"]]
            refused = client.post(f"/api/incidents/{number}/close", json={})
            assert refused.status_code == 400
            simulator.faults("openai-eu")
            wait_until(lambda: client.get(f"/api/incidents/{number}").json()["state"] == "observing", 60)
            assert (
                run(["incident", "close", number, "--lessons", "Zweites Ziel", *options], lambda: None) == 0
            )
            assert json.loads(capsys.readouterr().out)["state"] == "closed"
        finally:
            client.close()
            watch.close()
