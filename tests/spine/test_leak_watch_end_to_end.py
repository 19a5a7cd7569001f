"""The leak watch through the whole house: a weakened detector lets a name through, the night finds it, a person decides."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support.answers import body_of
from support.house import COMMAND, House, Running, configuration, wait_until
from support.simulator import Simulator

LEAKY = "echo: der weiss bescheid\nbitte den hallmeier anrufen"
CLEAN = "echo: Bitte prüfen Sie das Angebot für Frau Erika Sommerfeld bis Freitag."
WATCH = """privacy: {detection: rules}
leak_watch: {sample_percent: 100}
"""


@dataclass
class Desk:
    """keys: of Anna, and of Sina, who may decide."""

    house: House
    server: Running
    anna: str
    sina: str

    def call(self, key: str, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key}"}
        return httpx2.request(method, f"{self.server.url}{path}", headers=headers, timeout=60, **more)

    def ask(self, text: str) -> str:
        said = self.call(self.anna, "POST", "/v1/chat/completions", json=body_of("chat", "nur-openai", text))
        assert said.status_code == 200, said.text
        return str(said.headers["x-leitstand-request-id"])

    def findings(self, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(key, "GET", "/api/privacy/leaks").json()
        return found

    def night(self) -> dict[str, Any]:
        run = self.call(self.sina, "POST", "/api/jobs/leak-watch/runs", json={}).json()
        told: dict[str, Any] = {}

        def is_over() -> bool:
            told.update(self.call(self.sina, "GET", f"/api/jobs/runs/{run['id']}").json())
            return told["state"] in ("done", "failed")

        wait_until(is_over, 90)
        assert told["state"] == "done", told
        return told


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator) + WATCH) as house:
        yield Desk(house, house.serve(), house.key(), house.key("sina"))


def _kept(desk: Desk) -> int:
    import sqlite3

    with sqlite3.connect(desk.house.data / "leitstand.sqlite") as connection:
        return int(connection.execute("select count(*) from leak_sample").fetchone()[0])


def test_a_leak_by_day_is_found_at_night_and_its_words_are_replaced_from_then_on(
    desk: Desk, simulator: Simulator
) -> None:
    request = desk.ask(LEAKY)
    desk.ask(CLEAN)
    assert simulator.contains("openai-eu", "hallmeier") == ["hallmeier"]  # the weakened detector lets it go
    wait_until(lambda: _kept(desk) == 2)
    desk.night()

    (finding,) = desk.findings(desk.sina)
    assert (finding["request_id"], finding["type"], finding["state"]) == (request, "PERSON", "open")
    assert finding["shown"]["words"] == "hallmeier"
    wait_until(lambda: _recorded(desk, "privacy.leak.found", finding["id"]))

    decision = {"state": "confirmed", "always": True}
    assert (
        desk.call(
            desk.anna, "POST", f"/api/privacy/leaks/{finding['id']}/decision", json=decision
        ).status_code
        == 403
    )
    assert desk.call(desk.anna, "GET", "/api/privacy/leaks").status_code == 403
    decided = desk.call(desk.sina, "POST", f"/api/privacy/leaks/{finding['id']}/decision", json=decision)
    assert decided.status_code == 204, decided.text
    simulator.reset("openai-eu")
    desk.ask(LEAKY + " heute")
    assert simulator.contains("openai-eu", "hallmeier") == []

    told = subprocess.run(
        [*COMMAND, "privacy", "leaks", "--json", "--data", str(desk.house.data)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    (shown,) = json.loads(told.stdout)
    assert (shown["id"], shown["state"]) == (finding["id"], "confirmed")
    assert "hallmeier" not in told.stdout


def _recorded(desk: Desk, kind: str, name: str) -> bool:
    import sqlite3

    with sqlite3.connect(desk.house.data / "leitstand.sqlite") as connection:
        query = "select count(*) from journal where kind = ? and id = ?"
        return bool(connection.execute(query, (kind, name)).fetchone()[0])
