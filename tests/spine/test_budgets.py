"""Budgets through a whole house: extended and graced while it runs, warned of once, and a last call is shortened.

Every key has 60 tokens a day, so each test has a budget of its own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support.answers import EVERY_PATH, body_of, heard
from support.house import House, Running, configuration, issue_key, leitstand, wait_until
from support.simulator import Simulator

_LIMIT = "  - {scope: 'key:*', tokens_per_day: 60}"
_CLOCK = ("--clock", "60", "--clock-start", "2026-11-17T09:00:00+01:00")


@dataclass
class Desk:
    """A running house. office: Sina's key, who may do everything."""

    house: House
    server: Running
    office: str

    def key(self, user: str = "anna") -> tuple[str, str]:
        """A fresh key and the scope of its limits."""
        made = issue_key(self.server, self.office, user)
        return made["key"], f"key:{made['id']}"

    def ask(self, key: str, dialect: str = "chat", words: int = 30, **more: Any) -> httpx2.Response:
        return self.post(EVERY_PATH[dialect], key, body_of(dialect, "nur-openai", f"count: {words}", **more))

    def post(self, path: str, key: str, body: dict[str, Any]) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}
        return httpx2.post(f"{self.server.url}{path}", json=body, headers=headers, timeout=60)

    def use_up(self, key: str) -> httpx2.Response:
        """Ask until the budget refuses."""
        for _ in range(20):
            answer = self.ask(key)
            if answer.status_code != 200:
                return answer
        raise AssertionError("the budget was never used up")

    def board(self) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.office}"}
        answer = httpx2.get(f"{self.server.url}/api/budgets", headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def limits(self) -> dict[str, dict[str, Any]]:
        return {each["scope"]: each for each in self.board()["limits"]}


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator, limits=_LIMIT)) as house:
        office = house.key("sina")
        yield Desk(house, house.serve(*_CLOCK), office)


def test_an_extension_serves_that_key_again_and_no_other(desk: Desk) -> None:
    (key, scope), (other, _) = desk.key(), desk.key()
    refused = desk.use_up(key)
    assert refused.status_code == 429
    assert "Um eine Erweiterung bitten Sie petra, sina." in refused.json()["error"]["message"]
    assert desk.use_up(other).status_code == 429
    wish = {"scope": scope, "measure": "tokens_per_day", "percent": 500, "reason": "Messe"}
    answer = desk.post("/api/budgets/extensions", desk.office, wish)
    assert (answer.status_code, answer.json()["amount"]) == (201, 300)
    assert desk.ask(key).status_code == 200
    assert desk.ask(other).status_code == 429
    state = desk.limits()[scope]
    assert (state["limit"], state["extension"]) == (360, 300)
    changed = [
        row for row in desk.house.export("--all") if row.get("kind") == "configuration.extension.created"
    ]
    assert [row["detail"]["after"]["reason"] for row in changed] == ["Messe"]


def test_grace_serves_marks_and_ends(desk: Desk) -> None:
    key, scope = desk.key()
    assert desk.use_up(key).status_code == 429
    wish = {"scope": scope, "until": "2099-12-31", "tokens": 500, "reason": "Jahresabschluss"}
    assert desk.post("/api/budgets/graces", key, wish).status_code == 403
    assert desk.post("/api/budgets/graces", desk.office, wish).status_code == 204
    answer = desk.ask(key)
    assert answer.status_code == 200
    record = desk.house.record(answer.headers["x-leitstand-request-id"])
    assert record["detail"]["beyond_limits"] == [scope]
    headers = {"authorization": f"Bearer {desk.office}"}
    assert httpx2.delete(f"{desk.server.url}/api/budgets/graces/{scope}", headers=headers).status_code == 204
    assert desk.ask(key).status_code == 429


def test_a_limit_that_is_not_there_cannot_be_extended(desk: Desk) -> None:
    wish = {"scope": "company", "measure": "eur_per_month", "percent": 10, "reason": "Messe"}
    refused = desk.post("/api/budgets/extensions", desk.office, wish)
    assert refused.status_code == 404
    assert "eur_per_month" in refused.json()["error"]["message"]


def test_a_threshold_is_warned_of_once_and_figures_below_it_are_private(desk: Desk) -> None:
    (loud, scope), (quiet, private) = desk.key(), desk.key("ben")
    assert desk.ask(quiet, words=3).status_code == 200
    assert desk.use_up(loud).status_code == 429
    wait_until(lambda: {scope, private} <= desk.limits().keys())
    limits = desk.limits()
    assert (limits[private]["private"], limits[private]["spent"]) == (True, None)
    assert limits[scope]["share"] >= 0.7, limits[scope]

    def warned() -> list[dict[str, Any]]:
        return [each for each in desk.board()["warnings"] if each["scope"] == scope]

    wait_until(lambda: bool(warned()))
    (warning,) = warned()
    assert warning["threshold"] in ("70", "90", "100")
    assert (warning["measure"], warning["limit"], warning["period"]) == ("tokens_per_day", 60, "2026-11-17")
    assert private not in {each["scope"] for each in desk.board()["warnings"]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", list(EVERY_PATH))
def test_a_last_call_is_shortened_and_says_so_in_every_dialect(
    desk: Desk, dialect: str, stream: bool
) -> None:
    key, _ = desk.key()
    shortened = heard(dialect, desk.ask(key, dialect, words=200, stream=stream))
    assert shortened.status == 200
    assert 0 < len(shortened.text.split()) < 60
    assert shortened.stop in ("length", "max_tokens", "max_output_tokens", "incomplete")


def test_the_command_extends_and_lists_on_the_same_data(desk: Desk) -> None:
    key, scope = desk.key()
    assert desk.use_up(key).status_code == 429
    options = ("--amount", "400", "--reason", "Inventur")
    leitstand("budget", "extend", scope, "--measure", "tokens_per_day", *options, data=desk.house.data)
    listed = json.loads(leitstand("budget", "list", "--json", data=desk.house.data).stdout)
    assert {each["rule"] for each in listed["limits"]} <= {"key:*"}
    read = leitstand("config", "export", data=desk.house.data).stdout
    assert "reason: Inventur" in read
