"""The simulator's Responses API, asked by the official SDK straight."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from support.simulator import Simulator, start_simulator

_TOOL: Any = {
    "type": "function", "name": "wetter", "strict": True,
    "parameters": {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def responses_simulator() -> Iterator[Simulator]:
    with start_simulator() as simulator:
        yield simulator


@pytest.fixture
def client(responses_simulator: Simulator) -> Iterator[openai.OpenAI]:
    responses_simulator.reset("r")
    with openai.OpenAI(
        base_url=responses_simulator.url("r"), api_key="sk", max_retries=0, timeout=10
    ) as client:
        yield client


def test_a_plain_and_a_streamed_answer_are_the_same(client: openai.OpenAI) -> None:
    ask: dict[str, Any] = {
        "model": "gpt-5", "input": "echo: Guten Tag", "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
    }  # fmt: skip
    plain = client.responses.create(**ask)
    with client.responses.stream(**ask) as stream:
        numbers = [event.sequence_number for event in stream]
        streamed = stream.get_final_response()
    assert numbers == list(range(len(numbers)))
    for answer in (plain, streamed):
        assert answer.status == "completed"
        assert answer.output_text == "Guten Tag"
        assert [item.type for item in answer.output] == ["reasoning", "message"]
        assert answer.output[0].encrypted_content
        assert answer.usage is not None
        assert answer.usage.output_tokens_details.reasoning_tokens > 0


def test_tools_are_called_with_their_arguments_in_pieces(client: openai.OpenAI) -> None:
    with client.responses.stream(model="gpt-5", input="Frage wetter\nwith: Ulm", tools=[_TOOL]) as stream:
        pieces = [event.delta for event in stream if event.type == "response.function_call_arguments.delta"]
        [call] = stream.get_final_response().output
    assert len(pieces) > 1
    assert "".join(pieces) == call.arguments
    assert json.loads(call.arguments) == {"ort": "Ulm"}


def test_a_cap_makes_an_answer_incomplete(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="gpt-5", input="count: 50", max_output_tokens=16)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_nothing_is_kept_so_ids_lead_nowhere(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as unknown:
        client.responses.create(model="gpt-5", input="Hallo", previous_response_id="resp_1")
    assert unknown.value.code == "previous_response_not_found"
    reasoning: Any = [{"type": "reasoning", "id": "rs_1", "summary": []}]
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model="gpt-5", input=reasoning)


def test_faults_come_in_the_words_of_the_api(client: openai.OpenAI, responses_simulator: Simulator) -> None:
    responses_simulator.faults("r", "rate_limit", {"fault": "error_in_stream", "after_tokens": 2})
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model="gpt-5", input="Hallo")
    with pytest.raises(openai.APIError):
        list(client.responses.create(model="gpt-5", input="echo: eins zwei drei vier", stream=True))
