"""The official SDKs, with nothing changed but address and key, over every kind of provider."""

import json

import anthropic
import openai
import pytest

from spine.conftest import Spine

MODELS = ["nur-openai", "nur-anthropic", "nur-offen"]
WEATHER = {
    "type": "object",
    "properties": {"ort": {"type": "string"}},
    "required": ["ort"],
}


@pytest.fixture
def chat(spine: Spine) -> openai.OpenAI:
    return openai.OpenAI(base_url=spine.base_url, api_key=spine.key, max_retries=0, timeout=20)


@pytest.fixture
def messages(spine: Spine) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=spine.server.url, api_key=spine.key, max_retries=0, timeout=20)


@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_gets_a_plain_answer_with_usage(chat: openai.OpenAI, model: str) -> None:
    answer = chat.chat.completions.create(
        model=model, max_tokens=200, messages=[{"role": "user", "content": "echo: Grüße aus Ulm"}]
    )
    assert answer.choices[0].message.content == "Grüße aus Ulm"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0


@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_streams_to_the_end(chat: openai.OpenAI, model: str) -> None:
    stream = chat.chat.completions.create(
        model=model, stream=True, stream_options={"include_usage": True}, max_tokens=200,
        messages=[{"role": "user", "content": "echo: Eins zwei drei vier fünf"}],
    )  # fmt: skip
    text, usage, reasons = "", None, []
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
    assert text == "Eins zwei drei vier fünf"
    assert reasons == ["stop"]
    assert usage is not None
    assert usage.completion_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_openai_sdk_calls_a_tool_and_hands_back_its_result(
    chat: openai.OpenAI, model: str, stream: bool
) -> None:
    tools = [
        {"type": "function", "function": {"name": "wetter", "description": "Wetter", "parameters": WEATHER}}
    ]
    ask = [{"role": "user", "content": "Frage wetter ab\nwith: Ulm"}]
    if stream:
        with chat.chat.completions.stream(model=model, messages=ask, tools=tools, max_tokens=200) as events:
            message = events.get_final_completion().choices[0].message
    else:
        message = chat.chat.completions.create(
            model=model, messages=ask, tools=tools, max_tokens=200
        ).choices[0].message  # fmt: skip
    assert message.tool_calls
    call = message.tool_calls[0]
    assert call.function.name == "wetter"
    assert json.loads(call.function.arguments) == {"ort": "Ulm"}
    follow_up = [
        *ask,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": call.id, "type": "function",
                 "function": {"name": "wetter", "arguments": call.function.arguments}}
            ],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "Regen, 8 Grad"},
    ]  # fmt: skip
    answer = chat.chat.completions.create(model=model, messages=follow_up, tools=tools, max_tokens=200)
    assert "Regen" in (answer.choices[0].message.content or "")


def test_openai_sdk_sends_an_image_through(chat: openai.OpenAI, spine: Spine) -> None:
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    for model, provider in (("nur-openai", "openai-eu"), ("nur-anthropic", "anthropic-eu")):
        chat.chat.completions.create(
            model=model, max_tokens=50,
            messages=[{"role": "user", "content": [
                {"type": "text", "text": "Was ist zu sehen?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}},
            ]}],
        )  # fmt: skip
        assert spine.simulator.contains(provider, pixel) == [pixel]


def test_openai_sdk_lists_models(chat: openai.OpenAI) -> None:
    names = [model.id for model in chat.models.list()]
    assert "standard" in names
    assert chat.models.retrieve("standard").id == "standard"


@pytest.mark.parametrize("model", MODELS)
def test_anthropic_sdk_gets_a_plain_answer_with_usage(messages: anthropic.Anthropic, model: str) -> None:
    answer = messages.messages.create(
        model=model, max_tokens=200, messages=[{"role": "user", "content": "echo: Grüße aus Ulm"}]
    )
    assert answer.content[0].type == "text"
    assert answer.content[0].text == "Grüße aus Ulm"
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize("model", MODELS)
def test_anthropic_sdk_streams_to_the_end(messages: anthropic.Anthropic, model: str) -> None:
    with messages.messages.stream(
        model=model, max_tokens=200, messages=[{"role": "user", "content": "echo: Eins zwei drei vier fünf"}]
    ) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == "Eins zwei drei vier fünf"
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_anthropic_sdk_calls_a_tool_and_hands_back_its_result(
    messages: anthropic.Anthropic, model: str, stream: bool
) -> None:
    tools = [{"name": "wetter", "description": "Wetter", "input_schema": WEATHER}]
    ask = [{"role": "user", "content": "Frage wetter ab\nwith: Ulm"}]
    if stream:
        with messages.messages.stream(model=model, max_tokens=200, messages=ask, tools=tools) as events:
            answer = events.get_final_message()
    else:
        answer = messages.messages.create(model=model, max_tokens=200, messages=ask, tools=tools)
    call = next(block for block in answer.content if block.type == "tool_use")
    assert (call.name, call.input) == ("wetter", {"ort": "Ulm"})
    assert answer.stop_reason == "tool_use"
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Regen, 8 Grad"}
    done = messages.messages.create(
        model=model, max_tokens=200, tools=tools,
        messages=[
            *ask,
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in answer.content]},
            {"role": "user", "content": [result]},
        ],
    )  # fmt: skip
    assert "Regen" in done.content[0].text


def test_sdks_raise_their_own_exceptions(
    chat: openai.OpenAI, messages: anthropic.Anthropic, spine: Spine
) -> None:
    ask = [{"role": "user", "content": "Hallo"}]
    with pytest.raises(openai.NotFoundError) as missing:
        chat.chat.completions.create(model="gibt-es-nicht", messages=ask)
    assert missing.value.code == "model_not_found"
    assert missing.value.request_id
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=spine.base_url, api_key="lst_falsch", max_retries=0).chat.completions.create(
            model="standard", messages=ask
        )
    with pytest.raises(anthropic.NotFoundError) as gone:
        messages.messages.create(model="gibt-es-nicht", max_tokens=10, messages=ask)
    assert gone.value.body["error"]["code"] == "model_not_found"
    with pytest.raises(anthropic.PermissionDeniedError):
        messages.messages.create(
            model="fern", max_tokens=10, messages=ask, extra_headers={"x-leitstand-use-case": "angebote"}
        )
