"""The official AWS client meets the simulator."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from leitstand.simulator import tokens
from support.simulator import Simulator

MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
TOOLS: Any = {
    "tools": [{"toolSpec": {"name": n, "inputSchema": {"json": SCHEMA}}} for n in ("wetter", "lager")]
}
_SESSION = boto3.Session(
    aws_access_key_id="AKIATEST", aws_secret_access_key="geheim", region_name="eu-central-1"
)  # fmt: skip


@pytest.fixture
def client(simulator: Simulator, provider: str) -> Iterator[Any]:
    made = _SESSION.client(
        "bedrock-runtime", endpoint_url=simulator.root(provider), config=Config(retries={"max_attempts": 0})
    )
    yield made
    made.close()


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": b} if isinstance(b, str) else b for b in blocks]}


def ask(client: Any, text: str, **more: Any) -> Any:
    return client.converse(modelId=MODEL, messages=[user(text)], **more)


def stream(client: Any, text: str, **more: Any) -> list[dict[str, Any]]:
    answer = client.converse_stream(modelId=MODEL, messages=[user(text)], **more)
    with closing(answer["stream"]) as events:
        return list(events)


def deltas(events: list[dict[str, Any]], *path: str) -> str:
    found = ""
    for event in events:
        value: Any = event.get("contentBlockDelta", {}).get("delta", {})
        for name in path:
            value = value.get(name, {})
        found += value or ""
    return found


def text_of(answer: Any) -> str:
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"])


def test_answer_and_usage(client: Any) -> None:
    answer = ask(client, "echo: Hallo Welt", system=[{"text": "Antworten Sie kurz"}])
    assert (text_of(answer), answer["stopReason"]) == ("Hallo Welt", "end_turn")
    assert answer["output"]["message"]["role"] == "assistant"
    expected = tokens.count("echo: Hallo Welt") + tokens.count("Antworten Sie kurz")
    assert answer["usage"] == {"inputTokens": expected, "outputTokens": 2, "totalTokens": expected + 2}
    assert answer["ResponseMetadata"]["RequestId"]


def test_stream_joins_to_the_plain_answer_and_ends_with_usage(client: Any) -> None:
    plain = text_of(ask(client, "Angebot prüfen"))
    events = stream(client, "Angebot prüfen")
    assert deltas(events, "text") == plain
    assert [next(iter(event)) for event in (events[0], *events[-3:])] == [
        "messageStart", "contentBlockStop", "messageStop", "metadata",
    ]  # fmt: skip
    assert events[-1]["metadata"]["usage"]["outputTokens"] == tokens.count(plain)


def test_stop_reasons(client: Any, simulator: Simulator, provider: str) -> None:
    assert ask(client, "count: 20", inferenceConfig={"maxTokens": 5})["stopReason"] == "max_tokens"
    stopped = ask(client, "echo: eins HALT zwei", inferenceConfig={"stopSequences": ["HALT"]})
    assert (text_of(stopped).strip(), stopped["stopReason"]) == ("eins", "stop_sequence")
    simulator.faults(provider, {"fault": "content_filter", "after_tokens": 2})
    assert ask(client, "count: 20")["stopReason"] == "guardrail_intervened"


def test_parallel_tool_calls_streamed_in_pieces(client: Any) -> None:
    events = stream(client, "wetter und lager with: Ulm", toolConfig=TOOLS)
    names = [e["contentBlockStart"]["start"]["toolUse"]["name"] for e in events if "contentBlockStart" in e]
    pieces: dict[int, str] = {}
    for event in events:
        if "contentBlockDelta" in event:
            index = event["contentBlockDelta"]["contentBlockIndex"]
            pieces[index] = pieces.get(index, "") + event["contentBlockDelta"]["delta"]["toolUse"]["input"]
    assert names == ["wetter", "lager"]
    assert [json.loads(text) for text in pieces.values()] == [{"ort": "Ulm"}, {"ort": "Ulm"}]
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"


def test_forced_tool_and_quoted_result(client: Any) -> None:
    config = {**TOOLS, "toolChoice": {"tool": {"name": "lager"}}}
    turn = ask(client, "Los", toolConfig=config)["output"]["message"]
    use = turn["content"][0]["toolUse"]
    result = {"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "8 Stück"}]}}
    answer = client.converse(modelId=MODEL, messages=[user("Los"), turn, user(result)], toolConfig=TOOLS)
    assert use["name"] == "lager"
    assert "8 Stück" in text_of(answer)


def test_schema_reasoning_and_images(client: Any) -> None:
    wanted = {
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA)}}}
    }
    assert json.loads(text_of(ask(client, "with: Ulm", outputConfig=wanted))) == {"ort": "Ulm"}
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    thought = ask(client, "echo: ja", additionalModelRequestFields=thinking)["output"]["message"]["content"]
    assert thought[0]["reasoningContent"]["reasoningText"]["signature"]
    events = stream(client, "echo: ja", additionalModelRequestFields=thinking)
    assert (
        deltas(events, "reasoningContent", "text") == thought[0]["reasoningContent"]["reasoningText"]["text"]
    )
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG" * 900}}}
    document = {"document": {"format": "pdf", "name": "Angebot", "source": {"bytes": b"%PDF"}}}
    seen = client.converse(modelId=MODEL, messages=[user("x", image, document)])
    assert seen["usage"]["inputTokens"] == 1 + 2 * tokens.MEDIA_TOKENS


def test_marked_prefix_is_written_to_and_read_from_the_cache(client: Any) -> None:
    text = " ".join(f"wort{number % 10}" for number in range(1300))
    system = [{"text": text}, {"cachePoint": {"type": "default"}}]
    first, second = (ask(client, f"echo: {word}", system=system)["usage"] for word in ("a", "b"))
    assert (first["cacheWriteInputTokens"], first["cacheReadInputTokens"]) == (1300, 0)
    assert (second["cacheWriteInputTokens"], second["cacheReadInputTokens"]) == (0, 1300)
    assert second["inputTokens"] == tokens.count("echo: b")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("rate_limit", 429, "ThrottlingException"),
        ("quota", 400, "ServiceQuotaExceededException"),
        ("server_error", 500, "InternalServerException"),
        ("overloaded", 503, "ServiceUnavailableException"),
        ("unauthorized", 403, "UnrecognizedClientException"),
        ("forbidden", 403, "AccessDeniedException"),
        ("not_found", 400, "ValidationException"),
        ("context_overflow", 400, "ValidationException"),
    ],
)
def test_errors_have_the_providers_shape(
    simulator: Simulator, provider: str, client: Any, fault: str, status: int, code: str
) -> None:
    simulator.faults(provider, fault)
    with pytest.raises(ClientError) as caught:
        ask(client, "Hallo")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_an_exception_inside_a_stream_is_raised_as_one(
    simulator: Simulator, provider: str, client: Any
) -> None:
    simulator.faults(provider, {"fault": "error_in_stream", "after_tokens": 2})
    with pytest.raises(EventStreamError, match="serviceUnavailableException"):
        stream(client, "count: 9")


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([user("a"), user("b")], "must alternate"),
        ([{"role": "assistant", "content": [{"text": "a"}]}], "must start with a user message"),
        ([user(" ")], "is blank"),
        ([user({"toolResult": {"toolUseId": "x", "content": []}})], "toolConfig field must be defined"),
    ],
)
def test_what_bedrock_refuses_is_refused(client: Any, messages: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        client.converse(modelId=MODEL, messages=messages)


def test_only_the_configured_key_is_accepted(simulator: Simulator, provider: str, client: Any) -> None:
    simulator.configure(provider, api_key="AKIAANDERS")
    with pytest.raises(ClientError, match="security token"):
        ask(client, "Hallo")
    simulator.configure(provider, api_key="AKIATEST")
    assert text_of(ask(client, "echo: ja")) == "ja"
