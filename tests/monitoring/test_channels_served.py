"""Ways out of a served house: a test by program and command, a channel that fails, on call; secrets stay inside."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from receivers import Hook, hook

from support.house import COMMAND, House, Running, leitstand, wait_until

CONFIGURATION = """
users:
  - {{name: jonas, email: jonas@musterwerk.example, department: it, role: admin}}
  - {{name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}}
alerts:
  channels:
    - {{name: hook, kind: webhook, url: "{well}/hooks/geheim-1", secret: geheim-2}}
    - {{name: dead, kind: teams, url: "{dead}/hooks/geheim-3"}}
    - {{name: sms, kind: webhook, url: "{duty}"}}
  routes:
    - {{name: dienst, severity: critical, rules: [probe], channels: [dead, on_call]}}
    - {{name: rest, severity: warning, channels: [hook]}}
  rules:
    - {{name: probe, signal: disk_used, window_minutes: 1, min_sample: 1, critical: {{above: 0}}}}
on_call:
  people: [{{name: Jonas, channels: [sms], phone: "+49 711 1"}}, {{name: Petra, channels: [hook]}}]
  first_day: 2026-11-16
"""
START = "2026-11-18T10:00:00+01:00"


@pytest.fixture(scope="module")
def receivers() -> Iterator[tuple[Hook, Hook, Hook]]:
    with hook() as well, hook(503) as dead, hook() as duty:
        yield well, dead, duty


@pytest.fixture(scope="module")
def house(receivers: tuple[Hook, Hook, Hook]) -> Iterator[tuple[House, Running]]:
    well, dead, duty = (each.url for each in receivers)
    with House(CONFIGURATION.format(well=well, dead=dead, duty=duty)) as house:
        yield house, house.serve("--clock", "60", "--clock-start", START)


def client(house: tuple[House, Running], user: str = "jonas") -> httpx2.Client:
    key = house[0].key(user)
    return httpx2.Client(base_url=house[1].url, headers={"authorization": f"Bearer {key}"}, timeout=20)


def journalled_tests(house: House) -> list[tuple[str, bool]]:
    """What the journal says of tests."""
    rows = [
        row["detail"] for row in house.export("--all") if row["kind"] == "monitoring.alert_channel.tested"
    ]
    return [(row["channel"], row["arrived"]) for row in rows]


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_a_channel_that_fails_is_told_through_the_others_and_on_its_page(
    house: tuple[House, Running], receivers: tuple[Hook, Hook, Hook]
) -> None:
    well, _, duty = receivers

    def heard(receiver: Hook, rule: str) -> list[Any]:
        return [call.body for call in receiver.calls if call.body["rule"] == rule]

    wait_until(lambda: heard(duty, "probe"), 40)
    wait_until(lambda: heard(well, "probe"), 40)
    wait_until(lambda: heard(well, "channel_failing"), 60)
    assert heard(well, "channel_failing")[0]["labels"] == {"channel": "dead"}
    assert all("x-leitstand-signature" in call.headers for call in well.calls)
    with client(house) as asking:
        rows = {each["name"]: each for each in asking.get("/api/alerts/channels").json()["channels"]}
    assert rows["dead"]["failing"]
    assert rows["dead"]["reason"] == "HTTP 503"
    assert rows["dead"]["waiting"] >= 1
    assert rows["hook"]["last_delivery"].startswith("2026-11-18T")


def test_a_test_is_sent_by_program_and_by_command_and_journalled(
    house: tuple[House, Running], receivers: tuple[Hook, Hook, Hook]
) -> None:
    with client(house) as asking, client(house, "anna") as other:
        assert asking.post("/api/alerts/channels/hook/test").json() == {
            "channel": "hook",
            "arrived": True,
            "reason": "",
        }
        assert asking.post("/api/alerts/channels/dead/test").json()["reason"] == "HTTP 503"
        assert asking.post("/api/alerts/channels/nix/test").status_code == 404
        assert other.post("/api/alerts/channels/hook/test").status_code == 403
    assert receivers[0].calls[-1].body["rule"] == "test"
    key = house[0].key("jonas")
    done = command("alert", "test", "hook", "--url", house[1].url, "--key", key)
    assert (done.returncode, done.stdout) == (0, "hook: arrived\n"), done.stderr
    failed = command("alert", "test", "dead", "--json", "--url", house[1].url, "--key", key)
    assert (failed.returncode, json.loads(failed.stdout)["arrived"]) == (1, False)
    wait_until(lambda: len(journalled_tests(house[0])) == 4)
    assert journalled_tests(house[0]) == [("hook", True), ("dead", False)] * 2


def test_turns_are_told_swapped_and_taken_into_a_calendar(house: tuple[House, Running]) -> None:
    swap = {"begins": "2026-11-19", "ends": "2026-11-20", "person": "Petra"}
    with client(house) as asking:
        assert asking.get("/api/on-call").json()["on_duty"]["person"] == "Jonas"
        hearing = asking.get("/api/alerts/channels/hearing", params={"rule": "probe"}).json()
        assert hearing["at_once"] == ["dead", "sms"]
        turns = asking.post("/api/on-call/swaps", json=swap).json()["turns"]
        assert [each["person"] for each in turns[:3]] == ["Jonas", "Petra", "Jonas"]
        assert asking.post("/api/on-call/swaps", json={**swap, "person": "Niemand"}).status_code == 400
        calendar = asking.get("/api/on-call.ics")
        assert calendar.headers["content-type"].startswith("text/calendar")
        assert "SUMMARY:Bereitschaft: Petra" in calendar.text
        assert asking.post("/api/on-call/swaps/undo", json=swap).json()["swaps"] == []
        assert asking.post("/api/on-call/swaps/undo", json=swap).status_code == 404


def test_addresses_and_keys_of_channels_are_shown_nowhere(house: tuple[House, Running]) -> None:
    with client(house) as asking:
        said = asking.get("/api/configuration/alert_channel").text + asking.get("/api/alerts/channels").text
    exported = leitstand("config", "export", data=house[0].data).stdout
    everything = said + exported + house[1].log() + json.dumps(house[0].export("--all"))
    assert "sealed:alert_channel/hook/url" in exported
    for secret in ("geheim-1", "geheim-2", "geheim-3"):
        assert secret not in everything, secret
