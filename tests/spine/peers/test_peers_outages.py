"""The store fails while requests go on: locked, full, gone at the start."""

import asyncio
import json
import resource
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx2
import pytest

from leitstand.journal.spool import BOUND
from spine.peers.peer_desk import Desk, line, peer_configuration
from support.answers import body_of
from support.databases import Valkey
from support.house import House, Running, wait_until
from support.simulator import Simulator

BODY = body_of("chat", "nur-openai", "count: 3", max_tokens=3)


@contextmanager
def disk_full(server: Running) -> Iterator[None]:
    """Inside the block the server cannot write one byte to any file, as on a full disk."""
    pid, before = server.process.pid, resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def held(house: House, *, from_readers: bool) -> sqlite3.Connection:
    """Another program that holds the database until it is closed: from writers, or from readers too."""
    database = sqlite3.connect(
        house.data / "leitstand.sqlite", isolation_level=None, timeout=20, check_same_thread=False
    )
    if from_readers:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
    database.execute("BEGIN IMMEDIATE")
    return database


@pytest.fixture
def house(simulator: Simulator) -> Iterator[House]:
    with House(peer_configuration(simulator)) as house:
        yield house


def state(server: Running) -> tuple[int, str]:
    answer = httpx2.get(f"{server.url}/readyz", timeout=20)
    return answer.status_code, answer.json()["status"]


def test_peer_04_a_burst_asks_the_database_for_nothing(desk: Desk) -> None:
    """Each request took a connection to the database, and a burst used them up. Five hundred at once are answered
    while another program holds the database, and are recorded when it lets go."""
    made = desk.key()

    async def ask() -> int:
        async with line(desk.server.port) as caller:
            return (await caller.ask(made["key"], BODY))[0]

    async def burst() -> Counter[int]:
        return Counter(await asyncio.gather(*(ask() for _ in range(500))))

    with closing(held(desk.house, from_readers=False)):
        assert asyncio.run(burst()) == {200: 500}
        assert desk.records(made["id"]) == []
    wait_until(lambda: len(desk.records(made["id"])) == 500)


def test_peer_05_with_the_database_gone_requests_go_on_and_readiness_says_degraded(house: House) -> None:
    """The database failed; requests were served from memory, but readiness said 503, so that the orchestrator ended
    every process. Here it stays 200 and says what fails, the log does once, and no record is lost."""
    key, server = house.key(), house.serve()

    def ask() -> str:
        headers = {"authorization": f"Bearer {key}"}
        answer = httpx2.post(f"{server.url}/v1/chat/completions", json=BODY, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-leitstand-request-id"]

    asked = [ask()]
    assert state(server) == (200, "ready")
    with disk_full(server):
        asked += [ask() for _ in range(10)]
        wait_until(lambda: state(server) == (200, "degraded"))
        asked += [ask() for _ in range(10)]
        time.sleep(1)  # ten turns of the writer, each of which fails
        lines = [json.loads(row)["message"] for row in server.log().splitlines()]
        assert sum("the journal cannot be written" in row for row in lines) <= 1
        assert sum("is unavailable, records wait in memory" in row for row in lines) == 1
    wait_until(lambda: state(server) == (200, "ready"))
    wait_until(lambda: {row["request_id"] for row in house.export()} >= set(asked))
    assert house.verify().returncode == 0


def test_peer_05_what_cannot_be_recorded_is_not_asked(house: House, simulator: Simulator) -> None:
    """With the disk full for long, memory grew without bound or requests ran unrecorded. When the memory for
    waiting records is used up, requests are `overloaded`, no provider is asked, and readiness says so."""
    key, server = house.key(), house.serve()

    async def flood() -> None:
        """Refused requests are recorded like all others, and cost least."""
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(flood_one())

    async def flood_one() -> None:
        async with line(server.port) as caller:
            for _ in range(2 * BOUND):
                status, answer = await caller.ask("lst_unbekannt", BODY)
                if status != 401:
                    assert (status, json.loads(answer)["error"]["code"]) == (503, "overloaded")
                    return

    def ask() -> httpx2.Response:
        headers = {"authorization": f"Bearer {key}"}
        return httpx2.post(f"{server.url}/v1/chat/completions", json=BODY, headers=headers, timeout=20)

    with disk_full(server):
        asyncio.run(flood())
        answer = ask()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        assert int(answer.headers["retry-after"]) > 0
        assert state(server) == (503, "full")
        assert simulator.log("openai-eu") == []
    wait_until(lambda: state(server) == (200, "ready"))
    assert ask().status_code == 200
    refused = "SELECT count(*) FROM journal WHERE code = 'invalid_key'"

    def kept() -> int:
        with closing(sqlite3.connect(house.data / "leitstand.sqlite")) as database:
            return int(database.execute(refused).fetchone()[0])

    wait_until(lambda: kept() >= BOUND * 9 // 10)
    assert house.verify().returncode == 0


def test_peer_06_a_start_with_the_database_held_waits_and_never_calls_a_good_key_wrong(house: House) -> None:
    """The process started before its database, took no keys for all keys, and said 401 until it was restarted."""
    key = house.key()
    release = threading.Timer(4, held(house, from_readers=True).close)
    release.start()
    server = house.serve()
    release.join()
    answer = httpx2.get(f"{server.url}/v1/models", headers={"authorization": f"Bearer {key}"}, timeout=20)
    assert answer.status_code == 200
    assert state(server) == (200, "ready")


def test_peer_07_a_frozen_counter_store_holds_nobody_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen cache server froze every request, and each one logged it. One of ours waits for a moment, the others
    not at all; limits go on being kept, one line tells of it, and the thawed server is used again."""
    with Valkey() as store:
        monkeypatch.setenv("LEITSTAND_VALKEY", store.url)
        house.apply("limits: [{scope: company, requests_per_minute: 1000, eur_per_day: 100}]")
        server = house.serve()
        key = house.key("anna", "angebote")
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

        def took_s() -> float:
            begun = time.monotonic()
            answer = httpx2.post(
                f"{server.url}/v1/chat/completions", content=json.dumps(BODY), headers=headers, timeout=20
            )
            assert answer.status_code == 200, answer.text
            return time.monotonic() - begun

        calm = sorted(took_s() for _ in range(10))[5]
        store.freeze()
        try:
            frozen = [took_s() for _ in range(20)]
            assert state(server) == (200, "degraded")
        finally:
            store.thaw()
        assert sum(frozen) < 20 * calm + 5, "the freeze cost more than a short wait"
        assert sorted(frozen)[10] < calm + 0.1
        wait_until(lambda: state(server) == (200, "ready"))
        assert server.log().count("Valkey does not answer") == 1
