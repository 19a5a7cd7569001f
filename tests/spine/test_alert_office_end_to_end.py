"""Alerts and rules of a served house by `/api/alerts` and `leitstand alert`: from the fired alert to the audit events."""

import json
import subprocess
from typing import Any

import httpx2

from support.house import COMMAND, House, Running, wait_until

CONFIGURATION = """
users:
  - {name: anna}
  - {name: sina, role: super_admin}
alerts:
  rules:
    - {name: platte_belegt, title: Platte belegt, signal: disk_used, min_sample: 1, warning: {above: 0}}
"""


def ask(server: Running, key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "alert", *arguments, "--url", server.url, "--key", key]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def said(server: Running, key: str, *arguments: str) -> dict[str, Any]:
    done = ask(server, key, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_an_alert_is_seen_taken_on_silenced_and_its_rule_changed() -> None:
    with House(CONFIGURATION) as house:
        key, stranger = house.key("sina"), house.key("anna")
        server = house.serve("--clock", "60")
        client = httpx2.Client(
            base_url=server.url, headers={"authorization": f"Bearer {key}"}, timeout=30
        )  # fmt: skip

        def board() -> dict[str, Any]:
            answer: dict[str, Any] = client.get("/api/alerts").json()
            return answer

        wait_until(lambda: any(each["rule"] == "platte_belegt" for each in board()["open"]), 30)
        (alert,) = [each for each in board()["open"] if each["rule"] == "platte_belegt"]
        assert (alert["unit"], alert["limit"], alert["severity"]) == ("share", 0.0, "warning")
        assert "platte_belegt" in ask(server, key, "list").stdout
        assert said(server, key, "ack", alert["id"])["acknowledged_by"] == "sina"
        refused = ask(server, key, "ack", alert["id"])
        assert refused.returncode != 0
        assert "sina has already taken this alert on" in refused.stderr
        assert ask(server, stranger, "list").returncode != 0

        preview = said(
            server, key, "silence", "rule=platte_belegt", "--for", "2h", "--reason", "Umbau", "--dry-run"
        )
        assert [each["id"] for each in preview["mutes"]] == [alert["id"]]
        silence = said(server, key, "silence", "rule=platte_belegt", "--for", "2h", "--reason", "Umbau")
        assert alert["id"] in [each["id"] for each in board()["muted"]]
        assert said(server, key, "silence", "--end", silence["id"])["ended"]
        assert (
            "entweder „ends“ oder „minutes“"
            in client.post("/api/alerts/silences", json={"comment": "Umbau"}).text
        )

        rules = {each["name"]: each for each in said(server, key, "rules")["rules"]}
        assert not rules["platte_belegt"]["shipped"]
        tested = said(server, key, "back-test", "platte_belegt", "--above", "1")
        assert tested["after"]["count"] == 0
        change = {"signal": "disk_used", "min_sample": 1, "warning": {"above": 1}}
        assert client.put("/api/alerts/rules/platte_belegt", json=change).status_code == 200
        wait_until(lambda: not any(each["id"] == alert["id"] for each in board()["open"]), 30)
        assert client.get("/api/configuration/calendar").status_code == 200
        client.close()
        server.stop()
        kinds = {(row["kind"], row["user"]) for row in house.export("--all")}
    expected = ("monitoring.alert.acknowledged", "monitoring.silence.created", "monitoring.silence.ended")
    assert {(kind, "sina") for kind in expected} <= kinds
    assert ("configuration.alert_rule.changed", "sina") in kinds
