"""The official Mistral client meets the simulator."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mistralai.client import Mistral, errors

from leitstand.simulator import tokens
from support.simulator import Simulator

PIXEL = "data:image/png;base64,iVBORw0KGgo="
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {"ort": {"type": "string"}}},
        },
    }
    for name in ("wetter", "lager")
]


@pytest.fixture
def client(simulator: Simulator, provider: str) -> Iterator[Mistral]:
    with Mistral(api_key="ms-geheim", server_url=f"{simulator.root(provider)}/mistral") as made:
        yield made


def ask(client: Mistral, text: str, **more: Any) -> Any:
    return client.chat.complete(model="mistral-small", messages=[{"role": "user", "content": text}], **more)


def read(client: Mistral, text: str, **more: Any) -> list[Any]:
    messages: Any = [{"role": "user", "content": text}]
    with client.chat.stream(model="mistral-small", messages=messages, **more) as events:
        return [event.data for event in events]


def test_text_comes_with_usage(client: Mistral) -> None:
    answer = ask(client, "echo: Grüße aus Ulm", random_seed=7, safe_prompt=True)
    assert answer.choices[0].message.content == "Grüße aus Ulm"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens == tokens.count("echo: Grüße aus Ulm")
    assert answer.usage.completion_tokens == tokens.count("Grüße aus Ulm")


def test_a_stream_ends_with_reason_and_usage_in_one_chunk(client: Mistral) -> None:
    chunks = read(client, "echo: eins zwei")
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "eins zwei"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == 2
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_long_prefix_seen_before_is_reported_as_cached(client: Mistral) -> None:
    history = " ".join(f"wort{number % 10}" for number in range(1500))
    ask(client, f"{history}\necho: a")
    usage = ask(client, f"{history}\necho: b").usage
    assert usage.additional_properties["prompt_tokens_details"]["cached_tokens"] == 1408


@pytest.mark.parametrize("choice", ["auto", "any", {"type": "function", "function": {"name": "wetter"}}])
def test_tools_are_called_as_chosen(client: Mistral, choice: Any) -> None:
    calls = (
        ask(client, "wetter und lager with: Ulm", tools=TOOLS, tool_choice=choice)
        .choices[0]
        .message.tool_calls
    )
    assert calls[0].function.name == "wetter"
    assert len(calls) == (1 if isinstance(choice, dict) else 2)
    assert json.loads(calls[0].function.arguments) == {"ort": "Ulm"}
    assert len(calls[0].id) == 9


def test_a_streamed_call_is_whole_in_the_last_chunk(client: Mistral) -> None:
    last = read(client, "wetter with: Ulm", tools=TOOLS)[-1].choices[0]
    assert last.finish_reason == "tool_calls"
    assert json.loads(last.delta.tool_calls[0].function.arguments) == {"ort": "Ulm"}


def _with_result(call_id: str = "abc123XYZ") -> list[Any]:
    call = {"id": call_id, "type": "function", "function": {"name": "wetter", "arguments": "{}"}}
    return [
        {"role": "user", "content": "wetter?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": "12 Grad"},
    ]


def test_tool_results_are_quoted(client: Mistral) -> None:
    answer: Any = client.chat.complete(model="m", messages=_with_result(), tools=TOOLS)
    assert "12 Grad" in answer.choices[0].message.content


def test_reasoning_comes_in_typed_pieces(client: Mistral) -> None:
    content = ask(client, "echo: ja", reasoning_effort="high").choices[0].message.content
    assert [piece.type for piece in content] == ["thinking", "text"]
    assert content[0].thinking[0].text
    first = read(client, "echo: ja", prompt_mode="reasoning")[1].choices[0].delta.content
    assert first[0].type == "thinking"


def test_a_prefix_begins_the_answer(client: Mistral) -> None:
    messages: Any = [
        {"role": "user", "content": "echo: die Antwort"},
        {"role": "assistant", "content": "Also: ", "prefix": True},
    ]
    answer: Any = client.chat.complete(model="m", messages=messages)
    assert answer.choices[0].message.content == "Also: die Antwort"


def test_schema_images_limits_and_stops_are_obeyed(client: Mistral) -> None:
    schema = {"type": "object", "properties": {"art": {"enum": ["Angebot"]}}}
    form: Any = {"type": "json_schema", "json_schema": {"name": "beleg", "schema": schema, "strict": True}}
    assert json.loads(ask(client, "Beleg", response_format=form).choices[0].message.content) == {
        "art": "Angebot"
    }
    parts = [{"type": "text", "text": "echo: ok"}, {"type": "image_url", "image_url": PIXEL}]
    messages: Any = [{"role": "user", "content": parts}]
    answer: Any = client.chat.complete(model="m", messages=messages)
    assert answer.usage.prompt_tokens == tokens.count("echo: ok") + tokens.MEDIA_TOKENS
    assert ask(client, "count: 50", max_tokens=7).choices[0].finish_reason == "length"
    assert ask(client, "echo: eins HALT zwei", stop=["HALT"]).choices[0].message.content == "eins "


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"max_completion_tokens": 5}, ["body", "max_completion_tokens"]),
        ({"stream_options": {"include_usage": True}}, ["body", "stream_options"]),
        ({"seed": 1}, ["body", "seed"]),
        (
            {"messages": [{"role": "user", "content": "x", "name": "Anna"}]},
            ["body", "messages", 0, "user", "name"],
        ),
    ],
)
def test_a_field_of_openai_is_refused(
    client: Mistral, simulator: Simulator, provider: str, change: dict[str, Any], place: list[Any]
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **change}
    answer = client.sdk_configuration.client.post(
        f"{simulator.root(provider)}/mistral/v1/chat/completions", json=body
    )
    assert answer.status_code == 422
    detail = answer.json()["detail"][0]
    assert (detail["type"], detail["loc"]) == ("extra_forbidden", place)


def test_a_value_out_of_range_is_the_clients_validation_error(client: Mistral) -> None:
    with pytest.raises(errors.HTTPValidationError) as caught:
        ask(client, "x", temperature=1.9)
    assert caught.value.data.detail[0].loc == ["body", "temperature"]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (_with_result("call_4711"), "length of 9"),
        ([*_with_result(), {"role": "user", "content": "und?"}], "Unexpected role 'user' after role 'tool'"),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "prefix True"),
        (
            [{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "z"}],
            "either content or tool_calls",
        ),
    ],
)  # fmt: skip
def test_turns_out_of_order_are_refused(client: Mistral, messages: Any, words: str) -> None:
    with pytest.raises(errors.SDKError, match=words) as caught:
        client.chat.complete(model="m", messages=messages)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("fault", "status"),
    [("rate_limit", 429), ("unauthorized", 401), ("not_found", 400), ("context_overflow", 400), ("server_error", 500)],
)  # fmt: skip
def test_faults_are_the_clients_own_exceptions(
    simulator: Simulator, provider: str, client: Mistral, fault: str, status: int
) -> None:
    simulator.faults(provider, {"fault": fault, "times": None})
    with pytest.raises(errors.SDKError) as caught:
        ask(client, "Hallo")
    assert caught.value.status_code == status
    with pytest.raises(errors.SDKError):
        read(client, "Hallo")


def test_models_are_listed(simulator: Simulator, provider: str, client: Mistral) -> None:
    simulator.configure(provider, models=["haus-1"])
    listed: Any = client.models.list()
    assert [model.id for model in listed.data] == ["haus-1"]
