"""OpenAI's wire format: chat completions, models and single tasks; reranking as model servers add it."""

import time
from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from leitstand.simulator import embeddings, openai_errors, openai_request, pictures, rerank, sounds, tokens
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Choice, Json, Limits, Stop, Usage
from leitstand.simulator.wire import BadRequest, Event, EventKind, HeaderList, Lookup, Problem, mint

_FINISH: dict[Stop, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "filter": "content_filter",
}
_FINGERPRINT = "fp_simulator01"
_DONE = Event(b"data: [DONE]\n\n", "close")


class OpenAIWire:
    """Speaks `/v1/chat/completions`, `/v1/models` and the single tasks below `/v1/`."""

    name = "openai"

    def serves(self, request: Request, path: str) -> bool:
        """Everything that no other wire format claims."""
        return path.startswith("/v1/")

    def key(self, request: Request) -> str:
        """The bearer token."""
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip()

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Request id, version and rate limits; resets are durations such as `1.2s`."""
        return [
            ("x-request-id", request_id),
            ("openai-organization", "org-simulator"),
            ("openai-version", "2020-10-01"),
            ("openai-processing-ms", "1"),
            ("x-ratelimit-limit-requests", str(limits.requests)),
            ("x-ratelimit-remaining-requests", str(limits.requests_left)),
            ("x-ratelimit-reset-requests", _duration(limits.requests_reset_s)),
            ("x-ratelimit-limit-tokens", str(limits.tokens)),
            ("x-ratelimit-remaining-tokens", str(limits.tokens_left)),
            ("x-ratelimit-reset-tokens", _duration(limits.tokens_reset_s)),
        ]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand one of the calls."""
        if request.method == "POST" and path == "/v1/chat/completions":
            return openai_request.read(request.body)
        if request.method == "POST" and (
            answer := self.task(request, path.removeprefix("/v1/"), request.body)
        ):
            return answer
        if request.method == "GET" and path == "/v1/models":
            return Lookup(msgspec.json.encode({"object": "list", "data": [_model(name) for name in models]}))
        if request.method == "GET" and path.removeprefix("/v1/models/") in models:
            return Lookup(msgspec.json.encode(_model(path.removeprefix("/v1/models/"))))
        raise BadRequest(openai_errors.unknown_url(request.method, path))

    def task(self, request: Request, name: str, body: bytes, deployment: str = "") -> Lookup | None:
        """The answer to a single task, or None for a name that is none; raises BadRequest."""
        match name:
            case "embeddings":
                return embeddings.read(body)
            case "rerank":
                return rerank.read(body, openai_errors.invalid)
            case "images/generations":
                return pictures.read(body, openai_errors.invalid)
            case "audio/transcriptions":
                return sounds.read(request, openai_errors.invalid, deployment)
        return None

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """OpenAI's error body for a fault."""
        return openai_errors.refusal(fault, model)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A `chat.completion` object."""
        return msgspec.json.encode(
            {
                "id": mint("chatcmpl-"),
                "object": "chat.completion",
                "created": int(time.time()),
                "model": asked.model,
                "choices": [_choice(index, choice) for index, choice in enumerate(answer.choices)],
                "usage": _usage(usage),
                "service_tier": "default",
                "system_fingerprint": _FINGERPRINT,
            }
        )

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """`chat.completion.chunk` events; several choices alternate. The reasoning stays hidden."""
        envelope = _Envelope(asked)
        for index, choice in enumerate(answer.choices):
            content = None if choice.tools and not choice.pieces else ""
            yield envelope.delta(index, {"role": "assistant", "content": content, "refusal": None}, "open")
        rows = [envelope.content(i, choice, chunk_tokens) for i, choice in enumerate(answer.choices)]
        for row in zip_longest(*rows):
            yield from (event for event in row if event is not None)
        for index, choice in enumerate(answer.choices):
            yield envelope.delta(index, {}, "close", finish=_FINISH[choice.stop])
        if asked.include_usage:
            yield envelope.usage(usage)
        yield _DONE

    def error_event(self, request_id: str) -> bytes:
        """An `error` object in place of a chunk."""
        return b"data: " + openai_errors.refusal(Fault("server_error"), "").body + b"\n\n"


class _Envelope:
    """The fields that all chunks of a stream share, encoded once."""

    def __init__(self, asked: Asked) -> None:
        shared = {
            "id": mint("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": asked.model,
            "service_tier": "default",
            "system_fingerprint": _FINGERPRINT,
        }
        self._front = b"data: " + msgspec.json.encode(shared)[:-1]
        self._back = b',"usage":null}\n\n' if asked.include_usage else b"}\n\n"

    def content(self, index: int, choice: Choice, chunk_tokens: int) -> Iterator[Event]:
        """Text, then each tool call with its arguments in pieces."""
        for text, number in tokens.grouped(choice.pieces, chunk_tokens):
            yield self.delta(index, {"content": text}, "content", number)
        for position, tool in enumerate(choice.tools):
            function = {"name": tool.name, "arguments": ""}
            opening = {"index": position, "id": mint("call_"), "type": "function", "function": function}
            yield self.delta(index, {"tool_calls": [opening]}, "content", tool.name_tokens)
            for text, number in tokens.grouped(tool.pieces, chunk_tokens):
                piece = {"index": position, "function": {"arguments": text}}
                yield self.delta(index, {"tool_calls": [piece]}, "content", number)

    def delta(
        self, index: int, delta: Json, kind: EventKind, number: int = 0, finish: str | None = None
    ) -> Event:
        """One chunk of one choice."""
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        data = b'%b,"choices":[%b]%b' % (self._front, msgspec.json.encode(choice), self._back)
        return Event(data, kind, number)

    def usage(self, usage: Usage) -> Event:
        """The last chunk of a stream that asked for usage: no choices."""
        data = b'%b,"choices":[],"usage":%b}\n\n' % (self._front, msgspec.json.encode(_usage(usage)))
        return Event(data, "close")


def _choice(index: int, choice: Choice) -> Json:
    content = None if choice.tools and not choice.pieces else choice.text
    message: Json = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    if choice.tools:
        message["tool_calls"] = [
            {
                "id": mint("call_"),
                "type": "function",
                "function": {"name": tool.name, "arguments": tool.arguments},
            }
            for tool in choice.tools
        ]
    return {"index": index, "message": message, "logprobs": None, "finish_reason": _FINISH[choice.stop]}


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1_735_689_600, "owned_by": "simulator"}


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:.3g}s" if minutes else f"{rest:.4g}s"
