"""The Bedrock adapter against the simulated Bedrock, through the real pool and door."""

import json
import sys
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from canned_server import answer, canned

from leitstand.api.dialects import chat, messages
from leitstand.core.classes import Region
from leitstand.core.conversation import (
    Chunk,
    Masked,
    Prompt,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    Used,
)
from leitstand.providers.adapters import bedrock
from leitstand.providers.base import Patience, Target
from leitstand.providers.door import Door
from leitstand.providers.faults import Unsupported, UpstreamFault
from leitstand.providers.http.pool import Pool
from leitstand.providers.wire import converse

sys.path.append(str(Path(__file__).parents[1]))
from support.simulator import Simulator, start_simulator

_CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
_NOVA = "eu.amazon.nova-lite-v1:0"
_PATIENCE = Patience(connect_s=2, first_token_s=0.5, idle_s=0.5, total_s=3)
_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
_SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
_TOOLS = [{"type": "function", "function": {"name": n, "parameters": _SCHEMA}} for n in ("wetter", "lager")]
_PNG = "iVBORw0KGgo="
either_way = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


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


class Bed:
    """One simulated Bedrock and a door to it."""

    def __init__(self, simulator: Simulator, provider: str, pool: Pool) -> None:
        self.simulator, self.provider = simulator, provider
        self._door = Door(pool, {"bedrock": bedrock.ADAPTER})

    async def ask(
        self, prompt: Prompt, model: str = _CLAUDE, secret: str = _SECRET, **options: str
    ) -> list[Chunk]:
        url = self.simulator.root(self.provider)
        target = Target(
            "p", "bedrock", model, Region.EU, url, secret, _PATIENCE, options=tuple(options.items())
        )  # fmt: skip
        async with aclosing(self._door.send(Masked(prompt), target)) as frames:
            return [chunk async for frame in frames for chunk in frame.chunks]

    def sent(self) -> dict[str, Any]:
        """The last body that arrived."""
        return json.loads(self.simulator.log(self.provider)[-1]["body"])


@pytest.fixture
def bed(simulator: Simulator, provider: str, pool: Pool) -> Bed:
    return Bed(simulator, provider, pool)


def _chat(text: str = "echo: Grüße, Frau Ümit", **fields: Any) -> Prompt:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    return chat.decode_request(json.dumps(body).encode())


def _messages(text: str = "echo: Grüße", **fields: Any) -> Prompt:
    body = {"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": text}], **fields}
    return messages.decode_request(json.dumps(body).encode())


def _text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextDelta))


def _calls(chunks: list[Chunk]) -> list[tuple[str, Any]]:
    started = {c.index: c.name for c in chunks if isinstance(c, ToolCallStarted)}
    return [
        (name, json.loads("".join(c.arguments for c in chunks if isinstance(c, ToolCallDelta) and c.index == i)))
        for i, name in started.items()
    ]  # fmt: skip


def _usage(chunks: list[Chunk]) -> Usage:
    return [chunk for chunk in chunks if isinstance(chunk, Used)][-1].usage


def _reason(chunks: list[Chunk]) -> str:
    return next(chunk.reason for chunk in chunks if isinstance(chunk, Stopped))


@either_way
@pytest.mark.parametrize(
    "model", [_CLAUDE, _NOVA, "arn:aws:bedrock:eu-central-1:123456789012:imported-model/x1"]
)
async def test_an_answer_is_whole_with_its_usage(bed: Bed, model: str, stream: bool) -> None:
    chunks = await bed.ask(_chat(stream=stream), model)
    assert _text(chunks) == "Grüße, Frau Ümit"
    assert _reason(chunks) == "end"
    assert (_usage(chunks).input_tokens, _usage(chunks).output_tokens) == (6, 4)
    assert bed.simulator.log(bed.provider)[-1]["model"] == model


@either_way
async def test_parallel_tools_are_called_and_their_results_handed_back(bed: Bed, stream: bool) -> None:
    chunks = await bed.ask(_chat("wetter und lager with: Ulm", tools=_TOOLS, stream=stream))
    assert _calls(chunks) == [("wetter", {"ort": "Ulm"}), ("lager", {"ort": "Ulm"})]
    assert _reason(chunks) == "tool"
    ids = [chunk.id for chunk in chunks if isinstance(chunk, ToolCallStarted)]
    calls = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": "{}"}}
        for id_, name in zip(ids, ("wetter", "lager"), strict=True)
    ]
    history = [
        {"role": "user", "content": "Los"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": ids[0], "content": "Regen"},
        {"role": "tool", "tool_call_id": ids[1], "content": "8 Stück"},
    ]
    done = await bed.ask(_chat(messages=history, tools=_TOOLS, stream=stream))
    assert "Regen | 8 Stück" in _text(done)
    # A client that no longer offers its tools still has them in its history, which Bedrock wants declared.
    assert "Regen" in _text(await bed.ask(_chat(messages=history, stream=stream), _NOVA))


async def test_how_tools_are_chosen_reaches_each_family_of_models(bed: Bed) -> None:
    wish = {"type": "function", "function": {"name": "lager"}}
    assert _calls(await bed.ask(_chat("Los", tools=_TOOLS, tool_choice=wish), _NOVA)) == [
        ("lager", {"ort": "ort"})
    ]
    assert len(_calls(await bed.ask(_chat("Los", tools=_TOOLS, tool_choice="required"), _NOVA))) == 1
    both = {"tools": _TOOLS, "parallel_tool_calls": False}
    assert len(_calls(await bed.ask(_chat("wetter, lager", tool_choice="auto", **both)))) == 1
    assert "toolChoice" not in bed.sent()["toolConfig"]
    with pytest.raises(UpstreamFault, match="one tool call at a time") as caught:
        await bed.ask(_chat("wetter", tool_choice="auto", **both), _NOVA)
    assert (caught.value.kind, caught.value.sent) == ("invalid", False)
    assert _calls(await bed.ask(_chat("wetter", tools=_TOOLS, tool_choice="none"), _NOVA)) == []


async def test_system_prompts_turns_and_settings_arrive(bed: Bed) -> None:
    turns = [
        {"role": "system", "content": "Sei kurz."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "developer", "content": "Sei höflich."},
        {"role": "user", "content": "echo-system"},
    ]
    chunks = await bed.ask(_chat(messages=turns, temperature=1.7, max_tokens=9, stop=["X", " "], top_p=0.5))
    sent = bed.sent()
    assert _text(chunks) == "Sei kurz.\nSei höflich."
    assert [turn["role"] for turn in sent["messages"]] == ["user"]
    assert sent["inferenceConfig"] == {"maxTokens": 9, "temperature": 1, "stopSequences": ["X"]}
    assert list(sent) == ["system", "messages", "inferenceConfig"]


@either_way
async def test_stop_reasons_are_ours(bed: Bed, stream: bool) -> None:
    assert _reason(await bed.ask(_chat("count: 20", max_tokens=3, stream=stream))) == "length"
    stopped = await bed.ask(_chat("echo: eins HALT zwei", stop=["HALT"], stream=stream))
    assert _reason(stopped) == "stop_sequence"
    bed.simulator.faults(bed.provider, {"fault": "content_filter", "after_tokens": 2})
    filtered = await bed.ask(_chat("count: 9", stream=stream))
    assert (_text(filtered), _reason(filtered)) == ("w1 w2", "filter")


@either_way
async def test_json_by_a_schema_is_asked_for_natively(bed: Bed, stream: bool) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "ort", "schema": _SCHEMA, "strict": True}}
    chunks = await bed.ask(_chat("with: Ulm", response_format=wanted, stream=stream))
    assert json.loads(_text(chunks)) == {"ort": "Ulm"}
    native = await bed.ask(
        _messages("with: Ulm", output_config={"format": {"type": "json_schema", "schema": _SCHEMA}})
    )
    assert json.loads(_text(native)) == {"ort": "Ulm"}


@either_way
async def test_reasoning_is_asked_for_and_comes_with_its_seal(bed: Bed, stream: bool) -> None:
    prompt = _messages(
        "echo: ja", max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024}, stream=stream
    )
    chunks = await bed.ask(prompt)
    thoughts = [chunk for chunk in chunks if isinstance(chunk, ThinkingDelta)]
    assert "".join(chunk.text for chunk in thoughts).startswith("Ich prüfe")
    assert [chunk.signature for chunk in thoughts if chunk.signature] == ["c2ltdWxpZXJ0ZSBTaWduYXR1cg=="]
    assert _text(chunks) == "ja"
    seal = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    history = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [seal, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "echo: c"},
    ]
    await bed.ask(_messages(messages=history))
    assert bed.sent()["messages"][1]["content"][0] == {
        "reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}
    }
    await bed.ask(_chat(reasoning_effort="high", max_tokens=5000))
    assert bed.sent()["additionalModelRequestFields"]["thinking"]["type"] == "enabled"
    await bed.ask(_chat(reasoning_effort="low"), "openai.gpt-oss-120b-1:0")
    assert bed.sent()["additionalModelRequestFields"] == {"reasoning_effort": "low"}


async def test_images_and_documents_arrive_as_bytes(bed: Bed) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PNG}"}}
    file = {
        "type": "file",
        "file": {"filename": "Angebot_1.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
    }
    turn = {"role": "user", "content": [{"type": "text", "text": "echo: ja"}, image, file]}
    assert _text(await bed.ask(_chat(messages=[turn]))) == "ja"
    assert bed.sent()["messages"][0]["content"][1:] == [
        {"image": {"format": "png", "source": {"bytes": _PNG}}},
        {"document": {"format": "pdf", "name": "Angebot-1-pdf", "source": {"bytes": "JVBERg=="}}},
    ]


async def test_documents_of_one_name_are_told_apart(bed: Bed) -> None:
    file = {"type": "file", "file": {"file_data": "data:text/plain;base64,aGFsbG8="}}
    turn = {"role": "user", "content": [{"type": "text", "text": "echo: ja"}, file, file]}
    assert _text(await bed.ask(_chat(messages=[turn]))) == "ja"
    names = [block["document"]["name"] for block in bed.sent()["messages"][0]["content"][1:]]
    assert names == ["document", "document (2)"]


async def test_cached_tokens_count_as_input(bed: Bed) -> None:
    text = " ".join(f"wort{number % 10}" for number in range(1300))
    system = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]
    first, second = [_usage(await bed.ask(_messages(f"echo: {w}", system=system))) for w in ("a", "b")]
    assert (first.cache_write_tokens, second.cached_tokens) == (1300, 1300)
    assert first.input_tokens == second.input_tokens == 1303
    await bed.ask(_messages(system=system), "mistral.mistral-large-2407-v1:0")
    assert bed.sent()["system"] == [{"text": text}]


@pytest.mark.parametrize(
    ("prompt", "feature"),
    [
        (_chat(n=2), "n"),
        (_chat(logprobs=True), "logprobs"),
        (
            _chat(messages=[{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "https://example.test/x.png"}}]}]),
            "image by url",
        ),
        (
            _chat(messages=[{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA=="}}]}]),
            "image of type image/tiff",
        ),
        (_messages(tools=[{"type": "web_search_20250305", "name": "web_search"}]), "web_search_20250305"),
        (_messages(container="c"), "container"),
        (_messages(max_tokens=0), "max_tokens: 0"),
    ],
)  # fmt: skip
async def test_what_converse_cannot_say_is_named_before_any_call(
    bed: Bed, prompt: Prompt, feature: str
) -> None:
    assert bedrock.ADAPTER.lacks(prompt) == feature
    with pytest.raises(Unsupported):
        await bed.ask(prompt)
    assert bed.simulator.log(bed.provider) == []


@pytest.mark.parametrize(
    ("fault", "stream", "kind"),
    [
        ("rate_limit", True, "rate_limited"),
        ("quota", True, "quota"),
        ("server_error", False, "server"),
        ("bad_gateway", False, "server"),
        ("overloaded", True, "overloaded"),
        ("unauthorized", True, "auth"),
        ("forbidden", False, "forbidden"),
        ("not_found", False, "model_missing"),
        ("context_overflow", True, "context_too_long"),
        ("content_filter", True, "content_filter"),
        ("error_in_stream", True, "overloaded"),
        ("stall_before_first", True, "timeout_first"),
        ("stall_after_first", True, "timeout_idle"),
        ("cut_before_first", True, "cut"),
        ("cut_stream", True, "cut"),
        ("cut_plain", False, "cut"),
        ("malformed_chunk", True, "malformed"),
        ("malformed_plain", False, "malformed"),
        ("empty_body", False, "empty"),
        ("empty_stream", True, "empty"),
        ("html_body", True, "malformed"),
    ],
)
async def test_each_scripted_fault_is_named(bed: Bed, fault: str, stream: bool, kind: str) -> None:
    inside = "stream" in fault or "after" in fault or "chunk" in fault
    bed.simulator.faults(bed.provider, {"fault": fault, "times": 1, "after_tokens": 2 if inside else 0})
    with pytest.raises(UpstreamFault) as caught:
        await bed.ask(_chat("count: 30", stream=stream))
    assert caught.value.kind == kind, caught.value


_REFUSALS = [
    (429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", "quota"),
    (429, "ModelNotReadyException", "The model is not ready for inference.", "overloaded"),
    (424, "ModelErrorException", "The model could not process it.", "server"),
    (408, "ModelTimeoutException", "The model timed out.", "server"),
    (403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.", "auth"),
    (403, "ExpiredTokenException", "The security token included in the request is expired", "auth"),
    (400, "ValidationException",
     "Invocation of model ID x with on-demand throughput isn't supported.", "model_missing"),
    (400, "ValidationException", "Malformed input request.", "invalid"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "message", "expected"), _REFUSALS)
async def test_exceptions_of_aws_have_our_names(
    pool: Pool, status: int, kind: str, message: str, expected: str
) -> None:
    body = json.dumps({"message": message}).encode()
    header = f"x-amzn-errortype: {kind}:http://internal.amazon.com/\r\nretry-after: 4\r\n"
    async with canned(answer(body, status, extra=header)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask_at(pool, server.url, _SECRET, access_key_id="AKIAEXAMPLE12345")
    assert (caught.value.kind, caught.value.retry_after_s) == (expected, 4)


async def _ask_at(pool: Pool, url: str, secret: str, model: str = _NOVA, **options: str) -> None:
    door = Door(pool, {"bedrock": bedrock.ADAPTER})
    target = Target("p", "bedrock", model, Region.EU, url, secret, _PATIENCE, options=tuple(options.items()))
    async with aclosing(door.send(Masked(_chat()), target)) as frames:
        async for _ in frames:
            pass


_STS = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": _SECRET, "SessionToken": "FwoGZXIvYXdzEBYaD=="}


@pytest.mark.parametrize("secret", [json.dumps(_STS), json.dumps({"Credentials": _STS})])
async def test_temporary_credentials_sign_and_never_travel(pool: Pool, secret: str) -> None:
    said = f"The signature does not match. {_SECRET}\n\nThe Canonical String for this request should have been FwoGZX"
    refusal = answer(
        json.dumps({"message": said}).encode(), 403, extra="x-amzn-errortype: InvalidSignatureException\r\n"
    )  # fmt: skip
    async with canned(refusal) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask_at(pool, server.url, secret, aws_region="eu-west-1")
    head = server.requests[0].decode()
    assert caught.value.kind == "auth"
    assert "Credential=ASIAEXAMPLE/" in head
    assert "/eu-west-1/bedrock/aws4_request" in head
    assert "x-amz-security-token: FwoGZXIvYXdzEBYaD==\r\n" in head
    assert _SECRET not in head
    assert _SECRET not in f"{caught.value!r} {caught.value}"
    assert "FwoGZX" not in f"{caught.value!r} {caught.value}"


async def test_a_key_pair_signs_and_a_bedrock_key_is_a_bearer(bed: Bed) -> None:
    bed.simulator.configure(bed.provider, api_key="AKIAEXAMPLE12345")
    assert _text(await bed.ask(_chat("echo: ja"), access_key_id="AKIAEXAMPLE12345")) == "ja"
    assert bed.simulator.contains(bed.provider, _SECRET) == []
    bed.simulator.configure(bed.provider, api_key="ABSKQmVkcm9jaw")
    assert _text(await bed.ask(_chat("echo: ja"), secret="ABSKQmVkcm9jaw")) == "ja"
    with pytest.raises(UpstreamFault) as caught:
        await bed.ask(_chat("echo: ja"), secret='{"AccessKeyId": "ASIA"}')
    assert (caught.value.kind, caught.value.sent) == ("auth", False)


@pytest.mark.parametrize(
    "model",
    ["us.amazon.nova-lite-v1:0", "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
     "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/global.anthropic.claude-sonnet-4-5-v1:0"],
)  # fmt: skip
async def test_a_profile_that_leaves_the_eu_is_not_asked_for_an_eu_provider(bed: Bed, model: str) -> None:
    with pytest.raises(UpstreamFault, match="outside the EU") as caught:
        await bed.ask(_chat(), model)
    assert (caught.value.kind, caught.value.sent) == ("forbidden", False)
    assert bed.simulator.log(bed.provider) == []


async def test_what_the_pool_sends_carries_the_signature_that_aws_makes_for_it(pool: Pool) -> None:
    """Recomputed from the bytes on the wire: path, host, content type and body are those that were signed."""
    async with canned(answer(bedrock.ADAPTER.sample.plain)) as server:
        await _ask_at(pool, f"{server.url}/umweg", json.dumps(_STS), _CLAUDE)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    sent = dict(line.split(": ", 1) for line in lines)
    request = AWSRequest(
        "POST", f"http://{sent['host']}{start.split()[1]}", {"content-type": sent["content-type"]}, body
    )
    keys = Credentials(_STS["AccessKeyId"], _SECRET, _STS["SessionToken"])
    moment = datetime.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - botocore wants it naive
    with patch.object(botocore.auth, "get_current_datetime", lambda: moment):
        botocore.auth.SigV4Auth(keys, "bedrock", "eu-central-1").add_auth(request)
    assert sent["authorization"] == request.headers["Authorization"]


def test_text_with_citations_is_text() -> None:
    content = [{"citationsContent": {"content": [{"text": "Laut "}, {"text": "Vertrag"}], "citations": []}}]
    body = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn"}
    frame = converse.Converse("m").decode_plain(json.dumps(body).encode())
    assert _text(list(frame.chunks)) == "Laut Vertrag"


def test_the_same_prompt_gives_the_same_bytes() -> None:
    prompt = _chat("x", tools=_TOOLS, tool_choice="auto", temperature=0.2, stop=["a"])
    assert converse.encode(prompt, _CLAUDE) == converse.encode(prompt, _CLAUDE)
    assert json.loads(converse.encode(prompt, _CLAUDE))["inferenceConfig"]["maxTokens"] == 8192
