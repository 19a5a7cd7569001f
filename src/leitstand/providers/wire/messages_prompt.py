"""Prompts in the format of Anthropic Messages.

Source: Anthropic API reference, "Create a message". Structured output goes through the native
`output_config.format`: the answer stays plain text that can be streamed as it is, where a forced tool would
have to be undone in every event and would exclude the client's own tools and thinking.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from leitstand.core.conversation import (
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
from leitstand.providers.wire import responses_foreign, seals
from leitstand.providers.wire.messages_foreign import extras, fitting, lacks

__all__ = ["DEFAULT_MAX_TOKENS", "encode", "lacks"]

DEFAULT_MAX_TOKENS = 8192  # the format demands a cap; every current model accepts this one

_encode = msgspec.json.encode
_CHOICES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}


def encode(prompt: Prompt, model: str) -> bytes:
    """The request body. model: the provider's own name for it. Raises Unsupported (see `lacks`)."""
    native = prompt.dialect == "messages"
    if native:
        messages, extra = seals.without_marked(prompt.messages), prompt.extra
    else:
        missing = lacks(prompt)
        if missing is not None:
            raise Unsupported(missing)
        prompt = responses_foreign.as_chat(prompt)
        messages = fitting(prompt)
        extra = extras(prompt, model, prompt.max_tokens or DEFAULT_MAX_TOKENS)
    body: Json = {"model": model}
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in prompt.tools]
    leading = _leading_system(messages)
    if leading:
        body["system"] = _content([part for message in messages[:leading] for part in message.parts])
    body["messages"] = list(_turns(messages[leading:], merge=not native))
    body["max_tokens"] = prompt.max_tokens if prompt.max_tokens is not None else DEFAULT_MAX_TOKENS
    _add_sampling(body, prompt, native, thinking="thinking" in extra)
    if prompt.stop:
        body["stop_sequences"] = [word for word in prompt.stop if native or word.strip()]
    if prompt.tool_choice is not None and (prompt.tools or native):
        body["tool_choice"] = _choice(prompt.tool_choice)
    body.update(extra)
    if prompt.stream:
        body["stream"] = True
    return _encode(body)


def _add_sampling(body: Json, prompt: Prompt, native: bool, thinking: bool) -> None:
    if native:
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        if prompt.top_p is not None:
            body["top_p"] = prompt.top_p
    elif thinking:
        return  # thinking excludes both
    elif prompt.temperature is not None:
        body["temperature"] = min(
            prompt.temperature, 1
        )  # OpenAI's scale ends at 2; newer models take one of both
    elif prompt.top_p is not None:
        body["top_p"] = prompt.top_p


def _leading_system(messages: tuple[Message, ...]) -> int:
    count = 0
    while count < len(messages) and messages[count].role == "system":
        count += 1
    return count


def _turns(messages: tuple[Message, ...], merge: bool) -> Iterator[Json]:
    """Turns in the roles of this format. Tool results and the user text around them are one user turn.

    merge: join all neighbours of one role, as the format alternates; a prompt of this dialect keeps the
    turns as its client wrote them.
    """
    pending: Json | None = None
    parts: list[Json] = []
    last = ""
    for message in messages:
        role = "user" if message.role == "tool" else message.role
        joins = merge or (message.role == "tool") != (last == "tool")
        if pending is not None and pending["role"] == role and joins:
            parts += [_part(part) for part in message.parts]
        else:
            if pending is not None:
                yield _turn(pending, parts)
            pending, parts = {"role": role}, [_part(part) for part in message.parts]
        if message.extra:
            pending.update(message.extra)
        last = message.role
    if pending is not None:
        yield _turn(pending, parts)


def _turn(turn: Json, parts: list[Json]) -> Json:
    return {"role": turn["role"], "content": _short(parts), **turn}


def _content(parts: list[Any]) -> str | list[Json]:
    return _short([_part(part) for part in parts])


def _short(parts: list[Json]) -> str | list[Json]:
    if len(parts) == 1 and parts[0].keys() == {"type", "text"} and parts[0]["type"] == "text":
        text: str = parts[0]["text"]
        return text
    return parts


def _part(part: Any) -> Json:
    match part:
        case Text():
            encoded: Json = {"type": "text", "text": part.text}
        case Media():
            return _media(part)
        case Thinking(redacted=True):
            return {"type": "redacted_thinking", "data": part.signature}
        case Thinking():
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        case ToolCall():
            encoded = {
                "type": "tool_use",
                "id": part.id,
                "name": part.name,
                "input": arguments_of(part.arguments),
            }
        case ToolResult():
            encoded = {"type": "tool_result", "tool_use_id": part.call_id}
            if part.parts:
                encoded["content"] = _content(list(part.parts))
            if part.is_error:
                encoded["is_error"] = True
        case Opaque(native=native):
            return native
        case _:
            raise Unsupported(type(part).__name__)
    if part.extra:
        encoded.update(part.extra)
    return encoded


def _media(media: Media) -> Json:
    source = (
        {"type": "url", "url": media.url}
        if media.url
        else {"type": "base64", "media_type": media.media_type, "data": media.data}
    )
    encoded: Json = {"type": "image" if media.kind == "image" else "document", "source": source}
    if media.name:
        encoded["title"] = media.name
    if media.extra:
        encoded.update(media.extra)
    return encoded


def arguments_of(arguments: str) -> Json:
    """Tool arguments as the object this format wants; text that is no JSON object is kept under one key."""
    try:
        value = msgspec.json.decode(arguments) if arguments.strip() else {}
    except msgspec.DecodeError:
        value = arguments
    return value if isinstance(value, dict) else {"arguments": value}


def _tool(tool: Tool | Opaque) -> Json:
    if isinstance(tool, Opaque):
        return tool.native
    encoded: Json = {"name": tool.name}
    if tool.description:
        encoded["description"] = tool.description
    encoded["input_schema"] = (
        tool.parameters if tool.parameters is not None else {"type": "object", "properties": {}}
    )
    if tool.strict is not None:
        encoded["strict"] = tool.strict
    if tool.extra:
        encoded.update(tool.extra)
    return encoded


def _choice(choice: ToolChoice) -> Json:
    encoded: Json = {"type": _CHOICES[choice.mode]}
    if choice.mode == "tool":
        encoded["name"] = choice.name
    if choice.parallel is not None and choice.mode != "none":
        encoded["disable_parallel_tool_use"] = not choice.parallel
    return encoded
