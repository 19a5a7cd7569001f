"""Limits are foreseen, waiting is short and fair, and trouble is seen before a request meets it."""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from support.house import House, Running, wait_until
from support.simulator import Simulator, start_simulator

PROVIDERS = {
    "zwei": "limits: {concurrency: 2}",
    "drei": "limits: {requests_per_minute: 3}",
    "eins": "limits: {requests_per_minute: 1}",
    "frei": "probe: {every: 0}",
    "gut": "probe: {every: 0}",
}
MODELS = {
    "zugleich": ["zwei"],
    "takt": ["drei", "gut"],
    "allein": ["eins"],
    "gelernt": ["frei", "gut"],
    "weg": ["fort"],
}


def configuration(simulator: Simulator, gone: Simulator) -> str:
    """One provider for each test, a second one that takes over, and one that will go away."""
    addresses = {name: (simulator.url(name), extra) for name, extra in PROVIDERS.items()}
    addresses["fort"] = (gone.url("fort"), "probe: {every: 1}")
    providers = "\n".join(
        f"  - {{name: {name}, kind: openai, base_url: '{url}', api_key: sk-test, region: local, {extra}}}"
        for name, (url, extra) in addresses.items()
    )
    models = "\n".join(
        f"  - {{name: {name}, targets: [{', '.join(f'{{provider: {each}, model: m}}' for each in targets)}]}}"
        for name, targets in MODELS.items()
    )
    return f"""
providers:
{providers}
models:
{models}
users:
  - {{name: anna, email: anna@musterwerk.example, role: user}}
  - {{name: petra, email: petra@musterwerk.example, role: admin}}
"""


@dataclass(frozen=True)
class Desk:
    """A running house. key: Anna's; admin: Petra's; gone: stops the provider `fort`."""

    house: House
    server: Running
    key: str
    admin: str
    gone: Simulator


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with start_simulator() as gone, House(configuration(simulator, gone)) as house:
        server = house.serve()
        yield Desk(house, server, house.key("anna"), house.key("petra"), gone)


def body(model: str) -> dict[str, object]:
    return {"model": model, "max_tokens": 12, "messages": [{"role": "user", "content": "count: 3"}]}


def ask(server: Running, key: str, model: str) -> httpx2.Response:
    return httpx2.post(
        f"{server.url}/v1/chat/completions", json=body(model), headers={"authorization": f"Bearer {key}"},
        timeout=30,
    )  # fmt: skip


async def ask_many(server: Running, key: str, count: int, model: str) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(timeout=30, headers={"authorization": f"Bearer {key}"}) as client:
        url = f"{server.url}/v1/chat/completions"
        return await asyncio.gather(*(client.post(url, json=body(model)) for _ in range(count)))


def gauge(desk: Desk, name: str, provider: str) -> float | None:
    """The value of a metric of a provider; None where there is none."""
    url = f"{desk.server.url}/metrics"
    text = httpx2.get(url, headers={"authorization": f"Bearer {desk.admin}"}, timeout=10).text
    found = re.search(rf'^{name}\{{[^}}]*provider="{provider}"[^}}]*\}} (\S+)$', text, re.M)
    return float(found[1]) if found else None


def providers_of(desk: Desk, model: str, count: int) -> list[str]:
    """Who answered so many requests, one after the other."""
    return [ask(desk.server, desk.key, model).headers["x-leitstand-provider"] for _ in range(count)]


def test_more_requests_than_may_run_at_once_wait_and_are_all_answered(
    desk: Desk, simulator: Simulator
) -> None:
    simulator.configure("zwei", first_token_ms=100)
    began = time.monotonic()
    answers = asyncio.run(ask_many(desk.server, desk.key, 10, "zugleich"))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert time.monotonic() - began >= 0.5


def test_what_does_not_fit_goes_to_the_other_provider(desk: Desk) -> None:
    assert providers_of(desk, "takt", 5) == ["drei"] * 3 + ["gut"] * 2


def test_who_would_wait_in_vain_is_told_at_once_when_to_come_again(desk: Desk) -> None:
    assert providers_of(desk, "allein", 1) == ["eins"]
    began = time.monotonic()
    refused = ask(desk.server, desk.key, "allein")
    assert time.monotonic() - began < 5
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
    assert 40 <= int(refused.headers["retry-after"]) <= 61
    assert "eins" in refused.json()["error"]["message"]


def test_the_providers_own_words_are_enough_to_never_meet_its_429(desk: Desk, simulator: Simulator) -> None:
    simulator.configure("frei", rate_limit=3)
    served = providers_of(desk, "gelernt", 6)
    assert served[:3] == ["frei"] * 3
    assert set(served[3:]) == {"gut"}
    assert all(entry["status"] == 200 for entry in simulator.log("frei", idle=True))
    left = gauge(desk, "leitstand_target_allowance", "frei")
    assert left is not None
    assert left < 1


def test_a_provider_that_is_gone_rests_before_a_request_meets_it_and_probes_are_no_traffic(
    desk: Desk,
) -> None:
    wait_until(lambda: gauge(desk, "leitstand_provider_probe_success", "fort") == 1.0)
    assert gauge(desk, "leitstand_target_rest_seconds", "fort") == 0.0
    desk.gone.stop()
    wait_until(lambda: gauge(desk, "leitstand_provider_probe_success", "fort") == 0.0)
    rest_s = gauge(desk, "leitstand_target_rest_seconds", "fort")
    assert rest_s is not None
    assert 0 < rest_s <= 1.5
    assert gauge(desk, "leitstand_requests_total", "fort") is None
