"""Items of OpenAI Responses, as clients send them in `input` and as they were kept from earlier answers.

Each item becomes one message. An item that only this dialect knows is a message with one Opaque part and
`extra` {"type": "item"}; in every other message an Opaque part is a part of its content.
"""

import mimetypes
from typing import Any

from leitstand.api.dialects import fields as read
from leitstand.core.conversation import (
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Speaker,
    Text,
    ToolCall,
    ToolResult,
)
from leitstand.core.errors import InvalidRequest
from leitstand.core.reasoning_items import thought_of

_ROLES: dict[str, Speaker] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_ITEM = {"type": "item"}


def decode_items(items: Any, at: str) -> tuple[Message, ...]:
    """The turns in `items`: a list, or a text that the user said. Raises InvalidRequest.

    Reasoning items without encrypted content are left out: their content lies with nobody.
    """
    if items is None:
        return ()
    if isinstance(items, str):
        return (Message("user", (Text(items),)),)
    if not isinstance(items, list):
        raise read.wrong(at, items, "ein Text oder eine Liste", "a string or a list")
    turns = [_item(item, f"{at}[{position}]") for position, item in enumerate(items)]
    return tuple([turn for turn in turns if turn is not None])


def _item(item: Any, at: str) -> Message | None:
    rest = read.fields(item, at)
    kind = rest.get("type") or ("message" if "role" in rest else None)
    match kind:
        case "message":
            return _message(rest, at)
        case "function_call":
            return _call(rest, at)
        case "function_call_output":
            return _output(rest, at)
        case "reasoning":
            thought = thought_of(rest)
            return None if thought is None else Message("assistant", (thought,))
        case "item_reference":
            raise _reference(at)
        case str():
            role: Speaker = "tool" if kind.endswith("_output") else "assistant"
            return Message(role, (Opaque("responses", item),), extra=_ITEM)
    raise read.missing(f"{at}.type")


def _reference(at: str) -> InvalidRequest:
    return InvalidRequest(
        f"Feld '{at}': Verweise auf einzelne Elemente (item_reference) gibt es hier nicht. Senden Sie das Element "
        "selbst, oder setzen Sie mit 'previous_response_id' fort.",
        f"Field '{at}': references to single items (item_reference) are not offered. Send the item itself, or go "
        "on with 'previous_response_id'.",
        detail={"param": at},
    )


def _message(rest: Json, at: str) -> Message:
    role_name = rest.pop("role", None)
    role = _ROLES.get(role_name) if isinstance(role_name, str) else None
    if role is None:
        expected = ", ".join(_ROLES)
        raise read.wrong(
            f"{at}.role", role_name, f"eine der Rollen {expected}", f"one of the roles {expected}"
        )
    parts = _parts(rest.pop("content", None), f"{at}.content")
    if role_name == "developer":
        rest["role"] = "developer"
    return Message(role, parts, extra=rest or None)


def _call(rest: Json, at: str) -> Message:
    del rest["type"]
    call = ToolCall(
        read.name(rest.pop("call_id", None), f"{at}.call_id"),
        read.name(rest.pop("name", None), f"{at}.name"),
        read.text(rest.pop("arguments", None), f"{at}.arguments"),
        rest or None,
    )
    return Message("assistant", (call,))


def _output(rest: Json, at: str) -> Message:
    del rest["type"]
    call_id = read.name(rest.pop("call_id", None), f"{at}.call_id")
    parts = _parts(rest.pop("output", None), f"{at}.output")
    return Message("tool", (ToolResult(call_id, parts, extra=rest or None),))  # type: ignore[arg-type]  # only content parts are read here


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
    kind = rest.pop("type", None)
    if kind in ("input_text", "output_text"):
        return Text(read.text(rest.pop("text", None), f"{at}.text"), rest or None)
    media: Media | None = None
    if kind == "input_image":
        media = _image(rest, at)
    elif kind == "input_file":
        media = _file(rest, at)
    elif kind == "input_audio":
        media = _audio(rest, at)
    return media if media is not None else Opaque("responses", part)


def _image(rest: Json, at: str) -> Media | None:
    if rest.get("file_id") is not None:
        return None
    rest.pop("file_id", None)
    url = read.name(rest.pop("image_url", None), f"{at}.image_url")
    detail = read.text(rest.pop("detail", None) or "", f"{at}.detail")
    inline = read.split_data_url(url)
    if inline is None:
        return Media("image", url=url, detail=detail, extra=rest or None)
    return Media("image", *inline, detail=detail, extra=rest or None)


def _file(rest: Json, at: str) -> Media | None:
    if rest.get("file_id") is not None:
        return None
    rest.pop("file_id", None)
    name = read.text(rest.pop("filename", None) or "", f"{at}.filename")
    url, data = rest.pop("file_url", None), rest.pop("file_data", None)
    if url is not None:
        return Media("file", url=read.name(url, f"{at}.file_url"), name=name, extra=rest or None)
    data = read.name(data, f"{at}.file_data")
    media_type, content = read.split_data_url(data) or (
        mimetypes.guess_type(name)[0] or "application/pdf",
        data,
    )
    return Media("file", media_type, content, name=name, extra=rest or None)


def _audio(rest: Json, at: str) -> Media | None:
    sound = read.fields(rest.pop("input_audio", None), f"{at}.input_audio")
    data = read.text(sound.pop("data", None), f"{at}.input_audio.data")
    kind = read.text(sound.pop("format", None), f"{at}.input_audio.format")
    return None if sound else Media("audio", f"audio/{kind}", data, extra=rest or None)
