"""`kill -9` under load: what was answered is in the journal, once, and the chain holds."""

import asyncio
import json

import httpx2

from support.house import House, Running, configuration, wait_until
from support.simulator import Simulator

CALL = {"model": "nur-openai", "max_tokens": 12, "messages": [{"role": "user", "content": "count: 12"}]}


async def _load_until_killed(server: Running, key: str, answered: list[str]) -> None:
    """Sixteen clients ask until the server dies after some forty answers; ids of complete 200 answers go to `answered`."""
    async with httpx2.AsyncClient(timeout=20) as client:

        async def ask() -> None:
            while True:
                try:
                    answer = await client.post(
                        f"{server.url}/v1/chat/completions",
                        json=CALL,
                        headers={"authorization": f"Bearer {key}"},
                    )
                except httpx2.TransportError:
                    return
                if answer.status_code == 200:
                    answered.append(answer.headers["x-leitstand-request-id"])

        async def kill() -> None:
            enough = len(answered) + 40
            while len(answered) < enough:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(server.kill)

        await asyncio.gather(kill(), *(ask() for _ in range(16)))


def test_every_answered_request_survives_a_killed_server_exactly_once(simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        key = house.key()
        answered: list[str] = []
        for _ in range(3):
            asyncio.run(_load_until_killed(house.serve(), key, answered))
        server = house.serve()
        assert len(answered) >= 120
        wait_until(lambda: set(answered) <= {row["request_id"] for row in house.export()})
        rows = [row["request_id"] for row in house.export()]
        assert len(rows) == len(set(rows))
        verdict = house.verify()
        assert verdict.returncode == 0, verdict.stdout
        server.stop()
        assert json.loads(house.verify().stdout)["intact"] is True


def test_calls_that_were_running_when_the_server_was_killed_are_booked_as_lost(simulator: Simulator) -> None:
    limits = "  - {scope: company, eur_per_month: 100}"
    with House(configuration(simulator, limits=limits)) as house:
        key = house.key()
        server = house.serve()
        simulator.configure("openai-eu", first_token_ms=5000)

        async def ask_and_kill() -> None:
            async with httpx2.AsyncClient(timeout=20) as client:
                asking = asyncio.create_task(
                    client.post(
                        f"{server.url}/v1/chat/completions",
                        json=CALL,
                        headers={"authorization": f"Bearer {key}"},
                    )
                )
                await asyncio.to_thread(simulator.log, "openai-eu", arrived=1)
                await asyncio.to_thread(server.kill)
                await asyncio.gather(asking, return_exceptions=True)

        asyncio.run(ask_and_kill())
        house.serve()
        wait_until(lambda: any(row["outcome"] == "lost" for row in house.export()))
        lost = next(row for row in house.export() if row["outcome"] == "lost")
        assert lost["user"] == "anna"
        assert lost["estimated"] is True
        assert lost["cost"] > 0
