"""The official OpenAI client meets the simulator."""

import base64
import json
import math
import struct
from typing import Any

import openai
import pytest

from leitstand.simulator import tokens
from support.simulator import Simulator

TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {
                "type": "object",
                "properties": {"ort": {"type": "string"}, "tage": {"type": "integer", "minimum": 3}},
                "required": ["ort", "tage"],
            },
        },
    }
    for name in ("wetter", "lager")
]


@pytest.fixture
def client(openai_client: openai.OpenAI) -> openai.OpenAI:
    return openai_client


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="gpt-4o-mini", messages=messages, **more)


def test_default_answer_says_that_it_is_simulated_and_names_the_topic(client: openai.OpenAI) -> None:
    answer = ask(client, "Wie lange ist die Lieferzeit für Getriebe?")
    text = answer.choices[0].message.content
    assert text.startswith("Simulierte Antwort")
    assert "Lieferzeit für Getriebe" in text
    assert 60 <= answer.usage.completion_tokens <= 120
    assert text == ask(client, "Wie lange ist die Lieferzeit für Getriebe?").choices[0].message.content


def test_usage_follows_the_documented_rule(client: openai.OpenAI) -> None:
    question = "Bitte kurz:\necho: Drei kurze Worte"
    usage = ask(client, question).usage
    assert usage.prompt_tokens == tokens.count(question)
    assert usage.completion_tokens == tokens.count("Drei kurze Worte")
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_streamed_pieces_join_to_the_plain_answer(client: openai.OpenAI) -> None:
    plain = ask(client, "Angebot prüfen").choices[0].message.content
    chunks = list(ask(client, "Angebot prüfen", stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == plain
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == tokens.count(plain)
    assert all(c.usage is None for c in chunks[:-1])
    assert len({c.id for c in chunks}) == 1


def test_stream_without_include_usage_has_no_usage(client: openai.OpenAI) -> None:
    assert all(chunk.usage is None for chunk in ask(client, "count: 3", stream=True))


def test_echo_all_returns_all_user_texts(client: openai.OpenAI) -> None:
    messages: Any = [
        {"role": "system", "content": "Sie sind Sachbearbeiter."},
        {"role": "user", "content": "Frau Sommer"},
        {"role": "assistant", "content": "Ja?"},
        {"role": "user", "content": [{"type": "text", "text": "echo-all"}]},
    ]
    answer = client.chat.completions.create(model="m", messages=messages)
    assert answer.choices[0].message.content == "Frau Sommer\necho-all"


def test_count_gives_one_token_a_word(client: openai.OpenAI) -> None:
    answer = ask(client, "count: 250")
    assert len(answer.choices[0].message.content.split()) == 250
    assert answer.usage.completion_tokens == 250


def test_max_tokens_and_stop_end_the_answer(client: openai.OpenAI) -> None:
    short = ask(client, "count: 50", max_completion_tokens=7)
    assert short.choices[0].finish_reason == "length"
    assert short.usage.completion_tokens == 7
    stopped = ask(client, "echo: eins zwei HALT drei", stop=["HALT"])
    assert stopped.choices[0].message.content == "eins zwei "
    assert stopped.choices[0].finish_reason == "stop"


def test_several_choices_are_given_and_counted(client: openai.OpenAI) -> None:
    answer = ask(client, "Angebot prüfen", n=3)
    texts = [choice.message.content for choice in answer.choices]
    assert len(set(texts)) == 3
    assert answer.usage.completion_tokens == sum(map(tokens.count, texts))
    streamed = ["", "", ""]
    for chunk in ask(client, "Angebot prüfen", n=3, stream=True):
        streamed[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert streamed == texts


def test_tools_named_in_the_text_are_called_in_parallel(client: openai.OpenAI) -> None:
    answer = ask(client, "Nutzen Sie wetter und lager with: Ulm", tools=TOOLS)
    calls = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content is None
    assert [call.function.name for call in calls] == ["wetter", "lager"]
    assert json.loads(calls[0].function.arguments) == {"ort": "Ulm", "tage": 3}
    one = ask(client, "wetter und lager", tools=TOOLS, parallel_tool_calls=False)
    assert len(one.choices[0].message.tool_calls) == 1


def test_streamed_tool_arguments_come_in_pieces(client: openai.OpenAI) -> None:
    arguments: dict[int, list[str]] = {}
    forced: Any = {"type": "function", "function": {"name": "lager"}}
    for chunk in ask(client, "with: Halle 7", tools=TOOLS, tool_choice=forced, stream=True):
        for call in chunk.choices[0].delta.tool_calls or ():
            arguments.setdefault(call.index, []).append(call.function.arguments)
    assert len(arguments[0]) > 3
    assert json.loads("".join(arguments[0])) == {"ort": "Halle 7", "tage": 3}


def test_tool_result_is_quoted(client: openai.OpenAI) -> None:
    call: Any = {"id": "call_1", "type": "function", "function": {"name": "wetter", "arguments": "{}"}}
    messages: Any = [
        {"role": "user", "content": "wetter?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12 Grad"},
    ]
    answer = client.chat.completions.create(model="m", messages=messages, tools=TOOLS)
    assert "12 Grad" in (answer.choices[0].message.content or "")


def test_json_schema_is_obeyed(client: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "art": {"enum": ["Angebot", "Rechnung"]},
            "posten": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/posten"}},
            "frei": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
        "$defs": {"posten": {"type": "object", "properties": {"menge": {"type": "number", "minimum": 5}}}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "beleg", "schema": schema, "strict": True}}
    value = json.loads(ask(client, "Beleg lesen", response_format=form).choices[0].message.content)
    assert value == {"art": "Angebot", "posten": [{"menge": 5}, {"menge": 5}], "frei": None}
    free = ask(client, "Beleg lesen", response_format={"type": "json_object"}).choices[0].message.content
    assert "Simulierte Antwort" in json.loads(free)["antwort"]


def test_images_are_accepted_and_count_the_same_whatever_their_size(client: openai.OpenAI) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 9000}}
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "echo: ok"}, image]}]
    usage = client.chat.completions.create(model="m", messages=messages).usage
    assert usage is not None
    assert usage.prompt_tokens == tokens.count("echo: ok") + tokens.MEDIA_TOKENS


def test_a_long_prefix_seen_before_is_reported_as_cached(client: openai.OpenAI) -> None:
    history = " ".join(f"wort{number % 10}" for number in range(1500))
    first = ask(client, f"{history}\necho: a").usage.prompt_tokens_details.cached_tokens
    second = ask(client, f"{history}\necho: b").usage.prompt_tokens_details.cached_tokens
    other = ask(client, f"anders {history}\necho: b").usage.prompt_tokens_details.cached_tokens
    assert (first, second, other) == (0, 1408, 0)


def test_embeddings_are_unit_vectors_in_both_encodings(client: openai.OpenAI) -> None:
    texts = ["Getriebe liefern", "Getriebe liefern bald", "Urlaub beantragen"]
    packed = client.embeddings.create(model="text-embedding-3-small", input=texts)
    plain = client.embeddings.create(model="text-embedding-3-small", input=texts, encoding_format="float")
    a, b, c = (one.embedding for one in plain.data)
    assert packed.data[0].embedding == pytest.approx(a)
    assert len(a) == 1536
    assert math.sqrt(sum(x * x for x in a)) == pytest.approx(1, abs=1e-6)
    dots = [sum(x * y for x, y in zip(a, other, strict=True)) for other in (b, c)]
    assert dots[0] > 0.5 > dots[1]
    assert plain.usage.prompt_tokens == tokens.count_messages(texts)
    raw = client.embeddings.with_raw_response.create(
        model="m", input="x", dimensions=8, encoding_format="base64"
    )
    value = json.loads(raw.content)["data"][0]["embedding"]
    assert len(struct.unpack("8f", base64.b64decode(value))) == 8


def test_models_are_listed(simulator: Simulator, provider: str, client: openai.OpenAI) -> None:
    simulator.configure(provider, models=["haus-1"])
    assert [model.id for model in client.models.list()] == ["haus-1"]
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, "Hallo")
    assert caught.value.code == "model_not_found"


def test_headers_carry_request_id_and_rate_limits(client: openai.OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Hallo"}]
    raw = client.chat.completions.with_raw_response.create(model="m", messages=messages)
    assert raw.headers["x-request-id"].startswith("req_")
    assert int(raw.headers["x-ratelimit-remaining-requests"]) <= int(
        raw.headers["x-ratelimit-limit-requests"]
    )
    assert raw.headers["x-ratelimit-reset-tokens"].endswith("s")


def test_invalid_requests_are_refused_in_the_providers_shape(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/chat/completions", body={"model": "m"}, cast_to=object)
    assert caught.value.code == "missing_required_parameter"
    with pytest.raises(openai.NotFoundError, match="Invalid URL"):
        client.post("/nowhere", body={}, cast_to=object)


def test_a_configured_key_is_demanded(simulator: Simulator, provider: str, client: openai.OpenAI) -> None:
    simulator.configure(provider, api_key="sk-other")
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(client, "Hallo")
    assert caught.value.code == "invalid_api_key"


def test_a_rate_limit_refuses_and_says_when_to_retry(
    simulator: Simulator, provider: str, client: openai.OpenAI
) -> None:
    simulator.configure(provider, rate_limit=2)
    ask(client, "eins")
    ask(client, "zwei")
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, "drei")
    assert 20 <= int(caught.value.response.headers["retry-after"]) <= 30


def test_reasoning_is_hidden_but_counted(client: openai.OpenAI) -> None:
    usage = ask(client, "echo: ja", reasoning_effort="low").usage
    assert usage.completion_tokens_details.reasoning_tokens == usage.completion_tokens - 1
