"""Reads the body of Cohere's `/v2/chat`."""

from collections.abc import Iterator
from typing import Any

import msgspec

from leitstand.simulator import cohere_errors
from leitstand.simulator.values import Asked, Json, PromptCount, ToolSpec
from leitstand.simulator.wire import BadRequest

_CACHE_STEP_TOKENS = 128
_MOST_STOPS = 5


class ChatMessage(msgspec.Struct, forbid_unknown_fields=True):
    """One message."""

    role: str
    content: str | list[Json] | None = None
    tool_calls: list[Json] | None = None
    tool_plan: str | None = None
    tool_call_id: str | None = None
    citations: list[Json] | None = None


class ChatBody(msgspec.Struct, forbid_unknown_fields=True):
    """All fields of the call; a field of another API is refused."""

    model: str
    messages: list[ChatMessage]
    stream: bool = False
    tools: list[Json] | None = None
    strict_tools: bool | None = None
    tool_choice: str | None = None
    documents: list[Any] | None = None
    citation_options: Json | None = None
    response_format: Json | None = None
    safety_mode: str | None = None
    max_tokens: int | None = None
    stop_sequences: list[str] | None = None
    temperature: float | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    k: int | None = None
    p: float | None = None
    logprobs: bool | None = None
    thinking: Json | None = None
    priority: int | None = None


_DECODER = msgspec.json.Decoder(ChatBody)


def read(body: bytes) -> Asked:
    """The request in neutral words; raises BadRequest in Cohere's shape."""
    chat = _decoded(body)
    fault = next(_faults(chat), "")
    if fault:
        raise BadRequest(cohere_errors.invalid(fault))
    count = PromptCount(segments=[])
    for tool in chat.tools or ():
        count.add(msgspec.json.encode(tool).decode())
    users: list[str] = []
    systems: list[str] = []
    results: list[str] = []
    for message in chat.messages:
        text = _counted(message, count)
        if message.role == "user":
            users.append(text)
        elif message.role == "system":
            systems.append(text)
        results = [*results, text] if message.role == "tool" else []
    form = chat.response_format or {}
    return Asked(
        model=chat.model,
        users=tuple(users),
        system="\n".join(systems),
        results=tuple(results),
        tools=() if chat.tool_choice == "NONE" else _tools(chat.tools or []),
        forced="*" if chat.tool_choice == "REQUIRED" else "",
        max_tokens=chat.max_tokens,
        stop=tuple(chat.stop_sequences or ()),
        schema=form.get("json_schema"),
        json_object=form.get("type") == "json_object" and not form.get("json_schema"),
        stream=chat.stream,
        thinking=(chat.thinking or {}).get("type") == "enabled",
        input_tokens=count.tokens,
        cacheable=count.tokens // _CACHE_STEP_TOKENS * _CACHE_STEP_TOKENS,
        segments=tuple(count.segments),
    )


def _decoded(body: bytes) -> ChatBody:
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError as cause:
        reason = str(cause)
        if "unknown field" in reason:
            name = reason.split("`")[1]
            problem = cohere_errors.invalid(f"unknown field: parameter '{name}' is not a valid field", 422)
            raise BadRequest(problem) from cause
        raise BadRequest(cohere_errors.invalid(f"invalid type: {reason}")) from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise BadRequest(cohere_errors.invalid("invalid json syntax: invalid character")) from cause


def _faults(chat: ChatBody) -> Iterator[str]:
    if not chat.messages:
        yield "invalid request: messages must not be empty"
    if any(message.role == "system" for message in chat.messages[1:]):
        yield "system turn must be the first in the list"
    if chat.tools and chat.response_format:
        yield "invalid request: response_format is not supported with tools"
    if chat.tool_choice not in (None, "REQUIRED", "NONE"):
        yield f"invalid request: tool_choice {chat.tool_choice!r} is not REQUIRED or NONE"
    if chat.frequency_penalty and chat.presence_penalty:
        yield "invalid request: cannot specify both frequency_penalty and presence_penalty."
    if chat.p is not None and not 0.01 <= chat.p <= 0.99:
        yield "invalid request: p must be between 0.01 and 0.99"
    if chat.temperature is not None and not 0 <= chat.temperature <= 1:
        yield "invalid request: temperature must be between 0 and 1.0 inclusive."
    if len(chat.stop_sequences or ()) > _MOST_STOPS:
        yield f"invalid request: at most {_MOST_STOPS} stop sequences"
    called: set[str] = set()
    for message in chat.messages:
        called |= {str(call.get("id")) for call in message.tool_calls or ()}
        yield from _message_faults(message, called)


def _message_faults(message: ChatMessage, called: set[str]) -> Iterator[str]:
    if message.role not in ("system", "user", "assistant", "tool"):
        yield f"invalid request: unknown role {message.role!r}"
    if message.role == "tool" and message.tool_call_id not in called:
        yield f"invalid request: tool call id {message.tool_call_id!r} not found in previous tool calls"
    if not message.content and not message.tool_calls and message.role != "tool":
        yield "message must not be empty in a turn"
    allowed = {"user": ("text", "image_url"), "tool": ("text", "document"), "assistant": ("text", "thinking")}
    for part in message.content if isinstance(message.content, list) else ():
        if part.get("type") not in allowed.get(message.role, ("text",)):
            yield f"invalid request: content of type {part.get('type')!r} in a turn of {message.role}"


def _counted(message: ChatMessage, count: PromptCount) -> str:
    """The message's text; its parts are added to the count."""
    texts = [message.content] if isinstance(message.content, str) else []
    for part in message.content if isinstance(message.content, list) else ():
        if part.get("type") == "image_url":
            count.add_media(msgspec.json.encode(part).decode())
        else:
            texts.append(str(part.get("text") or part.get("thinking") or part.get("document", "")))
    text = "\n".join(texts)
    count.add(text, least=1)
    count.add(message.tool_plan or "")
    for call in message.tool_calls or ():
        function = call.get("function") or {}
        count.add(f"{function.get('name', '')} {function.get('arguments', '')}")
    return text


def _tools(tools: list[Json]) -> tuple[ToolSpec, ...]:
    functions = [tool.get("function") or {} for tool in tools]
    return tuple(ToolSpec(str(one.get("name", "")), one.get("parameters") or {}) for one in functions)
