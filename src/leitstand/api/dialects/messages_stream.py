"""Streamed answers in the format of Anthropic Messages, for clients.

Source: Anthropic API reference, "Streaming messages".
"""

import msgspec

from leitstand.api.dialects.messages_answer import REASONS, citation_json, message_json, usage_json
from leitstand.api.dialects.problems import messages_error_body
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
from leitstand.core.errors import Refusal

_encode = msgspec.json.encode


class StreamEncoder:
    """The events of one streamed answer. Call `frame` for each frame, then `finish` or `error` once.

    Invariant: one `message_start`; blocks open and close in turn, numbered from 0; one `message_delta`.
    A raw block end is held back until the next event and a raw `message_delta` until `finish`, for a text
    that was held back upstream (half a placeholder) may still belong before it.
    """

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._own = False  # block numbers differ from the provider's: nothing raw passes any more
        self._open = ""  # type of the open block
        self._index = -1  # its number
        self._held = b""  # the raw end of the open block
        self._ending = b""  # the raw `message_delta`
        self._calls: dict[int, int] = {}  # tool call -> block number
        self._stopped = Stopped(StopReason.END)
        self._usage = Usage()

    def frame(self, frame: Frame, changed: bool) -> bytes:
        """The events for one frame; b"" when the client is to see nothing of it."""
        if self._ended:
            return b""
        if changed or frame.raw is None or frame.dialect != "messages" or self._own:
            return b"".join([self._event(chunk) for chunk in frame.chunks if not getattr(chunk, "choice", 0)])
        name, raw = frame.event, frame.raw
        if b"\n" in raw:
            raw = raw.replace(b"\n", b"\ndata: ")
        event = b"event: %b\ndata: %b\n\n" % (name.encode(), raw)
        if name == "content_block_delta" and not self._held:
            return event
        return self._passed(frame, event)

    def _passed(self, frame: Frame, event: bytes) -> bytes:
        """A raw event that changes what is open."""
        held, name = self._held, frame.event
        if name == "ping":
            return event
        if name == "message_start" and self._started:
            self._own = True  # another answer goes on with ours; its blocks are numbered from 0 again
            return b"".join([self._event(chunk) for chunk in frame.chunks])
        if name == "message_delta":
            self._ending = event
            return b""
        self._held = b""
        if name == "content_block_stop":
            self._held = event
            return held
        if name == "message_start":
            self._started = True
        elif name == "content_block_start":
            self._enter(frame)
        return held + event

    def _enter(self, frame: Frame) -> None:
        start = msgspec.json.decode(frame.raw or b"{}")
        self._open = (start.get("content_block") or {}).get("type", "")
        self._index = start.get("index", self._index + 1)
        for chunk in frame.chunks:
            if isinstance(chunk, ToolCallStarted):
                self._calls[chunk.index] = self._index

    def finish(self) -> bytes:
        """The end of the stream: what is still open is closed, then `message_delta` and `message_stop`."""
        if self._ended:
            return b""
        self._ended = True
        closed = self._begin(Started("", "")) + self._close()
        return (
            closed + (self._ending or self._message_delta()) + _sse("message_stop", {"type": "message_stop"})
        )

    def error(self, refusal: Refusal, language: str, request_id: str) -> bytes:
        """Exactly one error event; nothing follows it."""
        if self._ended:
            return b""
        self._ended = True
        return b"event: error\ndata: " + messages_error_body(refusal, language, request_id) + b"\n\n"

    def _event(self, chunk: Chunk) -> bytes:
        """Events of our own making."""
        match chunk:
            case Started():
                return self._begin(chunk)
            case TextDelta():
                return self._text(chunk.text) if chunk.text else b""
            case ThinkingDelta():
                return self._thinking(chunk)
            case ToolCallStarted():
                block = {"type": "tool_use", "id": chunk.id, "name": chunk.name, "input": {}}
                opened = self._open_block(block)
                self._calls[chunk.index] = self._index
                return opened
            case ToolCallDelta():
                number = self._calls.get(chunk.index, self._index)
                delta = {"type": "input_json_delta", "partial_json": chunk.arguments}
                return self._delta(delta, number) if chunk.arguments else b""
            case Stopped():
                self._stopped = chunk
            case Used():
                self._usage = chunk.usage
            case Cited():
                citation = {"type": "citations_delta", "citation": citation_json(chunk)}
                return self._enter_block("text", {"type": "text", "text": ""}) + self._delta(citation)
        return b""

    def _text(self, text: str) -> bytes:
        opened = self._enter_block("text", {"type": "text", "text": ""})
        return opened + self._delta({"type": "text_delta", "text": text})

    def _thinking(self, chunk: ThinkingDelta) -> bytes:
        if chunk.redacted:
            return self._open_block({"type": "redacted_thinking", "data": chunk.signature})
        events = self._enter_block("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        if chunk.text:
            events += self._delta({"type": "thinking_delta", "thinking": chunk.text})
        if chunk.signature:
            events += self._delta({"type": "signature_delta", "signature": chunk.signature})
        return events

    def _begin(self, started: Started) -> bytes:
        if self._started:
            return b""
        self._started = True
        message = message_json(started, self._usage)
        return _sse("message_start", {"type": "message_start", "message": message})

    def _enter_block(self, kind: str, block: Json) -> bytes:
        """Go on in the open block if it is of this kind, else open one."""
        if self._open == kind:
            return b""
        if self._held or self._open:
            self._own = True  # the provider did not open a block here
        return self._open_block(block)

    def _open_block(self, block: Json) -> bytes:
        before = self._begin(Started("", "")) + self._close()
        self._index += 1
        self._open = str(block["type"])
        start = {"type": "content_block_start", "index": self._index, "content_block": block}
        return before + _sse("content_block_start", start)

    def _close(self) -> bytes:
        if self._held or not self._open:
            held, self._held, self._open = self._held, b"", ""
            return held
        self._open = ""
        return _sse("content_block_stop", {"type": "content_block_stop", "index": self._index})

    def _delta(self, delta: Json, index: int | None = None) -> bytes:
        number = self._index if index is None else index
        return _sse("content_block_delta", {"type": "content_block_delta", "index": number, "delta": delta})

    def _message_delta(self) -> bytes:
        stopped = self._stopped
        delta = {"stop_reason": REASONS[stopped.reason], "stop_sequence": stopped.stop_sequence or None}
        return _sse(
            "message_delta", {"type": "message_delta", "delta": delta, "usage": usage_json(self._usage)}
        )


def _sse(name: str, value: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(value))
