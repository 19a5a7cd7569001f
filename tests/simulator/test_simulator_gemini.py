"""The official Google client meets the simulator, at both of Google's front doors."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google import genai
from google.auth import jwt
from google.genai import errors, types
from google.oauth2 import service_account

from leitstand.simulator import tokens
from leitstand.simulator.gemini_request import SIGNATURE
from support.simulator import Simulator

FLASH = "gemini-3.8-flash"
SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
TOOLS: Any = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(name=name, description=name, parameters_json_schema=SCHEMA)
            for name in ("wetter", "lager")
        ]
    )
]
_NO_CALLS_OF_ITS_OWN = types.AutomaticFunctionCallingConfig(disable=True)


@pytest.fixture
def client(simulator: Simulator, provider: str) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=simulator.root(provider), api_version="v1beta")
    with genai.Client(api_key="AIza-test", vertexai=False, http_options=options) as made:
        yield made


def ask(
    client: genai.Client, contents: Any, model: str = FLASH, **config: Any
) -> types.GenerateContentResponse:
    return client.models.generate_content(model=model, contents=contents, config=_config(**config))


def _config(**config: Any) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(automatic_function_calling=_NO_CALLS_OF_ITS_OWN, **config)


def test_answer_and_usage(client: genai.Client) -> None:
    answer = ask(client, "echo: Hallo Welt", system_instruction="Antworten Sie kurz")
    assert answer.text == "Hallo Welt"
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.usage_metadata.candidates_token_count == 2
    assert answer.usage_metadata.prompt_token_count == tokens.count("echo: Hallo Welt") + tokens.count(
        "Antworten Sie kurz"
    )
    assert (answer.model_version, bool(answer.response_id)) == (FLASH, True)


def test_stream_joins_to_the_plain_answer_and_ends_with_reason_and_usage(client: genai.Client) -> None:
    plain = ask(client, "Angebot prüfen").text
    chunks = list(client.models.generate_content_stream(model=FLASH, contents="Angebot prüfen"))
    assert "".join(chunk.text or "" for chunk in chunks) == plain
    assert len(chunks) > 5
    assert [chunk.candidates[0].finish_reason for chunk in chunks[-2:]] == [None, types.FinishReason.STOP]
    assert chunks[-1].usage_metadata.candidates_token_count == tokens.count(plain)


def test_stop_reasons_and_several_candidates(client: genai.Client) -> None:
    short = ask(client, "count: 20", max_output_tokens=5)
    assert short.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    stopped = ask(client, "echo: eins HALT zwei", stop_sequences=["HALT"])
    assert (stopped.text.strip(), stopped.candidates[0].finish_reason) == ("eins", types.FinishReason.STOP)
    assert [one.index for one in ask(client, "Angebot", candidate_count=3).candidates] == [0, 1, 2]


def test_parallel_calls_carry_ids_and_one_seal_and_their_results_are_quoted(client: genai.Client) -> None:
    question = types.Content(role="user", parts=[types.Part(text="wetter und lager with: Ulm")])
    answer = ask(client, [question], tools=TOOLS)
    calls = answer.function_calls
    assert [(call.name, call.args) for call in calls] == [
        ("wetter", {"ort": "Ulm"}),
        ("lager", {"ort": "Ulm"}),
    ]
    assert len({call.id for call in calls}) == 2
    said = answer.candidates[0].content
    assert [bool(part.thought_signature) for part in said.parts] == [True, False]
    results = types.Content(
        role="user",
        parts=[
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"output": word}
                )
            )
            for call, word in zip(calls, ("8 Grad", "9 Stück"), strict=True)
        ],
    )
    done = ask(client, [question, said, results], tools=TOOLS)
    assert "8 Grad" in done.text
    assert "9 Stück" in done.text


def test_streamed_and_forced_calls_come_whole(client: genai.Client) -> None:
    forced = types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(mode="ANY", allowed_function_names=["lager"])
    )
    stream = client.models.generate_content_stream(
        model=FLASH, contents="Los", config=_config(tools=TOOLS, tool_config=forced)
    )
    assert [call.name for chunk in stream for call in chunk.function_calls or ()] == ["lager"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("unsealed", "missing a thought_signature"),
        ("forged", "Corrupted thought signature"),
        ("unanswered", "number of function response parts"),
    ],
)
def test_a_tool_conversation_that_does_not_fit_is_refused(
    client: genai.Client, change: str, reason: str
) -> None:
    call = types.Part(function_call=types.FunctionCall(name="wetter", args={"ort": "Ulm"}))
    call.thought_signature = {"unsealed": None, "forged": b"falsch"}.get(change, base64.b64decode(SIGNATURE))
    result = types.Part(function_response=types.FunctionResponse(name="wetter", response={"output": "x"}))
    contents = [
        types.Content(role="user", parts=[types.Part(text="wetter")]),
        types.Content(role="model", parts=[call]),
        types.Content(role="user", parts=[types.Part(text="Und?") if change == "unanswered" else result]),
    ]
    with pytest.raises(errors.ClientError, match=reason):
        ask(client, contents, tools=TOOLS)


def test_schema_thoughts_and_images(client: genai.Client) -> None:
    answer = ask(client, "with: Ulm", response_mime_type="application/json", response_json_schema=SCHEMA)
    assert json.loads(answer.text) == {"ort": "Ulm"}
    own = types.Schema(type="OBJECT", properties={"ort": types.Schema(type="STRING")})
    answer = ask(client, "with: Bonn", response_mime_type="application/json", response_schema=own)
    assert json.loads(answer.text) == {"ort": "Bonn"}
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_level="HIGH")
    thought = ask(client, "echo: ja", thinking_config=thinking)
    assert [part.thought for part in thought.candidates[0].content.parts] == [True, None]
    assert thought.usage_metadata.thoughts_token_count > 0
    assert thought.usage_metadata.candidates_token_count == 1
    seen = ask(client, types.Part.from_bytes(data=b"x" * 3000, mime_type="image/png"))
    assert seen.usage_metadata.prompt_token_count == tokens.MEDIA_TOKENS


def test_a_long_beginning_is_cached_the_second_time(client: genai.Client) -> None:
    text = " ".join(f"wort{number % 10}" for number in range(1300))
    first, second = (ask(client, ["count: 1", text][::-1]).usage_metadata for _ in range(2))
    assert first.cached_content_token_count is None
    assert second.cached_content_token_count >= 1280


def test_count_of_tokens_and_models(client: genai.Client) -> None:
    counted = client.models.count_tokens(model=FLASH, contents="Wie lautet die Lieferzeit?").total_tokens
    assert counted == ask(client, "Wie lautet die Lieferzeit?").usage_metadata.prompt_token_count
    assert f"models/{FLASH}" in [model.name for model in client.models.list()]


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ("rate_limit", 429, "RESOURCE_EXHAUSTED"),
        ("quota", 429, "RESOURCE_EXHAUSTED"),
        ("server_error", 500, "INTERNAL"),
        ("overloaded", 503, "UNAVAILABLE"),
        ("unauthorized", 400, "INVALID_ARGUMENT"),
        ("forbidden", 403, "PERMISSION_DENIED"),
        ("not_found", 404, "NOT_FOUND"),
        ("context_overflow", 400, "INVALID_ARGUMENT"),
    ],
)
def test_errors_are_the_sdks_own(
    simulator: Simulator, provider: str, client: genai.Client, fault: str, status: int, word: str
) -> None:
    simulator.faults(provider, {"fault": fault, "retry_after": 7})
    with pytest.raises(errors.APIError) as caught:
        ask(client, "Hallo")
    assert isinstance(caught.value, errors.ClientError if status < 500 else errors.ServerError)
    assert (caught.value.code, caught.value.status) == (status, word)
    if fault == "rate_limit":
        assert caught.value.details["error"]["details"][1]["retryDelay"] == "7s"


def test_the_filter_before_and_inside_an_answer(
    simulator: Simulator, provider: str, client: genai.Client
) -> None:
    simulator.faults(provider, "content_filter", {"fault": "content_filter", "after_tokens": 3})
    blocked = ask(client, "Hallo")
    assert (blocked.candidates, blocked.prompt_feedback.block_reason) == (
        None, types.BlockedReason.PROHIBITED_CONTENT,
    )  # fmt: skip
    broken = ask(client, "count: 9")
    assert (broken.text, broken.candidates[0].finish_reason) == ("w1 w2 w3", types.FinishReason.SAFETY)


def test_an_error_inside_a_stream_is_raised(
    simulator: Simulator, provider: str, client: genai.Client
) -> None:
    simulator.faults(provider, {"fault": "error_in_stream", "after_tokens": 2})
    texts = []
    with pytest.raises(errors.ServerError, match="overloaded"):
        texts += [
            chunk.text for chunk in client.models.generate_content_stream(model=FLASH, contents="count: 9")
        ]


@pytest.mark.parametrize("field", ["erfunden", "thinkingconfig"])
def test_unknown_fields_are_refused(
    simulator: Simulator, provider: str, client: genai.Client, field: str
) -> None:
    extra = types.HttpOptions(extra_body={"generationConfig": {field: 1}})
    with pytest.raises(errors.ClientError, match=field):
        ask(client, "Hallo", http_options=extra)


def _round_with_an_id() -> list[types.Content]:
    call = types.FunctionCall(id="fc-1", name="wetter", args={})
    result = types.FunctionResponse(name="wetter", response={"output": "x"})
    said = types.Part(function_call=call, thought_signature=base64.b64decode(SIGNATURE))
    return [
        types.Content(role="user", parts=[types.Part(text="wetter")]),
        types.Content(role="model", parts=[said]),
        types.Content(role="user", parts=[types.Part(function_response=result)]),
    ]


def test_vertex_is_reached_by_a_service_account(simulator: Simulator, provider: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = service_account.Credentials.from_service_account_info(
        {
            "client_email": "ki@musterwerk.iam.gserviceaccount.com", "private_key": pem.decode(),
            "token_uri": f"{simulator.root(f'{provider}-token')}/token",
        },
        scopes=["https://www.googleapis.com/auth/cloud-platform"],
    )  # fmt: skip
    simulator.configure(provider, api_key="ya29.simulator")
    options = types.HttpOptions(base_url=simulator.root(provider))
    with genai.Client(
        vertexai=True,
        project="musterwerk",
        location="europe-west3",
        credentials=account,
        http_options=options,
    ) as client:
        assert ask(client, "echo: Guten Tag").text == "Guten Tag"
        called = ask(client, "wetter with: Ulm", tools=TOOLS).function_calls[0]
        streamed = client.models.generate_content_stream(model=FLASH, contents="echo: eins zwei")
        assert "".join(chunk.text or "" for chunk in streamed) == "eins zwei"
        with pytest.raises(errors.ClientError, match='Unknown name "id"'):
            ask(client, _round_with_an_id())
        simulator.faults(provider, "forbidden")
        with pytest.raises(errors.ClientError, match="PERMISSION_DENIED"):
            ask(client, "Hallo")
    assert (called.name, called.args, called.id) == ("wetter", {"ort": "Ulm"}, None)
    assertion = simulator.log(f"{provider}-token")[0]["body"].partition("assertion=")[2].partition("&")[0]
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert jwt.decode(assertion, certs=public)["iss"] == "ki@musterwerk.iam.gserviceaccount.com"
