"""Budgets with real money through the real gateway."""

import asyncio
import json
import time

import httpx2

from support.house import House, Running, configuration, wait_until
from support.simulator import Simulator

CALL = {"model": "nur-openai", "max_tokens": 12, "messages": [{"role": "user", "content": "count: 12"}]}


def _ask(server: Running, key: str, body: dict[str, object] = CALL, **headers: str) -> httpx2.Response:
    return httpx2.post(
        f"{server.url}/v1/chat/completions", json=body, timeout=60,
        headers={"authorization": f"Bearer {key}", **headers},
    )  # fmt: skip


async def _ask_many(server: Running, key: str, count: int) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=count)) as client:
        return await asyncio.gather(
            *(
                client.post(
                    f"{server.url}/v1/chat/completions", json=CALL, headers={"authorization": f"Bearer {key}"}
                )
                for _ in range(count)
            )
        )


def test_sixty_parallel_calls_on_a_budget_for_three_reach_the_provider_three_times(
    simulator: Simulator,
) -> None:
    with House(configuration(simulator)) as house:
        server = house.serve()
        key = house.key()
        cost = float(_ask(server, key).headers["x-leitstand-cost"])
        simulator.reset("openai-eu")
        simulator.configure("openai-eu", first_token_ms=50)
        made = house.new_key()
        house.apply(f"limits:\n  - {{scope: 'key:{made['id']}', eur_per_day: {cost * 3.4:.9f}}}\n")
        time.sleep(2.0)  # the server takes over a new limit within two seconds
        answers = asyncio.run(_ask_many(server, made["key"], 60))
        served = [answer for answer in answers if answer.status_code == 200]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(served) == 3
        assert len(refused) == 57
        assert simulator.summary("openai-eu", arrived=3)["requests"] == 3
        error = refused[0].json()["error"]
        assert error["code"] == "budget_exhausted"
        assert int(refused[0].headers["retry-after"]) > 0


def test_a_tiny_rate_limit_says_when_to_come_back(simulator: Simulator) -> None:
    limits = "  - {scope: 'user:*', requests_per_minute: 2}"
    with House(configuration(simulator, limits=limits)) as house:
        server = house.serve()
        key = house.key()
        codes = [_ask(server, key).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        refused = _ask(server, key)
        assert refused.json()["error"]["code"] == "rate_limited"
        assert 0 < int(refused.headers["retry-after"]) <= 61


def test_a_limit_that_downgrades_moves_on_to_the_cheaper_model(simulator: Simulator) -> None:
    limits = "  - {scope: 'model:nur-openai', tokens_per_day: 30, at_limit: 'downgrade:nur-anthropic'}"
    with House(configuration(simulator, limits=limits)) as house:
        server = house.serve()
        key = house.key()
        providers = [_ask(server, key).headers["x-leitstand-provider"] for _ in range(4)]
        assert providers[0] == "openai-eu"
        assert providers[-1] == "anthropic-eu"


def test_a_client_that_leaves_in_mid_stream_is_booked_at_the_providers_usage(simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        server = house.serve()
        key = house.key()
        simulator.configure("openai-eu", token_ms=20, chunk_tokens=1)
        body = {
            "model": "nur-openai",
            "stream": True,
            "max_tokens": 60,
            "messages": [{"role": "user", "content": "count: 60"}],
        }
        with httpx2.stream(
            "POST", f"{server.url}/v1/chat/completions", json=body, timeout=20,
            headers={"authorization": f"Bearer {key}"},
        ) as stream:  # fmt: skip
            request_id = stream.headers["x-leitstand-request-id"]
            lines = stream.iter_lines()
            for _ in range(6):
                next(lines)
        record = house.record(request_id)
        truth = simulator.log("openai-eu", arrived=1, idle=True)[0]
        assert record["outcome"] == "left"
        assert record["input_tokens"] == truth["input_tokens"]
        assert record["output_tokens"] == truth["output_tokens"]
        assert record["cost"] > 0


def test_an_unknown_model_price_is_visible_and_not_free(simulator: Simulator) -> None:
    extra = configuration(simulator).replace(
        "model: qwen, input: 1.00, output: 2.00", "model: other, input: 1, output: 2"
    )
    with House(extra) as house:
        server = house.serve()
        answer = _ask(server, house.key(), CALL | {"model": "nur-offen"})
        assert float(answer.headers["x-leitstand-cost"]) > 0
        assert house.record(answer.headers["x-leitstand-request-id"])["unpriced"] is True


def test_the_sum_of_all_records_is_what_the_provider_counted(simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        server = house.serve()
        key = house.key()
        simulator.reset("openai-eu")
        asyncio.run(_ask_many(server, key, 40))
        wait_until(lambda: len(house.export()) == 40)
        rows = house.export()
        truth = simulator.summary("openai-eu", arrived=40)
        assert sum(row["input_tokens"] for row in rows) == truth["input_tokens"]
        assert sum(row["output_tokens"] for row in rows) == truth["output_tokens"]
        assert json.loads(house.verify().stdout)["intact"] is True
