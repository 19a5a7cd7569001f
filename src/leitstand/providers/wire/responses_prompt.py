"""Prompts in the format of OpenAI Responses.

Source: OpenAI API reference, "Create a model response". Nothing is kept at the provider (`store: false`):
the whole conversation travels in each request, reasoning in sealed form. Key order is fixed, so that the same
conversation always has the same beginning: providers cache by prefix.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from leitstand.core.conversation import (
    AnswerFormat,
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Prompt,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from leitstand.core.reasoning_items import sealed_item
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import narrow
from leitstand.providers.wire.chat_prompt import effort_of, is_reasoning_model

_encode = msgspec.json.encode
_MEDIA = frozenset({"image", "audio", "file"})
_OWN = frozenset({"store", "stream", "previous_response_id", "include", "reasoning", "text"})
_FOREIGN = ("user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier")
_SEALED = "reasoning.encrypted_content"


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt of another dialect that the Responses API cannot say, or None."""
    if prompt.dialect == "responses":
        return None
    if prompt.choices != 1:
        return "n"
    if prompt.stop:
        return "stop"
    return narrow.lacking(prompt, passed=frozenset(), media=_MEDIA)


def encode(prompt: Prompt, model: str) -> bytes:
    """The request body. model: the provider's own name for it. Raises Unsupported (see `lacks`)."""
    missing = lacks(prompt)
    if missing is not None:
        raise Unsupported(missing)
    native = prompt.dialect == "responses"
    body: Json = {"model": model}
    if prompt.tools:
        body["tools"] = [_tool(tool, native) for tool in prompt.tools]
    messages = prompt.messages
    if native and messages and (messages[0].extra or {}).get("type") == "instructions":
        body["instructions"] = "".join(part.text for part in messages[0].parts if isinstance(part, Text))
        messages = messages[1:]
    turns = messages if native else tuple(_foreign_turns(prompt))
    body["input"] = [item for message in turns for item in _items(message)]
    if prompt.max_tokens is not None:
        body["max_output_tokens"] = prompt.max_tokens
    effort = prompt.reasoning_effort if native else effort_of(prompt, model)
    _add_sampling(body, prompt, effort)
    if prompt.tool_choice is not None:
        _choose(body, prompt.tool_choice)
    _add_text(body, prompt)
    reasoning = {"effort": effort} if effort else {}
    if native:
        reasoning |= prompt.extra.get("reasoning") or {}
    if reasoning:
        body["reasoning"] = reasoning
    _add_extra(body, prompt, model, native)
    body["store"] = False
    if prompt.stream:
        body["stream"] = True
    return _encode(body)


def _foreign_turns(prompt: Prompt) -> Iterator[Message]:
    """Turns of another dialect in plain words; of its own fields only the developer's role has a place."""
    for turn in narrow.plain_turns(prompt, keep_thoughts=True):
        is_developer = (turn.extra or {}).get("role") == "developer"
        yield replace(turn, extra={"role": "developer"} if is_developer else None)


def _add_sampling(body: Json, prompt: Prompt, effort: str) -> None:
    """Reasoning models refuse these; a client of OpenAI's own dialects is trusted to know that."""
    if prompt.dialect == "messages" and effort:
        return
    if prompt.temperature is not None:
        body["temperature"] = prompt.temperature
    if prompt.top_p is not None:
        body["top_p"] = prompt.top_p


def _add_text(body: Json, prompt: Prompt) -> None:
    """What the text of the answer is like. A chat client says `verbosity` beside the format."""
    text: Json = {}
    if prompt.answer_format is not None:
        text["format"] = _format(prompt.answer_format)
    if prompt.dialect == "responses":
        text |= prompt.extra.get("text") or {}
    elif prompt.extra.get("verbosity"):
        text["verbosity"] = prompt.extra["verbosity"]
    if text:
        body["text"] = text


def _add_extra(body: Json, prompt: Prompt, model: str, native: bool) -> None:
    given = prompt.extra
    for name in given if native else _FOREIGN:
        if name not in _OWN and name in given:
            body[name] = given[name]
    user_id = (given.get("metadata") or {}).get("user_id") if prompt.dialect == "messages" else None
    if user_id:
        body["user"] = user_id
    include = list(given.get("include") or ()) if native else []
    # Clients of Chat Completions have no place for sealed reasoning; other models refuse the wish.
    if prompt.dialect != "chat" and is_reasoning_model(model) and _SEALED not in include:
        include.append(_SEALED)
    if include:
        body["include"] = include


def _choose(body: Json, choice: ToolChoice) -> None:
    if "tools" not in body and choice.mode in ("auto", "none"):
        return
    named = choice.mode == "tool"
    body["tool_choice"] = {"type": "function", "name": choice.name} if named else choice.mode
    if choice.parallel is not None:
        body["parallel_tool_calls"] = choice.parallel


def _format(answer: AnswerFormat) -> Json:
    if answer.kind == "json_object":
        return {"type": "json_object"}
    wanted: Json = {"type": "json_schema", "name": answer.name or "answer"}
    if answer.description:
        wanted["description"] = answer.description
    wanted["schema"] = answer.schema if answer.schema is not None else {"type": "object"}
    if answer.strict is not None:
        wanted["strict"] = answer.strict
    return wanted


def _tool(tool: Tool | Opaque, native: bool) -> Json:
    if isinstance(tool, Opaque):
        return tool.native
    encoded: Json = {"type": "function", "name": tool.name}
    if tool.description:
        encoded["description"] = tool.description
    if tool.parameters is not None:
        encoded["parameters"] = tool.parameters
    elif not native:
        encoded["parameters"] = {"type": "object", "properties": {}}
    if tool.strict is not None:
        encoded["strict"] = tool.strict
    elif not native:
        encoded["strict"] = False  # here strict is the default, in the other dialects it is not
    if native and tool.extra:
        encoded.update(tool.extra)
    return encoded


def _items(message: Message) -> Iterator[Json]:
    """One turn as items: its text, its calls and its reasoning each are one."""
    extra = dict(message.extra or {})
    if extra.get("type") == "item":
        yield from (part.native for part in message.parts if isinstance(part, Opaque))
        return
    content: list[Part] = []
    for part in message.parts:
        item = _item(part)
        if item is None:
            if not isinstance(part, Thinking):
                content.append(part)
            continue
        if content:
            yield _message(message, content, extra)
            content = []
        if item:
            yield item
    if content or not message.parts:
        yield _message(message, content, extra)


def _item(part: Part) -> Json | None:
    """A part that is an item of its own; None for content of a message, and for a thought of another maker."""
    match part:
        case Thinking():
            return sealed_item(part.signature)
        case ToolCall():
            call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
            return {"type": "function_call", **call, **(part.extra or {})}
        case ToolResult():
            output = _content(part.parts, "user")
            if part.is_error:
                output = f"Error: {output}" if isinstance(output, str) else [_error_mark(), *output]
            return {
                "type": "function_call_output",
                "call_id": part.call_id,
                "output": output,
                **(part.extra or {}),
            }
    return None


def _error_mark() -> Json:
    return {"type": "input_text", "text": "Error:"}


def _message(message: Message, content: Sequence[Part], extra: Json) -> Json:
    return {"role": message.role, "content": _content(content, message.role), **extra}


def _content(parts: Sequence[Part], role: str) -> str | list[Json]:
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].extra:
        return parts[0].text
    return [_part(part, role) for part in parts]


def _part(part: Any, role: str) -> Json:
    match part:
        case Text():
            encoded: Json = {
                "type": "output_text" if role == "assistant" else "input_text",
                "text": part.text,
            }
        case Media(kind="image"):
            encoded = {"type": "input_image", "image_url": narrow.media_url(part)}
            if part.detail:
                encoded["detail"] = part.detail
        case Media(kind="audio"):
            sound = {"data": part.data, "format": part.media_type.removeprefix("audio/")}
            encoded = {"type": "input_audio", "input_audio": sound}
        case Media():
            encoded = {"type": "input_file"}
            if part.url:
                encoded["file_url"] = part.url
            else:
                encoded |= {"file_data": narrow.media_url(part), "filename": part.name or "document"}
            if part.name:
                encoded["filename"] = part.name
        case Opaque(native=native):
            return native
        case _:
            raise Unsupported(type(part).__name__)
    if part.extra:
        encoded.update(part.extra)
    return encoded
