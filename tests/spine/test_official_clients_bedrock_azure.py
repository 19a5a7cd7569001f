"""The official SDKs of OpenAI and Anthropic over Bedrock and Azure, through a real server."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from spine.conftest import Spine
from support.house import House, configuration
from support.simulator import Simulator

MODELS = ["claude-bedrock", "nova-bedrock", "gpt-azure", "gpt-azure-entra"]
WEATHER = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
ASK: Any = [{"role": "user", "content": "Frage wetter ab\nwith: Ulm"}]


@pytest.fixture(scope="module")
def clouds(simulator: Simulator) -> Iterator[Spine]:
    dpa = "dpa: {signed: 2026-01-15, expires: 2099-01-15}"
    azure = simulator.root("azure-eu")
    entra = f'entra_tenant: m.example, entra_client_id: app-1, entra_authority: "{azure}"'
    text = configuration(simulator)
    text = text.replace(
        "models:\n",
        f"""  - {{name: bedrock-eu, kind: bedrock, base_url: "{simulator.root("bedrock-eu")}", aws_region: eu-central-1,
      access_key_id: AKIAEXAMPLE12345, api_key: wJalrXUtnFEMI-K7MDENG, region: eu, {dpa}}}
  - {{name: azure-eu, kind: azure_openai, base_url: "{azure}", api_version: 2024-10-21, api_key: abc123, region: eu, {dpa}}}
  - {{name: azure-entra, kind: azure_openai, base_url: "{azure}/openai/v1", {entra}, api_key: abc124, region: eu, {dpa}}}
models:
  - {{name: claude-bedrock, targets: [{{provider: bedrock-eu, model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"}}]}}
  - {{name: nova-bedrock, targets: [{{provider: bedrock-eu, model: "eu.amazon.nova-lite-v1:0"}}]}}
  - {{name: gpt-azure, targets: [{{provider: azure-eu, model: gpt-4o-mini}}]}}
  - {{name: gpt-azure-entra, targets: [{{provider: azure-entra, model: gpt-4o-mini}}]}}
  - {{name: bedrock-dann-azure, targets: [
      {{provider: bedrock-eu, model: "eu.amazon.nova-lite-v1:0"}}, {{provider: azure-eu, model: gpt-4o-mini}}]}}
""",
        1,
    )
    with House(text) as house:
        server = house.serve()
        yield Spine(simulator, house, server, house.key())


@pytest.fixture(autouse=True)
def _fresh_clouds(simulator: Simulator) -> None:
    for provider in ("bedrock-eu", "azure-eu"):
        simulator.reset(provider)


@pytest.fixture(scope="module")
def chat(clouds: Spine) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=clouds.base_url, api_key=clouds.key, max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def messages(clouds: Spine) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=clouds.server.url, api_key=clouds.key, max_retries=0, timeout=20
    ) as client:
        yield client


@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_gets_a_plain_answer_with_usage_and_cost(chat: openai.OpenAI, model: str) -> None:
    raw = chat.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": "echo: Grüße aus Ulm"}]
    )
    answer = raw.parse()
    assert answer.choices[0].message.content == "Grüße aus Ulm"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0
    assert float(raw.headers["x-leitstand-cost"]) > 0


@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_streams_to_the_end(chat: openai.OpenAI, model: str) -> None:
    stream = chat.chat.completions.create(
        model=model, stream=True, stream_options={"include_usage": True},
        messages=[{"role": "user", "content": "echo: Eins zwei drei vier fünf"}],
    )  # fmt: skip
    text, usage, reasons = "", None, []
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
    assert (text, reasons) == ("Eins zwei drei vier fünf", ["stop"])
    assert usage is not None
    assert usage.completion_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_calls_a_tool_and_hands_back_its_result(
    chat: openai.OpenAI, model: str, stream: bool
) -> None:
    tools: Any = [{"type": "function", "function": {"name": "wetter", "parameters": WEATHER}}]
    if stream:
        with chat.chat.completions.stream(model=model, messages=ASK, tools=tools) as events:
            message: Any = events.get_final_completion().choices[0].message
    else:
        message = chat.chat.completions.create(model=model, messages=ASK, tools=tools).choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("wetter", {"ort": "Ulm"})
    turn = {
        "role": "assistant", "content": None,
        "tool_calls": [{"id": call.id, "type": "function",
                        "function": {"name": "wetter", "arguments": call.function.arguments}}],
    }  # fmt: skip
    result = {"role": "tool", "tool_call_id": call.id, "content": "Regen, 8 Grad"}
    answer = chat.chat.completions.create(model=model, messages=[*ASK, turn, result], tools=tools)
    assert "Regen" in (answer.choices[0].message.content or "")


@pytest.mark.parametrize("model", MODELS)
def test_anthropic_sdk_gets_a_plain_and_a_streamed_answer(messages: anthropic.Anthropic, model: str) -> None:
    ask: Any = [{"role": "user", "content": "echo: Grüße aus Ulm"}]
    answer: Any = messages.messages.create(model=model, max_tokens=200, messages=ask)
    with messages.messages.stream(model=model, max_tokens=200, messages=ask) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert (answer.content[0].text, answer.stop_reason) == ("Grüße aus Ulm", "end_turn")
    assert (text, final.stop_reason) == ("Grüße aus Ulm", "end_turn")
    assert answer.usage.output_tokens == final.usage.output_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_anthropic_sdk_calls_a_tool_and_hands_back_its_result(
    messages: anthropic.Anthropic, model: str, stream: bool
) -> None:
    tools: Any = [{"name": "wetter", "input_schema": WEATHER}]
    if stream:
        with messages.messages.stream(model=model, max_tokens=200, messages=ASK, tools=tools) as events:
            answer: Any = events.get_final_message()
    else:
        answer = messages.messages.create(model=model, max_tokens=200, messages=ASK, tools=tools)
    call = next(block for block in answer.content if block.type == "tool_use")
    assert (call.name, call.input, answer.stop_reason) == ("wetter", {"ort": "Ulm"}, "tool_use")
    turn = [block.model_dump(exclude_none=True) for block in answer.content]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Regen, 8 Grad"}
    history: Any = [*ASK, {"role": "assistant", "content": turn}, {"role": "user", "content": [result]}]
    done: Any = messages.messages.create(model=model, max_tokens=200, messages=history, tools=tools)
    assert "Regen" in done.content[0].text


@pytest.mark.parametrize("stream", [False, True])
def test_what_bedrock_cannot_serve_azure_answers(clouds: Spine, chat: openai.OpenAI, stream: bool) -> None:
    clouds.simulator.faults("bedrock-eu", "rate_limit")
    raw = chat.chat.completions.with_raw_response.create(
        model="bedrock-dann-azure", stream=stream, messages=[{"role": "user", "content": "echo: ja"}]
    )
    assert raw.headers["x-leitstand-provider"] == "azure-eu"
    assert raw.headers["x-leitstand-fallback"] == "1"


def test_a_content_filter_is_passed_on_and_not_routed_around(clouds: Spine, chat: openai.OpenAI) -> None:
    clouds.simulator.faults("azure-eu", "content_filter")
    with pytest.raises(openai.BadRequestError):
        chat.chat.completions.create(model="gpt-azure", messages=[{"role": "user", "content": "Hallo"}])


def test_keys_reach_no_message(clouds: Spine, chat: openai.OpenAI) -> None:
    chat.chat.completions.create(model="claude-bedrock", messages=[{"role": "user", "content": "Hallo"}])
    assert clouds.simulator.contains("bedrock-eu", "wJalrXUtnFEMI-K7MDENG") == []
