"""The front door in this process: start, what is open to all, what needs a right, which application answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from leitstand.app.front import Front
from leitstand.app.house import House
from leitstand.app.site import build
from leitstand.core.clock import Clock
from leitstand.identity.virtual_keys import KeyRequest

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Lifespan:
    """Plays the server's part in ASGI's lifespan. said: the types of what the application sent."""

    def __init__(self, front: Front) -> None:
        self._orders: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._answers: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._task = asyncio.create_task(
            front({"type": "lifespan"}, self._orders.get, self._answers.put), name="lifespan"
        )

    async def order(self, verb: str) -> dict[str, str]:
        """Say `startup` or `shutdown`, and wait for the answer."""
        await self._orders.put({"type": f"lifespan.{verb}"})
        return await asyncio.wait_for(self._answers.get(), 20)

    async def end(self) -> None:
        await asyncio.wait_for(self._task, 20)


class Served:
    """A started house behind its front door."""

    def __init__(self, house: House, client: httpx2.AsyncClient) -> None:
        self.house = house
        self.client = client
        self.keys: dict[str, str] = {}

    async def get(self, path: str, who: str = "", **headers: str) -> httpx2.Response:
        sent = {"authorization": f"Bearer {self.keys[who]}"} if who else {}
        return await self.client.get(path, headers=sent | headers)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    house = House(tmp_path_factory.mktemp("front"), Clock())
    for name, role in (("anna", "user"), ("petra", "admin")):
        house.editor.set_object("user", {"name": name, "role": role}, "test")
    keys = {name: house.keys.create(KeyRequest(name), "test").key for name in ("anna", "petra")}
    front = Front(house, build)
    lifespan = Lifespan(front)
    assert (await lifespan.order("startup"))["type"] == "lifespan.startup.complete"
    transport = httpx2.ASGITransport(app=front)
    async with httpx2.AsyncClient(transport=transport, base_url="http://leitstand.test") as client:
        served = Served(house, client)
        served.keys = keys
        yield served
    assert (await lifespan.order("shutdown"))["type"] == "lifespan.shutdown.complete"
    await lifespan.end()


async def test_health_is_open_to_all(served: Served) -> None:
    answer = await served.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_readiness_names_its_checks(served: Served) -> None:
    answer = await served.get("/readyz")
    assert answer.json() == {
        "status": "ready",
        "checks": {"journal_spool": "ok", "journal_writer": "ok", "database": "ok", "limits": "ok"},
    }


@pytest.mark.parametrize(("who", "status"), [("", 401), ("anna", 403), ("petra", 200)])
async def test_metrics_need_the_right_to_see_operations(served: Served, who: str, status: int) -> None:
    answer = await served.get("/metrics", who)
    assert answer.status_code == status
    assert ("leitstand_info" in answer.text) is (status == 200)


async def test_administration_answers_under_api(served: Served) -> None:
    assert (await served.get("/api/me", "anna")).json()["name"] == "anna"
    assert (await served.get("/api/openapi.json")).json()["info"]["title"] == "Leitstand"


async def test_pages_answer_everywhere_else(served: Served) -> None:
    answer = await served.get("/", accept="text/html")
    assert answer.status_code in (200, 302, 303, 307)
    assert "json" not in answer.headers.get("content-type", "")


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/nothing"])
async def test_an_api_client_at_a_wrong_address_gets_an_error_its_sdk_understands(
    served: Served, path: str
) -> None:
    answer = await served.get(path, "anna", **{"accept-language": "en"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (404, "not_found", "not_found_error")
    assert path in error["message"]
    assert error["request_id"] == answer.headers["x-leitstand-request-id"]


async def test_models_answer_with_a_key_only(served: Served) -> None:
    assert (await served.get("/v1/models")).status_code == 401
    offered = (await served.get("/v1/models", "anna")).json()["data"]
    assert {model["id"] for model in offered} == set(served.house.gateway.rules.book.routes)


async def test_a_start_that_fails_is_reported_to_the_server(tmp_path: Path) -> None:
    house = House(tmp_path, Clock())
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into configuration values ('provider', 'kaputt', '{\"value\": {\"kind\": 7}}', 0, 'test')"
        )
    lifespan = Lifespan(Front(house, _no_site))
    answer = await lifespan.order("startup")
    await lifespan.end()
    assert answer["type"] == "lifespan.startup.failed"
    assert "kaputt" in answer["message"]
    house.spool.close()
    house.engine.dispose()


def _no_site(_house: House) -> Any:
    raise AssertionError("the site must not be built")
