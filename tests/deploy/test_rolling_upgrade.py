"""Gateways are replaced one after the other under load, and nobody notices."""

import asyncio
import json
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx2
import pytest
from balancer import Balancer
from several_machines import machines, serve_on, shared_environment

from leitstand.core import settings
from leitstand.core.errors import InvalidRequest
from leitstand.store.engine import open_engine
from support.databases import PostgreSQL, Valkey, free_port
from support.house import House, Running, configuration, leitstand, wait_until
from support.simulator import Simulator

WORDS = 30


@dataclass
class Load:
    """Clients that ask until they are told to stop. asked: request ids; failed: what went wrong."""

    url: str
    key: str
    asked: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopping: bool = False

    async def run(self, clients: int) -> None:
        """Half of the clients ask plainly on kept connections, the other half for streams on new ones."""
        await asyncio.gather(*(self._client(number % 2 == 0) for number in range(clients)))

    async def _client(self, plain: bool) -> None:
        async with httpx2.AsyncClient(timeout=30) as client:
            while not self.stopping:
                try:
                    await (self._plain(client) if plain else self._stream())
                except (httpx2.HTTPError, AssertionError) as fault:
                    self.failed.append(f"{'plain' if plain else 'stream'}: {type(fault).__name__} {fault}")
                await asyncio.sleep(0.05)

    def _request(self, stream: bool) -> dict[str, object]:
        messages = [{"role": "user", "content": f"count: {WORDS}"}]
        return {"model": "nur-openai", "max_tokens": 200, "stream": stream, "messages": messages}

    async def _plain(self, client: httpx2.AsyncClient) -> None:
        answer = await client.post(
            f"{self.url}/v1/chat/completions",
            json=self._request(False),
            headers={"authorization": f"Bearer {self.key}"},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"][0]["finish_reason"] == "stop"
        self.asked.append(answer.headers["x-leitstand-request-id"])

    async def _stream(self) -> None:
        async with (
            httpx2.AsyncClient(timeout=30) as client,
            client.stream(
                "POST", f"{self.url}/v1/chat/completions", json=self._request(True),
                headers={"authorization": f"Bearer {self.key}"},
            ) as answer,
        ):  # fmt: skip
            assert answer.status_code == 200
            lines = [line async for line in answer.aiter_lines() if line.startswith("data: ")]
        assert lines[-1] == "data: [DONE]", lines[-1]
        assert not any("error" in json.loads(line[6:]) for line in lines[:-1])
        self.asked.append(answer.headers["x-leitstand-request-id"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.long)])
def test_gateways_are_replaced_under_load_without_a_failed_request(
    count: int, simulator: Simulator, postgresql: PostgreSQL, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.configure("openai-eu", token_ms=12)  # a stream takes a third of a second
    for name, value in shared_environment(postgresql, valkey).items():
        monkeypatch.setenv(name, value)
    with machines(count) as houses:
        houses[0].apply(configuration(simulator))
        key = houses[0].key()
        ports = [free_port() for _ in houses]
        servers = [serve_on(house, port) for house, port in zip(houses, ports, strict=True)]
        load = asyncio.run(_replace_each(houses, ports, servers, key))
        assert load.failed == []
        assert len(load.asked) > 20
        wait_until(lambda: len(houses[0].export()) >= len(load.asked), timeout_s=30)
        kept = Counter(row["request_id"] for row in houses[0].export())
        assert set(kept.values()) == {1}
        assert set(kept) == set(load.asked)
        assert houses[0].verify().returncode == 0


async def _replace_each(houses: list[House], ports: list[int], servers: list[Running], key: str) -> Load:
    async with Balancer(ports) as balancer:
        await balancer.until(len(ports))
        load = Load(f"http://127.0.0.1:{balancer.port}", key)
        asking = asyncio.create_task(load.run(6))
        for house, port, server in zip(houses, ports, servers, strict=True):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(serve_on, house, port)
            await balancer.until(len(ports))
        await asyncio.sleep(0.5)
        load.stopping = True
        await asking
        return load


def _readiness(server: Running) -> tuple[int, str]:
    answer = httpx2.get(f"{server.url}/readyz", timeout=10)
    return answer.status_code, answer.json()["status"]


def test_a_gateway_says_that_it_leaves_and_still_serves_who_comes(simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        key = house.key()
        server = house.serve(environment={"LEITSTAND_DRAIN": "3"})
        assert _readiness(server)[0] == 200
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: _readiness(server) == (503, "draining"), timeout_s=3)
        answer = httpx2.post(
            f"{server.url}/v1/chat/completions", timeout=10, headers={"authorization": f"Bearer {key}"},
            json={"model": "nur-openai", "messages": [{"role": "user", "content": "count: 3"}]},
        )  # fmt: skip
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
        server.process.wait(20)


@pytest.mark.parametrize("how", ["nobody asks", "second signal", "ctrl-c"])
def test_nobody_waits_where_nobody_watches(how: str) -> None:
    with House() as house:
        server = house.serve(environment={"LEITSTAND_DRAIN": "60"})
        if how != "nobody asks":
            _readiness(server)
        began = time.monotonic()
        server.process.send_signal(signal.SIGINT if how == "ctrl-c" else signal.SIGTERM)
        if how == "second signal":
            wait_until(lambda: _readiness(server)[0] == 503, timeout_s=5)
            server.process.send_signal(signal.SIGTERM)
        server.process.wait(40)
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("value", ["soon", "-1", "4000"])
def test_a_time_that_is_none_is_refused_with_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEITSTAND_DRAIN", value)
    with pytest.raises(InvalidRequest, match="LEITSTAND_DRAIN"):
        settings.seconds("drain")
    with House() as house, pytest.raises(AssertionError, match="LEITSTAND_DRAIN"):
        house.serve()


def test_an_older_process_goes_on_beside_a_newer_schema(database: str, simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        key = house.key()
        server = house.serve()
        engine = open_engine(house.data)
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE journal ADD COLUMN of_tomorrow INTEGER")
            connection.exec_driver_sql("CREATE TABLE of_tomorrow (name VARCHAR(10))")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        answer = httpx2.post(
            f"{server.url}/v1/chat/completions", timeout=20, headers={"authorization": f"Bearer {key}"},
            json={"model": "nur-openai", "messages": [{"role": "user", "content": "count: 3"}]},
        )  # fmt: skip
        assert answer.status_code == 200

        def is_kept() -> bool:
            with engine.connect() as connection:
                query = "SELECT count(*) FROM journal WHERE id = '{}'".format(
                    answer.headers["x-leitstand-request-id"]
                )
                return bool(connection.exec_driver_sql(query).scalar())

        wait_until(is_kept)
        engine.dispose()
        refused = leitstand("serve", "--port", "0", data=house.data, check=False)
        assert refused.returncode != 0
        assert "9999" in refused.stderr
