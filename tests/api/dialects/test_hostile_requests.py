"""Requests that no honest client sends are a mistake of the request (400), and never an error of ours."""

import json
from typing import Any

import pytest

from leitstand.api.dialects import chat, messages
from leitstand.core.conversation import Prompt, map_texts
from leitstand.core.errors import InvalidRequest

ASKED = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
DECODE = {"chat": chat.decode_request, "messages": messages.decode_request}
_IMAGE = {"type": "image_url", "image_url": {"url": "https://bild.example/a.png", "detail": 7}}
_DOCUMENT = {
    "type": "document", "title": 7, "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
}  # fmt: skip


def _turn(part: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [part]}]}


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("chat", {"tool_choice": 7}, "tool_choice"),
    ("chat", {"tool_choice": [{}]}, "tool_choice"),
    ("chat", _turn(_IMAGE), "messages[0].content[0].image_url.detail"),
    (
        "chat",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "description": 7}}},
        "response_format.json_schema.description",
    ),
    (
        "chat",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": "x"}}},
        "response_format.json_schema.schema",
    ),
    ("messages", {"metadata": ["x"]}, "metadata"),
    ("messages", {"metadata": "x"}, "metadata"),
    ("messages", _turn(_DOCUMENT), "messages[0].content[0].title"),
]


@pytest.mark.parametrize(("dialect", "fields", "param"), WRONG)
def test_a_field_of_the_wrong_type_is_named(dialect: str, fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        DECODE[dialect](json.dumps(ASKED | fields).encode())
    assert refused.value.detail == {"param": param}


@pytest.mark.parametrize("depth", [101, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("dialect", DECODE)
def test_what_nests_too_deep_is_refused(dialect: str, opening: str, closing: str, depth: int) -> None:
    body = json.dumps(ASKED)[:-1] + f', "metadata": {{"x": {opening * depth}1{closing * depth}}}}}'
    with pytest.raises(InvalidRequest, match="deeper than 100 levels"):
        DECODE[dialect](body.encode())


@pytest.mark.parametrize("dialect", DECODE)
def test_what_nests_as_deep_as_a_schema_may_is_read(dialect: str) -> None:
    schema: dict[str, Any] = {"type": "object", "description": "hier"}
    for _ in range(40):
        schema = {"type": "object", "properties": {"a": schema}}
    tool = (
        {"type": "function", "function": {"name": "f", "parameters": schema}}
        if dialect == "chat"
        else {"name": "f", "input_schema": schema}
    )
    prompt: Prompt = DECODE[dialect](json.dumps(ASKED | {"tools": [tool]}).encode())
    assert "HIER" in str(map_texts(prompt, str.upper))
