"""Cohere's wire format, version 2: chat, embeddings, reranking and models."""

from collections.abc import Iterator

import msgspec

from leitstand.simulator import cohere_errors, cohere_request, cohere_tasks, tokens
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Json, Limits, Stop, ToolUse, Usage
from leitstand.simulator.wire import BadRequest, Event, EventKind, HeaderList, Lookup, Problem, mint

_FINISH: dict[Stop, str] = {
    "end": "COMPLETE",
    "stop_sequence": "STOP_SEQUENCE",
    "length": "MAX_TOKENS",
    "tool": "TOOL_CALL",
    "filter": "ERROR_TOXIC",
}
_PLAN = "Ich rufe das passende Werkzeug auf."
_TEMPLATE_TOKENS = 495
"""What the provider's own template adds to every prompt; counted in `tokens`, not billed."""


class CohereWire:
    """Speaks `/v2/chat`, `/v2/embed`, `/v2/rerank` and `/v1/models?endpoint=chat`."""

    name = "cohere"

    def serves(self, request: Request, path: str) -> bool:
        """All of version 2; the list of models is the SDK's of version 1."""
        return path.startswith("/v2/") or (path == "/v1/models" and "x-client-name" in request.headers)

    def key(self, request: Request) -> str:
        """The bearer token."""
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip()

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Trace id and the calls left."""
        return [
            ("x-debug-trace-id", request_id),
            ("x-trial-endpoint-call-limit", str(limits.requests)),
            ("x-trial-endpoint-call-remaining", str(limits.requests_left)),
        ]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand one of the calls."""
        if request.method == "POST" and path == "/v2/chat":
            return cohere_request.read(request.body)
        if request.method == "POST" and path == "/v2/embed":
            return cohere_tasks.embed(request.body, cohere_errors.invalid)
        if request.method == "POST" and path == "/v2/rerank":
            return cohere_tasks.ranked(request.body, cohere_errors.invalid)
        if request.method == "GET" and path in ("/v1/models", "/v2/models"):
            listed = [{"name": name, "endpoints": ["chat"]} for name in models]
            return Lookup(msgspec.json.encode({"models": listed}))
        raise BadRequest(cohere_errors.invalid("page not found", 404))

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """Cohere's error body for a fault."""
        return cohere_errors.refusal(fault, model)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A whole answer."""
        choice = answer.choices[0]
        message: Json = {"role": "assistant"}
        if choice.tools:
            message["tool_plan"] = _PLAN
            message["tool_calls"] = [_call(tool, tool.arguments) for tool in choice.tools]
        content: list[Json] = []
        if answer.thinking:
            content.append({"type": "thinking", "thinking": "".join(answer.thinking)})
        if choice.pieces:
            content.append({"type": "text", "text": choice.text})
        if content:
            message["content"] = content
        return msgspec.json.encode(
            {
                "id": mint(""),
                "finish_reason": _FINISH[choice.stop],
                "message": message,
                "usage": _usage(usage),
            }
        )

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """`message-start`, content blocks, the plan and the calls, `message-end`."""
        choice = answer.choices[0]
        empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        yield _event("message-start", {"id": mint(""), "delta": {"message": empty}})
        index = 0
        for field, pieces in (("thinking", answer.thinking), ("text", choice.pieces)):
            if pieces:
                yield from _block(index, field, pieces, chunk_tokens)
                index += 1
        if choice.tools:
            for piece in tokens.split(_PLAN):
                yield _event("tool-plan-delta", {"delta": {"message": {"tool_plan": piece}}})
        for position, tool in enumerate(choice.tools):
            yield from _calling(position, tool, chunk_tokens)
        end = {"finish_reason": _FINISH[choice.stop], "usage": _usage(usage)}
        yield _event("message-end", {"delta": end}, "close")

    def error_event(self, request_id: str) -> bytes:
        """A generation that ends with an error."""
        end = {"finish_reason": "ERROR", "error": "internal server error", "usage": _usage(Usage(0, 0))}
        return _event("message-end", {"delta": end}).data


def _block(index: int, field: str, pieces: tuple[str, ...], chunk_tokens: int) -> Iterator[Event]:
    start = {"message": {"content": {"type": field, field: ""}}}
    yield _event("content-start", {"index": index, "delta": start})
    for text, number in tokens.grouped(pieces, chunk_tokens):
        delta = {"message": {"content": {field: text}}}
        yield _event("content-delta", {"index": index, "delta": delta}, "content", number)
    yield _event("content-end", {"index": index})


def _calling(index: int, tool: ToolUse, chunk_tokens: int) -> Iterator[Event]:
    start = {"message": {"tool_calls": _call(tool, "")}}
    yield _event("tool-call-start", {"index": index, "delta": start}, "content", tool.name_tokens)
    for text, number in tokens.grouped(tool.pieces, chunk_tokens):
        delta = {"message": {"tool_calls": {"function": {"arguments": text}}}}
        yield _event("tool-call-delta", {"index": index, "delta": delta}, "content", number)
    yield _event("tool-call-end", {"index": index})


def _event(name: str, fields: Json, kind: EventKind = "open", number: int = 0) -> Event:
    data = b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode({"type": name, **fields}))
    return Event(data, kind, number)


def _call(tool: ToolUse, arguments: str) -> Json:
    function = {"name": tool.name, "arguments": arguments}
    return {"id": mint(f"{tool.name}_"), "type": "function", "function": function}


def _usage(usage: Usage) -> Json:
    return {
        "billed_units": {"input_tokens": usage.input, "output_tokens": usage.output},
        "tokens": {"input_tokens": usage.input + _TEMPLATE_TOKENS, "output_tokens": usage.output + 2},
        "cached_tokens": usage.cached,
    }
