"""The official OpenAI and Anthropic clients over Cohere, Mistral and Together, through a real server."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from spine.conftest import Spine
from support.house import House
from support.simulator import Simulator

FRONTS = {"cohere": "v2", "mistral": "mistral/v1", "together": "together/v1"}
MODELS = [f"nur-{kind}" for kind in FRONTS]
WEATHER: Any = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
LETTER = "Frau Erika Sommerfeld, erika.sommerfeld@firma-beispiel.example"


@pytest.fixture(scope="module")
def built(simulator: Simulator) -> Iterator[Spine]:
    providers = "\n".join(
        f'  - {{name: {kind}-eu, kind: {kind}, base_url: "{simulator.root(f"{kind}-eu")}/{front}", '
        f"api_key: geheim-{kind}-4711, region: eu, dpa: {{signed: 2026-01-15, expires: 2099-01-15}}}}"
        for kind, front in FRONTS.items()
    )
    models = "\n".join(
        f"  - {{name: nur-{kind}, targets: [{{provider: {kind}-eu, model: modell-1}}]}}" for kind in FRONTS
    )
    prices = "\n".join(
        f"  - {{provider: {kind}-eu, model: modell-1, input: 1.00, output: 2.00, currency: EUR}}"
        for kind in FRONTS
    )
    users = "  - {name: anna, email: anna@musterwerk.example, role: user}"
    file = f"providers:\n{providers}\nmodels:\n{models}\nusers:\n{users}\nprices:\n{prices}\n"
    with House(file) as house:
        server = house.serve()
        yield Spine(simulator, house, server, house.key())


@pytest.fixture
def chat(built: Spine) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=built.base_url, api_key=built.key, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture
def messages(built: Spine) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=built.server.url, api_key=built.key, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, simulator: Simulator) -> str:
    """A model name, behind a provider without faults and log."""
    name: str = request.param
    simulator.reset(f"{name.removeprefix('nur-')}-eu")
    return name


def provider_of(model: str) -> str:
    return f"{model.removeprefix('nur-')}-eu"


def test_openai_client_gets_a_plain_answer_with_usage(chat: openai.OpenAI, model: str) -> None:
    ask: Any = [{"role": "user", "content": "echo: Grüße aus Ulm"}]
    answer = chat.chat.completions.create(model=model, messages=ask, max_tokens=200)
    assert answer.choices[0].message.content == "Grüße aus Ulm"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0 < answer.usage.completion_tokens


def test_openai_client_streams_to_the_end(chat: openai.OpenAI, model: str) -> None:
    ask: Any = [{"role": "user", "content": "echo: Eins zwei drei vier fünf"}]
    stream = chat.chat.completions.create(
        model=model, messages=ask, stream=True, stream_options={"include_usage": True}
    )
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
def test_openai_client_calls_tools_and_hands_back_results(
    chat: openai.OpenAI, model: str, stream: bool
) -> None:
    tools: Any = [
        {"type": "function", "function": {"name": name, "parameters": WEATHER}}
        for name in ("wetter", "lager")
    ]
    ask: Any = [{"role": "user", "content": "Frage wetter und lager ab\nwith: Ulm"}]
    if stream:
        with chat.chat.completions.stream(model=model, messages=ask, tools=tools) as events:
            message: Any = events.get_final_completion().choices[0].message
    else:
        message = chat.chat.completions.create(model=model, messages=ask, tools=tools).choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["wetter", "lager"]
    assert json.loads(message.tool_calls[0].function.arguments) == {"ort": "Ulm"}
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name}: gut"}
        for call in message.tool_calls
    ]
    follow_up = [*ask, message.model_dump(exclude_none=True), *results]
    answer = chat.chat.completions.create(model=model, messages=follow_up, tools=tools)
    assert "wetter: gut | lager: gut" in (answer.choices[0].message.content or "")


def test_openai_client_gets_json_by_its_schema(chat: openai.OpenAI, model: str) -> None:
    form: Any = {
        "type": "json_schema",
        "json_schema": {"name": "antwort", "schema": WEATHER, "strict": True},
    }
    ask: Any = [{"role": "user", "content": "Wo? with: Ulm"}]
    answer = chat.chat.completions.create(model=model, messages=ask, response_format=form)
    assert json.loads(answer.choices[0].message.content or "") == {"ort": "Ulm"}


def test_anthropic_client_gets_a_plain_answer_with_usage(messages: anthropic.Anthropic, model: str) -> None:
    answer = messages.messages.create(
        model=model, max_tokens=200, messages=[{"role": "user", "content": "echo: Grüße aus Ulm"}]
    )
    assert answer.content[0].type == "text"
    assert answer.content[0].text == "Grüße aus Ulm"
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0 < answer.usage.output_tokens


def test_anthropic_client_streams_to_the_end(messages: anthropic.Anthropic, model: str) -> None:
    with messages.messages.stream(
        model=model, max_tokens=200, messages=[{"role": "user", "content": "echo: Eins zwei drei vier fünf"}]
    ) as stream:
        assert "".join(stream.text_stream) == "Eins zwei drei vier fünf"
        final = stream.get_final_message()
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_anthropic_client_calls_tools_and_hands_back_results(
    messages: anthropic.Anthropic, model: str, stream: bool
) -> None:
    tools: Any = [{"name": "wetter", "description": "Wetter", "input_schema": WEATHER}]
    ask: Any = [{"role": "user", "content": "Frage wetter ab\nwith: Ulm"}]
    if stream:
        with messages.messages.stream(model=model, max_tokens=200, messages=ask, tools=tools) as events:
            answer: Any = events.get_final_message()
    else:
        answer = messages.messages.create(model=model, max_tokens=200, messages=ask, tools=tools)
    call = next(block for block in answer.content if block.type == "tool_use")
    assert (call.name, call.input, answer.stop_reason) == ("wetter", {"ort": "Ulm"}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Regen, 8 Grad"}
    said = [block.model_dump(exclude_none=True) for block in answer.content]
    turns: Any = [*ask, {"role": "assistant", "content": said}, {"role": "user", "content": [result]}]
    done: Any = messages.messages.create(model=model, max_tokens=200, tools=tools, messages=turns)
    assert "Regen" in done.content[0].text


@pytest.mark.parametrize("stream", [False, True])
def test_personal_data_stays_in_the_house_and_comes_back(
    built: Spine, chat: openai.OpenAI, model: str, stream: bool
) -> None:
    ask: Any = [{"role": "user", "content": f"echo: {LETTER}"}]
    answer: Any = chat.chat.completions.create(model=model, messages=ask, stream=stream)
    text = (
        "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
        if stream
        else answer.choices[0].message.content
    )
    assert text == LETTER
    provider = provider_of(model)
    assert built.simulator.log(provider, arrived=1)
    assert built.simulator.contains(provider, "Sommerfeld", "firma-beispiel") == []


def test_refusals_and_cuts_are_the_clients_own_exceptions(
    built: Spine, chat: openai.OpenAI, model: str
) -> None:
    provider = provider_of(model)
    ask: Any = [{"role": "user", "content": "count: 40"}]
    built.simulator.faults(provider, {"fault": "context_overflow"})
    with pytest.raises(openai.BadRequestError) as too_long:
        chat.chat.completions.create(model=model, messages=ask)
    assert too_long.value.code == "context_length_exceeded"
    built.simulator.faults(provider, {"fault": "cut_stream", "after_tokens": 5})
    with pytest.raises(openai.APIError):
        list(chat.chat.completions.create(model=model, messages=ask, stream=True))
