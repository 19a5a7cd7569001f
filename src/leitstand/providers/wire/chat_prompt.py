"""Prompts in the format of OpenAI Chat Completions.

Source: OpenAI API reference, "Create chat completion". Key order is fixed, so that the same conversation
always has the same beginning: providers cache by prefix.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from leitstand.core.conversation import (
    AnswerFormat,
    Json,
    Media,
    Message,
    Opaque,
    Prompt,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import responses_foreign

_encode = msgspec.json.encode

# What a Messages client may say that changes cost, speed or sampling only: left out, not refused.
HINTS = frozenset(
    {"cache_control", "diagnostics", "metadata", "output_config", "service_tier", "speed", "thinking", "top_k",
     "user_profile_id"}
)  # fmt: skip
_REASONING_MODEL = re.compile(r"(.*/)?(o\d|gpt-[5-9]|gpt-oss)")
_EFFORTS = {"max": "xhigh"}  # Anthropic's highest word has this name here


def encode(
    prompt: Prompt, model: str, *, compatible: bool = False, also: Mapping[str, Any] = MappingProxyType({})
) -> bytes:
    """The request body. model: the provider's own name for it.

    compatible: for servers that only follow OpenAI: `max_tokens` in place of `max_completion_tokens`.
    also: further fields, for servers that know them. A stream always asks for usage, which we account by. Raises Unsupported (see `lacks`).
    """
    if prompt.dialect == "chat":
        return _encode({**_body(prompt, model, prompt.extra, compatible), **also})
    missing = lacks(prompt)
    if missing is not None:
        raise Unsupported(missing)
    if prompt.dialect == "responses":
        return encode(responses_foreign.as_chat(prompt), model, compatible=compatible, also=also)
    extra: Json = {}
    user_id = (prompt.extra.get("metadata") or {}).get("user_id")
    if user_id:
        extra["user"] = user_id
    return _encode({**_body(prompt, model, extra, compatible), **also})


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt of another dialect that Chat Completions cannot say, or None."""
    if prompt.dialect == "chat":
        return None
    if prompt.dialect == "responses":
        return responses_foreign.lacks(prompt) or _file_lacks(prompt)
    for name, value in prompt.extra.items():
        if name not in HINTS and value not in (None, [], {}):
            return name
    if prompt.max_tokens == 0:
        return "max_tokens: 0"  # Anthropic's way to fill a cache without an answer
    for tool in prompt.tools:
        if isinstance(tool, Opaque):
            return _type_of(tool)
    for message in prompt.messages:
        for part in message.parts:
            for inner in part.parts if isinstance(part, ToolResult) else (part,):
                if isinstance(inner, Opaque):
                    return _type_of(inner)
    return _file_lacks(prompt)


def _file_lacks(prompt: Prompt) -> str | None:
    for message in prompt.messages:
        for part in message.parts:
            for inner in part.parts if isinstance(part, ToolResult) else (part,):
                if isinstance(inner, Media) and inner.kind == "file" and not inner.data:
                    return "document by url"
    return None


def _type_of(opaque: Opaque) -> str:
    return str(opaque.native.get("type", "unknown part"))


def _body(prompt: Prompt, model: str, extra: Mapping[str, Any], compatible: bool) -> Json:
    body: Json = {"model": model}
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in prompt.tools]
    body["messages"] = [
        encoded for message in prompt.messages for encoded in _messages(message, prompt.dialect)
    ]
    if prompt.max_tokens is not None:
        body[_cap_name(prompt, compatible)] = prompt.max_tokens
    effort = effort_of(prompt, model)
    # Reasoning models refuse sampling settings; a client of this dialect is trusted to know that.
    if prompt.temperature is not None and (prompt.dialect == "chat" or not effort):
        body["temperature"] = prompt.temperature
    if prompt.top_p is not None and (prompt.dialect == "chat" or not effort):
        body["top_p"] = prompt.top_p
    if prompt.stop:
        body["stop"] = list(prompt.stop)
    if prompt.tool_choice is not None:
        _choose(body, prompt.tool_choice)
    if prompt.answer_format is not None:
        body["response_format"] = _format(prompt.answer_format)
    if effort:
        body["reasoning_effort"] = effort
    if prompt.choices != 1:
        body["n"] = prompt.choices
    for name in extra:
        if name not in ("max_completion_tokens", "stream_options"):
            body[name] = extra[name]
    if prompt.stream:
        body["stream"] = True
        body["stream_options"] = {**(extra.get("stream_options") or {}), "include_usage": True}
    return body


def _cap_name(prompt: Prompt, compatible: bool) -> str:
    if compatible or (prompt.dialect == "chat" and "max_completion_tokens" not in prompt.extra):
        return "max_tokens"
    return "max_completion_tokens"


def is_reasoning_model(model: str) -> bool:
    """Whether OpenAI's model of this name thinks before it answers."""
    return _REASONING_MODEL.match(model) is not None


def effort_of(prompt: Prompt, model: str) -> str:
    """The wish for thinking as this model takes it.

    Clients of other dialects ask for thinking of any model; here only reasoning models accept the field.
    """
    if prompt.dialect == "chat":
        return prompt.reasoning_effort
    if not is_reasoning_model(model):
        return ""
    return _EFFORTS.get(prompt.reasoning_effort, prompt.reasoning_effort)


def _choose(body: Json, choice: ToolChoice) -> None:
    if "tools" not in body and choice.mode in ("auto", "none"):
        return
    if choice.mode == "tool":
        body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        body["tool_choice"] = choice.mode
    if choice.parallel is not None:
        body["parallel_tool_calls"] = choice.parallel


def _format(answer: AnswerFormat) -> Json:
    if answer.kind == "json_object":
        return {"type": "json_object"}
    schema: Json = {"name": answer.name or "answer"}
    if answer.description:
        schema["description"] = answer.description
    if answer.schema is not None:
        schema["schema"] = answer.schema
    if answer.strict is not None:
        schema["strict"] = answer.strict
    return {"type": "json_schema", "json_schema": schema}


def _tool(tool: Tool | Opaque) -> Json:
    if isinstance(tool, Opaque):
        return tool.native
    function: Json = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _messages(message: Message, dialect: str) -> Iterator[Json]:
    """One turn as one message, or as several when it holds several tool results."""
    if message.role == "tool":
        yield from _results(message, dialect)
        return
    extra = message.extra if dialect == "chat" else None
    encoded: Json = {"role": message.role}
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    parts = [part for part in message.parts if not isinstance(part, ToolCall | Thinking)]
    encoded["content"] = _content(parts, dialect) if parts or message.role != "assistant" else None
    if message.name:
        encoded["name"] = message.name
    if calls:
        encoded["tool_calls"] = [_call(call, dialect) for call in calls]
    if extra:
        encoded.update(extra)
    yield encoded


def _call(call: ToolCall, dialect: str) -> Json:
    encoded: Json = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if call.extra and dialect == "chat":
        encoded.update(call.extra)
    return encoded


def _results(message: Message, dialect: str) -> Iterator[Json]:
    """Tool results; their images follow in a user message, for a tool message holds text only."""
    pictures: list[Media] = []
    for part in message.parts:
        if isinstance(part, Opaque):
            yield part.native
        elif isinstance(part, ToolResult):
            words = [inner for inner in part.parts if not isinstance(inner, Media)]
            pictures += [inner for inner in part.parts if isinstance(inner, Media)]
            content = _content(words, dialect)
            if part.is_error:
                content = f"Error: {content}" if isinstance(content, str) else [_text("Error:"), *content]
            encoded: Json = {"role": "tool", "tool_call_id": part.call_id, "content": content}
            if message.name:
                encoded["name"] = message.name
            if message.extra and dialect == "chat":
                encoded.update(message.extra)
            yield encoded
    if pictures:
        yield {"role": "user", "content": _content(pictures, dialect)}


def _content(parts: list[Any], dialect: str) -> str | list[Json]:
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text) and not (parts[0].extra and dialect == "chat"):
        text: str = parts[0].text
        return text
    return [_part(part, dialect) for part in parts]


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _part(part: Any, dialect: str) -> Json:
    match part:
        case Text():
            encoded = _text(part.text)
        case Media(kind="image"):
            image: Json = {"url": part.url or f"data:{part.media_type};base64,{part.data}"}
            if part.detail:
                image["detail"] = part.detail
            encoded = {"type": "image_url", "image_url": image}
        case Media(kind="audio"):
            sound = {"data": part.data, "format": part.media_type.removeprefix("audio/")}
            encoded = {"type": "input_audio", "input_audio": sound}
        case Media():
            file: Json = {"file_data": f"data:{part.media_type};base64,{part.data}"}
            if part.name or dialect != "chat":
                file["filename"] = part.name or "document"
            encoded = {"type": "file", "file": file}
        case Opaque(native=native):
            return native
        case _:
            raise Unsupported(type(part).__name__)
    if part.extra and dialect == "chat":
        encoded.update(part.extra)
    return encoded
