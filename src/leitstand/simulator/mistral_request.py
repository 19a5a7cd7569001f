"""Reads the body of Mistral's `/v1/chat/completions`: refuses what Mistral refuses, then says it as OpenAI does.

Rules: unknown fields are refused at every level (422); ids of tool calls have nine letters or digits; roles
follow each other in a fixed order; the last turn is the user's, a tool's, or the model's with `prefix`.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from leitstand.simulator import mistral_errors, openai_request
from leitstand.simulator.values import Asked, Json
from leitstand.simulator.wire import BadRequest

_FIELDS = frozenset(
    {"model", "messages", "temperature", "top_p", "max_tokens", "stream", "stop", "random_seed", "metadata",
     "response_format", "tools", "tool_choice", "presence_penalty", "frequency_penalty", "min_tokens",
     "repetition_penalty", "top_k", "logprobs", "top_logprobs", "prompt_logprobs", "top_prompt_logprobs", "n",
     "prediction", "parallel_tool_calls", "reasoning_effort", "prompt_mode", "guardrails", "prompt_cache_key",
     "service_tier", "safe_prompt"}
)  # fmt: skip
_MESSAGE_FIELDS = {
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content"}),
    "assistant": frozenset({"role", "content", "tool_calls", "prefix"}),
    "tool": frozenset({"role", "content", "tool_call_id", "name"}),
}
_PARTS = frozenset({"text", "image_url", "document_url", "input_audio", "file", "reference", "thinking"})
_CHOICES = ("auto", "none", "any", "required")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_CALL_ID = re.compile(r"[A-Za-z0-9]{9}")
_MAX_TEMPERATURE = 1.5
_FOLLOWS = {
    "": {"system", "user", "assistant"},
    "system": {"system", "user", "assistant"},
    "user": {"system", "user", "assistant"},
    "assistant": {"system", "user", "assistant"},
    "calls": {"tool"},
    "tool": {"tool", "assistant"},
}


def read(body: bytes) -> tuple[Asked, str]:
    """The request in neutral words, and the prefix of the answer; raises BadRequest in Mistral's shape."""
    chat = _decoded(body)
    details = list(_misfits(chat))
    if details:
        raise BadRequest(mistral_errors.unfit(*details))
    _check_order(chat["messages"])
    last = chat["messages"][-1]
    prefix = last.get("content") if last["role"] == "assistant" else ""
    asked = openai_request.read(msgspec.json.encode(_as_openai(chat)))
    return asked, prefix if isinstance(prefix, str) else ""


def _decoded(body: bytes) -> Json:
    try:
        chat = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        chat = None
    if not isinstance(chat, dict):
        raise BadRequest(
            mistral_errors.unfit(_detail("json_invalid", ["body", 0], "JSON decode error", None))
        )
    return chat


def _misfits(chat: Json) -> Iterator[Json]:
    for name in ("model", "messages"):
        if name not in chat:
            yield _detail("missing", ["body", name], "Field required", chat)
    yield from _extra(chat, _FIELDS, ["body"])
    if (chat.get("temperature") or 0) > _MAX_TEMPERATURE:
        message = f"Input should be less than or equal to {_MAX_TEMPERATURE}"
        yield _detail("less_than_equal", ["body", "temperature"], message, chat["temperature"])
    choice = chat.get("tool_choice")
    if isinstance(choice, str) and choice not in _CHOICES:
        yield _detail(
            "enum", ["body", "tool_choice"], "Input should be 'auto', 'none', 'any' or 'required'", choice
        )
    if chat.get("reasoning_effort") not in (None, *_EFFORTS):
        yield _detail(
            "enum", ["body", "reasoning_effort"], "Input should be a known effort", chat["reasoning_effort"]
        )
    for position, message in enumerate(chat.get("messages") or ()):
        yield from _message_misfits(message, position)


def _message_misfits(message: Any, position: int) -> Iterator[Json]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _MESSAGE_FIELDS:
        tags = "Input tag does not match any of the expected tags: 'assistant', 'system', 'tool', 'user'"
        yield _detail("union_tag_invalid", ["body", "messages", position], tags, message)
        return
    place = ["body", "messages", position, role]
    yield from _extra(message, _MESSAGE_FIELDS[role], place)
    parts = message.get("content")
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        if part.get("type") not in _PARTS or (role == "system" and part.get("type") != "text"):
            text = "Input tag does not match any of the expected tags"
            yield _detail("union_tag_invalid", [*place, "content", index], text, part)


def _extra(value: Json, known: frozenset[str], place: list[Any]) -> Iterator[Json]:
    for name in value:
        if name not in known:
            yield _detail("extra_forbidden", [*place, name], "Extra inputs are not permitted", value[name])


def _detail(kind: str, place: list[Any], message: str, value: Any) -> Json:
    return {"type": kind, "loc": place, "msg": message, "input": value}


def _check_order(messages: list[Json]) -> None:
    if not messages:
        raise BadRequest(
            mistral_errors.refused(
                "Conversation must have at least one message", "invalid_request_message_order", "3230"
            )
        )
    last = ""
    for message in messages:
        role = message["role"]
        if role not in _FOLLOWS[last]:
            shown = "assistant" if last == "calls" else last
            text = f"Unexpected role '{role}' after role '{shown}'"
            raise BadRequest(mistral_errors.refused(text, "invalid_request_message_order", "3230"))
        _check_calls(message)
        last = "calls" if message.get("tool_calls") else role
    if last == "calls" or (last == "assistant" and not messages[-1].get("prefix")) or last == "system":
        text = (
            "Expected last role User or Tool (or Assistant with prefix True) for serving "
            f"but got {messages[-1]['role']}"
        )
        raise BadRequest(mistral_errors.refused(text, "invalid_request_message_order", "3230"))


def _check_calls(message: Json) -> None:
    if message["role"] == "assistant" and not message.get("content") and not message.get("tool_calls"):
        text = "Assistant message must have either content or tool_calls, but not none."
        raise BadRequest(mistral_errors.refused(text, "invalid_request_assistant_message", "3240"))
    ids = [str(call.get("id")) for call in message.get("tool_calls") or ()]
    if message["role"] == "tool":
        ids.append(str(message.get("tool_call_id")))
    for one in ids:
        if not _CALL_ID.fullmatch(one):
            text = f"Tool call id was {one} but must be a-z, A-Z, 0-9, with a length of 9."
            raise BadRequest(mistral_errors.refused(text, "invalid_function_call", "3280"))


def _as_openai(chat: Json) -> Json:
    """The same request in OpenAI's words."""
    thinks = chat.get("prompt_mode") == "reasoning" or chat.get("reasoning_effort") not in (None, "none")
    changed = {**chat, "reasoning_effort": "high" if thinks else None}
    if chat.get("tool_choice") == "any":
        changed["tool_choice"] = "required"
    return changed
