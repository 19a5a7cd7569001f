"""What a client of one dialect means arrives at a provider of the other."""

import json
from typing import Any

import pytest

from leitstand.api.dialects import chat, messages
from leitstand.core.conversation import Prompt
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import chat as chat_wire
from leitstand.providers.wire import messages as messages_wire

_TOOL = {
    "type": "function",
    "function": {"name": "wetter", "description": "Wetter", "parameters": {"type": "object"}},
}
_PNG = "iVBORw0KGgo="


def _from_chat(**fields: Any) -> Prompt:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hallo"}], **fields}
    return chat.decode_request(json.dumps(body).encode())


def _from_messages(**fields: Any) -> Prompt:
    body = {"model": "m", "max_tokens": 50, "messages": [{"role": "user", "content": "Hallo"}], **fields}
    return messages.decode_request(json.dumps(body).encode())


def _to_messages(prompt: Prompt, model: str = "claude-sonnet-4-6") -> dict[str, Any]:
    return json.loads(messages_wire.encode(prompt, model))


def _to_chat(prompt: Prompt, model: str = "gpt-4o", **how: bool) -> dict[str, Any]:
    return json.loads(chat_wire.encode(prompt, model, **how))


def test_a_tool_conversation_with_parallel_calls_reaches_anthropic() -> None:
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": "wetter", "arguments": f'{{"ort":"{ort}"}}'}}
        for n, ort in enumerate(("Ulm", "Bonn"))
    ]
    sent = _to_messages(
        _from_chat(
            tools=[_TOOL],
            tool_choice="required",
            parallel_tool_calls=False,
            messages=[
                {"role": "system", "content": "Sei kurz."},
                {"role": "user", "content": "Wetter?", "name": "anna"},
                {"role": "assistant", "content": None, "tool_calls": calls},
                {"role": "tool", "tool_call_id": "c0", "content": "Sonne"},
                {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "Regen"}]},
                {"role": "user", "content": "Und morgen?"},
                {"role": "system", "content": "Sei höflich."},
            ],
        )
    )
    assert sent["system"] == [{"type": "text", "text": "Sei kurz."}, {"type": "text", "text": "Sei höflich."}]
    assert sent["messages"] == [
        {"role": "user", "content": "anna: Wetter?"},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "c0", "name": "wetter", "input": {"ort": "Ulm"}},
                {"type": "tool_use", "id": "c1", "name": "wetter", "input": {"ort": "Bonn"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c0", "content": "Sonne"},
                {"type": "tool_result", "tool_use_id": "c1", "content": "Regen"},
                {"type": "text", "text": "Und morgen?"},
            ],
        },
    ]
    assert sent["tools"] == [{"name": "wetter", "description": "Wetter", "input_schema": {"type": "object"}}]
    assert sent["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert sent["max_tokens"] == messages_wire.DEFAULT_MAX_TOKENS


def test_a_tool_conversation_with_images_and_errors_reaches_openai() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _PNG}}
    sent = _to_chat(
        _from_messages(
            system=[{"type": "text", "text": "Sei kurz.", "cache_control": {"type": "ephemeral"}}],
            tools=[
                {"name": "wetter", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}
            ],
            tool_choice={"type": "tool", "name": "wetter", "disable_parallel_tool_use": True},
            stop_sequences=["ENDE"],
            metadata={"user_id": "u1"},
            messages=[
                {"role": "user", "content": [{"type": "text", "text": "Sieh her"}, picture]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "s"},
                        {"type": "text", "text": "Moment"},
                        {"type": "tool_use", "id": "t0", "name": "wetter", "input": {"ort": "Ulm"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t0", "is_error": True, "content": "kaputt"},
                        {"type": "tool_result", "tool_use_id": "t1", "content": [picture]},
                        {"type": "text", "text": "Und?"},
                    ],
                },
            ],
        )
    )
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PNG}"}}
    call = {"id": "t0", "type": "function", "function": {"name": "wetter", "arguments": '{"ort":"Ulm"}'}}
    assert sent["messages"] == [
        {"role": "system", "content": "Sei kurz."},
        {"role": "user", "content": [{"type": "text", "text": "Sieh her"}, image]},
        {"role": "assistant", "content": "Moment", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t0", "content": "Error: kaputt"},
        {"role": "tool", "tool_call_id": "t1", "content": ""},
        {"role": "user", "content": [image]},
        {"role": "user", "content": "Und?"},
    ]
    assert sent["tools"] == [
        {"type": "function", "function": {"name": "wetter", "parameters": {"type": "object"}}}
    ]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "wetter"}}
    assert (sent["parallel_tool_calls"], sent["stop"], sent["user"]) == (False, ["ENDE"], "u1")
    assert sent["max_completion_tokens"] == 50


def test_each_kind_of_server_gets_the_token_cap_it_knows() -> None:
    old, new = _from_chat(max_tokens=5), _from_chat(max_completion_tokens=6)
    assert _to_chat(old)["max_tokens"] == 5
    assert _to_chat(new)["max_completion_tokens"] == 6
    assert _to_chat(new, compatible=True)["max_tokens"] == 6
    assert _to_chat(_from_messages(), compatible=True)["max_tokens"] == 50
    assert _to_messages(new)["max_tokens"] == 6
    assert "max_completion_tokens" not in _to_messages(new)


def test_images_cross_as_data_and_as_url() -> None:
    urls = ["data:image/jpeg;base64," + _PNG, "https://example.com/a.png"]
    content = [{"type": "image_url", "image_url": {"url": url, "detail": "low"}} for url in urls]
    sources = [
        part["source"]
        for part in _to_messages(_from_chat(messages=[{"role": "user", "content": content}]))["messages"][0][
            "content"
        ]
    ]
    assert sources == [
        {"type": "base64", "media_type": "image/jpeg", "data": _PNG},
        {"type": "url", "url": "https://example.com/a.png"},
    ]


def test_a_cache_marker_of_a_chat_client_reaches_anthropic_and_other_extras_do_not() -> None:
    part = {"type": "text", "text": "Lang", "cache_control": {"type": "ephemeral"}, "x": 1}
    sent = _to_messages(_from_chat(messages=[{"role": "user", "content": [part]}]))
    assert sent["messages"][0]["content"] == [
        {"type": "text", "text": "Lang", "cache_control": {"type": "ephemeral"}}
    ]


def test_structured_output_crosses_natively() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    shut = {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": False}}}
    sent = _to_messages(_from_chat(response_format=wanted))
    assert sent["output_config"] == {
        "format": {"type": "json_schema", "schema": {**shut, "additionalProperties": False}}
    }
    back = _to_chat(_from_messages(output_config={"format": {"type": "json_schema", "schema": schema}}))
    assert back["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema},
    }
    assert "JSON" in _to_messages(_from_chat(response_format={"type": "json_object"}))["system"]


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "output"),
    [
        ("claude-opus-4-7", "high", {"type": "adaptive"}, {"effort": "high"}),
        ("claude-sonnet-4-6", "minimal", {"type": "adaptive"}, {"effort": "low"}),
        ("claude-sonnet-4-5-20250929", "high", {"type": "enabled", "budget_tokens": 4096}, None),
        ("claude-opus-4-20250514", "low", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-3-7-sonnet-latest", "medium", {"type": "enabled", "budget_tokens": 4096}, None),
        ("claude-3-5-haiku-latest", "high", None, None),
        ("claude-opus-4-7", "none", {"type": "disabled"}, None),
    ],
)
def test_reasoning_effort_becomes_the_thinking_a_model_knows(
    model: str, effort: str, thinking: dict[str, Any] | None, output: dict[str, Any] | None
) -> None:
    sent = _to_messages(_from_chat(reasoning_effort=effort, temperature=0.2), model)
    assert (sent.get("thinking"), sent.get("output_config")) == (thinking, output)
    assert ("temperature" in sent) == (thinking is None)


def test_thinking_becomes_reasoning_effort_where_the_model_reasons() -> None:
    prompt = _from_messages(thinking={"type": "enabled", "budget_tokens": 4000})
    assert _to_chat(prompt, "gpt-5-mini")["reasoning_effort"] == "low"
    assert "reasoning_effort" not in _to_chat(prompt, "gpt-4o")
    assert _to_chat(_from_messages(output_config={"effort": "max"}), "o4")["reasoning_effort"] == "xhigh"


def test_thinking_stays_off_in_a_tool_loop_whose_thinking_is_lost() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "y"},
    ]
    assert "thinking" not in _to_messages(_from_chat(messages=turns, reasoning_effort="high"))


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"x_tomorrow": 1}, "x_tomorrow"),
        ({"tools": [{"type": "custom", "custom": {"name": "g"}}]}, "tool type custom"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}]}]}, "audio"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, "file"),
    ],
)  # fmt: skip
def test_what_anthropic_cannot_say_is_named_before_the_call(fields: dict[str, Any], feature: str) -> None:
    prompt = _from_chat(**fields)
    assert messages_wire.lacks(prompt) == feature
    with pytest.raises(Unsupported) as caught:
        messages_wire.encode(prompt, "claude")
    assert caught.value.feature == feature


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305"),
        ({"mcp_servers": [{"name": "x"}]}, "mcp_servers"),
        ({"max_tokens": 0}, "max_tokens: 0"),
        (
            {"messages": [{"role": "user", "content": [{"type": "search_result", "source": "x"}]}]},
            "search_result",
        ),
    ],
)
def test_what_openai_cannot_say_is_named_before_the_call(fields: dict[str, Any], feature: str) -> None:
    prompt = _from_messages(**fields)
    with pytest.raises(Unsupported) as caught:
        chat_wire.encode(prompt, "gpt")
    assert caught.value.feature == feature


def test_hints_do_not_keep_a_request_from_the_other_kind_of_provider() -> None:
    hints = {"seed": 1, "presence_penalty": 0.5, "store": False, "logprobs": False, "service_tier": "auto"}
    assert messages_wire.lacks(_from_chat(**hints)) is None


@pytest.mark.parametrize(
    ("turns", "roles"),
    [
        ([{"role": "system", "content": "nur System"}], ["user"]),
        ([{"role": "assistant", "content": "Guten Tag  "}], ["user", "assistant"]),
        ([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], ["user"]),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "b"}], ["user"]),
    ],
)  # fmt: skip
def test_turns_follow_anthropics_rules(turns: list[dict[str, Any]], roles: list[str]) -> None:
    sent = _to_messages(_from_chat(messages=turns))["messages"]
    assert [turn["role"] for turn in sent] == roles
    assert all(
        turn["content"] and turn["content"] == turn["content"].rstrip()
        for turn in sent
        if isinstance(turn["content"], str)
    )


def test_usage_of_anthropic_counts_cached_tokens_as_input() -> None:
    usage = messages_wire.usage_of(
        {
            "input_tokens": 5,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 7,
            "output_tokens": 3,
        }
    )
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens, usage.output_tokens) == (
        112,
        100,
        7,
        3,
    )
