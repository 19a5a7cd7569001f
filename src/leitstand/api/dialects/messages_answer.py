"""Whole answers in the format of Anthropic Messages, for clients.

Bytes of a provider of this dialect pass as they are while nobody changed what they say.
"""

import msgspec

from leitstand.core.conversation import (
    Chunk,
    Cited,
    Frame,
    Json,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    Used,
)
from leitstand.core.ids import new_id

_encode = msgspec.json.encode
REASONS = {
    StopReason.END: "end_turn", StopReason.LENGTH: "max_tokens", StopReason.TOOL: "tool_use",
    StopReason.STOP_SEQUENCE: "stop_sequence", StopReason.FILTER: "refusal", StopReason.PAUSE: "pause_turn",
}  # fmt: skip


def usage_json(usage: Usage) -> Json:
    """Token counts in this dialect's words: its input tokens exclude what was read from or put in a cache."""
    fresh = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    return {
        "input_tokens": max(fresh, 0),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    }


def encode_plain(frame: Frame, changed: bool) -> bytes:
    """The body of a plain answer. changed: the chunks say something else than `raw`.

    A changed answer of this dialect keeps its unknown fields and blocks: only texts and inputs are replaced.
    """
    if frame.raw is not None and frame.dialect == "messages":
        return _patched(frame.raw, frame.chunks) if changed else frame.raw
    started, stopped, usage = Started("", ""), Stopped(StopReason.END), Usage()
    for chunk in frame.chunks:
        if isinstance(chunk, Started):
            started = chunk
        elif isinstance(chunk, Stopped) and chunk.choice == 0:
            stopped = chunk
        elif isinstance(chunk, Used):
            usage = chunk.usage
    body = message_json(started, usage)
    body["content"] = _blocks(frame.chunks)
    body["stop_reason"] = REASONS[stopped.reason]
    body["stop_sequence"] = stopped.stop_sequence or None
    return _encode(body)


def message_json(started: Started, usage: Usage) -> Json:
    """A message without content yet."""
    return {
        "id": started.id or new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": started.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage_json(usage),
    }


def _blocks(chunks: tuple[Chunk, ...]) -> list[Json]:
    """Content blocks of choice 0, neighbouring pieces of one kind joined."""
    blocks: list[Json] = []
    arguments: dict[int, str] = {}
    calls: dict[int, Json] = {}
    for chunk in chunks:
        last = blocks[-1] if blocks else {}
        match chunk:
            case TextDelta(choice=0):
                if last.get("type") == "text":
                    last["text"] += chunk.text
                elif chunk.text:
                    blocks.append({"type": "text", "text": chunk.text})
            case ThinkingDelta(choice=0, redacted=True):
                blocks.append({"type": "redacted_thinking", "data": chunk.signature})
            case ThinkingDelta(choice=0):
                if last.get("type") != "thinking":
                    last = {"type": "thinking", "thinking": "", "signature": ""}
                    blocks.append(last)
                last["thinking"] += chunk.text
                last["signature"] += chunk.signature
            case ToolCallStarted(choice=0):
                calls[chunk.index] = {"type": "tool_use", "id": chunk.id, "name": chunk.name, "input": {}}
                blocks.append(calls[chunk.index])
            case ToolCallDelta(choice=0):
                arguments[chunk.index] = arguments.get(chunk.index, "") + chunk.arguments
            case Cited() if last.get("type") == "text":
                last.setdefault("citations", []).append(citation_json(chunk))
    for index, text in arguments.items():
        calls[index]["input"] = _input(text)
    return blocks


def _input(arguments: str) -> Json:
    """Tool arguments as an object; a model that wrote no JSON object has its words kept under one key."""
    try:
        value = msgspec.json.decode(arguments) if arguments.strip() else {}
    except msgspec.DecodeError:
        value = arguments
    return value if isinstance(value, dict) else {"arguments": value}


def citation_json(cited: Cited) -> Json:
    """A quoted passage in this dialect's words."""
    return {
        "type": "char_location",
        "cited_text": cited.passage,
        "document_index": cited.number - 1,
        "document_title": f"{cited.document}, {cited.place}" if cited.place else cited.document,
        "start_char_index": 0,
        "end_char_index": len(cited.passage),
    }


def _patched(raw: bytes, chunks: tuple[Chunk, ...]) -> bytes:
    """The raw message with our texts in its text blocks, and our arguments in its tool calls, in order."""
    body = msgspec.json.decode(raw)
    blocks = body.get("content") or []
    texts = [chunk.text for chunk in chunks if isinstance(chunk, TextDelta)]
    slots = [block for block in blocks if block.get("type") == "text" and block.get("text")]
    if len(texts) > len(slots) > 0:  # a text flushed at the end belongs to the last block
        texts = [*texts[: len(slots) - 1], "".join(texts[len(slots) - 1 :])]
    for slot, text in zip(slots, texts, strict=False):
        slot["text"] = text
    calls = [block for block in blocks if block.get("type") == "tool_use"]
    inputs = [""] * len(calls)
    for chunk in chunks:
        if isinstance(chunk, ToolCallDelta) and chunk.index < len(inputs):
            inputs[chunk.index] += chunk.arguments
    for call, arguments in zip(calls, inputs, strict=True):
        call["input"] = _input(arguments)
    return _encode(body)
