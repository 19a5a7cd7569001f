"""Limits are foreseen, waiting is short and fair, and trouble is seen before a request meets it."""

import asyncio
import re
import time

import httpx2

from support.house import House, Running, configuration, wait_until
from support.simulator import Simulator, start_simulator


def limited(simulator: Simulator, extra: str) -> str:
    """The usual configuration; the provider openai-eu has more keys."""
    plain = configuration(simulator)
    return re.sub(r"(name: openai-eu, .*?)\}\n", rf"\1, {extra}}}\n", plain, count=1)


def body(model: str) -> dict[str, object]:
    return {"model": model, "max_tokens": 12, "messages": [{"role": "user", "content": "count: 3"}]}


def ask(server: Running, key: str, model: str = "standard") -> httpx2.Response:
    return httpx2.post(
        f"{server.url}/v1/chat/completions", json=body(model), headers={"authorization": f"Bearer {key}"},
        timeout=30,
    )  # fmt: skip


async def ask_many(server: Running, key: str, count: int, model: str) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(timeout=30, headers={"authorization": f"Bearer {key}"}) as client:
        url = f"{server.url}/v1/chat/completions"
        return await asyncio.gather(*(client.post(url, json=body(model)) for _ in range(count)))


def gauge(server: Running, key: str, name: str) -> float | None:
    """The value of a metric of openai-eu; None where there is none."""
    text = httpx2.get(f"{server.url}/metrics", headers={"authorization": f"Bearer {key}"}, timeout=10).text
    found = re.search(rf'^{name}\{{[^}}]*provider="openai-eu"[^}}]*\}} (\S+)$', text, re.M)
    return float(found[1]) if found else None


def test_more_requests_than_may_run_at_once_wait_and_are_all_answered(simulator: Simulator) -> None:
    with House(limited(simulator, "limits: {concurrency: 2}")) as house:
        server, key = house.serve(), house.key()
        simulator.configure("openai-eu", first_token_ms=100)
        began = time.monotonic()
        answers = asyncio.run(ask_many(server, key, 10, "nur-openai"))
        assert [answer.status_code for answer in answers] == [200] * 10
        assert time.monotonic() - began >= 0.5


def test_what_does_not_fit_goes_to_the_other_provider_before_anybody_refuses(simulator: Simulator) -> None:
    with House(limited(simulator, "limits: {requests_per_minute: 3}")) as house:
        server, key = house.serve(), house.key()
        served = [ask(server, key).headers["x-leitstand-provider"] for _ in range(5)]
        assert served == ["openai-eu"] * 3 + ["anthropic-eu"] * 2


def test_who_would_wait_in_vain_is_told_at_once_when_to_come_again(simulator: Simulator) -> None:
    with House(limited(simulator, "limits: {requests_per_minute: 1}")) as house:
        server, key = house.serve(), house.key()
        assert ask(server, key, "nur-openai").status_code == 200
        began = time.monotonic()
        refused = ask(server, key, "nur-openai")
        assert time.monotonic() - began < 5
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        assert 50 <= int(refused.headers["retry-after"]) <= 61
        assert "openai-eu" in refused.json()["error"]["message"]


def test_the_providers_own_words_are_enough_to_never_meet_its_429(simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        server, key = house.serve(), house.key()
        simulator.configure("openai-eu", rate_limit=3)
        served = [ask(server, key).headers["x-leitstand-provider"] for _ in range(6)]
        assert served[:3] == ["openai-eu"] * 3
        assert set(served[3:]) == {"anthropic-eu"}
        assert all(entry["status"] == 200 for entry in simulator.log("openai-eu", idle=True))
        left = gauge(server, house.key("petra"), "leitstand_target_allowance")
        assert left is not None
        assert left < 1


def test_a_provider_that_is_gone_rests_before_a_request_meets_it_and_probes_are_no_traffic() -> None:
    with start_simulator() as own:
        house = House(limited(own, "probe: {every: 1}"))
        server, admin = house.serve(), house.key("petra")
        wait_until(lambda: gauge(server, admin, "leitstand_provider_probe_success") == 1.0)
        assert gauge(server, admin, "leitstand_target_rest_seconds") == 0.0
        assert not [entry for entry in own.log("openai-eu") if entry["model"]]
    with house:
        wait_until(lambda: gauge(server, admin, "leitstand_provider_probe_success") == 0.0)
        rest_s = gauge(server, admin, "leitstand_target_rest_seconds")
        assert rest_s is not None
        assert 0 < rest_s <= 1.5
        assert gauge(server, admin, "leitstand_requests_total") is None
        assert house.export() == []
