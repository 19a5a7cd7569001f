"""A change of the configuration beside a running server is in force within two seconds, in every part."""

import time

import httpx2

from support.house import House, Running, configuration, wait_until
from support.simulator import Simulator


def _protected(server: Running, key: str) -> str:
    answer = httpx2.post(
        f"{server.url}/v1/chat/completions", timeout=20, headers={"authorization": f"Bearer {key}"},
        json={"model": "nur-openai", "messages": [{"role": "user", "content": "Angebot der Kranbau Ulm GmbH"}]},
    )  # fmt: skip
    return answer.headers["x-leitstand-pseudonymised"]


def test_the_own_company_stays_readable_as_soon_as_its_name_is_set(simulator: Simulator) -> None:
    with House(configuration(simulator)) as house:
        key = house.key()
        server = house.serve()
        assert _protected(server, key) == "1"
        house.apply("organisation: {name: Kranbau Ulm GmbH}\n")
        changed_at = time.monotonic()
        wait_until(lambda: _protected(server, key) == "0", timeout_s=5)
        assert time.monotonic() - changed_at < 2.0
