"""`/mcp` with the official SDK on both sides: a caller, the house, and real tool servers behind it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from support.house import COMMAND, House, Running, configuration, issue_key, wait_until
from support.simulator import Simulator
from support.tool_server import ToolServer, tool_server

NAME = "Herr Klaus Steinmann"
DPA = "{signed: 2026-01-15, expires: 2099-01-15}"


@dataclass
class Workshop:
    """wiki: in the EU under contract; fern: in the US without; haus: inside."""

    house: House
    server: Running
    wiki: ToolServer
    haus: ToolServer
    office: str

    def key(self, user: str, **wish: Any) -> str:
        return issue_key(self.server, self.office, user, **wish)["key"]


def _sections(wiki: ToolServer, haus: ToolServer) -> dict[str, str]:
    return {
        "mcp_servers": f"""
  - {{name: wiki, title: Wiki, url: "{wiki.url}", api_key: geheim-4711, region: eu, dpa: {DPA}, cost_per_call: 0.01, tools: {{deny: ["delete_*"]}}, timeout: 20}}
  - {{name: haus, url: "{haus.url}", region: local, timeout: 1, max_result_kib: 100}}
  - {{name: fern, url: "{wiki.url}", region: us}}
  - {{name: leitung, url: "{haus.url}", region: local, roles: [admin, super_admin]}}
  - {{name: werbung, url: "{haus.url}", region: local, use_cases: [werbung]}}
  - {{name: wenig, url: "{haus.url}", region: local, data_class: internal}}
  - {{name: aus, url: "http://127.0.0.1:1/mcp", region: local}}
""",
        "limits": """
  - {scope: "user:ben", eur_per_day: 0.025}
  - {scope: "user:petra", requests_per_minute: 2}
""",
    }


@pytest.fixture(scope="module")
def workshop(simulator: Simulator) -> Iterator[Workshop]:
    with tool_server() as wiki, tool_server() as haus:
        text = configuration(simulator, **_sections(wiki, haus)).replace(
            "{name: werbung, department: marketing, data_class: public}",
            "{name: werbung, department: marketing, data_class: public, runs: {max_steps: 3}}\n"
            "  - {name: sparsam, data_class: public, runs: {max_eur: 0.015}}",
        )
        with House(text) as house:
            server = house.serve()
            yield Workshop(house, server, wiki, haus, house.key("sina"))


@asynccontextmanager
async def connected(
    workshop: Workshop, key: str, path: str = "/mcp", mode: str = "legacy", **headers: str
) -> AsyncIterator[Client]:
    sent = {
        "authorization": f"Bearer {key}",
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    url = f"{workshop.server.url}{path}"
    async with (
        httpx2.AsyncClient(headers=sent, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def refused(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(MCPError) as caught:
        await client.call_tool(tool, arguments)
    told: dict[str, Any] = {**caught.value.data, "message": caught.value.message}
    return told


def record_of_run(workshop: Workshop, run: str) -> dict[str, Any]:
    """The one record of a run, as soon as it is in the table."""
    rows: list[dict[str, Any]] = []

    def written() -> bool:
        rows[:] = [row for row in workshop.house.export() if row["detail"].get("run") == run]
        return bool(rows)

    wait_until(written)
    (row,) = rows
    return row


def initialize(workshop: Workshop, headers: dict[str, str], path: str = "/mcp") -> httpx2.Response:
    body = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    accept = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    return httpx2.post(f"{workshop.server.url}{path}", json=body, headers={**accept, **headers}, timeout=20)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_tool_outside_sees_placeholders_and_its_caller_sees_names(
    workshop: Workshop, mode: str
) -> None:
    async with connected(workshop, workshop.key("anna"), mode=mode) as client:
        answer = await client.call_tool("wiki__look_up", {"name": NAME})

    (tool, seen) = workshop.wiki.seen[-1]
    assert tool == "look_up"
    assert "Steinmann" not in str(seen)
    assert "Person_" in seen["name"]
    assert answer.structured_content == {"name": NAME, "status": f"{NAME} ist Kunde"}
    assert f"{NAME} ist Kunde" in answer.content[0].text


async def test_a_tool_inside_the_house_sees_the_names_themselves(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        await client.call_tool("haus__look_up", {"name": NAME})

    assert workshop.haus.seen[-1] == ("look_up", {"name": NAME})


async def test_a_server_gets_its_own_key_and_never_the_callers(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        await client.call_tool("wiki__search", {"query": "Pumpe"})
        await client.call_tool("haus__search", {"query": "Pumpe"})

    assert "Bearer geheim-4711" in workshop.wiki.keys
    assert set(workshop.wiki.keys) <= {"Bearer geheim-4711", ""}
    assert set(workshop.haus.keys) == {""}


async def test_the_list_shows_what_role_use_case_and_patterns_allow(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        anna = await names(client)
    async with connected(workshop, workshop.office) as client:
        sina = await names(client)
    async with connected(workshop, workshop.key("anna"), x_leitstand_use_case="werbung") as client:
        in_marketing = await names(client)

    assert {"wiki__search", "haus__delete_all"} <= anna
    assert "wiki__delete_all" not in anna
    assert "leitung__search" not in anna
    assert "leitung__search" in sina
    assert "werbung__search" not in anna
    assert "werbung__search" in in_marketing


async def test_one_server_has_an_address_of_its_own(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna"), "/mcp/wiki") as client:
        shown = await names(client)
        elsewhere = await refused(client, "haus__search", query="Pumpe")

    assert shown == {"wiki__search", "wiki__look_up", "wiki__big", "wiki__broken", "wiki__slow"}
    assert elsewhere["code"] == "not_found"


@pytest.mark.parametrize(
    ("tool", "code"),
    [
        ("wiki__delete_all", "not_permitted"), ("leitung__search", "not_found"), ("werbung__search", "not_found"),
        ("ohne", "not_found"), ("nirgends__search", "not_found"),
    ],
)  # fmt: skip
async def test_a_call_is_judged_anew_whatever_the_list_shows(
    workshop: Workshop, tool: str, code: str
) -> None:
    before = len(workshop.wiki.seen) + len(workshop.haus.seen)
    async with connected(workshop, workshop.key("anna")) as client:
        told = await refused(client, tool)

    assert told["code"] == code
    assert len(workshop.wiki.seen) + len(workshop.haus.seen) == before


async def test_a_server_without_a_contract_gets_public_data_only(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        told = await refused(client, "fern__search", query="Pumpe")
    async with connected(workshop, workshop.key("anna"), x_leitstand_use_case="werbung") as client:
        answer = await client.call_tool("fern__search", {"query": "Pumpe"})

    assert told["code"] == "policy_no_target"
    assert told["dropped"] == {"fern": "contract"}
    assert answer.content[0].text == "Gefunden zu: Pumpe"


async def test_a_server_gets_no_higher_class_than_it_may(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        await client.call_tool("wenig__search", {"query": "Pumpe"})
        told = await refused(client, "wenig__look_up", name=NAME)

    assert told["code"] == "policy_no_target"
    assert told["dropped"] == {"wenig": "data_class"}


async def test_files_do_not_leave_the_house_with_personal_data(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna"), x_leitstand_data_class="personal") as client:
        told = await refused(client, "wiki__search", query="QUJD" * 400)

    assert told["dropped"] == {"wiki": "media"}


async def test_money_is_held_and_a_used_up_budget_refuses(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("ben")) as client:
        for _ in range(2):
            await client.call_tool("wiki__search", {"query": "Pumpe"})
        told = await refused(client, "wiki__search", query="Pumpe")
        await client.call_tool("haus__search", {"query": "was nichts kostet, geht weiter"})

    assert told["code"] == "budget_exhausted"
    assert told["status"] == 429
    assert told["retry_after_s"] > 0


async def test_calls_count_among_the_requests_of_a_minute(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("petra")) as client:
        for _ in range(2):
            await client.call_tool("haus__search", {"query": "Pumpe"})
        told = await refused(client, "haus__search", query="Pumpe")

    assert told["code"] == "rate_limited"


async def test_a_run_counts_model_calls_and_tool_calls_together(workshop: Workshop) -> None:
    key = workshop.key("anna")
    marks = {"x-leitstand-use-case": "werbung", "x-leitstand-run": "lauf-1"}

    def ask() -> httpx2.Response:
        return httpx2.post(
            f"{workshop.server.url}/v1/chat/completions", timeout=20,
            headers={"authorization": f"Bearer {key}", **marks},
            json={"model": "nur-openai", "messages": [{"role": "user", "content": "Hallo"}]},
        )  # fmt: skip

    assert ask().status_code == 200
    async with connected(
        workshop, key, **{name.replace("-", "_"): text for name, text in marks.items()}
    ) as client:
        for _ in range(2):
            await client.call_tool("haus__search", {"query": "Pumpe"})
        told = await refused(client, "haus__search", query="Pumpe")
    last = ask()

    assert told["code"] == "run_limit"
    assert "lauf-1" in told["message"]
    assert last.status_code == 429
    assert last.json()["error"]["code"] == "run_limit"
    assert last.headers["x-should-retry"] == "false"


async def test_a_session_without_the_header_is_a_run(workshop: Workshop) -> None:
    key = workshop.key("anna")
    for _ in range(2):
        async with connected(workshop, key, x_leitstand_use_case="werbung") as client:
            for _ in range(3):
                await client.call_tool("haus__search", {"query": "Pumpe"})
            assert (await refused(client, "haus__search", query="Pumpe"))["code"] == "run_limit"


async def test_a_run_ends_when_its_money_is_used(workshop: Workshop) -> None:
    key = workshop.key("anna")
    async with connected(workshop, key, x_leitstand_use_case="sparsam", x_leitstand_run="teuer") as client:
        for _ in range(2):
            await client.call_tool("wiki__search", {"query": "Pumpe"})
        told = await refused(client, "wiki__search", query="Pumpe")

    assert told["code"] == "run_limit"
    assert told["measure"] == "eur"


async def test_a_slow_tool_is_given_up_after_its_time(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        told = await refused(client, "haus__slow")

    assert told["code"] == "upstream_timeout"
    assert workshop.haus.slow_ended.wait(5)


async def test_a_caller_that_leaves_ends_the_call_and_stands_in_the_journal(workshop: Workshop) -> None:
    workshop.wiki.slow_ended.clear()
    async with connected(workshop, workshop.key("anna"), mode="auto", x_leitstand_run="lauf-weg") as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.call_tool("wiki__slow", {})

    row = record_of_run(workshop, "lauf-weg")
    assert (row["outcome"], row["provider_model"], row["cost"]) == ("left", "slow", 0.01)
    assert workshop.wiki.slow_ended.wait(5)


async def test_an_oversized_answer_is_refused(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        small = await client.call_tool("haus__big", {"kib": 20})
        told = await refused(client, "haus__big", kib=150)

    assert len(small.content[0].text) == 20 * 1024
    assert told["code"] == "upstream_failed"
    assert "100 KiB" in told["message"]


async def test_an_error_of_the_tool_reaches_the_model(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        answer = await client.call_tool("haus__broken", {})

    assert answer.is_error
    assert "der Artikel fehlt" in answer.content[0].text


async def test_a_server_that_is_down_hides_nothing_of_the_others(workshop: Workshop) -> None:
    async with connected(workshop, workshop.key("anna")) as client:
        shown = await names(client)
        told = await refused(client, "aus__search", query="Pumpe")

    assert "haus__search" in shown
    assert told["code"] == "upstream_failed"
    assert told["fault"] == "connect"


async def test_a_key_that_is_revoked_ends_its_session_at_once(workshop: Workshop) -> None:
    made = issue_key(workshop.server, workshop.office, "anna")
    async with connected(workshop, made["key"]) as client:
        await client.call_tool("haus__search", {"query": "Pumpe"})
        gone = httpx2.delete(
            f"{workshop.server.url}/api/keys/{made['id']}",
            headers={"authorization": f"Bearer {workshop.office}"},
        )
        assert gone.status_code == 204
        calls = len(workshop.haus.seen)
        with pytest.raises(MCPError):
            await client.call_tool("haus__search", {"query": "Pumpe"})

    assert len(workshop.haus.seen) == calls


def test_a_session_belongs_to_the_key_that_opened_it(workshop: Workshop) -> None:
    first, second = workshop.key("anna"), workshop.key("anna")
    session = initialize(workshop, {"authorization": f"Bearer {first}"}).headers["mcp-session-id"]

    def use(key: str) -> int:
        headers = {"authorization": f"Bearer {key}", "mcp-session-id": session}
        return httpx2.delete(f"{workshop.server.url}/mcp", headers=headers, timeout=20).status_code

    assert use(second) == 404
    assert use(first) == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://rebound.example:{port}"]
)
def test_pages_of_other_sites_are_refused(workshop: Workshop, origin: str) -> None:
    origin = origin.format(port=workshop.server.port)
    host = origin.removeprefix("http://") if "rebound" in origin else f"127.0.0.1:{workshop.server.port}"
    answer = initialize(
        workshop, {"authorization": f"Bearer {workshop.office}", "origin": origin, "host": host}
    )

    assert answer.status_code == 403
    assert answer.json()["error"]["data"]["code"] == "not_permitted"


def test_without_a_good_key_nothing_is_said(workshop: Workshop) -> None:
    answer = initialize(workshop, {"authorization": "Bearer lst_falsch"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert initialize(workshop, {}).status_code == 401


async def test_the_journal_names_arguments_and_never_their_values(workshop: Workshop) -> None:
    key = workshop.key("anna")
    async with connected(workshop, key, x_leitstand_run="lauf-journal") as client:
        await client.call_tool("wiki__look_up", {"name": NAME})

    row = record_of_run(workshop, "lauf-journal")
    assert (row["kind"], row["provider"], row["provider_model"]) == ("tool_call", "wiki", "look_up")
    assert (row["user"], row["use_case"], row["region"], row["outcome"]) == ("anna", "allgemein", "eu", "ok")
    assert row["detail"]["arguments"] == ["name"]
    assert row["detail"]["entities"] == {"PERSON": 2}
    assert row["cost"] == 0.01
    assert row["pseudonymised"] == 2
    assert row["data_class"] == "personal"
    assert "Steinmann" not in str(row)
    assert "Steinmann" not in workshop.server.log()
    assert "geheim-4711" not in workshop.server.log()
    assert workshop.house.verify().returncode == 0


def test_the_command_line_shows_servers_and_looks_at_them(workshop: Workshop) -> None:
    reach = ("--url", workshop.server.url, "--key", workshop.office, "--json")
    checked = _mcp("check", "haus", *reach)
    down = _mcp("check", "aus", *reach)
    listed = _mcp("list", *reach)

    assert checked.returncode == 0
    assert json.loads(checked.stdout)[0]["tools"] == 6
    assert down.returncode == 1
    assert "connect" in json.loads(down.stdout)[0]["fault"]
    by_name = {server["name"]: server for server in json.loads(listed.stdout)["servers"]}
    assert by_name["wiki"]["data_class"] == "personal"
    assert by_name["haus"]["data_class"] == "special"
    assert by_name["fern"]["data_class"] == "public"
    assert _mcp("check", "nirgends", *reach).returncode == 2


def _mcp(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, "mcp", *arguments], capture_output=True, text=True, timeout=60)


async def test_with_a_scope_a_tool_sees_the_placeholder_that_the_conversation_has(workshop: Workshop) -> None:
    key = workshop.key("anna")
    with httpx2.Client(
        base_url=workshop.server.url, headers={"authorization": f"Bearer {key}"}, timeout=30
    ) as chat:
        said = {
            "model": "nur-openai",
            "messages": [{"role": "user", "content": f"Herr Zander und {NAME} rufen an."}],
        }
        headers = {"x-leitstand-scope": "akte-werkzeug"}
        assert chat.post("/v1/chat/completions", json=said, headers=headers).status_code == 200
    async with connected(workshop, key, x_leitstand_scope="akte-werkzeug") as client:
        await client.call_tool("wiki__look_up", {"name": NAME})
    assert "Person_002" in json.dumps(workshop.wiki.seen[-1])
