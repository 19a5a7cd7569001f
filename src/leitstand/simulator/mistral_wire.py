"""Mistral's wire format: chat completions, embeddings, transcripts and models, under `/PROVIDER/mistral/v1/…`."""

import secrets
import time
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec

from leitstand.simulator import embeddings, mistral_errors, mistral_request, sounds, tokens
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Choice, Json, Limits, Stop, ToolUse, Usage
from leitstand.simulator.wire import BadRequest, Event, EventKind, HeaderList, Lookup, Problem, mint

_FINISH: dict[Stop, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "filter": "content_filter",
}
_FRONT = "/mistral"
_MOST_INPUTS = 512
_DONE = Event(b"data: [DONE]\n\n", "close")


class Prefixed(Asked, frozen=True):
    """A request whose answer begins with words of the client."""

    prefix: str = ""


class MistralWire:
    """Speaks `/v1/chat/completions`, `/v1/embeddings`, `/v1/audio/transcriptions` and `/v1/models`."""

    name = "mistral"

    def serves(self, request: Request, path: str) -> bool:
        """Its own front, for the paths behind it are OpenAI's too."""
        return path.startswith(f"{_FRONT}/v1/")

    def key(self, request: Request) -> str:
        """The bearer token."""
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip()

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Correlation id and the limits of the current minute."""
        return [
            ("mistral-correlation-id", request_id),
            ("x-kong-request-id", request_id),
            ("x-ratelimit-limit-req-minute", str(limits.requests)),
            ("x-ratelimit-remaining-req-minute", str(limits.requests_left)),
            ("x-ratelimit-limit-tokens-minute", str(limits.tokens)),
            ("x-ratelimit-remaining-tokens-minute", str(limits.tokens_left)),
        ]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand one of the calls."""
        path = path.removeprefix(_FRONT)
        if request.method == "POST" and path == "/v1/chat/completions":
            asked, prefix = mistral_request.read(request.body)
            known = msgspec.structs.asdict(asked)
            return Prefixed(**{**known, "beginning": prefix}, prefix=prefix) if prefix else asked
        if request.method == "POST" and path == "/v1/embeddings":
            return embeddings.read(request.body, _invalid, _MOST_INPUTS)
        if request.method == "POST" and path == "/v1/audio/transcriptions":
            return sounds.read_mistral(request, _invalid)
        if request.method == "GET" and path == "/v1/models":
            return Lookup(msgspec.json.encode({"object": "list", "data": [_model(name) for name in models]}))
        raise BadRequest(mistral_errors.unknown_path())

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """Mistral's error body for a fault."""
        return mistral_errors.refusal(fault, model)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A `chat.completion` object."""
        choices = [
            {
                "index": index,
                "message": _message(asked, answer, choice),
                "finish_reason": _FINISH[choice.stop],
            }
            for index, choice in enumerate(answer.choices)
        ]
        envelope = _envelope(asked, "chat.completion")
        return msgspec.json.encode({**envelope, "choices": choices, "usage": _usage(usage)})

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """`chat.completion.chunk` events; the last one of a choice carries its end, the very last the usage."""
        stream = _Stream(_envelope(asked, "chat.completion.chunk"))
        for index in range(len(answer.choices)):
            yield stream.delta(index, {"role": "assistant", "content": _prefix(asked)}, "open")
        for text, number in tokens.grouped(answer.thinking, chunk_tokens):
            yield stream.delta(0, {"content": [_thinking(text)]}, "content", number)
        rows = [_content(stream, i, choice, chunk_tokens) for i, choice in enumerate(answer.choices)]
        for row in zip_longest(*rows):
            yield from (event for event in row if event is not None)
        for index, choice in enumerate(answer.choices):
            counted = _usage(usage) if index == len(answer.choices) - 1 else None
            yield stream.end(index, choice, counted)
        yield _DONE

    def error_event(self, request_id: str) -> bytes:
        """An error object in place of a chunk."""
        body = mistral_errors.body("Service unavailable.", "internal_server_error", "3700", 500)
        return b"data: " + body + b"\n\n"


class _Stream:
    """The fields that all chunks of a stream share, encoded once."""

    def __init__(self, envelope: Json) -> None:
        self._front = b"data: " + msgspec.json.encode(envelope)[:-1]

    def delta(self, index: int, delta: Json, kind: EventKind, number: int = 0) -> Event:
        """One chunk of one choice."""
        choice = {"index": index, "delta": delta, "finish_reason": None}
        return Event(b'%b,"choices":[%b]}\n\n' % (self._front, msgspec.json.encode(choice)), kind, number)

    def end(self, index: int, choice: Choice, usage: Json | None) -> Event:
        """The end of a choice: its calls, whole, and why it ended."""
        delta: Json = {"content": ""}
        number = 0
        if choice.tools:
            delta["tool_calls"] = [_call(tool, position) for position, tool in enumerate(choice.tools)]
            number = sum(tool.name_tokens + len(tool.pieces) for tool in choice.tools)
        said = {"index": index, "delta": delta, "finish_reason": _FINISH[choice.stop]}
        tail = b',"usage":' + msgspec.json.encode(usage) if usage is not None else b""
        data = b'%b,"choices":[%b]%b}\n\n' % (self._front, msgspec.json.encode(said), tail)
        return Event(data, "close", number)


def _invalid(message: str) -> Problem:
    return mistral_errors.refused(message, "invalid_request_error", "3000")


def _content(stream: _Stream, index: int, choice: Choice, chunk_tokens: int) -> Iterator[Event]:
    for text, number in tokens.grouped(choice.pieces, chunk_tokens):
        yield stream.delta(index, {"content": text}, "content", number)


def _message(asked: Asked, answer: Answer, choice: Choice) -> Json:
    text = _prefix(asked) + choice.text
    content: Any = text
    if answer.thinking:
        content = [_thinking("".join(answer.thinking)), {"type": "text", "text": text}]
    calls = [_call(tool, position) for position, tool in enumerate(choice.tools)]
    return {"role": "assistant", "tool_calls": calls or None, "content": content, "prefix": False}


def _prefix(asked: Asked) -> str:
    return asked.prefix if isinstance(asked, Prefixed) else ""


def _thinking(text: str) -> Json:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


def _call(tool: ToolUse, position: int) -> Json:
    function = {"name": tool.name, "arguments": tool.arguments}
    return {"id": secrets.token_hex(5)[:9], "type": "function", "function": function, "index": position}


def _envelope(asked: Asked, kind: str) -> Json:
    return {"id": mint("cmpl-"), "object": kind, "created": int(time.time()), "model": asked.model}


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input,
        "total_tokens": usage.input + usage.output,
        "completion_tokens": usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
    }


def _model(name: str) -> Json:
    capabilities = {"completion_chat": True, "function_calling": True, "vision": True, "fine_tuning": False}
    return {
        "id": name, "object": "model", "created": 1_735_689_600, "owned_by": "mistralai", "type": "base",
        "capabilities": capabilities,
    }  # fmt: skip
