"""Requests in the format of OpenAI Chat Completions, as clients send them to us.

Source: OpenAI API reference, "Create chat completion". What has no place in a Prompt stays in `extra`.
"""

from typing import Any, Literal

from msgspec.structs import replace

from leitstand.api.dialects import fields as read
from leitstand.api.dialects.chat_answer import encode_plain
from leitstand.api.dialects.chat_stream import StreamEncoder
from leitstand.api.dialects.problems import chat_error_body as error_body
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
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

__all__ = ["StreamEncoder", "decode_request", "encode_plain", "error_body"]

_ROLES: dict[str, Speaker] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
}
_OF_PAGES = ("chat_id", "session_id", "id")
"""Ids that chat pages such as Open WebUI give their own conversations; OpenAI refuses them. They stay here."""


def decode_request(body: bytes) -> Prompt:
    """The prompt in a request body; raises InvalidRequest."""
    rest = read.read_object(body)
    take = rest.pop
    for name in _OF_PAGES:
        take(name, None)
    model = read.name(take("model", None), "model")
    turns = read.members(take("messages", None), "messages")
    if not turns:
        raise read.wrong("messages", turns, "mindestens eine Nachricht", "at least one message")
    completion_cap = read.whole(rest.get("max_completion_tokens"), "max_completion_tokens", 1)
    cap = read.whole(take("max_tokens", None), "max_tokens", 1)
    options = rest.get("stream_options")
    choices = read.whole(take("n", None), "n", 1)
    return Prompt(
        "chat",
        model,
        tuple([_message(turn, position) for position, turn in enumerate(turns)]),
        stream=read.flag(take("stream", None), "stream"),
        max_tokens=completion_cap if completion_cap is not None else cap,
        temperature=read.number(take("temperature", None), "temperature", 2),
        top_p=read.number(take("top_p", None), "top_p", 1),
        stop=read.words(take("stop", None), "stop"),
        tools=tuple(
            [_tool(tool, at) for at, tool in enumerate(read.optional_members(take("tools", None), "tools"))]
        ),
        tool_choice=_choice(rest) if "tool_choice" in rest or "parallel_tool_calls" in rest else None,
        answer_format=_format(rest) if "response_format" in rest else None,
        reasoning_effort=read.text(take("reasoning_effort", None) or "", "reasoning_effort"),
        choices=1 if choices is None else choices,
        include_usage=options is not None and _wants_usage(rest, options),
        extra=rest,
    )


def _wants_usage(rest: Json, options: Any) -> bool:
    other = read.fields(options, "stream_options")
    wanted = read.flag(other.pop("include_usage", None), "stream_options.include_usage")
    if other:
        rest["stream_options"] = other
    else:
        del rest["stream_options"]
    return wanted


def _message(turn: Any, position: int) -> Message:
    at = f"messages[{position}]"
    rest = read.fields(turn, at)
    role_name = rest.pop("role", None)
    if role_name == "function":
        return Message("tool", (Opaque("chat", turn),))
    role = _ROLES.get(role_name) if isinstance(role_name, str) else None
    if role is None:
        expected = "system, developer, user, assistant, tool"
        raise read.wrong(
            f"{at}.role", role_name, f"eine der Rollen {expected}", f"one of the roles {expected}"
        )
    content = rest.pop("content", None)
    if content is None and role != "assistant":
        raise read.missing(f"{at}.content")
    parts = _parts(content, f"{at}.content")
    speaker = rest.pop("name", None) or ""
    if role_name == "developer":
        rest["role"] = "developer"
    if role == "tool":
        call_id = read.text(rest.pop("tool_call_id", None), f"{at}.tool_call_id")
        parts = (ToolResult(call_id, parts),)  # type: ignore[arg-type]  # only content parts are read here
    elif role == "assistant" and rest.get("tool_calls"):
        calls = read.members(rest["tool_calls"], f"{at}.tool_calls")
        read_calls = [_call(call, f"{at}.tool_calls[{index}]") for index, call in enumerate(calls)]
        if None not in read_calls:
            del rest["tool_calls"]
            parts += tuple([call for call in read_calls if call is not None])
    return Message(role, parts, read.text(speaker, f"{at}.name"), rest or None)


def _parts(content: Any, at: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),)
    if content is None:
        return ()
    if not isinstance(content, list):
        raise read.wrong(at, content, "ein Text oder eine Liste", "a string or a list")
    return tuple([_part(part, f"{at}[{position}]") for position, part in enumerate(content)])


def _part(part: Any, at: str) -> Part:
    rest = read.fields(part, at)
    kind = rest.pop("type", None)
    if kind == "text":
        return Text(read.text(rest.pop("text", None), f"{at}.text"), rest or None)
    media: Media | None = None
    if kind == "image_url":
        media = _image(rest, at)
    elif kind == "input_audio":
        media = _audio(rest, at)
    elif kind == "file":
        media = _file(rest, at)
    return media if media is not None else Opaque("chat", part)


def _image(rest: Json, at: str) -> Media | None:
    image = read.fields(rest.pop("image_url", None), f"{at}.image_url")
    url = read.name(image.pop("url", None), f"{at}.image_url.url")
    detail = read.text(image.pop("detail", None) or "", f"{at}.image_url.detail")
    if image:
        return None
    inline = read.split_data_url(url)
    if inline is None:
        return Media("image", url=url, detail=detail, extra=rest or None)
    return Media("image", *inline, detail=detail, extra=rest or None)


def _audio(rest: Json, at: str) -> Media | None:
    sound = read.fields(rest.pop("input_audio", None), f"{at}.input_audio")
    data = read.text(sound.pop("data", None), f"{at}.input_audio.data")
    kind = read.text(sound.pop("format", None), f"{at}.input_audio.format")
    return None if sound else Media("audio", f"audio/{kind}", data, extra=rest or None)


def _file(rest: Json, at: str) -> Media | None:
    file = read.fields(rest.pop("file", None), f"{at}.file")
    inline = read.split_data_url(str(file.pop("file_data", "")))
    file_name = file.pop("filename", None) or ""
    if file or inline is None:
        return None
    return Media("file", *inline, name=read.text(file_name, f"{at}.file.filename"), extra=rest or None)


def _call(call: Any, at: str) -> ToolCall | None:
    """A function call; None for other kinds, which then stay in the message's `extra` as they came."""
    rest = read.fields(call, at)
    if rest.pop("type", "function") != "function":
        return None
    function = read.fields(rest.pop("function", None), f"{at}.function")
    return ToolCall(
        read.text(rest.pop("id", None), f"{at}.id"),
        read.name(function.get("name"), f"{at}.function.name"),
        read.text(function.get("arguments") or "", f"{at}.function.arguments"),
        rest or None,
    )


def _tool(tool: Any, position: int) -> Tool | Opaque:
    at = f"tools[{position}]"
    rest = read.fields(tool, at)
    if rest.pop("type", "function") != "function":
        return Opaque("chat", tool)
    function = read.fields(rest.pop("function", None), f"{at}.function")
    tool_name = read.name(function.pop("name", None), f"{at}.function.name")
    parameters = function.pop("parameters", None)
    strict = function.pop("strict", None)
    description = read.text(function.pop("description", None) or "", f"{at}.function.description")
    if function or rest:
        return Opaque("chat", tool)
    if parameters is not None:
        parameters = read.fields(parameters, f"{at}.function.parameters")
    return Tool(tool_name, description, parameters, strict)


def _choice(rest: Json) -> ToolChoice | None:
    """The tool choice; forms without a place in our words stay in `rest`."""
    choice = rest.get("tool_choice")
    if choice is None:
        choice = "auto"
    if isinstance(choice, dict):
        named = choice.get("function")
        if choice.get("type") != "function" or not isinstance(named, dict):
            return None
        wished = ToolChoice("tool", read.name(named.get("name"), "tool_choice.function.name"))
    elif isinstance(choice, str) and choice in _MODES:
        wished = ToolChoice(_MODES[choice])
    else:
        raise read.wrong(
            "tool_choice", choice, "auto, none, required oder ein Objekt", "auto, none, required or an object"
        )
    rest.pop("tool_choice", None)
    parallel = rest.pop("parallel_tool_calls", None)
    return replace(wished, parallel=None if parallel is None else read.flag(parallel, "parallel_tool_calls"))


def _format(rest: Json) -> AnswerFormat | None:
    """The answer format; `text` is the default, unknown forms stay in `rest`."""
    wanted = rest["response_format"]
    if wanted is None:
        del rest["response_format"]
        return None
    kind = read.fields(wanted, "response_format").get("type")
    if kind in ("text", "json_object"):
        del rest["response_format"]
        return AnswerFormat("json_object") if kind == "json_object" else None
    if kind != "json_schema":
        return None
    given = read.fields(wanted.get("json_schema"), "response_format.json_schema")
    del rest["response_format"]
    return AnswerFormat(
        "json_schema",
        read.text(given.get("name"), "response_format.json_schema.name"),
        _schema(given.get("schema")),
        given.get("strict"),
        read.text(given.get("description") or "", "response_format.json_schema.description"),
    )


def _schema(schema: Any) -> Json | None:
    return None if schema is None else read.fields(schema, "response_format.json_schema.schema")
