"""Anthropic's wire format: messages, count of tokens, models."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from leitstand.simulator import anthropic_errors, anthropic_request, tokens
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Json, Limits, Stop, ToolUse, Usage
from leitstand.simulator.wire import BadRequest, Event, EventKind, HeaderList, Lookup, Problem, mint

_STOP: dict[Stop, str] = {
    "end": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool": "tool_use",
    "filter": "refusal",
}
_SIGNATURE = "c2ltdWxpZXJ0ZSBTaWduYXR1cg=="


class AnthropicWire:
    """Speaks `/v1/messages`, `/v1/messages/count_tokens` and, with its version header, `/v1/models`."""

    name = "anthropic"

    def serves(self, request: Request, path: str) -> bool:
        """Its own paths, and whatever carries `anthropic-version`."""
        return path.startswith("/v1/messages") or "anthropic-version" in request.headers

    def key(self, request: Request) -> str:
        """`x-api-key`, or a bearer token."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return request.headers.get("x-api-key", bearer)

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Request id and rate limits; resets are moments (RFC 3339)."""
        now = datetime.now(UTC)
        pairs = [("request-id", request_id), ("anthropic-organization-id", "org-simulator")]
        for name, limit, left, reset_s in (
            ("requests", limits.requests, limits.requests_left, limits.requests_reset_s),
            ("tokens", limits.tokens, limits.tokens_left, limits.tokens_reset_s),
            ("input-tokens", limits.tokens, limits.tokens_left, limits.tokens_reset_s),
            ("output-tokens", limits.tokens, limits.tokens_left, limits.tokens_reset_s),
        ):
            reset = (now + timedelta(seconds=reset_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
            front = f"anthropic-ratelimit-{name}"
            pairs += [
                (f"{front}-limit", str(limit)),
                (f"{front}-remaining", str(left)),
                (f"{front}-reset", reset),
            ]
        return pairs

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand one of the three calls."""
        if request.method == "POST" and path == "/v1/messages":
            return anthropic_request.read(request.body, request_id)
        if request.method == "POST" and path == "/v1/messages/count_tokens":
            counted = anthropic_request.read(request.body, request_id, counting=True)
            return Lookup(msgspec.json.encode({"input_tokens": counted.input_tokens}), counted.model)
        if request.method == "GET" and path == "/v1/models":
            listed = [_model(name) for name in models]
            ends = {"first_id": models[0] if models else None, "last_id": models[-1] if models else None}
            return Lookup(msgspec.json.encode({"data": listed, "has_more": False, **ends}))
        if request.method == "GET" and path.removeprefix("/v1/models/") in models:
            return Lookup(msgspec.json.encode(_model(path.removeprefix("/v1/models/"))))
        raise BadRequest(anthropic_errors.not_found(request_id))

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """Anthropic's error body for a fault."""
        return anthropic_errors.refusal(fault, model, request_id)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A `message` object."""
        choice = answer.choices[0]
        content: list[Json] = []
        if answer.thinking:
            thinking = "".join(answer.thinking)
            content.append({"type": "thinking", "thinking": thinking, "signature": _SIGNATURE})
        if choice.pieces:
            content.append({"type": "text", "text": choice.text})
        content += [{**_opened(tool), "input": _arguments(tool)} for tool in choice.tools]
        return msgspec.json.encode(
            {
                **_envelope(asked.model),
                "content": content,
                "stop_reason": _STOP[choice.stop],
                "stop_sequence": choice.stop_sequence,
                "usage": {**_envelope_usage(usage), **_output_usage(usage)},
            }
        )

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """`message_start`, the content blocks with their deltas, `message_delta`, `message_stop`."""
        choice = answer.choices[0]
        start = {
            **_envelope(asked.model),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**_envelope_usage(usage), "output_tokens": 1},
        }
        yield _event("message_start", {"message": start})
        yield _event("ping", {})
        index = 0
        if answer.thinking:
            opened: Json = {"type": "thinking", "thinking": "", "signature": ""}
            yield from _block(index, opened, "thinking_delta", "thinking", answer.thinking, chunk_tokens)
            index += 1
        if choice.pieces:
            opened = {"type": "text", "text": ""}
            yield from _block(index, opened, "text_delta", "text", choice.pieces, chunk_tokens)
            index += 1
        for position, tool in enumerate(choice.tools, start=index):
            opened = {**_opened(tool), "input": {}}
            yield from _block(position, opened, "input_json_delta", "partial_json", tool.pieces, chunk_tokens)
        delta = {"stop_reason": _STOP[choice.stop], "stop_sequence": choice.stop_sequence}
        counted = {**_input_usage(usage), **_output_usage(usage)}
        yield _event("message_delta", {"delta": delta, "usage": counted}, "close")
        yield _event("message_stop", {}, "close")

    def error_event(self, request_id: str) -> bytes:
        """An `error` event: the provider is overloaded."""
        return (
            b"event: error\ndata: "
            + anthropic_errors.body("overloaded_error", "Overloaded", request_id)
            + b"\n\n"
        )


def _block(
    index: int, opened: Json, kind: str, field: str, pieces: tuple[str, ...], chunk_tokens: int
) -> Iterator[Event]:
    """One content block from start to stop."""
    start = {"index": index, "content_block": opened}
    if kind == "input_json_delta":
        yield _event("content_block_start", start, "content", tokens.count(str(opened["name"])))
    else:
        yield _event("content_block_start", start)
    for text, number in tokens.grouped(pieces, chunk_tokens):
        delta = {"type": kind, field: text}
        yield _event("content_block_delta", {"index": index, "delta": delta}, "content", number)
    if kind == "thinking_delta":
        seal = {"type": "signature_delta", "signature": _SIGNATURE}
        yield _event("content_block_delta", {"index": index, "delta": seal})
    yield _event("content_block_stop", {"index": index})


def _event(name: str, fields: Json, kind: EventKind = "open", number: int = 0) -> Event:
    data = b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode({"type": name, **fields}))
    return Event(data, kind, number)


def _envelope(model: str) -> Json:
    return {"id": mint("msg_01"), "type": "message", "role": "assistant", "model": model}


def _opened(tool: ToolUse) -> Json:
    return {"type": "tool_use", "id": mint("toolu_01"), "name": tool.name}


def _arguments(tool: ToolUse) -> Json:
    """The input as an object; where max_tokens cut its JSON, an empty one, as the API sends it."""
    try:
        value = msgspec.json.decode(tool.arguments)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _input_usage(usage: Usage) -> Json:
    """Anthropic's input_tokens leave out what was read from or written to the cache."""
    return {
        "input_tokens": usage.input - usage.cached - usage.cache_written,
        "cache_creation_input_tokens": usage.cache_written,
        "cache_read_input_tokens": usage.cached,
    }


def _envelope_usage(usage: Usage) -> Json:
    written = {"ephemeral_5m_input_tokens": usage.cache_written, "ephemeral_1h_input_tokens": 0}
    return {**_input_usage(usage), "cache_creation": written, "service_tier": "standard"}


def _output_usage(usage: Usage) -> Json:
    details = {"output_tokens_details": {"thinking_tokens": usage.reasoning}} if usage.reasoning else {}
    return {"output_tokens": usage.output, **details}


def _model(name: str) -> Json:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }
