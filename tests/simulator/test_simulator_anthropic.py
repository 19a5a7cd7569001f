"""The official Anthropic client meets the simulator."""

import json
from typing import Any

import anthropic
import pytest

from leitstand.simulator import tokens
from support.simulator import Simulator

SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
TOOLS: Any = [{"name": name, "input_schema": SCHEMA} for name in ("wetter", "lager")]


@pytest.fixture
def client(anthropic_client: anthropic.Anthropic) -> anthropic.Anthropic:
    return anthropic_client


def ask(client: anthropic.Anthropic, text: str, **more: Any) -> Any:
    more.setdefault("max_tokens", 1000)
    messages: Any = [{"role": "user", "content": text}]
    return client.messages.create(model="claude-test", messages=messages, **more)


def test_answer_and_usage(client: anthropic.Anthropic) -> None:
    answer = ask(client, "echo: Hallo Welt", system="Antworten Sie kurz")
    assert [block.text for block in answer.content] == ["Hallo Welt"]
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == 2
    assert answer.usage.input_tokens == tokens.count("echo: Hallo Welt") + tokens.count("Antworten Sie kurz")


def test_stream_has_named_events_in_order_and_joins_to_the_plain_answer(client: anthropic.Anthropic) -> None:
    plain = ask(client, "Angebot prüfen").content[0].text
    events = list(ask(client, "Angebot prüfen", stream=True))
    names = list(dict.fromkeys(event.type for event in events))
    assert [name for name in names if name != "ping"] == [
        "message_start", "content_block_start", "content_block_delta",
        "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip
    assert "".join(e.delta.text for e in events if e.type == "content_block_delta") == plain
    assert events[-2].usage.output_tokens == tokens.count(plain)


def test_stop_reasons(client: anthropic.Anthropic) -> None:
    assert ask(client, "count: 20", max_tokens=5).stop_reason == "max_tokens"
    stopped = ask(client, "echo: eins HALT zwei", stop_sequences=["HALT"])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "HALT")


def test_parallel_tool_calls_streamed_in_pieces(client: anthropic.Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "wetter und lager with: Ulm"}]
    with client.messages.stream(model="m", max_tokens=500, messages=messages, tools=TOOLS) as stream:
        kinds = [event.delta.type for event in stream if event.type == "content_block_delta"]
        final = stream.get_final_message()
    assert kinds.count("input_json_delta") > 6
    assert final.stop_reason == "tool_use"
    assert [(block.name, block.input) for block in final.content if block.type == "tool_use"] == [
        ("wetter", {"ort": "Ulm"}),
        ("lager", {"ort": "Ulm"}),
    ]


def test_forced_tool_and_quoted_result(client: anthropic.Anthropic) -> None:
    call = ask(client, "Los", tools=TOOLS, tool_choice={"type": "tool", "name": "lager"}).content[0]
    assert call.name == "lager"
    assert call.id.startswith("toolu_")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "8 Stück"}]}
    messages: Any = [
        {"role": "user", "content": "Los"},
        {"role": "assistant", "content": [call.model_dump(exclude_none=True)]},
        {"role": "user", "content": [result]},
    ]
    answer: Any = client.messages.create(model="m", max_tokens=100, messages=messages, tools=TOOLS)
    assert "8 Stück" in answer.content[0].text


def test_schema_thinking_and_images(client: anthropic.Anthropic) -> None:
    config = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert json.loads(ask(client, "with: Ulm", output_config=config).content[0].text) == {"ort": "Ulm"}
    thought = ask(client, "echo: ja", thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2000)
    assert [block.type for block in thought.content] == ["thinking", "text"]
    assert thought.content[0].signature
    source = {"type": "base64", "media_type": "image/png", "data": "A" * 4000}
    messages: Any = [{"role": "user", "content": [{"type": "image", "source": source}]}]
    seen = client.messages.create(model="m", max_tokens=100, messages=messages)
    assert seen.usage.input_tokens == tokens.MEDIA_TOKENS


def test_count_tokens_agrees_with_usage(client: anthropic.Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "Wie lautet die Lieferzeit?"}]
    counted = client.messages.count_tokens(model="m", messages=messages).input_tokens
    assert counted == client.messages.create(model="m", max_tokens=9, messages=messages).usage.input_tokens


def test_marked_prefix_is_written_to_and_read_from_the_cache(client: anthropic.Anthropic) -> None:
    text = " ".join(f"wort{number % 10}" for number in range(1300))
    system: Any = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]
    first, second = (ask(client, f"echo: {word}", system=system).usage for word in ("a", "b"))
    assert (first.cache_creation_input_tokens, first.cache_read_input_tokens) == (1300, 0)
    assert (second.cache_creation_input_tokens, second.cache_read_input_tokens) == (0, 1300)
    assert second.input_tokens == tokens.count("echo: b")


def test_models_are_listed_in_this_dialect(client: anthropic.Anthropic) -> None:
    ask(client, "Hallo")
    assert "claude-test" in [model.id for model in client.models.list()]


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("rate_limit", 429, "rate_limit_error"),
        ("quota", 400, "invalid_request_error"),
        ("server_error", 500, "api_error"),
        ("overloaded", 529, "overloaded_error"),
        ("unauthorized", 401, "authentication_error"),
        ("forbidden", 403, "permission_error"),
        ("not_found", 404, "not_found_error"),
        ("context_overflow", 400, "invalid_request_error"),
    ],
)
def test_errors_have_the_providers_shape(
    simulator: Simulator, provider: str, client: anthropic.Anthropic, fault: str, status: int, kind: str
) -> None:
    simulator.faults(provider, fault)
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, "Hallo")
    body: Any = caught.value.body
    assert caught.value.status_code == status
    assert body["type"] == "error"
    assert body["error"]["type"] == kind
    assert caught.value.response.headers["request-id"] == body["request_id"]


def test_error_event_inside_a_stream_and_refusal_by_the_filter(
    simulator: Simulator, provider: str, client: anthropic.Anthropic
) -> None:
    simulator.faults(
        provider,
        {"fault": "error_in_stream", "after_tokens": 2},
        {"fault": "content_filter", "after_tokens": 3},
    )
    texts = []
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        texts += [
            e.delta.text for e in ask(client, "count: 9", stream=True) if e.type == "content_block_delta"
        ]
    filtered = ask(client, "count: 9")
    assert (filtered.content[0].text, filtered.stop_reason) == ("w1 w2 w3", "refusal")


def test_missing_max_tokens_is_refused(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Field required"):
        client.post("/v1/messages", body={"model": "m", "messages": []}, cast_to=object)
