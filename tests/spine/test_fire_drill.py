"""Fire drills through the whole house: the fault is played, everything else is real, and nothing is left behind."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support.house import House, Running, configuration, leitstand, wait_until
from support.simulator import Simulator


@dataclass(frozen=True)
class Hall:
    """A running house. admin: Petra's key; anna: that of a user."""

    house: House
    server: Running
    admin: str
    anna: str

    def play(self, **wish: Any) -> dict[str, Any]:
        answer = self.ask("POST", self.admin, wish)
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def ask(self, method: str, key: str, wish: dict[str, Any] | None = None) -> httpx2.Response:
        return httpx2.request(
            method, f"{self.server.url}/api/drills", json=wish, headers={"authorization": f"Bearer {key}"}, timeout=60
        )  # fmt: skip

    def command(self, *arguments: str) -> tuple[int, str, str]:
        done = leitstand_drill(self.server.url, self.admin, *arguments)
        return done.returncode, done.stdout, done.stderr

    def chat(self) -> httpx2.Response:
        body = {
            "model": "standard",
            "max_tokens": 20,
            "messages": [{"role": "user", "content": "echo: Guten Tag"}],
        }
        return httpx2.post(
            f"{self.server.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {self.anna}"},
            timeout=30,
        )  # fmt: skip


def leitstand_drill(url: str, key: str, *arguments: str) -> Any:
    import subprocess
    import sys

    return subprocess.run(
        [sys.executable, "-m", "leitstand", "drill", "--url", url, *arguments],
        capture_output=True, text=True, timeout=60, env={**os.environ, "LEITSTAND_KEY": key},
    )  # fmt: skip


@pytest.fixture(scope="module")
def hall(simulator: Simulator) -> Iterator[Hall]:
    rescued = (
        "models:\n  - {name: weiter, continuation: true, targets: [{provider: openai-eu, model: gpt-4o-mini}, "
        "{provider: anthropic-eu, model: claude-sonnet-4-5}]}\n"
    )
    words = configuration(simulator, first_token="0.6", idle="0.6").replace("models:\n", rescued, 1)
    with House(words) as house:
        server = house.serve()
        yield Hall(house, server, house.key("petra"), house.key("anna"))


@pytest.mark.parametrize(
    ("fault", "tries", "at_least_s"),
    [
        ("timeout", 1, 0.6), ("rate_limited", 1, 0), ("server", 2, 0), ("cut", 2, 0), ("auth", 1, 0),
        ("connect", 2, 0), ("quota", 1, 0), ("overloaded", 1, 0), ("malformed", 2, 0), ("model_missing", 1, 0),
        ("context_too_long", 1, 0),
    ],
)  # fmt: skip
def test_the_second_target_takes_over_from_the_one_that_fails(
    hall: Hall, simulator: Simulator, fault: str, tries: int, at_least_s: float
) -> None:
    report = hall.play(model="standard", provider="openai-eu", fault=fault)
    assert report["outcome"] == "answered"
    assert report["answered_by"]["provider"] == "anthropic-eu"
    assert report["text"]
    assert report["error"] is None
    assert report["cost_eur"] > 0
    steps = [(step["provider"], step["played"]) for step in report["attempts"]]
    assert steps == [("openai-eu", True)] * tries + [("anthropic-eu", False)]
    assert report["first_token_s"] >= at_least_s
    assert not simulator.log("openai-eu", idle=True)


def test_when_all_targets_fail_the_error_is_shown_as_people_read_it(hall: Hall, simulator: Simulator) -> None:
    report = hall.play(model="standard", provider="*", fault="auth")
    assert (report["outcome"], report["answered_by"], report["cost_eur"]) == ("failed", None, 0.0)
    assert report["error"]["status"] == 502
    assert "openai-eu (Zugangsschlüssel abgelehnt)" in report["error"]["message"]["de"]
    assert "anthropic-eu (key rejected)" in report["error"]["message"]["en"]
    for provider in ("openai-eu", "anthropic-eu"):
        assert not simulator.log(provider, idle=True)


@pytest.mark.parametrize(("fault", "code"), [("cut", "upstream_failed"), ("timeout", "upstream_timeout")])
def test_a_fault_within_the_answer_shows_what_came_and_how_it_broke_off(
    hall: Hall, fault: str, code: str
) -> None:
    report = hall.play(model="standard", provider="openai-eu", fault=fault, after_words=2)
    assert report["outcome"] == "broken_off"
    assert len(report["text"].split()) == 2
    assert report["error"]["code"] == code
    assert report["cost_eur"] > 0


def test_what_rescues_a_broken_answer_is_rehearsed_too(hall: Hall) -> None:
    report = hall.play(model="weiter", provider="openai-eu", fault="cut", after_words=2)
    assert report["outcome"] == "answered"
    assert [(step["provider"], step["played"]) for step in report["attempts"]][-1] == ("anthropic-eu", False)


def test_a_target_that_is_not_hit_answers_for_real(hall: Hall) -> None:
    report = hall.play(model="standard", provider="anthropic-eu", fault="connect")
    assert report["answered_by"]["provider"] == "openai-eu"
    assert report["fallback"] == 0


def test_drills_leave_no_trace_in_the_running_house(hall: Hall) -> None:
    for _ in range(5):
        hall.play(model="standard", provider="openai-eu", fault="auth")
    answer = hall.chat()
    assert answer.headers["x-leitstand-provider"] == "openai-eu"
    metrics = httpx2.get(f"{hall.server.url}/metrics", headers={"authorization": f"Bearer {hall.admin}"}).text
    resting = [line for line in metrics.splitlines() if line.startswith("leitstand_target_rest_seconds{")]
    assert resting
    assert all(line.endswith(" 0.0") for line in resting)
    requests = [line for line in metrics.splitlines() if line.startswith("leitstand_requests_total{")]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in requests) == 1  # Anna's


def test_a_drill_is_journalled_as_one_and_not_as_somebodys_work(hall: Hall) -> None:
    report = hall.play(model="standard", provider="openai-eu", fault="quota")
    rows: list[dict[str, Any]] = []

    def is_there() -> bool:
        rows[:] = [row for row in hall.house.export("--all") if row["request_id"] == report["request_id"]]
        return bool(rows)

    wait_until(is_there)
    (row,) = rows
    assert row["kind"] == "gateway.drill.played"
    assert row["user"] == "petra"
    assert row["detail"]["drill"] == {"provider": "openai-eu", "fault": "quota", "after_words": 0}
    assert row["cost"] > 0
    assert hall.house.verify().returncode == 0


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"model": "gibt-es-nicht", "provider": "*", "fault": "auth"}, 404, "gibt-es-nicht"),
        ({"model": "standard", "provider": "lokal", "fault": "auth"}, 400, "anthropic-eu"),
        ({"model": "standard", "provider": "*", "fault": "erdbeben"}, 400, "rate_limited"),
        ({"model": "standard", "provider": "*", "fault": "auth", "after_words": 3}, 400, "timeout"),
        ({"model": "standard", "provider": "*", "fault": "cut", "after_words": -1}, 400, "after_words"),
    ],
)
def test_a_drill_that_cannot_be_played_is_refused_with_what_there_is(
    hall: Hall, wish: dict[str, Any], status: int, words: str
) -> None:
    answer = hall.ask("POST", hall.admin, wish)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_only_administrators_play(hall: Hall) -> None:
    wish = {"model": "standard", "provider": "*", "fault": "auth"}
    assert hall.ask("POST", hall.anna, wish).status_code == 403
    assert hall.ask("GET", hall.anna).status_code == 403


def test_what_can_be_played_is_listed_with_what_it_costs_at_most(hall: Hall) -> None:
    offered = hall.ask("GET", hall.admin).json()
    (standard,) = [model for model in offered["models"] if model["model"] == "standard"]
    assert standard["providers"] == ["openai-eu", "anthropic-eu"]
    assert 0 < standard["cost_eur_at_most"] < 0.01
    assert {"timeout", "rate_limited", "server", "cut", "auth"} <= {
        each["fault"] for each in offered["faults"]
    }


# ------------------------------------------------------------ the command


def test_the_command_tells_the_same_beside_the_running_server(hall: Hall) -> None:
    code, out, _ = hall.command(
        "--model", "standard", "--provider", "openai-eu", "--fault", "server", "--json"
    )
    assert code == 0
    assert json.loads(out)["answered_by"]["provider"] == "anthropic-eu"
    code, out, _ = hall.command("--model", "standard", "--fault", "auth")
    assert code == 1
    assert "502 upstream_failed" in out
    assert "auth (played)" in out


def test_the_command_without_a_model_lists_what_can_be_played(hall: Hall) -> None:
    code, out, _ = hall.command()
    assert code == 0
    assert "openai-eu -> anthropic-eu" in out


def test_the_command_says_what_is_wrong(hall: Hall) -> None:
    code, _, err = hall.command("--model", "standard", "--fault", "erdbeben")
    assert code == 2
    assert "rate_limited" in err
    assert leitstand_drill(hall.server.url, "", "--model", "standard").returncode == 2
    nobody = leitstand_drill("http://127.0.0.1:9", hall.admin, "--model", "standard")
    assert nobody.returncode == 2
    assert "leitstand serve" in nobody.stderr
    assert leitstand("--help", data=hall.house.data, check=False).returncode == 0
