"""A change of model is tried on a set of questions, through the whole house: run, judged, resumed, drifted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.house import House, Running, configuration, leitstand, wait_until
from support.simulator import Simulator

_CASES = 6
_SET = "\n".join(
    [
        "name: angebote",
        "title: Angebote schreiben",
        "use_case: angebote",
        "nightly: true",
        "cases:",
        *(
            f"  - {{id: fall-{n}, prompt: 'echo: Wir bieten Frau Petra Hartmann {n + 3} Stück zu {n}80 EUR an.', "
            f"checks: [{{keeps_numbers: true}}, {{contains: [Petra Hartmann, EUR]}}]}}"
            for n in range(1, _CASES + 1)
        ),
    ]
)


class Office:
    """The API with a super administrator's key."""

    def __init__(self, server: Running, key: str) -> None:
        self._url = f"{server.url}/api/regression"
        self._headers = {"authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        answer = httpx2.request(
            method, self._url + path, json=body or None, headers=self._headers, timeout=20
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def finished(self, trial: str) -> dict[str, Any]:
        """The report, once the trial has ended."""
        wait_until(lambda: self.ask("GET", f"/trials/{trial}")["state"] not in ("waiting", "running"), 40)
        report: dict[str, Any] = self.ask("GET", f"/trials/{trial}?answers=true")
        return report


@pytest.fixture
def house(simulator: Simulator) -> Iterator[House]:
    for provider in ("openai-eu", "anthropic-eu"):
        simulator.reset(provider)
    with House(configuration(simulator)) as house:
        yield house


def _office(house: House, server: Running) -> Office:
    office = Office(server, house.key("sina"))
    office.ask("PUT", "/sets", yaml=_SET)
    return office


def _start(office: Office, candidate: str, **wish: Any) -> str:
    body = {"set": "angebote", "candidate": candidate, "baseline": "nur-openai", "repetitions": 2, **wish}
    started: str = office.ask("POST", "/trials", 201, **body)["id"]
    return started


def test_a_good_candidate_is_a_go_and_every_question_was_asked_masked(
    house: House, simulator: Simulator
) -> None:
    server = house.serve()
    office = _office(house, server)
    report = office.finished(_start(office, "nur-anthropic"))
    assert (report["state"], report["answers"]) == ("done", 2 * 2 * _CASES)
    assert report["comparison"]["decision"] == "go"
    assert report["comparison"]["agreement"] == 1
    assert "Petra Hartmann" in report["cases"]["fall-1"][0]["text"]
    assert simulator.summary("anthropic-eu")["requests"] == 2 * _CASES
    assert simulator.contains("anthropic-eu", "Hartmann") == []
    spent = float(report["spent_eur"])
    records = [row for row in house.export() if row.get("detail", {}).get("purpose") == "trial"]
    assert len(records) == 2 * 2 * _CASES
    assert {(row["user"], row["use_case"]) for row in records} == {("sina", "angebote")}
    assert sum(float(row["cost"]) for row in records) == pytest.approx(spent)
    assert spent > 0
    stored = b"".join(path.read_bytes() for path in Path(house.data).glob("leitstand.sqlite*"))
    assert b"Hartmann" not in stored


def test_a_bad_candidate_is_a_no_go_by_the_command_line(house: House, simulator: Simulator) -> None:
    simulator.configure("anthropic-eu", slips=0.5)
    server = house.serve()
    _office(house, server)
    done = leitstand(
        "regression", "run", "angebote", "--model", "nur-anthropic", "--against", "nur-openai", "-n", "2",
        "--user", "sina", "--json", data=house.data, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert (done.returncode, report["comparison"]["decision"]) == (1, "no_go")
    assert report["comparison"]["difference"]["high"] < -0.05
    assert report["comparison"]["candidate"]["passed"] == pytest.approx(0.5, abs=0.2)


def test_a_killed_server_is_followed_by_one_that_goes_on(house: House, simulator: Simulator) -> None:
    simulator.configure("openai-eu", first_token_ms=80)
    first = house.serve()
    office = _office(house, first)
    trial = _start(office, "nur-anthropic")
    wait_until(lambda: office.ask("GET", f"/trials/{trial}")["answers"] >= 5)
    first.kill()
    second = house.serve()
    report = Office(second, house.key("sina")).finished(trial)
    assert (report["state"], report["answers"]) == ("done", 2 * 2 * _CASES)
    asked = sum(simulator.summary(name)["requests"] for name in ("openai-eu", "anthropic-eu"))
    assert asked <= 2 * 2 * _CASES + 2  # only the two calls in flight are asked twice


def test_a_trial_ends_at_its_cost_bound_and_at_a_used_up_budget(house: House) -> None:
    server = house.serve()
    office = _office(house, server)
    report = office.finished(_start(office, "nur-anthropic", max_eur="0.000001"))
    assert report["state"] == "stopped"
    assert "Kostengrenze" in report["reason"]["de"]
    assert report["answers"] <= 3
    house.apply("limits: [{scope: 'use_case:angebote', eur_per_day: 0.0}]")
    wait_until(lambda: office.finished(_start(office, "nur-anthropic"))["reason"] is not None)
    assert "budget" in office.ask("GET", "/trials")[0]["reason"]["de"]


def test_plans_that_make_no_sense_are_refused_and_rights_are_checked(house: House) -> None:
    server = house.serve()
    office = _office(house, server)
    body = {"set": "angebote", "candidate": "nur-anthropic", "baseline": "nur-openai"}
    office.ask("POST", "/trials", 400, **{**body, "candidate": "nichts"})
    office.ask("POST", "/trials", 400, **{**body, "candidate": "nur-openai"})
    office.ask("POST", "/trials", 400, **body, repetitions=51)
    office.ask("POST", "/trials", 404, **{**body, "set": "nichts"})
    office.ask("PUT", "/sets", 400, yaml="name: x")
    anna = Office(server, house.key("anna"))
    anna.ask("GET", "/sets", 403)
    anna.ask("POST", "/trials", 403, **body)


@pytest.mark.long
def test_a_model_that_changes_overnight_is_told_once(house: House, simulator: Simulator) -> None:
    server = house.serve("--clock", "600", "--clock-start", "2026-11-17T20:00:00+01:00")
    office = _office(house, server)
    trial = _start(office, "nur-anthropic")
    office.finished(trial)
    office.ask("POST", f"/trials/{trial}/accept", 204, model="nur-anthropic")
    simulator.configure("anthropic-eu", slips=1)
    wait_until(lambda: _nights(office) >= 1, 60)
    night = next(each for each in office.ask("GET", "/trials") if each["night"])
    report = office.finished(night["id"])
    assert (report["candidate"], report["drift"]["drifted"]) == ("nur-anthropic", True)
    assert report["drift"]["passed"] < report["drift"]["before"] == 1
    wait_until(lambda: [row for row in house.export("--all") if row.get("kind") == "regression.drift.found"])


def _nights(office: Office) -> int:
    return sum(bool(each["night"]) for each in office.ask("GET", "/trials"))


def test_commands_keep_print_and_remove_sets(house: House, tmp_path: Path) -> None:
    file = tmp_path / "set.yaml"
    file.write_text(_SET)
    made = json.loads(leitstand("regression", "import", str(file), "--json", data=house.data).stdout)
    assert made == {"set": "angebote", "cases": _CASES}
    printed = leitstand("regression", "export", "angebote", data=house.data).stdout
    file.write_text(printed)
    leitstand("regression", "import", str(file), data=house.data)
    assert "angebote" in leitstand("regression", "list", data=house.data).stdout
    leitstand("regression", "remove", "angebote", data=house.data)
    assert leitstand("regression", "list", data=house.data).stdout == ""
    file.write_text("name: x")
    refused = leitstand("regression", "import", str(file), data=house.data, check=False)
    assert (refused.returncode, "cases" in refused.stderr) == (2, True)
