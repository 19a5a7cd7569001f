"""OpenAI's wire format for `/v1/responses`: whole answers and typed, numbered events."""

import base64
import time
from collections.abc import Iterator

import msgspec

from leitstand.simulator import openai_errors, responses_request, tokens
from leitstand.simulator.azure_wire import AzureWire
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.openai_wire import OpenAIWire
from leitstand.simulator.responses_request import ResponseAsked
from leitstand.simulator.values import Answer, Asked, Json, ToolUse, Usage
from leitstand.simulator.wire import Event, EventKind, Lookup, mint

_ECHOED: Json = {
    "instructions": None, "max_output_tokens": None, "metadata": {}, "parallel_tool_calls": True,
    "previous_response_id": None, "store": True, "temperature": 1.0, "text": {"format": {"type": "text"}},
    "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled", "user": None,
}  # fmt: skip
_AZURE = AzureWire()


class ResponsesWire(OpenAIWire):
    """Speaks `/v1/responses` and Azure's `/openai/v1/responses`. It keeps nothing, so ids lead nowhere."""

    name = "openai_responses"

    def serves(self, request: Request, path: str) -> bool:
        """Its one path, below either root."""
        return path in ("/v1/responses", "/openai/v1/responses") and request.method == "POST"

    def key(self, request: Request) -> str:
        """The bearer token, or what Azure takes in its place."""
        return _AZURE.key(request)

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand a request."""
        return responses_request.read(request.body)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A `response` object."""
        whole = _Whole(asked, answer)
        return msgspec.json.encode(whole.response(whole.items(), usage))

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """Created and in progress, the items one after another, completed or incomplete."""
        whole = _Whole(asked, answer)
        yield whole.event("response.created", {"response": whole.response([], None)}, "open")
        yield whole.event("response.in_progress", {"response": whole.response([], None)}, "open")
        items = whole.items()
        for place, item in enumerate(items):
            yield from whole.grown(place, item, chunk_tokens)
        done = whole.response(items, usage)
        yield whole.event(f"response.{done['status']}", {"response": done}, "close")

    def error_event(self, request_id: str) -> bytes:
        """An `error` event."""
        error = msgspec.json.decode(openai_errors.refusal(Fault("server_error"), "").body)["error"]
        event = {"type": "error", "error": error, "sequence_number": 99}
        return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"


class _Whole:
    """One answer with what its events share: ids, a running number, the request's echo."""

    def __init__(self, asked: Asked, answer: Answer) -> None:
        self._asked = asked if isinstance(asked, ResponseAsked) else ResponseAsked(asked.model, asked.users)
        self._answer = answer
        self._id = mint("resp_")
        self._created = int(time.time())
        self._number = 0

    def response(self, items: list[Json], usage: Usage | None) -> Json:
        """The response object; without usage it is in progress."""
        stop = self._answer.choices[0].stop
        early = {"length": "max_output_tokens", "filter": "content_filter"}.get(stop)
        status = "in_progress" if usage is None else ("incomplete" if early else "completed")
        body = self._asked.body
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": early} if status == "incomplete" else None,
            "model": self._asked.model,
            "output": items,
            "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
            **{name: body.get(name) or default for name, default in _ECHOED.items() if name != "store"},
            "store": body.get("store") is not False,
            "service_tier": "default",
            "usage": None if usage is None else _usage(usage),
        }

    def items(self) -> list[Json]:
        """The whole output."""
        choice = self._answer.choices[0]
        status = "incomplete" if choice.stop in ("length", "filter") else "completed"
        items: list[Json] = [self._reasoning()] if self._answer.thinking else []
        if choice.pieces or not choice.tools:
            part = {"type": "output_text", "annotations": [], "logprobs": [], "text": choice.text}
            message = {"id": mint("msg_"), "type": "message", "status": status, "role": "assistant"}
            items.append({**message, "content": [part]})
        return items + [_call(tool, status) for tool in choice.tools]

    def grown(self, place: int, item: Json, chunk_tokens: int) -> Iterator[Event]:
        """An item as it grows."""
        begun: Json = {**item, "status": "in_progress"} if "status" in item else dict(item)
        begun |= {
            name: empty
            for name, empty in (("content", []), ("summary", []), ("arguments", ""))
            if name in item
        }
        at: Json = {"output_index": place}
        yield self.event("response.output_item.added", {**at, "item": begun}, "open")
        at["item_id"] = item["id"]
        match item["type"]:
            case "message":
                yield from self._text(at, item, chunk_tokens)
            case "reasoning":
                yield from self._summary(at, item)
            case _:
                yield from self._arguments(at, item, chunk_tokens)
        yield self.event("response.output_item.done", {"output_index": place, "item": item}, "open")

    def event(self, name: str, fields: Json, kind: EventKind, number: int = 0) -> Event:
        """One event, numbered."""
        body = {"type": name, "sequence_number": self._number, **fields}
        self._number += 1
        return Event(b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(body)), kind, number)

    def _text(self, at: Json, item: Json, chunk_tokens: int) -> Iterator[Event]:
        at = {**at, "content_index": 0}
        part = item["content"][0]
        yield self.event("response.content_part.added", {**at, "part": {**part, "text": ""}}, "open")
        for text, number in tokens.grouped(self._answer.choices[0].pieces, chunk_tokens):
            delta = {**at, "delta": text, "logprobs": []}
            yield self.event("response.output_text.delta", delta, "content", number)
        done = {**at, "text": part["text"], "logprobs": []}
        yield self.event("response.output_text.done", done, "open")
        yield self.event("response.content_part.done", {**at, "part": part}, "open")

    def _arguments(self, at: Json, item: Json, chunk_tokens: int) -> Iterator[Event]:
        pieces = tokens.split(item["arguments"])
        name_tokens = tokens.count(item["name"])
        for text, number in tokens.grouped(pieces, chunk_tokens):
            delta = {**at, "delta": text}
            yield self.event("response.function_call_arguments.delta", delta, "content", number + name_tokens)
            name_tokens = 0
        done = {**at, "name": item["name"], "arguments": item["arguments"]}
        yield self.event("response.function_call_arguments.done", done, "open")

    def _summary(self, at: Json, item: Json) -> Iterator[Event]:
        at = {**at, "summary_index": 0}
        for part in item["summary"]:
            empty = {**part, "text": ""}
            yield self.event("response.reasoning_summary_part.added", {**at, "part": empty}, "open")
            delta = {**at, "delta": part["text"]}
            yield self.event("response.reasoning_summary_text.delta", delta, "content")
            done = {**at, "text": part["text"]}
            yield self.event("response.reasoning_summary_text.done", done, "open")
            yield self.event("response.reasoning_summary_part.done", {**at, "part": part}, "open")

    def _reasoning(self) -> Json:
        text = "".join(self._answer.thinking)
        summary = [{"type": "summary_text", "text": text}] if self._asked.show_thinking else []
        item: Json = {"id": mint("rs_"), "type": "reasoning", "summary": summary}
        if self._asked.seals:
            item["encrypted_content"] = base64.b64encode(text.encode()).decode()
        return item


def _call(tool: ToolUse, status: str) -> Json:
    return {
        "id": mint("fc_"),
        "type": "function_call",
        "status": status,
        "arguments": tool.arguments,
        "call_id": mint("call_"),
        "name": tool.name,
    }


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
