"""Requests in the format of Anthropic Messages, as clients send them to us.

Source: Anthropic API reference, "Create a message". `thinking` and `output_config` stay in `extra` as they
came, for providers of this dialect; for all others they are read into the prompt as well.
"""

from typing import Any, Literal

import msgspec

from leitstand.api.dialects import fields as read
from leitstand.api.dialects.messages_answer import encode_plain
from leitstand.api.dialects.messages_stream import StreamEncoder
from leitstand.api.dialects.problems import messages_error_body as error_body
from leitstand.core.conversation import (
    AnswerFormat,
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Prompt,
    Speaker,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

__all__ = ["StreamEncoder", "decode_request", "encode_plain", "error_body"]

_CHOICES: dict[str, Literal["auto", "none", "required", "tool"]] = {
    "auto": "auto",
    "any": "required",
    "none": "none",
    "tool": "tool",
}
_EFFORT_UP_TO = ((1024, "minimal"), (4096, "low"), (12288, "medium"))  # thinking budgets in tokens


def decode_request(body: bytes) -> Prompt:
    """The prompt in a request body; raises InvalidRequest."""
    return prompt_of(read.read_object(body))


def prompt_of(rest: Json, *, needs_cap: bool = True) -> Prompt:
    """The prompt in a request's fields. needs_cap: whether `max_tokens` must be there, as for an answer."""
    take = rest.pop
    model = read.name(take("model", None), "model")
    turns = read.members(take("messages", None), "messages")
    if not turns:
        raise read.wrong("messages", turns, "mindestens eine Nachricht", "at least one message")
    cap = read.whole(take("max_tokens", None), "max_tokens")
    if cap is None and needs_cap:
        raise read.missing("max_tokens")
    conversation: list[Message] = []
    system = take("system", None)
    if system is not None:
        conversation.append(Message("system", _parts(system, "system")))
    for position, turn in enumerate(turns):
        conversation += _turn(turn, f"messages[{position}]")
    if rest.get("metadata") is not None:
        rest["metadata"] = read.fields(rest["metadata"], "metadata")
    output = rest.get("output_config") or {}
    return Prompt(
        "messages",
        model,
        tuple(conversation),
        stream=read.flag(take("stream", None), "stream"),
        max_tokens=cap,
        temperature=read.number(take("temperature", None), "temperature", 1),
        top_p=read.number(take("top_p", None), "top_p", 1),
        stop=read.words(take("stop_sequences", None), "stop_sequences"),
        tools=tuple(
            [_tool(tool, at) for at, tool in enumerate(read.optional_members(take("tools", None), "tools"))]
        ),
        tool_choice=_choice(read.fields(take("tool_choice"), "tool_choice"))
        if rest.get("tool_choice")
        else None,
        answer_format=_format(output) if output else None,
        reasoning_effort=_effort(rest.get("thinking"), output),
        extra=rest,
    )


def _turn(turn: Any, at: str) -> list[Message]:
    """A turn as messages of one role each: tool results have a role of their own here."""
    rest = read.fields(turn, at)
    role = rest.pop("role", None)
    if role not in ("user", "assistant", "system"):
        raise read.wrong(f"{at}.role", role, "die Rolle user oder assistant", "the role user or assistant")
    parts = _parts(rest.pop("content", None), f"{at}.content")
    if role != "user" or not any(isinstance(part, ToolResult) for part in parts):
        return [Message(role, parts, extra=rest or None)]
    messages: list[Message] = []
    group: list[Part] = []
    for position, part in enumerate(parts):
        group.append(part)
        following = parts[position + 1] if position + 1 < len(parts) else None
        if following is None or isinstance(following, ToolResult) != isinstance(part, ToolResult):
            speaker: Speaker = "tool" if isinstance(part, ToolResult) else "user"
            messages.append(Message(speaker, tuple(group), extra=rest or None if not messages else None))
            group = []
    return messages


def _parts(content: Any, at: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),)
    if content is None:
        raise read.missing(at)
    if not isinstance(content, list):
        raise read.wrong(at, content, "ein Text oder eine Liste", "a string or a list")
    return tuple([_part(part, f"{at}[{position}]") for position, part in enumerate(content)])


def _part(part: Any, at: str) -> Part:
    rest = read.fields(part, at)
    kind = read.text(rest.pop("type", None), f"{at}.type")
    if kind == "text":
        return Text(read.text(rest.pop("text", None), f"{at}.text"), rest or None)
    if kind == "tool_use":
        arguments = read.fields(rest.pop("input", None), f"{at}.input")
        return ToolCall(
            read.text(rest.pop("id", None), f"{at}.id"),
            read.name(rest.pop("name", None), f"{at}.name"),
            msgspec.json.encode(arguments).decode(),
            rest or None,
        )
    if kind == "tool_result":
        return _result(rest, at)
    if kind == "thinking" and part.keys() == {"type", "thinking", "signature"}:
        return Thinking(
            read.text(part["thinking"], f"{at}.thinking"), read.text(part["signature"], f"{at}.signature")
        )
    if kind == "redacted_thinking" and part.keys() == {"type", "data"}:
        return Thinking("", read.text(part["data"], f"{at}.data"), redacted=True)
    if kind in ("image", "document"):
        media = _media(kind, rest, at)
        if media is not None:
            return media
    return Opaque("messages", part)


def _result(rest: Json, at: str) -> ToolResult:
    content = rest.pop("content", None)
    call_id = read.text(rest.pop("tool_use_id", None), f"{at}.tool_use_id")
    parts = () if content is None else _parts(content, f"{at}.content")
    is_error = read.flag(rest.pop("is_error", None), f"{at}.is_error")
    inner = [part for part in parts if isinstance(part, Text | Media | Opaque)]
    if len(inner) != len(parts):
        raise read.wrong(f"{at}.content", content, "Text, Bild oder Dokument", "text, image or document")
    return ToolResult(call_id, tuple(inner), is_error, rest or None)


def _media(kind: str, rest: Json, at: str) -> Media | None:
    """An image or a document given as base64 or URL; other sources stay opaque."""
    source = read.fields(rest.pop("source", None), f"{at}.source")
    form = source.pop("type", None)
    title = read.text(rest.pop("title", None) or "", f"{at}.title")
    place: Literal["image", "file"] = "image" if kind == "image" else "file"
    if form == "base64" and source.keys() == {"media_type", "data"}:
        media_type = read.text(source["media_type"], f"{at}.source.media_type")
        data = read.text(source["data"], f"{at}.source.data")
        return Media(place, media_type, data, name=title, extra=rest or None)
    if form == "url" and source.keys() == {"url"}:
        url = read.name(source["url"], f"{at}.source.url")
        return Media(place, url=url, name=title, extra=rest or None)
    return None


def _tool(tool: Any, position: int) -> Tool | Opaque:
    at = f"tools[{position}]"
    rest = read.fields(tool, at)
    if rest.get("type") not in (None, "custom"):
        return Opaque("messages", tool)
    tool_name = read.name(rest.pop("name", None), f"{at}.name")
    description = read.text(rest.pop("description", None) or "", f"{at}.description")
    schema = read.fields(rest.pop("input_schema", None), f"{at}.input_schema")
    return Tool(tool_name, description, schema, rest.pop("strict", None), rest or None)


def _choice(choice: Json) -> ToolChoice:
    kind = choice.get("type")
    mode = _CHOICES.get(kind) if isinstance(kind, str) else None
    if mode is None:
        raise read.wrong("tool_choice.type", kind, "auto, any, tool oder none", "auto, any, tool or none")
    tool_name = read.name(choice.get("name"), "tool_choice.name") if mode == "tool" else ""
    serial = choice.get("disable_parallel_tool_use")
    parallel = None if serial is None else not read.flag(serial, "tool_choice.disable_parallel_tool_use")
    return ToolChoice(mode, tool_name, parallel)


def _format(output: Any) -> AnswerFormat | None:
    wanted = read.fields(output, "output_config").get("format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    return AnswerFormat(
        "json_schema", schema=read.fields(wanted.get("schema"), "output_config.format.schema")
    )


def _effort(thinking: Any, output: Json) -> str:
    """One word for how hard the model should think; "" when the client leaves it to the model."""
    if output.get("effort"):
        return read.text(output["effort"], "output_config.effort")
    if thinking is None:
        return ""
    wish = read.fields(thinking, "thinking")
    if wish.get("type") != "enabled":
        return "high" if wish.get("type") == "adaptive" else ""
    budget = read.whole(wish.get("budget_tokens"), "thinking.budget_tokens", 1)
    if budget is None:
        raise read.missing("thinking.budget_tokens")
    return next((word for most, word in _EFFORT_UP_TO if budget <= most), "high")
