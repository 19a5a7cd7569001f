"""What formats with fewer words than Chat Completions or Messages have in common.

A prompt of any dialect is checked for what such a format cannot say, and its turns are made plain: no
fields of a dialect, no participants' names, no parts that only one dialect knows.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from leitstand.core.conversation import (
    Media,
    Message,
    Opaque,
    Part,
    Prompt,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from leitstand.providers.wire import responses_foreign
from leitstand.providers.wire.chat_prompt import HINTS as _MESSAGES_HINTS
from leitstand.providers.wire.messages_foreign import HINTS as _CHAT_HINTS

HINTS = _MESSAGES_HINTS | _CHAT_HINTS
"""Fields that change cost, speed, sampling or bookkeeping only: left out, not refused."""

_MESSAGE_HINTS = frozenset(
    {"role", "refusal", "annotations", "reasoning_content", "reasoning", "cache_control", "prefix"}
)
_NEUTRAL: tuple[object, ...] = (None, False, [], {}, ["text"], "none")


def lacking(prompt: Prompt, *, passed: frozenset[str], media: frozenset[str]) -> str | None:
    """The first feature of a prompt that a format cannot say, or None.

    passed: fields of `extra` that the format has. media: kinds of media that it takes from a user.
    """
    if prompt.dialect == "responses":
        missing = responses_foreign.lacks(prompt)
        return missing or lacking(responses_foreign.as_chat(prompt), passed=passed, media=media)
    for name, value in prompt.extra.items():
        if name not in HINTS and name not in passed and value not in _NEUTRAL:
            return name
    if prompt.max_tokens == 0:
        return "max_tokens: 0"  # Anthropic's way to fill a cache without an answer
    for tool in prompt.tools:
        if isinstance(tool, Opaque):
            return f"tool type {tool.native.get('type', '')}".strip()
    for message in prompt.messages:
        for name, value in (message.extra or {}).items():
            if name not in _MESSAGE_HINTS and value not in _NEUTRAL:
                return name
        missing = next((lack for part in message.parts if (lack := _part_lacks(part, media))), None)
        if missing is not None:
            return missing
    return None


def _part_lacks(part: Part, media: frozenset[str]) -> str | None:
    if isinstance(part, ToolResult):
        return next((lack for inner in part.parts if (lack := _part_lacks(inner, media))), None)
    if isinstance(part, Opaque) and part.native.get("type") != "refusal":
        return str(part.native.get("type", "unknown part"))
    if isinstance(part, Media) and part.kind not in media:
        return part.kind
    return None


def plain_turns(prompt: Prompt, *, keep_thoughts: bool = False) -> list[Message]:
    """The turns of a prompt, each part in our own words; `extra` of a message stays for its caller to read.

    A participant's name stands before its text, a refusal is the text that it was. Thinking is left out: it
    is sealed for the provider that wrote it, and it is not masked; `keep_thoughts` is for a format that tells
    its own seals from others.
    """
    return [_plain(message, keep_thoughts) for message in prompt.messages]


def _plain(message: Message, keep_thoughts: bool) -> Message:
    parts = [plain for part in message.parts if (plain := _plain_part(part, keep_thoughts)) is not None]
    if message.name and message.role == "user" and parts and isinstance(parts[0], Text):
        parts[0] = Text(f"{message.name}: {parts[0].text}")
    return replace(message, parts=tuple(parts), name="")


def _plain_part(part: Part, keep_thoughts: bool) -> Part | None:
    match part:
        case Thinking():
            return part if keep_thoughts else None
        case Opaque(native=native):
            return Text(str(native.get("refusal", "")))
        case Text(text=text):
            return Text(text)
        case ToolResult(parts=inner):
            kept = tuple(each for each in inner if isinstance(each, Text | Media))
            return replace(part, parts=kept, extra=None)
    return replace(part, extra=None)


def text_of(parts: Sequence[Part]) -> str:
    """The texts among some parts, each on lines of its own."""
    return "\n".join(part.text for part in parts if isinstance(part, Text))


def result_text(result: ToolResult) -> str:
    """What a tool returned, as text; a failure says so, for such formats have no field for it."""
    text = text_of(result.parts)
    return f"Error: {text}" if result.is_error else text


def calls_of(message: Message) -> list[ToolCall]:
    """The tool calls of a turn, in order."""
    return [part for part in message.parts if isinstance(part, ToolCall)]


def pictures_of(message: Message) -> list[Media]:
    """Images and other media inside the tool results of a turn."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    return [inner for result in results for inner in result.parts if isinstance(inner, Media)]


def media_url(media: Media) -> str:
    """The address of an image or a file: its own, or a `data:` URL (RFC 2397)."""
    return media.url or f"data:{media.media_type};base64,{media.data}"
