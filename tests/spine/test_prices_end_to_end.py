"""Prices, proof and reconciliation through a served house: what real requests booked is computed again and compared."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.answers import PATHS, body_of
from support.house import House, Running, configuration, leitstand, wait_until
from support.simulator import Simulator

LIMITS = "  - {scope: company, eur_per_month: 100}\n  - {scope: 'user:*', tokens_per_day: 100000}"


@dataclass
class Desk:
    """A running house. key: Anna's; office: Petra's, who is an administrator."""

    house: House
    server: Running
    simulator: Simulator
    key: str
    office: str

    def ask(self, text: str, model: str = "standard") -> str:
        """The id of a request that was answered."""
        answer = httpx2.post(
            f"{self.server.url}{PATHS['chat']}", json=body_of("chat", model, text), timeout=60,
            headers={"authorization": f"Bearer {self.key}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer.headers["x-leitstand-request-id"]

    def snapshot(self) -> str:
        """The price of gpt-4o-mini at openai-eu that counts now."""
        rows = self.api("GET", "/api/prices")["prices"]
        return str(next(row["snapshot"] for row in rows if row["provider"] == "openai-eu"))

    def api(self, method: str, path: str, content: bytes | None = None, status: int = 200) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.office}", "content-type": "application/octet-stream"}
        answer = httpx2.request(
            method, f"{self.server.url}{path}", content=content, headers=headers, timeout=60
        )
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator, limits=LIMITS)) as house:
        server = house.serve()
        yield Desk(house, server, simulator, house.key(), house.key("petra"))


def test_records_name_their_price_and_come_out_of_it_again_after_it_has_changed(
    desk: Desk, tmp_path: Path
) -> None:
    before = desk.snapshot()
    first = desk.ask("count: 12")
    file = tmp_path / "neu.csv"
    file.write_text("provider,model,input,output\nopenai-eu,gpt-4o-mini,7,9\n")
    wait_until(lambda: desk.api("GET", "/api/prices/proof")["records"] == 1)
    told = json.loads(leitstand("price", "import", str(file), "--json", data=desk.house.data).stdout)
    assert float(told["effect_eur"]) > 0
    wait_until(lambda: desk.snapshot() != before)
    second = desk.ask("count: 13")
    desk.simulator.faults("openai-eu", {"fault": "malformed_plain", "times": 1})
    third = desk.ask("count: 14")
    rescued = desk.house.record(third)
    rows = {row["request_id"]: row for row in desk.house.export()}
    assert [rows[each]["detail"]["price"] for each in (first, second)] == [before, desk.snapshot()]
    booked = rescued["detail"]["booked"]
    assert len(booked) == 2  # the answer that could not be read is billed, too
    assert {part["price"] for part in booked} == {rescued["detail"]["price"]}
    assert sum(part["nano"] for part in booked) == round(float(rescued["cost"]) * 10**9)
    proof = json.loads(leitstand("price", "verify", "--json", data=desk.house.data).stdout)
    assert (proof["records"], proof["proven"], proof["unknown"], proof["differs"]) == (3, 3, 0, [])


def test_limits_are_proven_by_command_and_by_program(desk: Desk) -> None:
    desk.ask("count: 5")
    facts = json.loads(leitstand("budget", "verify", "--json", data=desk.house.data).stdout)
    assert (facts["agrees"], facts["accounts"]) == (True, 2)
    assert desk.api("POST", "/api/balance")["agrees"] is True
    kinds = [each["kind"] for each in desk.api("GET", "/api/balance")["records"]]
    assert set(kinds) == {"accounting.balance.verified"}
    headers = {"authorization": f"Bearer {desk.office}"}
    metrics = httpx2.get(f"{desk.server.url}/metrics", headers=headers, timeout=20).text
    assert 'leitstand_balance_differences{proof="limits"} 0.0' in metrics


def test_an_invoice_is_compared_with_what_was_really_booked(desk: Desk, tmp_path: Path) -> None:
    desk.house.record(desk.ask("count: 8"))
    records = [row for row in desk.house.export() if row.get("provider") == "openai-eu"]
    day = records[0]["time"][:10]
    tokens = [
        sum(row[f"{way}_tokens"] for row in records if row["time"][:10] == day) for way in ("input", "output")
    ]
    rows = f"date,model,input_tokens,output_tokens\n{day},gpt-4o-mini-2024-07-18,{tokens[0]},{tokens[1]}\n"
    found = desk.api(
        "POST", f"/api/invoices?provider=openai-eu&name=usage.csv&month={day[:7]}", rows.encode(), status=201
    )
    assert (found["layout"], found["verdict"]) == ("openai-usage", "agrees")
    assert desk.api("GET", f"/api/invoices/{found['id']}") == found
    file = tmp_path / "doppelt.csv"
    file.write_text(rows + f"{day},gpt-4o-mini,2000000,0\n")
    done = leitstand(
        "reconcile", str(file), "--provider", "openai-eu", "--json", data=desk.house.data, check=False
    )
    assert done.returncode == 1
    assert "other_keys" in json.loads(done.stdout)["models"][0]["reasons"]
    done = leitstand("reconcile", str(file), "--provider", "niemand", data=desk.house.data, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no provider 'niemand'" in done.stderr


def test_exchange_rates_and_lists_come_in_by_program(desk: Desk) -> None:
    rates = b"Date, USD, \n23 November 2026, 1.2500, \n"
    told = desk.api("POST", "/api/prices/rates?name=eurofxref.csv", rates, status=201)
    assert (told["kind"], told["entries"]) == ("rates", 1)
    proposed = desk.api(
        "POST",
        "/api/prices/imports?name=own.yaml",
        b"- {provider: offen, model: qwen, input: 3, output: 4}",
        status=201,
    )
    assert proposed["taken"] is None
    assert desk.api("POST", f"/api/prices/imports/{proposed['id']}/take")["taken_by"] == "petra"
    history = desk.api("GET", "/api/prices/imports")["imports"]
    assert [each["kind"] for each in history][:2] == ["own", "rates"]
    wrong = httpx2.post(
        f"{desk.server.url}/api/prices/imports?name=x", content=b"\xff", timeout=20,
        headers={"authorization": f"Bearer {desk.office}", "content-type": "application/octet-stream"},
    )  # fmt: skip
    assert wrong.status_code == 400
    denied = httpx2.get(
        f"{desk.server.url}/api/prices", headers={"authorization": f"Bearer {desk.key}"}, timeout=20
    )
    assert denied.status_code == 403
