"""PostgreSQL goes away, before the start or after it: the gateway answers on, and nothing that was answered is lost."""

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from support.databases import PostgreSQL
from support.house import COMMAND, House, configuration, wait_until
from support.simulator import Simulator

KEY = "ein-geheimnis-das-auf-allen-maschinen-gleich-ist"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgreSQL]:
    """A PostgreSQL to be killed, with an empty database that the house uses."""
    with PostgreSQL(careful=True) as started:
        monkeypatch.setenv("LEITSTAND_DATABASE", started.new_database())
        monkeypatch.setenv("LEITSTAND_MASTER_KEY", KEY)
        yield started


def ask(url: str, key: str) -> tuple[int, str]:
    """Status and request id of one chat."""
    answer = httpx2.post(
        f"{url}/v1/chat/completions", headers={"authorization": f"Bearer {key}"}, timeout=20,
        json={"model": "nur-openai", "messages": [{"role": "user", "content": "Hallo"}]},
    )  # fmt: skip
    return answer.status_code, answer.headers["x-request-id"]


def failed_start(house: House) -> str:
    """What a server that ends at once says."""
    command = [*COMMAND, "serve", "--port", "0", "--data", str(house.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    return done.stderr


def ready(url: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{url}/readyz", timeout=5).json()
    return found


def test_requests_go_on_while_the_database_is_killed_and_started(
    server: PostgreSQL, simulator: Simulator
) -> None:
    with House(configuration(simulator)) as house:
        gateway = house.serve()
        key = house.key("anna", "angebote")
        answered = []
        for step in range(30):
            if step == 10:
                server.kill()
            if step == 20:
                wait_until(lambda: ready(gateway.url)["status"] == "degraded")
                server.start()
            status, request_id = ask(gateway.url, key)
            assert status == 200
            answered.append(request_id)
        wait_until(lambda: ready(gateway.url)["status"] == "ready")
        wait_until(lambda: {row["request_id"] for row in house.export()} >= set(answered))
        written = [row["request_id"] for row in house.export()]
        assert len(written) == len(set(written))
        assert house.verify().returncode == 0
        log = gateway.log()
        assert log.count("the configuration cannot be renewed") == 1
        assert log.count("the journal cannot be written") == 1


def test_a_start_without_the_database_serves_what_was_last_known(
    server: PostgreSQL, simulator: Simulator
) -> None:
    with House(configuration(simulator, limits="  - {scope: company, eur_per_day: 50}")) as house:
        first = house.serve()
        key = house.key("anna", "angebote")
        wait_until((house.data / "snapshot.sealed").exists)
        kept = (house.data / "snapshot.sealed").stat().st_mtime_ns
        house.apply("organisation: {language: en}")
        wait_until(lambda: (house.data / "snapshot.sealed").stat().st_mtime_ns != kept)
        first.stop()
        server.stop()

        second = house.serve()
        status, request_id = ask(second.url, key)
        assert status == 200
        assert ready(second.url)["status"] == "degraded"
        assert b"anna" not in (house.data / "snapshot.sealed").read_bytes()

        server.start()
        wait_until(lambda: ready(second.url)["status"] == "ready")
        wait_until(lambda: request_id in {row["request_id"] for row in house.export()})
        assert house.new_key("ben", "werbung")  # and the running server follows changes again
        assert house.verify().returncode == 0


def test_a_first_start_without_the_database_says_so(server: PostgreSQL, simulator: Simulator) -> None:
    server.stop()
    with House() as house:
        assert "database cannot be reached" in failed_start(house)


def test_the_database_of_other_keys_is_not_joined(
    server: PostgreSQL, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with House(configuration(simulator)) as north, House() as south:
        north.export("--all")  # moves the spool into the journal and signs it
        monkeypatch.setenv("LEITSTAND_MASTER_KEY", KEY.upper())
        assert "Set LEITSTAND_MASTER_KEY" in failed_start(south)


def test_two_machines_follow_one_configuration_within_two_seconds(
    server: PostgreSQL, simulator: Simulator
) -> None:
    with House(configuration(simulator)) as north, House() as south:
        south.serve()
        made = north.new_key("anna", "angebote")
        south.wait_for_key(made["key"])
        status, request_id = ask(south.running[0].url, made["key"])
        assert status == 200
        wait_until(lambda: request_id in {row["request_id"] for row in north.export()})
        assert north.verify().returncode == 0
