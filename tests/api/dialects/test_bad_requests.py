"""A request that cannot be understood is refused with the field and the value, in both languages."""

import json
from typing import Any

import pytest

from leitstand.api.dialects import chat, messages
from leitstand.core.errors import InvalidRequest

_USER = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize("dialect", [chat, messages])
@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b'{"a":"\xff"}'])
def test_a_body_that_is_no_json_object_is_refused(dialect: Any, body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        dialect.decode_request(body)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": 2.5}, "temperature"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"stop": [1]}, "stop[0]"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"response_format": "json"}, "response_format"),
        ({"stream_options": 1}, "stream_options"),
    ],
)
def test_a_wrong_chat_field_is_named(fields: dict[str, Any], param: str) -> None:
    body = json.dumps({"model": "m", "messages": _USER, **fields}).encode()
    with pytest.raises(InvalidRequest) as caught:
        chat.decode_request(body)
    assert caught.value.detail["param"] == param
    assert f"'{param}'" in caught.value.de
    assert f"'{param}'" in caught.value.en


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content[0].source"),
        ({"temperature": 1.5}, "temperature"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"system": 3}, "system"),
        ({"output_config": [1]}, "output_config"),
    ],
)
def test_a_wrong_messages_field_is_named(fields: dict[str, Any], param: str) -> None:
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": _USER, **fields}).encode()
    with pytest.raises(InvalidRequest) as caught:
        messages.decode_request(body)
    assert caught.value.detail["param"] == param


def test_a_long_value_is_shown_shortened() -> None:
    with pytest.raises(InvalidRequest) as caught:
        chat.decode_request(json.dumps({"model": "m", "messages": "x" * 5000}).encode())
    assert len(caught.value.en) < 200
