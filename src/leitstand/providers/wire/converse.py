"""Answers in the format of Amazon Bedrock Converse, whole and streamed.

Source: Amazon Bedrock API reference, "Converse" and "ConverseStream". An answer carries neither an id nor the
model's name: the id is ours, the name is the one that was asked for.
"""

import uuid
from typing import Any

import msgspec

from leitstand.core.conversation import (
    Chunk,
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
from leitstand.providers import faults
from leitstand.providers.wire import aws_faults
from leitstand.providers.wire.converse_prompt import encode, lacks
from leitstand.providers.wire.counts import count

__all__ = ["Converse", "Decoder", "encode", "lacks", "usage_of"]

_REASONS = {
    "end_turn": StopReason.END, "max_tokens": StopReason.LENGTH, "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL, "content_filtered": StopReason.FILTER,
    "guardrail_intervened": StopReason.FILTER, "model_context_window_exceeded": StopReason.LENGTH,
}  # fmt: skip


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: Any = None


class _Thought(msgspec.Struct, rename="camel"):
    text: str = ""
    signature: str = ""


class _Reasoning(msgspec.Struct, rename="camel"):
    """Whole: `reasoningText`; streamed: `text` and `signature`; either way `redactedContent` (base64)."""

    reasoning_text: _Thought | None = None
    redacted_content: str = ""
    text: str = ""
    signature: str = ""


class _Cited(msgspec.Struct):
    """Text that a whole answer wraps together with where it is quoted from."""

    content: list["_Piece"] = []


class _Piece(msgspec.Struct, rename="camel"):
    """A content block, or a piece of one."""

    text: str = ""
    citations_content: _Cited | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None


class _Message(msgspec.Struct):
    content: list[_Piece] = []


class _Output(msgspec.Struct):
    message: _Message | None = None


class _Whole(msgspec.Struct, rename="camel"):
    output: _Output | None = None
    stop_reason: str = ""
    usage: Json | None = None
    error: Any = None


class _Event(msgspec.Struct, rename="camel"):
    """The payload of any event; which one it is, stands in the framing."""

    content_block_index: int = 0
    start: _Piece | None = None
    delta: _Piece | None = None
    stop_reason: str = ""
    usage: Json | None = None


_decode_whole = msgspec.json.Decoder(_Whole).decode
_decode_event = msgspec.json.Decoder(_Event).decode


def usage_of(raw: Json) -> Usage:
    """The provider's usage object in our words. Its input tokens exclude cached ones, ours include them."""
    cached = count(raw, "cacheReadInputTokens")
    written = count(raw, "cacheWriteInputTokens")
    return Usage(
        input_tokens=count(raw, "inputTokens") + cached + written,
        output_tokens=count(raw, "outputTokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        raw=raw,
    )


class Converse:
    """The format of one exchange. model: as it was asked for."""

    def __init__(self, model: str) -> None:
        self._started = Started(f"bedrock-{uuid.uuid4().hex}", model)

    def Decoder(self) -> "Decoder":  # noqa: N802 - made like the decoders of the other formats
        """A fresh decoder of a stream."""
        return Decoder(self._started)

    def decode_plain(self, body: bytes) -> Frame:
        """A whole answer as one frame; see `wire/chat.py` for errors. No chunks: it was no message."""
        whole = _decode_whole(body)
        if whole.error:
            raise faults.in_stream(whole.error)
        message = whole.output.message if whole.output is not None else None
        if message is None:
            return Frame((), None, "messages")
        chunks: list[Chunk] = [self._started]
        calls = 0
        for piece in message.content:
            if piece.tool_use is not None:
                use, arguments = piece.tool_use, msgspec.json.encode(piece.tool_use.input or {}).decode()
                chunks += (ToolCallStarted(calls, use.tool_use_id, use.name), ToolCallDelta(calls, arguments))
                calls += 1
            else:
                chunks += _said(piece)
        chunks.append(_stopped(whole.stop_reason))
        if whole.usage is not None:
            chunks.append(Used(usage_of(whole.usage)))
        return Frame(tuple(chunks), None, "messages")


class Decoder:
    """Reads the events of one streamed answer."""

    __slots__ = ("_calls", "_started", "done")

    def __init__(self, started: Started) -> None:
        self._started = started
        self._calls: dict[int, int] = {}  # index of a tool's block -> index among the calls
        self.done = False

    def complete(self, _choices: int) -> bool:
        """Whether the answer has told why it ended; what follows is only its usage."""
        return self.done

    def feed(self, event: str, data: bytes) -> Frame:
        """The frame of one event.

        Raises UpstreamFault for an exception, msgspec.DecodeError for broken JSON.
        """
        if event.endswith("Exception") or event == "error":
            raise aws_faults.in_stream(event, data)
        return Frame(self._chunks(event, _decode_event(data)), None, "messages", event)

    def _chunks(self, name: str, event: _Event) -> tuple[Chunk, ...]:
        match name:
            case "messageStart":
                return (self._started,)
            case "contentBlockStart" if event.start is not None and event.start.tool_use is not None:
                call = self._calls[event.content_block_index] = len(self._calls)
                return (ToolCallStarted(call, event.start.tool_use.tool_use_id, event.start.tool_use.name),)
            case "contentBlockDelta" if event.delta is not None:
                return self._delta(event.content_block_index, event.delta)
            case "messageStop":
                self.done = True
                return (_stopped(event.stop_reason),)
            case "metadata" if event.usage is not None:
                return (Used(usage_of(event.usage)),)
        return ()

    def _delta(self, index: int, delta: _Piece) -> tuple[Chunk, ...]:
        if delta.tool_use is None:
            return _said(delta)
        call = self._calls.get(index)
        arguments = delta.tool_use.input
        if call is None or not isinstance(arguments, str) or not arguments:
            return ()
        return (ToolCallDelta(call, arguments),)


def _said(piece: _Piece) -> tuple[Chunk, ...]:
    """Text or reasoning, whole or a piece of it."""
    if piece.text:
        return (TextDelta(piece.text),)
    if piece.citations_content is not None:
        return tuple(TextDelta(cited.text) for cited in piece.citations_content.content if cited.text)
    reasoning = piece.reasoning_content
    if reasoning is None:
        return ()
    if reasoning.redacted_content:
        return (ThinkingDelta(signature=reasoning.redacted_content, redacted=True),)
    thought = reasoning.reasoning_text
    if thought is not None:
        return (ThinkingDelta(thought.text, thought.signature),)
    return (ThinkingDelta(reasoning.text, reasoning.signature),)


def _stopped(reason: str) -> Stopped:
    return Stopped(_REASONS.get(reason, StopReason.END))
