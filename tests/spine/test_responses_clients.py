"""The official SDK's Responses API, with nothing changed but address and key, over every kind of provider."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pydantic
import pytest

from support.house import House
from support.simulator import Simulator

_DPA = "{signed: 2026-01-15, expires: 2099-01-15}"
_WAITS = "{connect: 2, first_token: 5, idle: 5, total: 30}"
_KINDS = {
    "openai": ("openai", "gpt-5-mini", "/v1", ""),
    "als-chat": ("openai", "gpt-5-mini", "/v1", "api: chat, "),
    "azure": ("azure_openai", "gpt-5-mini", "/openai/v1", ""),
    "azure-alt": ("azure_openai", "gpt-5-mini", "", ""),
    "offen": ("openai_compatible", "qwen", "/v1", ""),
    "anthropic": ("anthropic", "claude-sonnet-4-5", "/v1", ""),
    "gemini": ("gemini", "gemini-2.5-flash", "/v1beta", ""),
    "mistral": ("mistral", "mistral-medium-latest", "/mistral/v1", ""),
    "cohere": ("cohere", "command-a-03-2025", "/v2", ""),
    "together": ("together", "openai/gpt-oss-120b", "/together/v1", ""),
    "bedrock": ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "", ""),
}
_NATIVE = ("openai", "azure")
_WEATHER = {
    "type": "function",
    "name": "wetter",
    "description": "Wetter eines Ortes",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"ort": {"type": "string"}},
        "required": ["ort"],
        "additionalProperties": False,
    },
}
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_ORDER = [
    "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    "response.output_text.delta", "response.output_text.done", "response.content_part.done",
    "response.output_item.done", "response.completed",
]  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A running house with one provider of each kind; the key is Anna's."""

    simulator: Simulator
    house: House
    url: str
    key: str


def _configuration(simulator: Simulator) -> str:
    lines = ["providers:"]
    for name, (kind, _, path, option) in _KINDS.items():
        lines.append(
            f"  - {{name: {name}, kind: {kind}, base_url: '{simulator.root(f'{name}-r')}{path}', {option}"
            f"api_key: sk-test, region: eu, dpa: {_DPA}, timeouts: {_WAITS}}}"
        )
    lines.append(
        f"  - {{name: neu, kind: openai, base_url: '{simulator.root('neu-r')}/v1', api: responses, api_key: sk-test, "
        f"region: eu, dpa: {_DPA}, timeouts: {_WAITS}}}"
    )
    lines.append("models:")
    lines.append("  - {name: neu, targets: [{provider: neu, model: gpt-5-mini}]}")
    for name, (_, model, _, _) in _KINDS.items():
        lines.append(f"  - {{name: {name}, targets: [{{provider: {name}, model: '{model}'}}]}}")
    lines.append("  - {name: gemerkt, cache: true, targets: [{provider: openai, model: gpt-5-mini}]}")
    lines.append(
        "  - {name: reserve, targets: [{provider: openai, model: gpt-5-mini}, {provider: anthropic, model: claude-sonnet-4-5}]}"
    )
    lines += [
        "use_cases:",
        "  - {name: angebote, department: vertrieb, data_class: confidential}",
        "users:",
        "  - {name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}",
        "  - {name: ben, email: ben@musterwerk.example, department: vertrieb, role: user}",
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def place(simulator: Simulator) -> Iterator[Place]:
    with House(_configuration(simulator)) as house:
        server = house.serve()
        yield Place(simulator, house, f"{server.url}/v1", house.key())


@pytest.fixture(autouse=True)
def _well(place: Place) -> None:
    for name in (*_KINDS, "neu"):
        place.simulator.reset(f"{name}-r")


def _client(place: Place, key: str = "") -> openai.OpenAI:
    return openai.OpenAI(base_url=place.url, api_key=key or place.key, max_retries=0, timeout=20)


@pytest.fixture
def client(place: Place) -> Iterator[openai.OpenAI]:
    with _client(place) as client:
        yield client


every_kind = pytest.mark.parametrize("model", _KINDS)


@every_kind
def test_a_plain_answer_comes_with_usage(client: openai.OpenAI, model: str) -> None:
    answer = client.responses.create(model=model, input="echo: Grüße aus Ulm", instructions="Sei kurz.")
    assert (answer.status, answer.output_text) == ("completed", "Grüße aus Ulm")
    assert answer.usage is not None
    assert answer.usage.input_tokens > 0
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.instructions == "Sei kurz."
    assert answer.id.startswith("resp_")
    assert answer.store is True


@every_kind
def test_a_stream_has_every_event_once_in_order(client: openai.OpenAI, model: str) -> None:
    seen: list[str] = []
    with client.responses.stream(model=model, input="echo: Eins zwei drei vier fünf") as stream:
        numbers = []
        for event in stream:
            numbers.append(event.sequence_number)
            if event.type not in seen[-1:]:
                seen.append(event.type)
        final = stream.get_final_response()
    assert seen == _ORDER
    assert numbers == list(range(len(numbers)))
    assert final.output_text == "Eins zwei drei vier fünf"
    assert final.usage is not None
    assert final.usage.output_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
@every_kind
def test_parallel_tools_are_called_and_their_results_understood(
    client: openai.OpenAI, model: str, stream: bool
) -> None:
    ask: list[Any] = [{"role": "user", "content": "Frage wetter und lager ab\nwith: Ulm"}]
    how: dict[str, Any] = {"model": model, "tools": [_WEATHER, {**_WEATHER, "name": "lager"}]}
    if stream:
        with client.responses.stream(input=ask, **how) as events:
            answer = events.get_final_response()
    else:
        answer = client.responses.create(input=ask, **how)
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("wetter", {"ort": "Ulm"}),
        ("lager", {"ort": "Ulm"}),
    ]
    assert len({call.call_id for call in calls}) == 2
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": said}
        for call, said in zip(calls, ("Regen", "leer"), strict=True)
    ]
    own = [item.model_dump(exclude_none=True) for item in answer.output]
    done = client.responses.create(input=[*ask, *own, *results], **how)
    assert "Regen" in done.output_text
    assert "leer" in done.output_text
    gone_on = client.responses.create(input=results, previous_response_id=answer.id, **how)
    assert gone_on.output_text == done.output_text
    assert gone_on.previous_response_id == answer.id


class Offer(pydantic.BaseModel):
    kunde: str
    menge: int


@every_kind
def test_structured_output_is_parsed(client: openai.OpenAI, model: str) -> None:
    answer = client.responses.parse(model=model, input="Angebot\nwith: Ulm", text_format=Offer)
    assert isinstance(answer.output_parsed, Offer)


@every_kind
def test_an_image_arrives(client: openai.OpenAI, place: Place, model: str) -> None:
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{_PIXEL}", "detail": "low"}
    client.responses.create(
        model=model,
        input=[{"role": "user", "content": [{"type": "input_text", "text": "Was ist zu sehen?"}, picture]}],
    )
    assert place.simulator.contains(f"{model}-r", _PIXEL) == [_PIXEL]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", _NATIVE)
def test_reasoning_is_shown_and_comes_back_sealed(
    client: openai.OpenAI, place: Place, model: str, stream: bool
) -> None:
    how: dict[str, Any] = {"model": model, "reasoning": {"effort": "high", "summary": "auto"}}
    if stream:
        with client.responses.stream(input="echo: Gut", **how) as events:
            first = events.get_final_response()
    else:
        first = client.responses.create(input="echo: Gut", **how)
    assert [item.type for item in first.output] == ["reasoning", "message"]
    assert first.output[0].summary[0].text.startswith("Ich prüfe")
    assert first.usage is not None
    assert first.usage.output_tokens_details.reasoning_tokens > 0
    seal = first.output[0].encrypted_content
    assert seal
    client.responses.create(input="echo: Weiter", previous_response_id=first.id, **how)
    sent = [json.loads(entry["body"]) for entry in place.simulator.log(f"{model}-r", idle=True)]
    assert all(body["store"] is False for body in sent)
    assert [item.get("type") for item in sent[1]["input"]] == ["message", "reasoning", "message", None]
    assert sent[1]["input"][1]["encrypted_content"] == seal


def test_thoughts_of_another_maker_are_shown_and_kept_apart(client: openai.OpenAI) -> None:
    first = client.responses.create(
        model="anthropic", input="echo: Gut", reasoning={"effort": "high"}, max_output_tokens=9000
    )
    assert [item.type for item in first.output] == ["reasoning", "message"]
    for model in ("anthropic", "openai", "gemini", "bedrock"):
        answer = client.responses.create(model=model, input="echo: Weiter", previous_response_id=first.id)
        assert answer.output_text == "Weiter"


def test_a_conversation_goes_on_over_several_answers(client: openai.OpenAI) -> None:
    first = client.responses.create(model="openai", input="echo: Eins", instructions="Nur einmal")
    second = client.responses.create(model="anthropic", input="echo: Zwei", previous_response_id=first.id)
    third = client.responses.create(model="offen", input="echo-all", previous_response_id=second.id)
    assert third.output_text == "echo: Eins\necho: Zwei\necho-all"
    assert (
        "Nur einmal"
        not in client.responses.create(
            model="openai", input="echo-system", previous_response_id=third.id
        ).output_text
    )


def test_kept_answers_are_shown_and_removed(client: openai.OpenAI) -> None:
    made = client.responses.create(model="openai", input=[
        {"role": "user", "content": "echo: Eins"}, {"role": "user", "content": "echo: Zwei"},
    ])  # fmt: skip
    shown = client.responses.retrieve(made.id)
    assert shown.model_dump() == made.model_dump()
    items = list(client.responses.input_items.list(made.id, order="asc", limit=1))
    assert [item.content[0].text for item in items] == ["echo: Eins", "echo: Zwei"]
    client.responses.delete(made.id)
    for look in (client.responses.retrieve, client.responses.input_items.list, client.responses.delete):
        with pytest.raises(openai.NotFoundError) as gone:
            look(made.id)
        assert gone.value.code == "not_found"
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="openai", input="Hallo", previous_response_id=made.id)


def test_an_answer_that_is_not_to_be_kept_is_not(client: openai.OpenAI) -> None:
    made = client.responses.create(model="openai", input="echo: Eins", store=False)
    assert made.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_nobody_else_reaches_a_kept_answer(client: openai.OpenAI, place: Place) -> None:
    made = client.responses.create(model="openai", input="echo: Geheim")
    others = [_client(place, place.house.key("ben")), _client(place, place.house.key("anna", "angebote"))]
    messages = set()
    for other in others:
        for missing in (made.id, "resp_gibt_es_nicht"):
            with pytest.raises(openai.NotFoundError) as hidden:
                other.responses.create(model="openai", input="Hallo", previous_response_id=missing)
            messages.add(str(hidden.value.body["message"]).replace(missing, "…"))
            with pytest.raises(openai.NotFoundError):
                other.responses.retrieve(missing)
            with pytest.raises(openai.NotFoundError):
                other.responses.delete(missing)
    assert len(messages) == 1
    assert client.responses.retrieve(made.id).output_text == "Geheim"


@pytest.mark.parametrize("stream", [False, True])
@every_kind
def test_originals_stay_in_the_house_and_come_back_whole(
    client: openai.OpenAI, place: Place, model: str, stream: bool
) -> None:
    secret = "erika.beispiel@nirgendwo.example"
    how: dict[str, Any] = {
        "model": model,
        "input": f"echo: Schreiben Sie an {secret} heute",
        "instructions": f"Für {secret}",
    }
    if stream:
        texts: dict[str, str] = {"delta": ""}
        with client.responses.stream(**how) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    texts["delta"] += event.delta
                elif event.type == "response.output_text.done":
                    texts["done"] = event.text
                elif event.type == "response.output_item.done":
                    texts["item"] = event.item.content[0].text
            answer = events.get_final_response()
        assert set(texts.values()) == {f"Schreiben Sie an {secret} heute"}
    else:
        answer = client.responses.create(**how)
    assert answer.output_text == f"Schreiben Sie an {secret} heute"
    assert answer.instructions == f"Für {secret}"
    again = client.responses.create(model=model, input="echo-all", previous_response_id=answer.id)
    assert secret in again.output_text
    assert place.simulator.contains(f"{model}-r", secret) == []
    bodies = [entry["body"] for entry in place.simulator.log(f"{model}-r", idle=True)]
    assert all("_001" in body for body in bodies)


def test_kept_originals_are_sealed_on_disk(client: openai.OpenAI, place: Place) -> None:
    secret = "otto.sonderbar@nirgendwo.example"
    client.responses.create(model="openai", input=f"echo: An {secret}")
    stored = b"".join(path.read_bytes() for path in place.house.data.glob("leitstand.sqlite*"))
    assert b"kept_response" in stored
    assert secret.encode() not in stored


def test_tool_arguments_are_restored_with_a_stream(client: openai.OpenAI) -> None:
    secret = "erika.beispiel@nirgendwo.example"
    with client.responses.stream(
        model="openai", input=f"Frage wetter ab\nwith: {secret}", tools=[_WEATHER]
    ) as events:
        done = [event for event in events if event.type == "response.function_call_arguments.done"]
        answer = events.get_final_response()
    assert json.loads(done[0].arguments) == {"ort": secret}
    assert json.loads(answer.output[0].arguments) == {"ort": secret}


def test_the_cache_answers_with_an_answer_of_its_own_name(client: openai.OpenAI) -> None:
    asked = [
        client.responses.with_raw_response.create(model="gemerkt", input="echo: Noch einmal")
        for _ in range(2)
    ]
    assert [answer.headers["x-leitstand-cache"] for answer in asked] == ["miss", "hit"]
    first, second = (answer.parse() for answer in asked)
    assert first.id != second.id
    assert client.responses.retrieve(second.id).output_text == "Noch einmal"


def test_an_answer_cut_by_its_length_is_incomplete(client: openai.OpenAI) -> None:
    for model in ("openai", "anthropic"):
        answer = client.responses.create(model=model, input="count: 90", max_output_tokens=20)
        assert answer.status == "incomplete"
        assert answer.incomplete_details is not None
        assert answer.incomplete_details.reason == "max_output_tokens"
        with client.responses.stream(model=model, input="count: 90", max_output_tokens=20) as stream:
            assert [event.type for event in stream][-1] == "response.incomplete"


def test_cached_tokens_are_counted(client: openai.OpenAI) -> None:
    long = "Wort " * 2000
    client.responses.create(model="openai", input=f"{long}\necho: a")
    again = client.responses.create(model="openai", input=f"{long}\necho: a")
    assert again.usage is not None
    assert again.usage.input_tokens_details.cached_tokens >= 1024


@pytest.mark.parametrize(("field", "value"), [("background", True), ("conversation", "conv_1")])
def test_what_is_not_offered_is_refused_clearly(client: openai.OpenAI, field: str, value: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="openai", input="Hallo", **{field: value})
    assert refused.value.param == field


def test_built_in_tools_go_where_they_are_known(client: openai.OpenAI, place: Place) -> None:
    search: Any = [{"type": "web_search"}]
    client.responses.create(model="openai", input="echo: Ja", tools=search)
    assert '"web_search"' in place.simulator.log("openai-r", idle=True)[-1]["body"]
    for model in (
        "als-chat",
        "azure-alt",
        "offen",
        "anthropic",
        "gemini",
        "mistral",
        "cohere",
        "together",
        "bedrock",
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=model, input="echo: Ja", tools=search)
        assert "web_search" in str(refused.value)


def test_a_provider_that_fails_is_replaced_by_one_of_another_kind(
    client: openai.OpenAI, place: Place
) -> None:
    place.simulator.faults("openai-r", {"fault": "server_error", "times": None})
    answer = client.responses.with_raw_response.create(model="reserve", input="echo: Trotzdem")
    assert answer.parse().output_text == "Trotzdem"
    assert answer.headers["x-leitstand-provider"] == "anthropic"


@pytest.mark.parametrize("model", ["openai", "anthropic"])
def test_a_stream_that_breaks_raises_in_the_sdk(client: openai.OpenAI, place: Place, model: str) -> None:
    place.simulator.faults(f"{model}-r", {"fault": "cut_stream", "after_tokens": 3})
    seen: list[str] = []
    with pytest.raises(openai.APIError) as broken:  # noqa: PT012 - the error comes while the stream is read
        for event in client.responses.create(
            model=model, input="echo: eins zwei drei vier fünf", stream=True
        ):
            seen.append(event.type)
    assert broken.value.code == "upstream_failed"
    assert seen.count("response.created") == 1
    assert "response.completed" not in seen


def test_errors_have_the_shape_of_the_api(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.responses.create(model="gibt-es-nicht", input="Hallo")
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as wrong:
        client.responses.create(model="openai", input=[{"role": "niemand", "content": "x"}])
    assert wrong.value.param == "input[0].role"


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_client_reaches_a_model_that_only_this_api_has(
    client: openai.OpenAI, place: Place, stream: bool
) -> None:
    tool: Any = {"type": "function", "function": {name: _WEATHER[name] for name in ("name", "parameters")}}
    ask: list[Any] = [
        {"role": "system", "content": "Kurz."},
        {"role": "user", "content": "Frage wetter ab\nwith: Ulm"},
    ]
    how: dict[str, Any] = {"model": "neu", "tools": [tool], "max_tokens": 200}
    if stream:
        with client.chat.completions.stream(messages=ask, **how) as events:
            choice = events.get_final_completion().choices[0]
    else:
        choice = client.chat.completions.create(messages=ask, **how).choices[0]
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls or []
    assert json.loads(call.function.arguments) == {"ort": "Ulm"}
    said = {"role": "assistant", "content": None, "tool_calls": [{"id": call.id, "type": "function", "function": {
        "name": "wetter", "arguments": call.function.arguments}}]}  # fmt: skip
    result = {"role": "tool", "tool_call_id": call.id, "content": "Regen"}
    done = client.chat.completions.create(messages=[*ask, said, result], **how)
    assert "Regen" in (done.choices[0].message.content or "")
    sent = json.loads(place.simulator.log("neu-r", idle=True)[-1]["body"])
    assert [item.get("type", item.get("role")) for item in sent["input"]] == [
        "system", "user", "function_call", "function_call_output",
    ]  # fmt: skip
    assert sent["tools"][0]["strict"] is False
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="neu", messages=ask, stop=["x"])
    assert "stop" in str(refused.value)


def test_a_messages_client_gets_its_thoughts_back_from_this_api(place: Place) -> None:
    with anthropic.Anthropic(
        base_url=place.url.removesuffix("/v1"), api_key=place.key, max_retries=0
    ) as client:
        how: dict[str, Any] = {"model": "neu", "max_tokens": 9000, "thinking": {"type": "adaptive"}}
        effort: Any = {"output_config": {"effort": "high"}}
        first = client.messages.create(
            messages=[{"role": "user", "content": "echo: Gut"}], extra_body=effort, **how
        )
        turns: list[Any] = [
            {"role": "user", "content": "echo: Gut"},
            {
                "role": "assistant",
                "content": [block.model_dump(exclude_none=True) for block in first.content],
            },
            {"role": "user", "content": "echo: Weiter"},
        ]
        again = client.messages.create(messages=turns, extra_body=effort, **how)
    assert [block.type for block in first.content] == ["thinking", "text"]
    assert again.content[-1].text == "Weiter"
    sent = json.loads(place.simulator.log("neu-r", idle=True)[-1]["body"])
    assert [item.get("type", item.get("role")) for item in sent["input"]] == [
        "user",
        "reasoning",
        "assistant",
        "user",
    ]
