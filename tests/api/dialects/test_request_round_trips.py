"""Nothing that a client says is lost on the way to a provider of its own dialect."""

import itertools
import json
from typing import Any

from hypothesis import example, given, settings
from requests_made import chat_bodies, messages_bodies

from leitstand.api.dialects import chat, messages
from leitstand.core.conversation import map_texts
from leitstand.providers.wire import chat as chat_wire
from leitstand.providers.wire import messages as messages_wire


def _sorted(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


@given(body=chat_bodies)
@settings(max_examples=150, deadline=None)
def test_a_chat_request_reaches_an_openai_provider_with_every_field(body: dict[str, Any]) -> None:
    prompt = chat.decode_request(json.dumps(body).encode())
    sent = chat_wire.encode(prompt, body["model"])
    assert _sorted(json.loads(sent)) == _sorted(body)
    assert chat.decode_request(sent) == prompt


@given(body=messages_bodies)
@settings(max_examples=150, deadline=None)
def test_a_messages_request_reaches_an_anthropic_provider_with_every_field(body: dict[str, Any]) -> None:
    prompt = messages.decode_request(json.dumps(body).encode())
    sent = messages_wire.encode(prompt, body["model"])
    assert _sorted(json.loads(sent)) == _sorted(body)
    assert messages.decode_request(sent) == prompt


@given(body=chat_bodies)
@settings(max_examples=60, deadline=None)
def test_changing_no_text_changes_nothing(body: dict[str, Any]) -> None:
    prompt = chat.decode_request(json.dumps(body).encode())
    assert map_texts(prompt, lambda text: text) == prompt


@given(body=chat_bodies)
@example(body={"model": "m", "messages": [{"role": "assistant", "content": None}]})
@settings(max_examples=60, deadline=None)
def test_what_an_anthropic_provider_lacks_is_named_before_the_call_or_the_call_is_made(
    body: dict[str, Any],
) -> None:
    prompt = chat.decode_request(json.dumps(body).encode())
    missing = messages_wire.lacks(prompt)
    if missing is None:
        sent = json.loads(messages_wire.encode(prompt, "claude"))
        roles = [turn["role"] for turn in sent["messages"]]
        assert roles[0] == "user"
        assert all(before != after for before, after in itertools.pairwise(roles))


@given(body=messages_bodies)
@settings(max_examples=60, deadline=None)
def test_what_an_openai_provider_lacks_is_named_before_the_call_or_the_call_is_made(
    body: dict[str, Any],
) -> None:
    prompt = messages.decode_request(json.dumps(body).encode())
    if chat_wire.lacks(prompt) is None:
        sent = chat_wire.encode(prompt, "gpt")
        assert chat.decode_request(sent).messages


def test_equal_prompts_have_equal_beginnings() -> None:
    turns = [{"role": "system", "content": "S"}, {"role": "user", "content": "1"}]
    first = chat.decode_request(json.dumps({"model": "m", "temperature": 1, "messages": turns}).encode())
    longer = [*turns, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"}]
    second = chat.decode_request(json.dumps({"messages": longer, "user": "u", "model": "m"}).encode())
    for wire in (chat_wire, messages_wire):
        shared = wire.encode(first, "m").partition(b'"1"')[0]
        assert wire.encode(second, "m").startswith(shared)
