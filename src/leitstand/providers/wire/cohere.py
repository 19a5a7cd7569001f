"""Answers in the format of Cohere Chat, version 2, whole and streamed.

Source: Cohere API reference, "Chat (v2)" and "Chat with streaming (v2)". The plan that a model makes before
it calls tools is thinking in our words. Citations are not asked for and are left out.
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
from leitstand.providers.faults import FaultKind, UpstreamFault, in_stream, shorten
from leitstand.providers.wire.cohere_prompt import encode, lacks
from leitstand.providers.wire.counts import count

__all__ = ["Answers", "Decoder", "encode", "lacks", "usage_of"]

_REASONS = {
    "COMPLETE": StopReason.END, "STOP_SEQUENCE": StopReason.STOP_SEQUENCE, "MAX_TOKENS": StopReason.LENGTH,
    "TOOL_CALL": StopReason.TOOL, "ERROR_TOXIC": StopReason.FILTER,
}  # fmt: skip
_FAILED = frozenset({"ERROR", "TIMEOUT"})


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    id: str = ""
    function: _Function | None = None


class _Content(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None


class _Said(msgspec.Struct):
    """A whole message (lists) or a piece of one (single objects)."""

    content: list[_Content] | _Content | None = None
    tool_plan: str | None = None
    tool_calls: list[_Call] | _Call | None = None


class _Delta(msgspec.Struct):
    message: _Said | None = None
    finish_reason: str | None = None
    error: str | None = None
    usage: Json | None = None


class _Event(msgspec.Struct):
    type: str = ""
    id: str | None = None
    index: int | None = None
    delta: _Delta | None = None
    error: Any = None


class _Whole(msgspec.Struct):
    id: str = ""
    finish_reason: str | None = None
    message: Any = None  # a text in an error, else a _Said
    usage: Json | None = None
    error: Any = None


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_whole = msgspec.json.Decoder(_Whole).decode


def usage_of(raw: Json) -> Usage:
    """The provider's usage object in our words: the billed tokens, for the others count its own template.

    `billed_units` is left out of some answers; then `tokens` stands in. Cached tokens are part of the input.
    """
    part = "billed_units" if isinstance(raw.get("billed_units"), dict) else "tokens"
    asked = count(raw, part, "input_tokens")
    return Usage(
        input_tokens=asked,
        output_tokens=count(raw, part, "output_tokens"),
        cached_tokens=min(asked, count(raw, "cached_tokens")),
        raw=raw,
    )


class Answers:
    """The format for one call; see `providers/exchange.py: Format`."""

    def __init__(self, model: str) -> None:
        """model: as it was asked for, since answers do not name it."""
        self._model = model

    def Decoder(self) -> "Decoder":  # noqa: N802 - the name that Format gives it
        """A fresh decoder."""
        return Decoder(self._model)

    def decode_plain(self, body: bytes) -> Frame:
        """A whole answer as one frame.

        Raises UpstreamFault for an error in place of an answer, msgspec.DecodeError for anything that is no
        answer. A frame without chunks holds no message.
        """
        whole = _decode_whole(body)
        if whole.error:
            raise in_stream(whole.error)
        if not isinstance(whole.message, dict):
            return Frame(())
        _refuse_failed(whole.finish_reason, None)
        chunks: list[Chunk] = [Started(whole.id, self._model)]
        chunks += _said(msgspec.convert(whole.message, _Said))
        chunks.append(_stopped(whole.finish_reason))
        if whole.usage is not None:
            chunks.append(Used(usage_of(whole.usage)))
        return Frame(tuple(chunks))


class Decoder:
    """Reads the events of one streamed answer."""

    __slots__ = ("_calls", "_ended", "_model", "done")

    def __init__(self, model: str) -> None:
        self._model = model
        self._calls: dict[int, int] = {}  # their index -> ours
        self._ended = False
        self.done = False

    def complete(self, _choices: int) -> bool:
        """Whether the message ended; the marker `[DONE]` after it is optional."""
        return self.done or self._ended

    def feed(self, _event: str, data: bytes) -> Frame | None:
        """The frame of one event, or None for the terminal marker.

        Raises UpstreamFault for an error event or a failed generation, msgspec.DecodeError for broken JSON.
        """
        if data == b"[DONE]":
            self.done = True
            return None
        event = _decode_event(data)
        if event.error or event.type == "error":
            raise in_stream(event.error)
        delta = event.delta or _Delta()
        match event.type:
            case "message-start":
                return Frame((Started(event.id or "", self._model),))
            case "content-start" | "content-delta" | "tool-plan-delta":
                return Frame(tuple(_said(delta.message or _Said())))
            case "tool-call-start" | "tool-call-delta":
                return Frame(tuple(self._call(event.index or 0, delta.message or _Said())))
            case "message-end":
                return Frame(tuple(self._end(delta)))
        return Frame(())

    def _call(self, theirs: int, said: _Said) -> list[Chunk]:
        call = said.tool_calls
        if not isinstance(call, _Call):
            return []
        function = call.function or _Function()
        chunks: list[Chunk] = []
        if theirs not in self._calls:
            ours = self._calls[theirs] = len(self._calls)
            chunks.append(ToolCallStarted(ours, call.id or f"call_{ours}", function.name or ""))
        if function.arguments:
            chunks.append(ToolCallDelta(self._calls[theirs], function.arguments))
        return chunks

    def _end(self, delta: _Delta) -> list[Chunk]:
        _refuse_failed(delta.finish_reason, delta.error)
        self._ended = True
        chunks: list[Chunk] = [_stopped(delta.finish_reason)]
        if delta.usage is not None:
            chunks.append(Used(usage_of(delta.usage)))
        return chunks


def _said(said: _Said) -> list[Chunk]:
    """Plan, thinking, text and whole calls of a message, in the order in which they are read."""
    chunks: list[Chunk] = []
    if said.tool_plan:
        chunks.append(ThinkingDelta(said.tool_plan))
    pieces = said.content if isinstance(said.content, list) else [said.content or _Content()]
    for piece in pieces:
        if piece.thinking:
            chunks.append(ThinkingDelta(piece.thinking))
        if piece.text:
            chunks.append(TextDelta(piece.text))
    for position, call in enumerate(said.tool_calls if isinstance(said.tool_calls, list) else ()):
        function = call.function or _Function()
        chunks.append(ToolCallStarted(position, call.id or f"call_{position}", function.name or ""))
        chunks.append(ToolCallDelta(position, function.arguments or "{}"))
    return chunks


def _stopped(reason: str | None) -> Stopped:
    return Stopped(_REASONS.get(reason or "", StopReason.END))


def _refuse_failed(reason: str | None, error: str | None) -> None:
    """A generation that failed at the provider is no end of an answer."""
    if reason in _FAILED:
        message = shorten(error or "") or f"the generation ended with {reason}"
        raise UpstreamFault(FaultKind.SERVER, message, status=200)
