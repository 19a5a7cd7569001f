"""Answers in the format of Anthropic Messages, whole and streamed.

Source: Anthropic API reference, "Create a message" and "Streaming messages". Content blocks without a place
in our words (server tools, citations) are frames with `raw` only: clients of this dialect get them.
"""

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
from leitstand.providers.faults import in_stream
from leitstand.providers.wire.counts import count
from leitstand.providers.wire.messages_prompt import DEFAULT_MAX_TOKENS, encode, lacks

__all__ = ["DEFAULT_MAX_TOKENS", "Decoder", "decode_plain", "encode", "lacks", "usage_of"]

_REASONS = {
    "end_turn": StopReason.END, "max_tokens": StopReason.LENGTH, "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL, "pause_turn": StopReason.PAUSE, "refusal": StopReason.FILTER,
    "model_context_window_exceeded": StopReason.LENGTH,
}  # fmt: skip


class _Block(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: Any = None


class _Message(msgspec.Struct):
    id: str = ""
    model: str = ""
    content: list[_Block] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Json | None = None


class _Whole(_Message):
    type: str = ""
    error: Any = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Event(msgspec.Struct):
    """Any event; one type for all, for a tagged union would refuse event types of tomorrow."""

    type: str
    index: int = 0
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: _Message | None = None
    usage: Json | None = None
    error: Any = None


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_whole = msgspec.json.Decoder(_Whole).decode


def usage_of(raw: Json) -> Usage:
    """The provider's usage object in our words. Its input tokens exclude cached ones, ours include them."""
    cached = count(raw, "cache_read_input_tokens")
    written = count(raw, "cache_creation_input_tokens")
    return Usage(
        input_tokens=count(raw, "input_tokens") + cached + written,
        output_tokens=count(raw, "output_tokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=count(raw, "output_tokens_details", "thinking_tokens"),
        raw=raw,
    )


def decode_plain(body: bytes) -> Frame:
    """A whole answer as one frame; see `wire/chat.py` for errors. No chunks: it was no message."""
    whole = _decode_whole(body)
    if whole.error or whole.type == "error":
        raise in_stream(whole.error)
    if whole.type != "message":
        return Frame((), body, "messages", "message")
    chunks: list[Chunk] = [Started(whole.id, whole.model)]
    calls = 0
    for block in whole.content:
        if block.type == "tool_use":
            arguments = msgspec.json.encode(block.input or {}).decode()
            chunks += (ToolCallStarted(calls, block.id, block.name), ToolCallDelta(calls, arguments))
            calls += 1
        else:
            chunks += _opening(block)
    chunks.append(_stopped(whole.stop_reason or "end_turn", whole.stop_sequence))
    if whole.usage is not None:
        chunks.append(Used(usage_of(whole.usage)))
    return Frame(tuple(chunks), body, "messages", "message")


class Decoder:
    """Reads the events of one streamed answer."""

    __slots__ = ("_tools", "_usage", "done")

    def __init__(self) -> None:
        self._tools: dict[int, int] = {}  # index of a tool_use block -> index among the calls
        self._usage: Json = {}
        self.done = False

    def complete(self, _choices: int) -> bool:
        """Whether the terminal marker came."""
        return self.done

    def feed(self, event: str, data: bytes) -> Frame | None:
        """The frame of one event, or None for the terminal marker.

        Raises UpstreamFault for an error event, msgspec.DecodeError for broken JSON.
        """
        decoded = _decode_event(data)
        kind = decoded.type
        chunks: tuple[Chunk, ...] = ()
        if kind == "content_block_delta":
            chunks = self._delta(decoded)
        elif kind == "content_block_start":
            chunks = self._block(decoded)
        elif kind == "message_delta":
            chunks = self._ending(decoded)
        elif kind == "message_start":
            chunks = self._beginning(decoded)
        elif kind == "message_stop":
            self.done = True
            return None
        elif kind == "error":
            raise in_stream(decoded.error)
        return Frame(chunks, data, "messages", event or kind)

    def _delta(self, event: _Event) -> tuple[Chunk, ...]:
        delta = event.delta
        if delta is None:
            return ()
        if delta.type == "text_delta":
            return (TextDelta(delta.text),)
        if delta.type == "input_json_delta":
            call = self._tools.get(event.index)
            return (
                (ToolCallDelta(call, delta.partial_json),) if call is not None and delta.partial_json else ()
            )
        if delta.type == "thinking_delta":
            return (ThinkingDelta(delta.thinking),)
        if delta.type == "signature_delta":
            return (ThinkingDelta(signature=delta.signature),)
        return ()

    def _block(self, event: _Event) -> tuple[Chunk, ...]:
        block = event.content_block
        if block is None:
            return ()
        if block.type != "tool_use":
            return _opening(block)
        call = self._tools[event.index] = len(self._tools)
        started = ToolCallStarted(call, block.id, block.name)
        if not block.input:
            return (started,)
        return started, ToolCallDelta(call, msgspec.json.encode(block.input).decode())

    def _beginning(self, event: _Event) -> tuple[Chunk, ...]:
        message = event.message or _Message()
        started = Started(message.id, message.model)
        if message.usage is None:
            return (started,)
        self._usage = message.usage
        return started, Used(usage_of(message.usage))

    def _ending(self, event: _Event) -> tuple[Chunk, ...]:
        chunks: list[Chunk] = []
        if event.delta is not None and event.delta.stop_reason:
            chunks.append(_stopped(event.delta.stop_reason, event.delta.stop_sequence))
        if event.usage is not None:
            # Counts are cumulative, and what an event leaves out stays as it was.
            self._usage = {
                **self._usage,
                **{name: value for name, value in event.usage.items() if value is not None},
            }
            chunks.append(Used(usage_of(self._usage)))
        return tuple(chunks)


def _opening(block: _Block) -> tuple[Chunk, ...]:
    """What a block holds when it begins (streamed: mostly nothing) or as a whole (plain)."""
    if block.type == "text" and block.text:
        return (TextDelta(block.text),)
    if block.type == "thinking" and (block.thinking or block.signature):
        return (ThinkingDelta(block.thinking, block.signature),)
    if block.type == "redacted_thinking":
        return (ThinkingDelta(signature=block.data, redacted=True),)
    return ()


def _stopped(reason: str, sequence: str | None) -> Stopped:
    return Stopped(_REASONS.get(reason, StopReason.END), stop_sequence=sequence or "")
