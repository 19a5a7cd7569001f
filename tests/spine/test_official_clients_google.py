"""The official OpenAI and Anthropic SDKs over Gemini and Vertex AI, through a real server."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from spine.conftest import Spine
from support.house import House
from support.simulator import Simulator

MODELS = ["nur-gemini", "nur-vertex"]
PLACES = ("google", "google-cloud", "google-konto")
SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def _key_file(simulator: Simulator) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account", "project_id": "musterwerk-ki", "private_key": pem.decode(),
            "client_email": "ki@musterwerk.example", "token_uri": f"{simulator.root('google-konto')}/token",
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def google(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spine]:
    secret = tmp_path_factory.mktemp("konto") / "konto.json"
    secret.write_text(_key_file(simulator))
    dpa = "{signed: 2026-01-15, expires: 2099-01-15}"
    configuration = f"""
organisation: {{name: Musterwerk GmbH, state: BW}}
providers:
  - {{name: google, kind: gemini, base_url: "{simulator.root("google")}/v1beta", api_key: AIza-test-secret, region: eu, dpa: {dpa}}}
  - {{name: google-cloud, kind: vertex, base_url: "{simulator.root("google-cloud")}/v1", api_key: {shlex.quote(f"file:{secret}")}, location: europe-west3, region: eu, dpa: {dpa}}}
models:
  - {{name: nur-gemini, targets: [{{provider: google, model: gemini-3.8-flash}}]}}
  - {{name: nur-vertex, targets: [{{provider: google-cloud, model: gemini-3.8-flash}}]}}
use_cases:
  - {{name: werbung, department: marketing, data_class: public}}
users:
  - {{name: anna, email: anna@musterwerk.example, department: marketing, role: user}}
"""
    with House(configuration) as house:
        server = house.serve()
        yield Spine(simulator, house, server, house.key(use_case="werbung"))


@pytest.fixture(autouse=True)
def _fresh_google(simulator: Simulator) -> None:
    for name in PLACES:
        simulator.reset(name)
    simulator.configure("google-cloud", api_key="ya29.simulator")
    simulator.configure("google", api_key="AIza-test-secret")


@pytest.fixture
def chat(google: Spine) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=google.base_url, api_key=google.key, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture
def messages(google: Spine) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=google.server.url, api_key=google.key, max_retries=0, timeout=20
    ) as made:
        yield made


@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_gets_plain_and_streamed_answers_with_usage(chat: openai.OpenAI, model: str) -> None:
    ask: Any = [{"role": "user", "content": "echo: Grüße aus Ulm"}]
    plain = chat.chat.completions.create(model=model, max_tokens=200, messages=ask)
    assert (plain.choices[0].message.content, plain.choices[0].finish_reason) == ("Grüße aus Ulm", "stop")
    text, usage = "", None
    options: Any = {"include_usage": True}
    for chunk in chat.chat.completions.create(model=model, stream=True, stream_options=options, messages=ask):
        usage = chunk.usage or usage
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert text == "Grüße aus Ulm"
    assert usage is not None
    assert plain.usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (
        plain.usage.prompt_tokens, plain.usage.completion_tokens,
    )  # fmt: skip
    assert usage.completion_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_calls_tools_in_parallel_and_hands_back_their_results(
    chat: openai.OpenAI, model: str, stream: bool
) -> None:
    tools: Any = [
        {"type": "function", "function": {"name": name, "description": name, "parameters": SCHEMA}}
        for name in ("wetter", "lager")
    ]
    ask: Any = [{"role": "user", "content": "Frage wetter und lager ab\nwith: Ulm"}]
    if stream:
        with chat.chat.completions.stream(model=model, messages=ask, tools=tools) as events:
            message = events.get_final_completion().choices[0].message
    else:
        message = chat.chat.completions.create(model=model, messages=ask, tools=tools).choices[0].message
    calls: Any = message.tool_calls
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("wetter", {"ort": "Ulm"}),
        ("lager", {"ort": "Ulm"}),
    ]
    said = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": call.id, "type": "function",
             "function": {"name": call.function.name, "arguments": call.function.arguments}}
            for call in calls
        ],
    }  # fmt: skip
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": word}
        for call, word in zip(calls, ("Regen", "9 Stück"), strict=True)
    ]
    answer = chat.chat.completions.create(model=model, messages=[*ask, said, *results], tools=tools)
    assert "Regen | 9 Stück" in (answer.choices[0].message.content or "")


def test_openai_sdk_gets_structured_output_and_sends_an_image(chat: openai.OpenAI, google: Spine) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "ort", "schema": SCHEMA, "strict": True}}
    content: Any = [
        {"type": "text", "text": "with: die Stadt am Fluss"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    answer = chat.chat.completions.create(
        model="nur-gemini", response_format=wanted, messages=[{"role": "user", "content": content}]
    )
    assert json.loads(answer.choices[0].message.content or "") == {"ort": "die Stadt am Fluss"}
    assert google.simulator.contains("google", PIXEL) == [PIXEL]


@pytest.mark.parametrize("model", MODELS)
def test_anthropic_sdk_gets_plain_and_streamed_answers_with_usage(
    messages: anthropic.Anthropic, model: str
) -> None:
    ask: Any = [{"role": "user", "content": "echo: Grüße aus Ulm"}]
    plain = messages.messages.create(model=model, max_tokens=200, messages=ask)
    assert [block.text for block in plain.content if block.type == "text"] == ["Grüße aus Ulm"]
    assert plain.stop_reason == "end_turn"
    with messages.messages.stream(model=model, max_tokens=200, messages=ask) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == "Grüße aus Ulm"
    assert final.usage.output_tokens == plain.usage.output_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_anthropic_sdk_brings_the_seal_of_a_call_back(
    messages: anthropic.Anthropic, google: Spine, model: str, stream: bool
) -> None:
    """The seal of a thought (a condition of Google's for calls in a row) survives the foreign dialect."""
    tools: Any = [{"name": "wetter", "description": "Wetter", "input_schema": SCHEMA}]
    ask: Any = [{"role": "user", "content": "Frage wetter ab\nwith: Ulm"}]
    if stream:
        with messages.messages.stream(model=model, max_tokens=200, messages=ask, tools=tools) as events:
            answer: Any = events.get_final_message()
    else:
        answer = messages.messages.create(model=model, max_tokens=200, messages=ask, tools=tools)
    call = next(block for block in answer.content if block.type == "tool_use")
    assert (call.name, call.input, answer.stop_reason) == ("wetter", {"ort": "Ulm"}, "tool_use")
    said: Any = [block.model_dump(exclude_none=True) for block in answer.content]
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "Regen, 8 Grad"}
    done: Any = messages.messages.create(
        model=model, max_tokens=200, tools=tools,
        messages=[*ask, {"role": "assistant", "content": said}, {"role": "user", "content": [result]}],
    )  # fmt: skip
    assert "Regen" in done.content[0].text
    provider = "google" if model == "nur-gemini" else "google-cloud"
    sent = json.loads(google.simulator.log(provider, idle=True)[-1]["body"])
    (part,) = sent["contents"][1]["parts"]
    assert part["thoughtSignature"] == "c2ltdWxpZXJ0ZXIgR2VkYW5rZQ=="


def test_thoughts_reach_an_anthropic_client(messages: anthropic.Anthropic) -> None:
    answer = messages.messages.create(
        model="nur-gemini", max_tokens=20000, thinking={"type": "enabled", "budget_tokens": 9000},
        messages=[{"role": "user", "content": "echo: ja"}],
    )  # fmt: skip
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.usage.output_tokens > 5


def test_the_record_names_place_tokens_and_a_price(chat: openai.OpenAI, google: Spine) -> None:
    raw = chat.chat.completions.with_raw_response.create(
        model="nur-vertex", messages=[{"role": "user", "content": "echo: Guten Tag"}]
    )
    record = google.house.record(raw.headers["x-request-id"])
    assert (record["provider"], record["region"]) == ("google-cloud", "eu")
    assert float(record["cost"]) > 0


def test_faults_come_back_as_the_clients_own_errors(chat: openai.OpenAI, google: Spine) -> None:
    ask: Any = [{"role": "user", "content": "Hallo"}]
    google.simulator.faults("google", "context_overflow")
    with pytest.raises(openai.BadRequestError) as long:
        chat.chat.completions.create(model="nur-gemini", messages=ask)
    assert long.value.code == "context_length_exceeded"
    google.simulator.faults("google", {"fault": "content_filter"})
    blocked = chat.chat.completions.create(model="nur-gemini", messages=ask)
    assert blocked.choices[0].finish_reason == "content_filter"
    google.simulator.faults("google", {"fault": "cut_stream", "after_tokens": 2})
    with pytest.raises(openai.APIError):
        list(chat.chat.completions.create(model="nur-gemini", messages=ask, stream=True))
