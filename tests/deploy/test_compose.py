"""The compose file keeps our rules, and what it describes works: the same programs, flags and variables as processes."""

import os
import re
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from leitstand.core.settings import SETTINGS
from support.databases import PostgreSQL, Valkey, free_port
from support.house import House, configuration, wait_until
from support.simulator import Simulator

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {
    name: service for name, service in SERVICES.items() if "LEITSTAND_DATA" in service.get("environment", {})
}


def test_two_gateways_a_worker_and_what_they_need() -> None:
    assert {"proxy", "gateway-1", "gateway-2", "worker", "postgresql", "valkey"} == set(SERVICES)
    assert set(OURS) == {"gateway-1", "gateway-2", "worker"}


def test_images_are_pinned_to_a_version() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d", tag), name
        assert tag != "latest"


def test_our_containers_may_nothing_that_they_do_not_need() -> None:
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert any(mount.endswith(":/data") for mount in service["volumes"])
        assert "ports" not in service


def test_each_of_our_containers_has_a_data_folder_of_its_own() -> None:
    volumes = [service["volumes"][0].split(":")[0] for service in OURS.values()]
    assert len(set(volumes)) == len(volumes)
    assert set(volumes) <= set(COMPOSE["volumes"])


def test_every_variable_is_a_setting() -> None:
    known = {setting.variable for setting in SETTINGS}
    for service in OURS.values():
        assert set(service["environment"]) <= known


def test_there_is_time_to_drain_before_the_kill() -> None:
    for service in OURS.values():
        needed = float(service["environment"]["LEITSTAND_DRAIN"]) + float(
            service["environment"]["LEITSTAND_GRACE"]
        )
        assert int(service["stop_grace_period"].removesuffix("s")) > needed + 10


def test_the_proxy_asks_often_enough_to_see_a_gateway_leave() -> None:
    caddy = (FOLDER / "Caddyfile").read_text("utf-8")
    assert "health_uri /readyz" in caddy
    interval = int(re.search(r"health_interval (\d+)s", caddy)[1])  # type: ignore[index]
    assert 3 * interval < float(OURS["gateway-1"]["environment"]["LEITSTAND_DRAIN"])
    gateways = SERVICES["proxy"]["environment"]["LEITSTAND_GATEWAYS"].split()
    assert gateways == [f"{name}:8080" for name in OURS if name.startswith("gateway")]


def test_valkey_keeps_what_it_is_told_and_drops_nothing() -> None:
    command = " ".join(SERVICES["valkey"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_secrets_stand_in_files_and_nowhere_else(tmp_path: Path) -> None:
    script = tmp_path / "secrets.sh"
    shutil.copy(FOLDER / "secrets.sh", script)
    subprocess.run([str(script)], check=True, capture_output=True, timeout=20)
    made = {path.name: path.read_text("utf-8") for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert len(made["master_key"]) == 64
    assert made["database_password"] in made["database_url"]
    assert made["valkey_conf"].split()[1] in made["valkey_url"]
    again = subprocess.run([str(script)], capture_output=True, text=True, timeout=20)
    assert again.returncode == 1
    assert "already" in again.stderr
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


@pytest.mark.skipif(shutil.which("caddy") is None, reason="needs caddy (Debian package; make install-proxy)")
@pytest.mark.timeout(240)
def test_what_it_describes_answers_as_processes(
    simulator: Simulator, postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gateways and the proxy, with the variables, flags and the Caddyfile of the file; other ports and addresses."""
    with ExitStack() as stack:
        valkey = stack.enter_context(Valkey(durable=True))
        secrets = {
            "database_url": postgresql.new_database(),
            "valkey_url": valkey.url,
            "master_key": "c" * 64,
        }
        for name, content in secrets.items():
            (tmp_path / name).write_text(content)
        for name, value in OURS["gateway-1"]["environment"].items():
            if name != "LEITSTAND_DATA":
                monkeypatch.setenv(name, value.replace("/run/secrets", str(tmp_path)))
        houses = [stack.enter_context(House()) for _ in range(2)]
        houses[0].apply(configuration(simulator))
        gateways = [house.serve() for house in houses]
        key = houses[0].key()
        port = free_port()
        proxy = subprocess.Popen(
            ["caddy", "run", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")],
            env={
                "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LEITSTAND_SITE": f":{port}",
                "LEITSTAND_GATEWAYS": " ".join(f"127.0.0.1:{gateway.port}" for gateway in gateways),
            },
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(proxy.wait, 20)
        stack.callback(proxy.terminate)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: httpx2.get(f"{url}/readyz", timeout=5).status_code == 200, timeout_s=30)
        asked = [_ask(url, key, stream=number % 2 == 0) for number in range(8)]
        gateways[0].process.terminate()
        asked += [_ask(url, key, stream=number % 2 == 0) for number in range(20)]
        gateways[0].stop()
        asked += [_ask(url, key, stream=False) for _ in range(4)]
        wait_until(lambda: {row["request_id"] for row in houses[1].export()} == set(asked), timeout_s=30)


def _ask(url: str, key: str, *, stream: bool) -> str:
    """The id of one answered request."""
    answer = httpx2.post(
        f"{url}/v1/chat/completions", timeout=30, headers={"authorization": f"Bearer {key}"},
        json={"model": "nur-openai", "stream": stream, "messages": [{"role": "user", "content": "count: 4"}]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert not stream or answer.text.endswith("data: [DONE]\n\n")
    return answer.headers["x-leitstand-request-id"]
