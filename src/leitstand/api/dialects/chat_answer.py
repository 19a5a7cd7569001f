"""Whole answers in the format of OpenAI Chat Completions, for clients.

Bytes of a provider of this dialect pass as they are while nobody changed what they say.
"""

import time

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
    StopReason.END: "stop", StopReason.LENGTH: "length", StopReason.TOOL: "tool_calls",
    StopReason.STOP_SEQUENCE: "stop", StopReason.FILTER: "content_filter", StopReason.PAUSE: "stop",
}  # fmt: skip


def usage_json(usage: Usage) -> Json:
    """Token counts in this dialect's words."""
    prompt: Json = {"cached_tokens": usage.cached_tokens}
    if usage.cache_write_tokens:
        prompt["cache_write_tokens"] = usage.cache_write_tokens
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


class _Collected:
    """A whole answer, put together from its chunks by choice."""

    def __init__(self, chunks: tuple[Chunk, ...]) -> None:
        self.started = Started("", "")
        self.usage: Usage | None = None
        self.texts: dict[int, str] = {}
        self.thoughts: dict[int, str] = {}
        self.calls: dict[int, dict[int, Json]] = {}
        self.stops: dict[int, Stopped] = {}
        self.citations: list[Json] = []
        for chunk in chunks:
            self._add(chunk)

    def _add(self, chunk: Chunk) -> None:
        match chunk:
            case Started():
                self.started = chunk
            case TextDelta():
                self.texts[chunk.choice] = self.texts.get(chunk.choice, "") + chunk.text
            case ThinkingDelta():
                self.thoughts[chunk.choice] = self.thoughts.get(chunk.choice, "") + chunk.text
            case ToolCallStarted():
                function = {"name": chunk.name, "arguments": ""}
                call = {"id": chunk.id, "type": "function", "function": function}
                self.calls.setdefault(chunk.choice, {})[chunk.index] = call
            case ToolCallDelta():
                self.calls[chunk.choice][chunk.index]["function"]["arguments"] += chunk.arguments
            case Stopped():
                self.stops[chunk.choice] = chunk
            case Used():
                self.usage = chunk.usage
            case Cited():
                self.citations.append(msgspec.to_builtins(chunk))

    def message(self, choice: int) -> Json:
        message: Json = {"role": "assistant", "content": self.texts.get(choice), "refusal": None}
        if self.thoughts.get(choice):
            message["reasoning_content"] = self.thoughts[choice]
        if choice in self.calls:
            message["tool_calls"] = [call for _, call in sorted(self.calls[choice].items())]
        elif message["content"] is None:
            message["content"] = ""
        if self.citations and choice == 0:
            message["citations"] = self.citations
        return message


def encode_plain(frame: Frame, changed: bool) -> bytes:
    """The body of a plain answer. changed: the chunks say something else than `raw`.

    A changed answer of this dialect keeps its unknown fields: only its texts and arguments are replaced.
    """
    if frame.raw is not None and frame.dialect == "chat":
        return _patched(frame.raw, _Collected(frame.chunks)) if changed else frame.raw
    collected = _Collected(frame.chunks)
    choices = sorted(collected.stops.keys() | collected.texts.keys() | collected.calls.keys()) or [0]
    body = envelope(collected.started, "chat.completion")
    body["choices"] = [
        {
            "index": choice,
            "message": collected.message(choice),
            "logprobs": None,
            "finish_reason": _reason(collected.stops.get(choice)),
        }
        for choice in choices
    ]
    if collected.usage is not None:
        body["usage"] = usage_json(collected.usage)
    return _encode(body)


def _patched(raw: bytes, collected: _Collected) -> bytes:
    body = msgspec.json.decode(raw)
    for choice in body.get("choices") or ():
        index, message = choice.get("index", 0), choice.get("message") or {}
        place = "refusal" if message.get("refusal") and not message.get("content") else "content"
        if index in collected.texts:
            message[place] = collected.texts[index]
        for place in ("reasoning_content", "reasoning"):
            if isinstance(message.get(place), str) and index in collected.thoughts:
                message[place] = collected.thoughts[index]
        for position, call in enumerate(message.get("tool_calls") or ()):
            ours = collected.calls.get(index, {}).get(position)
            if ours is not None and isinstance(call.get("function"), dict):
                call["function"]["arguments"] = ours["function"]["arguments"]
        if choice.get("logprobs"):
            choice["logprobs"] = None  # they spell out the text that was replaced
    return _encode(body)


def _reason(stopped: Stopped | None) -> str:
    return REASONS[stopped.reason] if stopped is not None else "stop"


def envelope(started: Started, kind: str) -> Json:
    """What stands around the choices of an answer or of an event."""
    extra = started.extra or {}
    return {
        "id": started.id or new_id("chatcmpl"),
        "object": kind,
        "created": int(extra.get("created") or time.time()),
        "model": started.model,
        **{name: extra[name] for name in ("service_tier", "system_fingerprint") if name in extra},
    }
