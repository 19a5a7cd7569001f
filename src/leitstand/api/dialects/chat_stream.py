"""Streamed answers in the format of OpenAI Chat Completions, for clients.

Source: OpenAI API reference, "The chat completion chunk object". Bytes of a provider of this dialect pass as
they are while nobody changed what they say.
"""

from typing import Any

import msgspec

from leitstand.api.dialects.chat_answer import REASONS, envelope, usage_json
from leitstand.api.dialects.problems import chat_error_body
from leitstand.core.conversation import (
    Chunk,
    Cited,
    Frame,
    Json,
    Started,
    Stopped,
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
    """The events of one streamed answer. Call `frame` for each frame, then `finish` or `error` once."""

    def __init__(self, *, include_usage: bool) -> None:
        """include_usage: the client asked for a usage event; without it none is sent."""
        self._include_usage = include_usage
        self._usage: Usage | None = None
        self._usage_sent = False
        self._ended = False
        self._head = b""  # the beginning of every event of ours

    def frame(self, frame: Frame, changed: bool) -> bytes:
        """The events for one frame; b"" when the client is to see nothing of it."""
        if changed or frame.raw is None or frame.dialect != "chat" or self._ended:
            return b"" if self._ended else b"".join([self._event(chunk) for chunk in frame.chunks])
        useful = not frame.chunks
        for chunk in frame.chunks:
            kind = type(chunk)
            if kind is Used:
                useful = self._include_usage or useful
                self._usage_sent = self._include_usage
            elif kind is Started:
                if self._head:  # another answer goes on with ours: its beginning is not a second beginning
                    return b"".join([self._event(each) for each in frame.chunks])
                self._begin(chunk)  # type: ignore[arg-type]  # kind says it is Started
                useful = True
            else:
                useful = True
        return b"data: " + _lines(frame.raw) + b"\n\n" if useful else b""

    def finish(self) -> bytes:
        """The end of the stream: the usage event, if wanted and not sent yet, and the terminal marker."""
        if self._ended:
            return b""
        self._ended = True
        usage = b""
        if self._include_usage and not self._usage_sent and self._usage is not None:
            self._begin(Started("", ""))
            usage = b"%b[],%b" % (self._head, b'"usage":' + _encode(usage_json(self._usage)) + b"}\n\n")
        return usage + b"data: [DONE]\n\n"

    def error(self, refusal: Refusal, language: str, request_id: str) -> bytes:
        """Exactly one error event; nothing follows it."""
        if self._ended:
            return b""
        self._ended = True
        return b"data: " + chat_error_body(refusal, language, request_id) + b"\n\n"

    def _begin(self, started: Started) -> bool:
        """Remember the envelope of this answer; False when it has already begun."""
        if self._head:
            return False
        head = _encode(envelope(started, "chat.completion.chunk"))
        self._head = b"data: " + head[:-1] + b',"choices":'
        return True

    def _event(self, chunk: Chunk) -> bytes:
        """One event of our own making."""
        match chunk:
            case Started():
                return self._delta(0, {"role": "assistant", "content": ""}) if self._begin(chunk) else b""
            case TextDelta():
                return self._delta(chunk.choice, {"content": chunk.text}) if chunk.text else b""
            case ThinkingDelta():
                return self._delta(chunk.choice, {"reasoning_content": chunk.text}) if chunk.text else b""
            case ToolCallStarted():
                function = {"name": chunk.name, "arguments": ""}
                call: Json = {"index": chunk.index, "id": chunk.id, "type": "function", "function": function}
                return self._delta(chunk.choice, {"tool_calls": [call]})
            case ToolCallDelta():
                call = {"index": chunk.index, "function": {"arguments": chunk.arguments}}
                return self._delta(chunk.choice, {"tool_calls": [call]}) if chunk.arguments else b""
            case Stopped():
                return self._delta(chunk.choice, {}, REASONS[chunk.reason])
            case Used():
                self._usage = chunk.usage
            case Cited():
                return self._delta(0, {"citations": [msgspec.to_builtins(chunk)]})
        return b""

    def _delta(self, choice: int, delta: dict[str, Any], reason: str | None = None) -> bytes:
        self._begin(Started("", ""))
        choices = [{"index": choice, "delta": delta, "logprobs": None, "finish_reason": reason}]
        return self._head + _encode(choices) + b"}\n\n"


def _lines(raw: bytes) -> bytes:
    """JSON as the value of `data:` fields; only servers that indent their JSON send several lines."""
    return raw.replace(b"\n", b"\ndata: ") if b"\n" in raw else raw
