"""The official OpenAI client for Azure meets the simulator."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from leitstand.simulator import tokens
from support.simulator import Simulator

VERSION = "2024-10-21"
SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("wetter", "lager")
]
SCOPE = "https://cognitiveservices.azure.com/.default"


@pytest.fixture
def classic(simulator: Simulator, provider: str) -> Iterator[openai.AzureOpenAI]:
    """The client of the classic address."""
    root = simulator.root(provider)
    with openai.AzureOpenAI(
        azure_endpoint=root, api_key="k", api_version=VERSION, max_retries=0
    ) as made:  # fmt: skip
        yield made


@pytest.fixture
def client(
    request: pytest.FixtureRequest, simulator: Simulator, provider: str, classic: openai.AzureOpenAI
) -> Iterator[openai.OpenAI]:
    """The client of the address that the test names."""
    if request.param == "classic":
        yield classic
        return
    with openai.OpenAI(
        base_url=f"{simulator.root(provider)}/openai/v1", api_key="k", max_retries=0
    ) as made:  # fmt: skip
        yield made


both_addresses = pytest.mark.parametrize("client", ["classic", "v1"], indirect=True)


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="mein-deployment", messages=messages, **more)


@both_addresses
def test_answer_usage_and_verdicts(client: openai.OpenAI) -> None:
    answer = ask(client, "echo: Hallo Welt")
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("Hallo Welt", "stop")
    assert answer.usage.completion_tokens == 2
    assert answer.model == "mein-deployment"
    assert answer.choices[0].content_filter_results["hate"] == {"filtered": False, "severity": "safe"}
    assert answer.prompt_filter_results[0]["prompt_index"] == 0


@both_addresses
def test_stream_begins_with_the_verdict_on_the_prompt(client: openai.OpenAI) -> None:
    chunks = list(ask(client, "count: 9", stream=True, stream_options={"include_usage": True}))
    assert (chunks[0].choices, chunks[0].id, chunks[0].model) == ([], "", "")
    assert chunks[0].prompt_filter_results
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == " ".join(f"w{number}" for number in range(1, 10))
    assert chunks[-1].usage.completion_tokens == tokens.count(text)


@both_addresses
def test_tools_schema_and_images(client: openai.OpenAI) -> None:
    calls = ask(client, "wetter und lager with: Ulm", tools=TOOLS).choices[0].message.tool_calls
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("wetter", {"ort": "Ulm"}),
        ("lager", {"ort": "Ulm"}),
    ]
    wanted = {"type": "json_schema", "json_schema": {"name": "ort", "schema": SCHEMA}}
    answer = ask(client, "with: Ulm", response_format=wanted)
    assert json.loads(answer.choices[0].message.content) == {"ort": "Ulm"}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    messages: Any = [{"role": "user", "content": [picture]}]
    seen = client.chat.completions.create(model="m", messages=messages)
    assert seen.usage is not None
    assert seen.usage.prompt_tokens >= tokens.MEDIA_TOKENS


def test_the_classic_address_demands_a_version(simulator: Simulator, provider: str) -> None:
    url = f"{simulator.root(provider)}/openai/deployments/d/chat/completions"
    assert httpx2.post(url, json={"messages": []}).status_code == 404


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("rate_limit", openai.RateLimitError, "RateLimitReached"),
        ("quota", openai.RateLimitError, "insufficient_quota"),
        ("server_error", openai.InternalServerError, "InternalServerError"),
        ("unauthorized", openai.AuthenticationError, "401"),
        ("forbidden", openai.PermissionDeniedError, "AccessDenied"),
        ("not_found", openai.NotFoundError, "DeploymentNotFound"),
        ("context_overflow", openai.BadRequestError, "context_length_exceeded"),
        ("content_filter", openai.BadRequestError, "content_filter"),
    ],
)
def test_errors_have_the_providers_shape(
    simulator: Simulator, provider: str, classic: openai.AzureOpenAI,
    fault: str, error: type[openai.APIStatusError], code: str,
) -> None:  # fmt: skip
    simulator.faults(provider, fault)
    with pytest.raises(error) as caught:
        ask(classic, "Hallo")
    assert caught.value.code == code


def test_the_content_filter_tells_what_it_found(
    simulator: Simulator, provider: str, classic: openai.AzureOpenAI
) -> None:
    simulator.faults(provider, "content_filter")
    with pytest.raises(openai.BadRequestError) as caught:
        ask(classic, "Hallo")
    body: Any = caught.value.body
    assert body["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    assert body["innererror"]["content_filter_result"]["violence"]["filtered"] is True


def test_an_error_inside_a_stream_is_raised(
    simulator: Simulator, provider: str, classic: openai.AzureOpenAI
) -> None:
    simulator.faults(provider, {"fault": "error_in_stream", "after_tokens": 2})
    with pytest.raises(openai.APIError, match="Rate limit is exceeded"):
        list(ask(classic, "count: 9", stream=True))


def test_entra_grants_a_token_that_the_resource_accepts(simulator: Simulator, provider: str) -> None:
    simulator.configure(provider, api_key="geheim")
    root = simulator.root(provider)
    form = {
        "grant_type": "client_credentials", "client_id": "c", "client_secret": "geheim", "scope": SCOPE,
    }  # fmt: skip
    granted = httpx2.post(f"{root}/t/oauth2/v2.0/token", data=form)
    token = granted.json()["access_token"]
    with openai.AzureOpenAI(
        azure_endpoint=root, azure_ad_token=token, api_version=VERSION, max_retries=0
    ) as client:
        assert ask(client, "echo: ja").choices[0].message.content == "ja"
    wrong = httpx2.post(f"{root}/t/oauth2/v2.0/token", data={**form, "client_secret": "falsch"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
