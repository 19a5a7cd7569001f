"""What is there already is found, proposed in the file's shape, and no key is shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import yaml
from canned_server import answer

from leitstand.configuration.file import read
from leitstand.providers.discovery import CLOUD, LocalPreset, discover
from leitstand.providers.http.pool import Pool


@pytest.fixture
async def pool():
    pool = Pool()
    yield pool
    await pool.close()


class Server:
    """port: where it listens. requests: how many heads arrived."""

    port = 0
    requests = 0


@asynccontextmanager
async def serving(said: bytes | None) -> AsyncIterator[Server]:
    """Answer every request with these bytes; None: stay silent."""
    server = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        server.requests += 1
        if said is not None:
            writer.write(said)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        server.port = listener.sockets[0].getsockname()[1]
        yield server


async def test_each_key_in_the_environment_becomes_a_valid_proposal_without_its_value(pool: Pool) -> None:
    environment = {preset.variable: "sk-geheim-123" for preset in CLOUD} | {"HOME": "/root"}
    found = await discover(environment, lambda: pool, local=())
    assert [each.title for each in found] == [preset.title for preset in CLOUD]
    for each in found:
        assert "geheim" not in repr(each)
        assert read(yaml.safe_dump(dict(each.entry))).errors == ()


async def test_an_empty_key_is_no_key(pool: Pool) -> None:
    assert await discover({"OPENAI_API_KEY": " "}, lambda: pool, local=()) == []


async def test_a_local_server_is_proposed_with_its_models(pool: Pool) -> None:
    async with serving(answer(b'{"object":"list","data":[{"id":"qwen3:4b"},{"id":"gemma3"}]}')) as server:
        preset = LocalPreset(server.port, "ollama", "Ollama")
        (found,) = await discover({}, lambda: pool, local=[preset])
    assert found.entry["providers"][0]["base_url"] == f"http://127.0.0.1:{server.port}/v1"
    assert [model["name"] for model in found.entry["models"]] == ["qwen3:4b", "gemma3"]
    assert read(yaml.safe_dump(dict(found.entry))).errors == ()


@pytest.mark.parametrize(
    "said", [answer(b"<html>", 200), answer(b"{}", 404), answer(b'{"data":[]}'), answer(b'{"data":"x"}')]
)
async def test_any_other_server_on_the_port_is_left_alone(pool: Pool, said: bytes) -> None:
    async with serving(said) as server:
        assert await discover({}, lambda: pool, local=[LocalPreset(server.port, "x", "X")]) == []


async def test_our_own_port_is_not_asked(pool: Pool) -> None:
    async with serving(answer(b'{"data":[{"id":"m"}]}')) as server:
        preset = LocalPreset(server.port, "llama-cpp", "llama.cpp")
        assert await discover({}, lambda: pool, own_port=server.port, local=[preset]) == []
        assert server.requests == 0


async def test_a_silent_server_costs_about_a_second_at_most(pool: Pool) -> None:
    async with serving(None) as server, asyncio.timeout(5):
        assert await discover({}, lambda: pool, local=[LocalPreset(server.port, "x", "X")]) == []
