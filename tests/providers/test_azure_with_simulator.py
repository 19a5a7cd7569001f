"""The Azure adapter against the simulated Azure and Entra ID, through the real pool and door."""

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from canned_server import answer, canned

from leitstand.api.dialects import chat, messages
from leitstand.core.classes import Region
from leitstand.core.conversation import (
    Frame,
    Masked,
    Prompt,
    Started,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    Used,
)
from leitstand.providers.access_tokens import AccessTokens
from leitstand.providers.adapters.azure_openai import AzureOpenAI
from leitstand.providers.base import Patience, Target
from leitstand.providers.door import Door
from leitstand.providers.faults import UpstreamFault
from leitstand.providers.http.pool import Pool

sys.path.append(str(Path(__file__).parents[1]))
from support.simulator import Simulator, start_simulator

_PATIENCE = Patience(connect_s=2, first_token_s=0.5, idle_s=0.5, total_s=3)
_SECRET = "geheimes-geheimnis-4711"
_SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
_TOOLS = [{"type": "function", "function": {"name": n, "parameters": _SCHEMA}} for n in ("wetter", "lager")]
either_way = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
both_addresses = pytest.mark.parametrize("path", ["/openai/v1", "", "/openai"])


@pytest.fixture(scope="module")
def simulator():
    with start_simulator() as running:
        yield running


@pytest.fixture
async def pool():
    pool = Pool()
    yield pool
    await pool.close()


@pytest.fixture
def provider(request: pytest.FixtureRequest) -> str:
    return f"p{abs(hash(request.node.nodeid))}"


class Resource:
    """One simulated resource, a clock for its tokens, and a door to it."""

    def __init__(self, simulator: Simulator, provider: str, pool: Pool) -> None:
        self.simulator, self.provider, self.now_s = simulator, provider, 1000.0
        adapter = AzureOpenAI(AccessTokens(lambda: self.now_s))
        self._door = Door(pool, {"azure_openai": adapter})

    async def ask(
        self, prompt: Prompt, path: str = "/openai/v1", secret: str = _SECRET, **options: str
    ) -> list[Frame]:
        target = Target(
            "p", "azure_openai", "mein-gpt", Region.EU, self.simulator.root(self.provider) + path, secret,
            _PATIENCE, options=tuple(options.items()),
        )  # fmt: skip
        async with aclosing(self._door.send(Masked(prompt), target)) as frames:
            return [frame async for frame in frames]

    async def ask_as_application(self, prompt: Prompt, secret: str = _SECRET) -> list[Frame]:
        """The same, entering by Entra ID."""
        authority = self.simulator.root(self.provider)
        return await self.ask(
            prompt, secret=secret, entra_tenant="musterwerk.example", entra_client_id="app-1",
            entra_authority=authority,
        )  # fmt: skip

    def wires(self) -> list[str]:
        """What was asked, in order: `entra` or `azure_openai`."""
        return [entry["wire"] for entry in self.simulator.log(self.provider)]


@pytest.fixture
def resource(simulator: Simulator, provider: str, pool: Pool) -> Resource:
    return Resource(simulator, provider, pool)


def _chat(text: str = "echo: Grüße, Frau Ümit", **fields: Any) -> Prompt:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    return chat.decode_request(json.dumps(body).encode())


def _chunks(frames: list[Frame]) -> list[Any]:
    return [chunk for frame in frames for chunk in frame.chunks]


def _text(frames: list[Frame]) -> str:
    return "".join(chunk.text for chunk in _chunks(frames) if isinstance(chunk, TextDelta))


@either_way
@both_addresses
async def test_an_answer_is_whole_with_its_usage(resource: Resource, path: str, stream: bool) -> None:
    frames = await resource.ask(_chat(stream=stream), path)
    chunks = _chunks(frames)
    assert _text(frames) == "Grüße, Frau Ümit"
    started = [chunk for chunk in chunks if isinstance(chunk, Started)]
    assert [(one.model, one.id[:9]) for one in started] == [("mein-gpt", "chatcmpl-")]
    assert [chunk.reason for chunk in chunks if isinstance(chunk, Stopped)] == ["end"]
    assert [chunk for chunk in chunks if isinstance(chunk, Used)][-1].usage.output_tokens == 4


@pytest.mark.parametrize(
    ("path", "version", "asked"),
    [
        ("/openai/v1", "", "/openai/v1/chat/completions"),
        ("/openai/v1", "preview", "/openai/v1/chat/completions?api-version=preview"),
        ("", "", "/openai/deployments/mein-gpt/chat/completions?api-version=2024-10-21"),
        (
            "",
            "2025-01-01-preview",
            "/openai/deployments/mein-gpt/chat/completions?api-version=2025-01-01-preview",
        ),
    ],
)
async def test_the_address_decides_the_path_and_the_version(
    resource: Resource, path: str, version: str, asked: str
) -> None:
    await resource.ask(_chat(), path, api_version=version)
    assert resource.simulator.contains(resource.provider, asked) == [asked]
    assert bool(resource.simulator.contains(resource.provider, "?api-version")) is ("?" in asked)


async def test_the_verdict_on_the_prompt_passes_without_starting_the_answer(resource: Resource) -> None:
    frames = await resource.ask(_chat(stream=True))
    assert frames[0].chunks == ()
    assert b"prompt_filter_results" in (frames[0].raw or b"")
    assert isinstance(frames[1].chunks[0], Started)


@either_way
async def test_tools_images_and_schemas_go_both_ways(resource: Resource, stream: bool) -> None:
    chunks = _chunks(await resource.ask(_chat("wetter und lager with: Ulm", tools=_TOOLS, stream=stream)))
    assert [chunk.name for chunk in chunks if isinstance(chunk, ToolCallStarted)] == ["wetter", "lager"]
    pieces = [chunk for chunk in chunks if isinstance(chunk, ToolCallDelta)]
    assert json.loads("".join(chunk.arguments for chunk in pieces if chunk.index == 1)) == {"ort": "Ulm"}
    wanted = {"type": "json_schema", "json_schema": {"name": "ort", "schema": _SCHEMA}}
    assert json.loads(
        _text(await resource.ask(_chat("with: Ulm", response_format=wanted, stream=stream)))
    ) == {"ort": "Ulm"}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    turn = {"role": "user", "content": [{"type": "text", "text": "echo: ja"}, image]}
    body = {"model": "m", "max_tokens": 9, "messages": [turn], "stream": stream}
    assert _text(await resource.ask(messages.decode_request(json.dumps(body).encode()))) == "ja"
    assert resource.simulator.contains(resource.provider, "data:image/png;base64,iVBORw0KGgo=")


@pytest.mark.parametrize(
    ("fault", "stream", "kind"),
    [
        ("rate_limit", True, "rate_limited"),
        ("rate_limit_bare", False, "rate_limited"),
        ("quota", True, "quota"),
        ("server_error", False, "server"),
        ("overloaded", True, "overloaded"),
        ("unauthorized", True, "auth"),
        ("forbidden", False, "forbidden"),
        ("not_found", False, "model_missing"),
        ("context_overflow", True, "context_too_long"),
        ("content_filter", True, "content_filter"),
        ("content_filter", False, "content_filter"),
        ("error_in_stream", True, "rate_limited"),
        ("stall_before_first", True, "timeout_first"),
        ("cut_before_first", True, "cut"),
        ("cut_stream", True, "cut"),
        ("cut_plain", False, "cut"),
        ("malformed_chunk", True, "malformed"),
        ("empty_stream", True, "empty"),
    ],
)
async def test_each_scripted_fault_is_named(resource: Resource, fault: str, stream: bool, kind: str) -> None:
    resource.simulator.faults(resource.provider, {"fault": fault, "times": 1, "retry_after": 7})
    with pytest.raises(UpstreamFault) as caught:
        await resource.ask(_chat("count: 30", stream=stream))
    assert caught.value.kind == kind, caught.value
    assert caught.value.retry_after_s == (7 if fault == "rate_limit" else None)


async def test_a_content_filter_inside_a_stream_is_no_server_error(pool: Pool) -> None:
    body = (
        b'data: {"error":{"code":"content_filter","message":"The response was filtered","innererror":{}}}\n\n'
    )
    async with canned(answer(body, kind="text/event-stream")) as server:
        target = Target("p", "azure_openai", "m", Region.EU, server.url, _SECRET, _PATIENCE)
        door = Door(pool, {"azure_openai": AzureOpenAI()})
        async with aclosing(door.send(Masked(_chat(stream=True)), target)) as frames:
            with pytest.raises(UpstreamFault) as caught:
                await anext(frames)
    assert caught.value.kind == "content_filter"


async def test_the_key_travels_in_its_header_only(resource: Resource) -> None:
    resource.simulator.configure(resource.provider, api_key=_SECRET)
    assert _text(await resource.ask(_chat())) == "Grüße, Frau Ümit"
    with pytest.raises(UpstreamFault) as caught:
        await resource.ask(_chat(), secret="falscher-schluessel")
    assert caught.value.kind == "auth"
    assert "falscher-schluessel" not in f"{caught.value!r} {caught.value}"


# ------------------------------------------------------------ Entra ID


@either_way
async def test_an_application_enters_with_one_token_for_many_requests(
    resource: Resource, stream: bool
) -> None:
    resource.simulator.configure(resource.provider, api_key=_SECRET)
    answers = await asyncio.gather(*(resource.ask_as_application(_chat(stream=stream)) for _ in range(8)))
    assert {_text(frames) for frames in answers} == {"Grüße, Frau Ümit"}
    assert sorted(resource.wires()) == ["azure_openai"] * 8 + ["entra"]


async def test_a_token_is_replaced_shortly_before_it_ends(resource: Resource) -> None:
    await resource.ask_as_application(_chat())
    resource.now_s += 3599 - 301
    await resource.ask_as_application(_chat())
    assert resource.wires().count("entra") == 1
    resource.now_s += 2
    await resource.ask_as_application(_chat())
    assert resource.wires().count("entra") == 2


async def test_a_withdrawn_token_is_replaced_once(resource: Resource) -> None:
    await resource.ask_as_application(_chat())
    resource.simulator.faults(resource.provider, {"fault": "unauthorized", "model": "mein-gpt"})
    assert _text(await resource.ask_as_application(_chat())) == "Grüße, Frau Ümit"
    assert resource.wires() == ["entra", "azure_openai", "azure_openai", "entra", "azure_openai"]
    resource.simulator.faults(
        resource.provider, {"fault": "unauthorized", "model": "mein-gpt", "times": None}
    )
    with pytest.raises(UpstreamFault) as caught:
        await resource.ask_as_application(_chat())
    assert caught.value.kind == "auth"
    assert resource.wires()[5:] == ["azure_openai", "entra", "azure_openai"]


async def test_a_wrong_client_secret_is_our_fault_and_not_shown(resource: Resource) -> None:
    resource.simulator.configure(resource.provider, api_key=_SECRET)
    with pytest.raises(UpstreamFault, match="AADSTS7000215") as caught:
        await resource.ask_as_application(_chat(), secret="falsches-geheimnis")
    assert (caught.value.kind, caught.value.sent, caught.value.status) == ("auth", False, 401)
    assert "falsches-geheimnis" not in f"{caught.value!r} {caught.value}"


async def test_all_who_wait_for_a_token_learn_that_there_is_none(resource: Resource) -> None:
    resource.simulator.faults(resource.provider, {"fault": "unavailable", "model": "", "times": None})
    asked = [resource.ask_as_application(_chat()) for _ in range(4)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    kinds = {outcome.kind for outcome in outcomes if isinstance(outcome, UpstreamFault)}
    assert (len(outcomes), kinds) == (4, {"overloaded"})
    assert set(resource.wires()) == {"entra"}


async def test_a_silent_token_endpoint_ends_in_time_for_all(resource: Resource) -> None:
    resource.simulator.faults(resource.provider, {"fault": "hang_before_headers", "model": "", "times": None})
    asked = [resource.ask_as_application(_chat(stream=True)) for _ in range(3)]
    async with asyncio.timeout(3):
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(outcome, UpstreamFault) and not outcome.sent for outcome in outcomes)


async def test_a_caller_that_leaves_does_not_take_the_token_along(resource: Resource) -> None:
    resource.simulator.configure(resource.provider, first_token_ms=200)
    first = asyncio.create_task(resource.ask_as_application(_chat()))
    await asyncio.to_thread(resource.simulator.log, resource.provider, arrived=1)
    second = asyncio.create_task(resource.ask_as_application(_chat()))
    await asyncio.sleep(0)
    first.cancel()
    assert _text(await second) == "Grüße, Frau Ümit"
