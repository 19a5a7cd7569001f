"""The official Cohere client meets the simulator."""

import json
from collections.abc import Iterator
from typing import Any

import cohere
import pytest

from leitstand.simulator import tokens
from support.simulator import Simulator

PIXEL = "data:image/png;base64,iVBORw0KGgo="
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": name,
            "parameters": {
                "type": "object",
                "properties": {"ort": {"type": "string"}},
                "required": ["ort"],
            },
        },
    }
    for name in ("wetter", "lager")
]


@pytest.fixture
def client(simulator: Simulator, provider: str) -> Iterator[cohere.ClientV2]:
    with cohere.ClientV2(api_key="co-geheim", base_url=simulator.root(provider), timeout=10) as made:
        yield made


def ask(client: cohere.ClientV2, text: str, **more: Any) -> Any:
    return client.chat(model="command-a-03-2025", messages=[{"role": "user", "content": text}], **more)


def read(client: cohere.ClientV2, text: str, **more: Any) -> list[Any]:
    messages: Any = [{"role": "user", "content": text}]
    return list(client.chat_stream(model="command-a-03-2025", messages=messages, **more))


def test_text_comes_with_billed_and_counted_tokens(client: cohere.ClientV2) -> None:
    answer = ask(client, "echo: Grüße aus Ulm")
    assert answer.message.content[0].text == "Grüße aus Ulm"
    assert answer.finish_reason == "COMPLETE"
    assert answer.usage.billed_units.input_tokens == tokens.count("echo: Grüße aus Ulm")
    assert answer.usage.tokens.input_tokens > answer.usage.billed_units.input_tokens


def test_a_stream_has_all_event_types_in_order(client: cohere.ClientV2) -> None:
    events = read(client, "echo: eins zwei")
    assert [event.type for event in events] == [
        "message-start", "content-start", "content-delta", "content-delta", "content-end", "message-end",
    ]  # fmt: skip
    text = "".join(event.delta.message.content.text for event in events if event.type == "content-delta")
    assert text == "eins zwei"
    assert events[-1].delta.finish_reason == "COMPLETE"
    assert events[-1].delta.usage.billed_units.output_tokens == 2


def test_tools_are_called_in_parallel_after_a_plan(client: cohere.ClientV2) -> None:
    answer = ask(client, "wetter und lager with: Ulm", tools=TOOLS)
    assert answer.finish_reason == "TOOL_CALL"
    assert answer.message.tool_plan
    assert [call.function.name for call in answer.message.tool_calls] == ["wetter", "lager"]
    assert json.loads(answer.message.tool_calls[0].function.arguments) == {"ort": "Ulm"}


def test_streamed_calls_come_in_pieces(client: cohere.ClientV2) -> None:
    arguments: dict[int, str] = {}
    names: list[str] = []
    for event in read(client, "wetter und lager with: Ulm", tools=TOOLS):
        if event.type == "tool-call-start":
            names.append(event.delta.message.tool_calls.function.name)
            arguments[event.index] = ""
        elif event.type == "tool-call-delta":
            arguments[event.index] += event.delta.message.tool_calls.function.arguments
    assert names == ["wetter", "lager"]
    assert [json.loads(each) for each in arguments.values()] == [{"ort": "Ulm"}, {"ort": "Ulm"}]


def test_tool_results_are_quoted(client: cohere.ClientV2) -> None:
    call: Any = {"id": "w1", "type": "function", "function": {"name": "wetter", "arguments": "{}"}}
    messages: Any = [
        {"role": "user", "content": "wetter?"},
        {"role": "assistant", "tool_calls": [call], "tool_plan": "Ich frage nach."},
        {"role": "tool", "tool_call_id": "w1", "content": "12 Grad"},
    ]
    answer: Any = client.chat(model="m", messages=messages, tools=TOOLS)
    assert "12 Grad" in answer.message.content[0].text
    messages[2]["tool_call_id"] = "w2"
    with pytest.raises(cohere.errors.BadRequestError):
        client.chat(model="m", messages=messages, tools=TOOLS)


def test_json_schema_is_obeyed_but_not_with_tools(client: cohere.ClientV2) -> None:
    schema = {"type": "object", "properties": {"art": {"enum": ["Angebot"]}}, "required": ["art"]}
    form: Any = {"type": "json_object", "json_schema": schema}
    answer = ask(client, "Beleg", response_format=form)
    assert json.loads(answer.message.content[0].text) == {"art": "Angebot"}
    with pytest.raises(cohere.errors.BadRequestError):
        ask(client, "Beleg", response_format=form, tools=TOOLS)


def test_images_and_thinking_are_understood(client: cohere.ClientV2) -> None:
    parts = [
        {"type": "text", "text": "echo: ok"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
    ]
    messages: Any = [{"role": "user", "content": parts}]
    thinking: Any = {"type": "enabled", "token_budget": 100}
    answer: Any = client.chat(model="m", messages=messages, thinking=thinking)
    assert [part.type for part in answer.message.content] == ["thinking", "text"]
    assert answer.usage.billed_units.input_tokens == tokens.count("echo: ok") + tokens.MEDIA_TOKENS


def test_limits_and_stop_sequences_name_their_reason(client: cohere.ClientV2) -> None:
    assert ask(client, "count: 50", max_tokens=7).finish_reason == "MAX_TOKENS"
    stopped = ask(client, "echo: eins HALT zwei", stop_sequences=["HALT"])
    assert (stopped.message.content[0].text, stopped.finish_reason) == ("eins ", "STOP_SEQUENCE")


@pytest.mark.parametrize(
    "more",
    [{"p": 1.0}, {"temperature": 1.5}, {"frequency_penalty": 0.1, "presence_penalty": 0.1}, {"tool_choice": "AUTO"}],
)  # fmt: skip
def test_what_the_api_refuses_is_refused(client: cohere.ClientV2, more: dict[str, Any]) -> None:
    with pytest.raises(cohere.errors.BadRequestError) as caught:
        ask(client, "Hallo", **more)
    assert caught.value.body["message"]


def test_a_field_of_another_api_is_refused(client: cohere.ClientV2) -> None:
    with pytest.raises(cohere.errors.UnprocessableEntityError, match="max_completion_tokens"):
        ask(client, "Hallo", request_options={"additional_body_parameters": {"max_completion_tokens": 5}})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limit", cohere.errors.TooManyRequestsError),
        ("unauthorized", cohere.errors.UnauthorizedError),
        ("forbidden", cohere.errors.ForbiddenError),
        ("not_found", cohere.errors.NotFoundError),
        ("context_overflow", cohere.errors.BadRequestError),
        ("content_filter", cohere.errors.InvalidTokenError),  # the client's name of status 498
        ("server_error", cohere.errors.InternalServerError),
        ("unavailable", cohere.errors.ServiceUnavailableError),
    ],
)
def test_faults_are_the_clients_own_exceptions(
    simulator: Simulator, provider: str, client: cohere.ClientV2, fault: str, error: type[Exception]
) -> None:
    simulator.faults(provider, {"fault": fault, "times": None})
    with pytest.raises(error):
        ask(client, "Hallo", request_options={"max_retries": 0})
    with pytest.raises(error):
        read(client, "Hallo", request_options={"max_retries": 0})


def test_a_failure_inside_a_stream_is_told_by_its_last_event(
    simulator: Simulator, provider: str, client: cohere.ClientV2
) -> None:
    simulator.faults(provider, {"fault": "error_in_stream", "after_tokens": 2})
    last = read(client, "count: 10")[-1]
    assert (last.delta.finish_reason, last.delta.error) == ("ERROR", "internal server error")
