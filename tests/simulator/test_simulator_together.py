"""The official Together client meets the simulator."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import together

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
MODEL = "meta-llama/Llama-3.3-70B-Instruct-Turbo"


@pytest.fixture
def client(simulator: Simulator, provider: str) -> Iterator[together.Together]:
    url = f"{simulator.root(provider)}/together"
    with together.Together(api_key="tg-geheim", base_url=url, max_retries=0, timeout=10) as made:
        yield made


def ask(client: together.Together, text: Any, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=MODEL, messages=messages, **more)


def test_text_comes_with_usage_and_its_own_word_for_the_end(client: together.Together) -> None:
    answer = ask(client, "echo: Grüße aus Ulm")
    assert answer.choices[0].message.content == "Grüße aus Ulm"
    assert answer.choices[0].finish_reason == "eos"
    assert answer.prompt == []
    assert answer.usage.prompt_tokens == tokens.count("echo: Grüße aus Ulm")


def test_a_stream_ends_with_reason_and_usage_in_one_chunk(client: together.Together) -> None:
    chunks = list(ask(client, "echo: eins zwei", stream=True))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "eins zwei"
    assert chunks[-1].choices[0].finish_reason == "eos"
    assert chunks[-1].usage.completion_tokens == 2
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_tools_are_called_in_parallel_and_results_quoted(client: together.Together) -> None:
    message = ask(client, "wetter und lager with: Ulm", tools=TOOLS).choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["wetter", "lager"]
    assert json.loads(message.tool_calls[0].function.arguments) == {"ort": "Ulm"}
    call: Any = {"id": "w1", "type": "function", "function": {"name": "wetter", "arguments": "{}"}}
    messages: Any = [
        {"role": "user", "content": "wetter?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "w1", "content": "12 Grad"},
    ]
    answer: Any = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    assert "12 Grad" in answer.choices[0].message.content


def test_streamed_arguments_come_in_pieces(client: together.Together) -> None:
    pieces: list[str] = []
    for chunk in ask(client, "wetter with: Ulm", tools=TOOLS, tool_choice="required", stream=True):
        pieces += [call.function.arguments for call in chunk.choices[0].delta.tool_calls or ()]
    assert len(pieces) > 2
    assert json.loads("".join(pieces)) == {"ort": "Ulm"}


def test_reasoning_has_a_field_of_its_own(client: together.Together) -> None:
    message = ask(client, "echo: ja", reasoning_effort="low").choices[0].message
    assert message.reasoning
    assert message.content == "ja"
    chunks = list(ask(client, "echo: ja", reasoning={"enabled": True}, stream=True))
    assert "".join(chunk.choices[0].delta.reasoning or "" for chunk in chunks) == message.reasoning


def test_schema_images_limits_and_stops_are_obeyed(client: together.Together) -> None:
    schema = {"type": "object", "properties": {"art": {"enum": ["Angebot"]}}}
    form: Any = {"type": "json_schema", "json_schema": {"name": "beleg", "schema": schema}}
    assert json.loads(ask(client, "Beleg", response_format=form).choices[0].message.content) == {
        "art": "Angebot"
    }
    parts = [{"type": "text", "text": "echo: ok"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    assert ask(client, parts).usage.prompt_tokens == tokens.count("echo: ok") + tokens.MEDIA_TOKENS
    assert ask(client, "count: 50", max_tokens=7).choices[0].finish_reason == "length"
    stopped = ask(client, "echo: eins HALT zwei", stop=["HALT"]).choices[0]
    assert (stopped.message.content, stopped.finish_reason) == ("eins ", "stop")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limit", together.RateLimitError),
        ("unauthorized", together.AuthenticationError),
        ("not_found", together.NotFoundError),
        ("context_overflow", together.PermissionDeniedError),
        ("content_filter", together.BadRequestError),
        ("server_error", together.InternalServerError),
    ],
)
def test_faults_are_the_clients_own_exceptions(
    simulator: Simulator, provider: str, client: together.Together, fault: str, error: type[Exception]
) -> None:
    simulator.faults(provider, {"fault": fault, "times": None})
    with pytest.raises(error):
        ask(client, "Hallo")
    with pytest.raises(error):
        ask(client, "Hallo", stream=True)


def test_a_failure_inside_a_stream_is_the_clients_own_exception(
    simulator: Simulator, provider: str, client: together.Together
) -> None:
    simulator.faults(provider, {"fault": "error_in_stream", "after_tokens": 2})
    with pytest.raises(together.APIError, match="Internal server error"):
        list(ask(client, "count: 10", stream=True))


def test_models_are_listed(simulator: Simulator, provider: str, client: together.Together) -> None:
    simulator.configure(provider, models=["haus-1"])
    listed: Any = client.get("/v1/models", cast_to=object)
    assert [model["id"] for model in listed] == ["haus-1"]
