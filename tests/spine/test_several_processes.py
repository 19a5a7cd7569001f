"""Several processes on one data folder: `--workers`, and servers started one beside the other."""

import asyncio
import os
import signal
from pathlib import Path

import httpx2

from support.house import House, Running, configuration, wait_until
from support.simulator import Simulator

CALL = {"model": "nur-openai", "max_tokens": 12, "messages": [{"role": "user", "content": "count: 12"}]}
LIMIT = "  - {scope: company, requests_per_minute: 7}"


async def _codes(servers: list[Running], key: str, count: int) -> list[int]:
    """Statuses of calls spread over servers, each on a connection of its own."""

    async def ask(server: Running) -> int:
        async with httpx2.AsyncClient(timeout=30) as client:
            answer = await client.post(
                f"{server.url}/v1/chat/completions", json=CALL, headers={"authorization": f"Bearer {key}"}
            )
            return answer.status_code

    return list(await asyncio.gather(*(ask(servers[n % len(servers)]) for n in range(count))))


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_two_workers_hold_a_limit_together_and_share_one_journal(simulator: Simulator) -> None:
    with House(configuration(simulator, limits=LIMIT)) as house:
        key = house.key()
        server = house.serve("--workers", "2")
        assert len(_children(server.process.pid)) == 2
        codes = asyncio.run(_codes([server], key, 24))
        assert sorted(set(codes)) == [200, 429]
        assert codes.count(200) == 7
        wait_until(lambda: len(house.export()) == 24)
        assert house.verify().returncode == 0


def test_a_killed_worker_is_started_anew(simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        key = house.key()
        server = house.serve("--workers", "2")
        victim, other = _children(server.process.pid)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(set(_children(server.process.pid)) - {victim}) == 2)
        assert other in _children(server.process.pid)
        assert set(asyncio.run(_codes([server], key, 8))) == {200}


def test_two_servers_on_one_data_folder_hold_a_limit_together(simulator: Simulator) -> None:
    with House(configuration(simulator, limits=LIMIT)) as house:
        key = house.key()
        servers = [house.serve(), house.serve()]
        codes = asyncio.run(_codes(servers, key, 24))
        assert codes.count(200) == 7
        wait_until(lambda: len(house.export()) == 24)
        assert house.verify().returncode == 0
