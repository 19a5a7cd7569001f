"""What is asked and what is answered, independent of any API's wire format.

A `Prompt` is what a client sent, whichever dialect it speaks; an answer is a series of `Frame`s, each
holding `Chunk`s. Adapters and client APIs translate to and from these and never to each other, so n client
dialects and m providers need n + m translators.

Nothing is lost on the way between two ends of the same dialect: what has no place here travels in `extra`
(fields) or as `Opaque` (whole parts, tools, messages), and an untouched frame keeps its `raw` bytes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from leitstand.core.links import map_link

Json = dict[str, Any]
Dialect = Literal[
    "chat", "messages", "responses", "embeddings", "rerank", "images", "transcriptions", "count_tokens"
]
CONVERSATIONS: frozenset[Dialect] = frozenset({"chat", "messages", "responses"})
"""Dialects in which a model talks. The others are single tasks, and each is both a dialect and what is asked:

- embeddings: one message with one text per input; `extra` holds `dimensions` and the like.
- rerank: the first message is the query, each further one a document; `extra` holds `top_n`.
- images: one message with the description; `choices` pictures are wanted.
- transcriptions: one message with the sound as `Media`, before it a hint as text where there is one.
- count_tokens: a prompt in the words of `messages` whose tokens are to be counted and not answered. The count
  comes back as the `input_tokens` of a `Used`; it is the answer, and nothing of it is billed.
"""
Speaker = Literal["system", "user", "assistant", "tool"]

# ---------------------------------------------------------------- the question


class Text(msgspec.Struct, frozen=True, tag=True):
    """Plain text. extra: fields of the dialect, such as `cache_control` or `citations`."""

    text: str
    extra: Json | None = None


class Media(msgspec.Struct, frozen=True, tag=True):
    """An image, a sound or a file: either `data` (base64) with `media_type`, or a `url`."""

    kind: Literal["image", "audio", "file"]
    media_type: str = ""
    data: str = ""
    url: str = ""
    name: str = ""
    detail: str = ""  # OpenAI's image detail: low, high, auto
    extra: Json | None = None


class Thinking(msgspec.Struct, frozen=True, tag=True):
    """Reasoning of the model that it wants back unchanged; `signature` is the provider's seal."""

    text: str
    signature: str = ""
    redacted: bool = False


class ToolCall(msgspec.Struct, frozen=True, tag=True):
    """The model wants a tool run. arguments: a JSON object as text, exactly as the model wrote it."""

    id: str
    name: str
    arguments: str
    extra: Json | None = None


class ToolResult(msgspec.Struct, frozen=True, tag=True):
    """What a tool returned for the call `call_id`."""

    call_id: str
    parts: tuple["Text | Media | Opaque", ...]
    is_error: bool = False
    extra: Json | None = None


class Opaque(msgspec.Struct, frozen=True, tag=True):
    """A part known to one dialect only; sent on as it came, to providers of that dialect."""

    dialect: Dialect
    native: Json


Part = Text | Media | Thinking | ToolCall | ToolResult | Opaque


class Message(msgspec.Struct, frozen=True):
    """One turn. Tool results are parts of a message with role `tool`."""

    role: Speaker
    parts: tuple[Part, ...]
    name: str = ""
    extra: Json | None = None


class Tool(msgspec.Struct, frozen=True, tag=True):
    """A function that the model may call. parameters: its JSON schema."""

    name: str
    description: str = ""
    parameters: Json | None = None
    strict: bool | None = None
    extra: Json | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether tools are used: auto, none, required, or the named one."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str = ""
    parallel: bool | None = None  # None: the provider's default


class AnswerFormat(msgspec.Struct, frozen=True):
    """Structured output: any JSON object, or JSON by a schema."""

    kind: Literal["json_object", "json_schema"]
    name: str = ""
    schema: Json | None = None
    strict: bool | None = None
    description: str = ""


class Prompt(msgspec.Struct, frozen=True):
    """A whole request to a model. `extra` holds the dialect's other fields as they came.

    max_tokens: the client's own cap on the answer in tokens, None when it gave none.
    """

    dialect: Dialect
    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool | Opaque, ...] = ()
    tool_choice: ToolChoice | None = None
    answer_format: AnswerFormat | None = None
    reasoning_effort: str = ""
    choices: int = 1
    include_usage: bool = False  # chat dialect: the client asked for a usage event in the stream
    extra: Json = {}


TextMap = Callable[[str], str]


def texts(prompt: Prompt) -> Iterator[str]:
    """Every text of a prompt that a person or a tool may have written, in reading order."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    map_texts(prompt, note)
    return iter(found)


def map_texts(prompt: Prompt, change: TextMap) -> Prompt:
    """The prompt with every text replaced by `change(text)`, in reading order.

    Texts are: message and tool-result texts, names of participants and files, what addresses of media carry
    (core/links.py), string values and long whole numbers inside tool arguments (which are JSON), tool descriptions,
    schemas, stop sequences and every string in `extra` and opaque parts. A number that is changed becomes a
    string. Not changed: model and tool names, ids, roles, keys of objects, media bytes and thinking (sealed by the
    provider; it was written from masked text).
    """
    return replace(
        prompt,
        messages=tuple(_map_message(message, change) for message in prompt.messages),
        tools=tuple(_map_tool(tool, change) for tool in prompt.tools),
        stop=tuple(change(word) for word in prompt.stop),
        answer_format=_map_format(prompt.answer_format, change),
        extra=map_strings(prompt.extra, change) if prompt.extra else prompt.extra,
    )


def _map_message(message: Message, change: TextMap) -> Message:
    return replace(
        message,
        parts=tuple(_map_part(part, change) for part in message.parts),
        name=change(message.name) if message.name else "",
        extra=_map_extra(message.extra, change),
    )


def _map_part(part: Any, change: TextMap) -> Any:
    match part:
        case Text():
            return Text(change(part.text), _map_extra(part.extra, change))
        case ToolCall():
            return replace(
                part, arguments=map_json(part.arguments, change), extra=_map_extra(part.extra, change)
            )
        case ToolResult():
            return replace(
                part,
                parts=tuple(_map_part(inner, change) for inner in part.parts),
                extra=_map_extra(part.extra, change),
            )
        case Opaque():
            return Opaque(part.dialect, map_strings(part.native, change))
        case Media(name=name, url=url, extra=extra) if name or url or extra:
            name = change(name) if name else ""
            return replace(part, name=name, url=map_link(url, change), extra=_map_extra(extra, change))
    return part


def _map_extra(extra: Json | None, change: TextMap) -> Json | None:
    changed: Json | None = map_strings(extra, change) if extra else extra
    return changed


def _map_tool(tool: Tool | Opaque, change: TextMap) -> Tool | Opaque:
    if isinstance(tool, Opaque):
        return Opaque(tool.dialect, map_strings(tool.native, change))
    return replace(
        tool,
        description=change(tool.description) if tool.description else "",
        parameters=_map_extra(tool.parameters, change),
        extra=_map_extra(tool.extra, change),
    )


def _map_format(answer_format: AnswerFormat | None, change: TextMap) -> AnswerFormat | None:
    if answer_format is None:
        return None
    description = answer_format.description
    return replace(
        answer_format,
        schema=_map_extra(answer_format.schema, change),
        description=change(description) if description else "",
    )


_STRUCTURAL = frozenset({"type", "role", "id", "tool_use_id", "tool_call_id", "call_id", "media_type"})
_FREE = frozenset(
    {"metadata", "input", "input_examples"}
)  # below them nothing is structure: all is the client's
_IDENTIFIER = re.compile(r"[\w./:-]{1,80}")


def map_strings(value: Any, change: TextMap) -> Any:
    """A JSON value with every string replaced, except keys, identifiers under structural keys and base64."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        base64 = value.get("type") == "base64"
        return {key: _map_field(key, inner, base64, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [map_strings(inner, change) for inner in value]
    return value


def _map_field(key: str, value: Any, base64: bool, change: TextMap) -> Any:
    if key in _FREE:
        return _map_all(value, change)
    return value if _is_structural(key, value, base64) else map_strings(value, change)


def _is_structural(key: str, value: Any, base64: bool) -> bool:
    if not isinstance(value, str):
        return False
    return (base64 and key == "data") or (key in _STRUCTURAL and _IDENTIFIER.fullmatch(value) is not None)


def map_json(document: str, change: TextMap) -> str:
    """The same for JSON held in a string (tool arguments); text that is no JSON is changed as a whole."""
    try:
        value = msgspec.json.decode(document)
    except msgspec.DecodeError:
        return change(document)
    changed = _map_all(value, change)
    return document if changed == value else msgspec.json.encode(changed).decode()


def _map_all(value: Any, change: TextMap) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _map_all(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_map_all(inner, change) for inner in value]
    if isinstance(value, int) and abs(value) >= _LONG_NUMBER:
        changed = change(str(value))
        return value if changed == str(value) else changed
    return value


_LONG_NUMBER = 10_000  # shorter ones identify nobody


class Masked(msgspec.Struct, frozen=True):
    """A prompt that may leave the house. Only `privacy/` makes it, only `providers/` accepts it.

    clear: true when nothing was replaced on purpose, because the target is inside the house; the door in
    `providers/` refuses such a value for every other region.
    count: how many entities were replaced.
    """

    prompt: Prompt
    count: int = 0
    clear: bool = False


# ---------------------------------------------------------------- the answer


class StopReason(StrEnum):
    """Why the model stopped, in our words."""

    END = "end"
    LENGTH = "length"
    TOOL = "tool"
    STOP_SEQUENCE = "stop_sequence"
    FILTER = "filter"
    PAUSE = "pause"  # Anthropic's pause_turn: the client sends the answer back to go on


Unit = Literal["", "image", "second", "search", "call"]


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one call. `input_tokens` includes the cached ones, `output_tokens` the reasoning ones.

    units: what may be billed by another measure than tokens, named by `unit`: pictures, seconds of sound
    (rounded up), searches of a reranker, calls of a tool. Counted also for models that are billed by tokens.
    estimated: true when the provider gave no figure and ours stands in. raw: the provider's own words.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    units: int = 0
    estimated: bool = False
    raw: Json | None = None
    unit: Unit = ""


class Started(msgspec.Struct, frozen=True, tag=True):
    """The answer begins. extra: fields of the envelope, such as `created` and `system_fingerprint`."""

    id: str
    model: str
    extra: Json | None = None


class TextDelta(msgspec.Struct, frozen=True, tag=True):
    """More text of choice `choice`."""

    text: str
    choice: int = 0


class ThinkingDelta(msgspec.Struct, frozen=True, tag=True):
    """More reasoning text, or (at its end) its seal."""

    text: str = ""
    signature: str = ""
    redacted: bool = False
    choice: int = 0


class ToolCallStarted(msgspec.Struct, frozen=True, tag=True):
    """The model begins a tool call; `index` counts the calls of one answer from 0."""

    index: int
    id: str
    name: str
    choice: int = 0


class ToolCallDelta(msgspec.Struct, frozen=True, tag=True):
    """More of the arguments (a piece of JSON text) of call `index`."""

    index: int
    arguments: str
    choice: int = 0


class Stopped(msgspec.Struct, frozen=True, tag=True):
    """Choice `choice` is complete."""

    reason: StopReason
    choice: int = 0
    stop_sequence: str = ""


class Used(msgspec.Struct, frozen=True, tag=True):
    """What the provider counted so far; the last one of an answer counts."""

    usage: Usage


class Cited(msgspec.Struct, frozen=True, tag=True):
    """A passage that the answer quotes. number: as shown in the text, counted from 1."""

    number: int
    document: str
    passage: str
    place: str = ""


class Embedded(msgspec.Struct, frozen=True, tag=True):
    """The vector of input `index`, counted from 0."""

    index: int
    vector: Sequence[float]


class Ranked(msgspec.Struct, frozen=True, tag=True):
    """How well document `index` (counted from 0) fits the query; best first, score as the model gives it."""

    index: int
    score: float


class Drawn(msgspec.Struct, frozen=True, tag=True):
    """A picture: `data` (base64) with its `media_type`, or a `url` where it waits to be fetched."""

    data: str = ""
    media_type: str = ""
    url: str = ""
    revised_prompt: str = ""


class Heard(msgspec.Struct, frozen=True, tag=True):
    """Facts of a transcript, whose text comes as TextDelta. extra: `segments`, `words` where asked for."""

    language: str = ""
    seconds: float = 0.0
    extra: Json | None = None


Chunk = (
    Started | TextDelta | ThinkingDelta | ToolCallStarted | ToolCallDelta | Stopped | Used | Cited
    | Embedded | Ranked | Drawn | Heard
)  # fmt: skip


class Frame(msgspec.Struct, frozen=True):
    """What one upstream event holds, or a whole plain answer.

    raw: the bytes of the event's JSON (stream: without `data: ` and line ends; plain: the whole body) in
    `dialect`, or None when there is none. While nobody changes the chunks, a client of the same dialect gets
    `raw` byte for byte; an event without meaning for us is a frame with `raw` and no chunks.
    event: the SSE event name, where the dialect has one (messages, responses).
    """

    chunks: tuple[Chunk, ...]
    raw: bytes | None = None
    dialect: Dialect = "chat"
    event: str = ""


def has_content(frame: Frame) -> bool:
    """Whether a client would see something new in this frame; from then on no other target may answer."""
    for chunk in frame.chunks:
        if isinstance(chunk, TextDelta | ThinkingDelta):
            if chunk.text or (isinstance(chunk, ThinkingDelta) and chunk.signature):
                return True
        elif not isinstance(chunk, Started | Used):
            return True
    return False
