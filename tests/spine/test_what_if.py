"""What-if through the whole house: real requests, replayed by API and command line; the switch is a configuration."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from support.answers import EVERY_PATH, body_of
from support.house import House, Running, configuration, issue_key, leitstand, wait_until
from support.simulator import Simulator

_TODAY = "2026-11-17"
_CLOCK = ("--clock", "1", "--clock-start", f"{_TODAY}T09:00:00+01:00")


@dataclass(frozen=True)
class Desk:
    """A house with traffic: nine calls, three of them one question. office: Petra's key."""

    house: House
    server: Running
    office: str
    costs: float

    def api(self, method: str, path: str = "", **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.office}"}
        return httpx2.request(
            method, f"{self.server.url}/api/what-if{path}", headers=headers, timeout=30, **more
        )

    def replay(self, **scenario: Any) -> dict[str, Any]:
        """Ask and wait for the result."""
        wish = {"period": {"begin": _TODAY, "end": _TODAY}, **scenario}
        made = self.api("POST", json=wish)
        assert made.status_code == 201, made.text
        number = made.json()["id"]
        wait_until(lambda: self.api("GET", f"/{number}").json()["state"] in ("done", "failed"))
        told: dict[str, Any] = self.api("GET", f"/{number}").json()
        assert told["state"] == "done", told["reason"]
        return told


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator)) as house:
        server_key = house.key("sina")
        server = house.serve(*_CLOCK)
        anna = issue_key(server, server_key, "anna")["key"]
        office = issue_key(server, server_key, "petra")["key"]
        costs = 0.0
        texts = [f"count: {words}" for words in (3, 5, 8, 13, 21, 34)] + ["echo: gleich"] * 3
        for text in texts:
            answer = httpx2.post(
                f"{server.url}{EVERY_PATH['chat']}", json=body_of("chat", "nur-openai", text),
                headers={"authorization": f"Bearer {anna}"}, timeout=30,
            )  # fmt: skip
            assert answer.status_code == 200
            costs += float(answer.headers["x-leitstand-cost"])
        wait_until(lambda: len(house.export()) >= len(texts))
        yield Desk(house, server, office, costs)


def test_nothing_changed_is_what_was_booked_and_proven(desk: Desk) -> None:
    result = desk.replay()["result"]
    assert result["requests"] == 9
    assert float(result["before_eur"]) == pytest.approx(desk.costs, abs=1e-9)
    assert result["after_eur"] == dict.fromkeys(("low", "value", "high"), result["before_eur"])
    assert result["control"]["exact"] == 9


def test_a_cache_would_have_answered_the_repeats(desk: Desk) -> None:
    result = desk.replay(cache={"nur-openai": True})["result"]
    assert result["cache"]["hits_won"] == 2
    assert result["cache"]["unknown"] == 0
    assert result["cache"]["known_since"].startswith(_TODAY)


def test_the_digest_of_a_question_is_no_plain_hash_and_differs_between_houses(desk: Desk) -> None:
    sames = [row["detail"]["same"] for row in desk.house.export() if "same" in row.get("detail", {})]
    assert len(sames) == 9
    assert len(set(sames)) == 7
    assert all(len(same) == 12 for same in sames)


def test_the_switch_is_taken_by_config_diff_and_apply(desk: Desk, tmp_path: Path) -> None:
    told = desk.replay(replace={"nur-openai": "nur-anthropic"}, cache={"standard": True})
    text = told["result"]["switch"]
    assert yaml.safe_load(text)["models"][0]["targets"] == [
        {"provider": "anthropic-eu", "model": "claude-sonnet-4-5"}
    ]
    file = tmp_path / "switch.yaml"
    file.write_text(text)
    shown = leitstand("config", "diff", str(file), "--json", data=desk.house.data, check=False)
    assert shown.returncode == 1, shown.stderr
    assert {change["name"] for change in json.loads(shown.stdout)["changes"]} == {"nur-openai", "standard"}


def test_the_command_replays_beside_the_server(desk: Desk) -> None:
    done = leitstand(
        "what-if", "--period", _TODAY, "--price-factor", "openai-eu=2", "--json", data=desk.house.data
    )
    result = json.loads(done.stdout)["result"]
    assert float(result["after_eur"]["value"]) == pytest.approx(2 * desk.costs, abs=1e-8)
    assert desk.api("GET").json()[0]["state"] == "done"
    refused = leitstand("what-if", "--replace", "x=nirgends", data=desk.house.data, check=False)
    assert refused.returncode == 2
    assert "There is no model 'nirgends'" in refused.stderr


def test_a_scenario_is_journalled_removed_and_then_unknown(desk: Desk) -> None:
    number = desk.replay(title="weg damit")["id"]
    assert desk.api("DELETE", f"/{number}").status_code == 204
    assert desk.api("GET", f"/{number}").status_code == 404
    assert desk.api("POST", json={"period": "gestern"}).status_code == 400
