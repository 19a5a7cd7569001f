"""Together.ai's wire format: chat completions, single tasks and models, under `/PROVIDER/together/v1/…`.

It is OpenAI's with other names: `eos` for the model's own end, `reasoning` for its thinking, cached tokens in
the usage object itself, usage in the last chunk. Fields that it does not know are ignored.
"""

import time
from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from leitstand.simulator import (
    embeddings,
    openai_request,
    pictures,
    rerank,
    sounds,
    together_errors,
    tokens,
)
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Choice, Json, Limits, Stop, ToolUse, Usage
from leitstand.simulator.wire import BadRequest, Event, EventKind, HeaderList, Lookup, Problem, mint

_FINISH: dict[Stop, str] = {
    "end": "eos",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "filter": "content_filter",
}
_FRONT = "/together"
_ROLES = ("system", "user", "assistant", "tool", "function")
_EFFORTS = (None, "low", "medium", "high")
_IGNORED = frozenset({"max_completion_tokens", "parallel_tool_calls"})
_DONE = Event(b"data: [DONE]\n\n", "close")


class TogetherWire:
    """Speaks `/v1/chat/completions`, `/v1/models`, and below `/v1/` the single tasks."""

    name = "together"

    def serves(self, request: Request, path: str) -> bool:
        """Its own front, for the paths behind it are OpenAI's too."""
        return path.startswith(f"{_FRONT}/v1/")

    def key(self, request: Request) -> str:
        """The bearer token."""
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip()

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Request id and the dynamic limits; `x-ratelimit-reset` is the wait in seconds."""
        return [
            ("x-request-id", request_id),
            ("x-ratelimit-limit", str(limits.requests)),
            ("x-ratelimit-remaining", str(limits.requests_left)),
            ("x-tokenlimit-limit", str(limits.tokens)),
            ("x-tokenlimit-remaining", str(limits.tokens_left)),
        ]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand one of the calls."""
        path = path.removeprefix(_FRONT)
        if request.method == "POST" and path == "/v1/chat/completions":
            return openai_request.read(_accepted(request.body))
        if request.method == "POST" and path == "/v1/embeddings":
            return embeddings.read(request.body, together_errors.invalid)
        if request.method == "POST" and path == "/v1/rerank":
            return rerank.read(request.body, together_errors.invalid)
        if request.method == "POST" and path == "/v1/images/generations":
            return pictures.read(request.body, together_errors.invalid, packed="base64")
        if request.method == "POST" and path == "/v1/audio/transcriptions":
            return sounds.read(request, together_errors.invalid)
        if request.method == "GET" and path == "/v1/models":
            return Lookup(msgspec.json.encode([_model(name) for name in models]))
        raise BadRequest(together_errors.invalid("Not found", 404))

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """Together's error body for a fault."""
        return together_errors.refusal(fault, model)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A `chat.completion` object."""
        choices = [_choice(index, choice, answer) for index, choice in enumerate(answer.choices)]
        envelope = _envelope(asked, "chat.completion")
        return msgspec.json.encode({**envelope, "prompt": [], "choices": choices, "usage": _usage(usage)})

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """`chat.completion.chunk` events; the last one carries the usage."""
        stream = _Stream(_envelope(asked, "chat.completion.chunk"))
        for text, number in tokens.grouped(answer.thinking, chunk_tokens):
            yield stream.delta(0, {"content": "", "reasoning": text}, "content", number)
        rows = [stream.content(i, choice, chunk_tokens) for i, choice in enumerate(answer.choices)]
        for row in zip_longest(*rows):
            yield from (event for event in row if event is not None)
        for index, choice in enumerate(answer.choices):
            counted = _usage(usage) if index == len(answer.choices) - 1 else None
            yield stream.delta(index, {"content": ""}, "close", 0, _FINISH[choice.stop], counted)
        yield _DONE

    def error_event(self, request_id: str) -> bytes:
        """An `error` object in place of a chunk."""
        return b"data: " + together_errors.refusal(Fault("server_error"), "").body + b"\n\n"


class _Stream:
    """The fields that all chunks of a stream share, encoded once."""

    def __init__(self, envelope: Json) -> None:
        self._front = b"data: " + msgspec.json.encode(envelope)[:-1]

    def content(self, index: int, choice: Choice, chunk_tokens: int) -> Iterator[Event]:
        """Text, then each tool call with its arguments in pieces."""
        for text, number in tokens.grouped(choice.pieces, chunk_tokens):
            yield self.delta(index, {"content": text}, "content", number)
        for position, tool in enumerate(choice.tools):
            yield self.delta(index, {"tool_calls": [_call(tool, position, "")]}, "content", tool.name_tokens)
            for text, number in tokens.grouped(tool.pieces, chunk_tokens):
                piece = {"index": position, "function": {"arguments": text}}
                yield self.delta(index, {"tool_calls": [piece]}, "content", number)

    def delta(
        self,
        index: int,
        delta: Json,
        kind: EventKind,
        number: int = 0,
        finish: str | None = None,
        usage: Json | None = None,
    ) -> Event:
        """One chunk of one choice; the text stands beside the delta too."""
        choice = {
            "index": index,
            "text": delta.get("content", ""),
            "logprobs": None,
            "finish_reason": finish,
            "delta": {"token_id": None, "role": "assistant", **delta},
        }
        encode = msgspec.json.encode
        data = b'%b,"choices":[%b],"usage":%b}\n\n' % (self._front, encode(choice), encode(usage))
        return Event(data, kind, number)


def _accepted(body: bytes) -> bytes:
    """The body without what Together does not read; raises BadRequest for what it refuses."""
    try:
        chat = msgspec.json.decode(body, type=Json)
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise BadRequest(together_errors.invalid("Invalid JSON in the request body")) from cause
    for name in ("model", "messages"):
        if not chat.get(name):
            raise BadRequest(together_errors.invalid(f"Missing required field: {name}"))
    for message in chat["messages"]:
        if message.get("role") not in _ROLES:
            text = f"Invalid role {message.get('role')!r}; must be one of {', '.join(_ROLES)}"
            raise BadRequest(together_errors.invalid(text))
    if chat.get("reasoning_effort") not in _EFFORTS:
        raise BadRequest(together_errors.invalid("reasoning_effort must be low, medium or high"))
    if not isinstance(chat.get("stop", []), list) or isinstance(chat.get("logprobs"), bool):
        raise BadRequest(together_errors.invalid("stop must be an array, logprobs an integer"))
    reasoning = chat.get("reasoning") or {}
    if reasoning.get("enabled"):
        chat.setdefault("reasoning_effort", "medium")
    return msgspec.json.encode({name: value for name, value in chat.items() if name not in _IGNORED})


def _choice(index: int, choice: Choice, answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": choice.text}
    message["tool_calls"] = [
        _call(tool, position, tool.arguments) for position, tool in enumerate(choice.tools)
    ]
    if answer.thinking:
        message["reasoning"] = "".join(answer.thinking)
    return {"index": index, "finish_reason": _FINISH[choice.stop], "logprobs": None, "message": message}


def _call(tool: ToolUse, position: int, arguments: str) -> Json:
    function = {"name": tool.name, "arguments": arguments}
    return {"index": position, "id": mint("call_"), "type": "function", "function": function}


def _envelope(asked: Asked, kind: str) -> Json:
    return {"id": mint("o"), "object": kind, "created": int(time.time()), "model": asked.model}


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "cached_tokens": usage.cached,
    }


def _model(name: str) -> Json:
    return {
        "id": name,
        "object": "model",
        "created": 1_735_689_600,
        "type": "chat",
        "organization": "simulator",
    }
