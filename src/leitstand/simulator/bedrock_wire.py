"""Amazon Bedrock's wire format: Converse, ConverseStream in Amazon's event stream, and InvokeModel for single tasks."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

from leitstand.simulator import bedrock_errors, bedrock_request, bedrock_tasks, eventstream, tokens
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Json, Limits, Stop, ToolUse, Usage
from leitstand.simulator.wire import BadRequest, Event, EventKind, HeaderList, Lookup, Problem, mint

_STOP: dict[Stop, str] = {
    "end": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool": "tool_use",
    "filter": "guardrail_intervened",
}
_PATH = re.compile(r"/model/([^/]+)/(converse|converse-stream|invoke)")
_CREDENTIAL = re.compile(r"Credential=([^/]+)/")
_SIGNATURE = "c2ltdWxpZXJ0ZSBTaWduYXR1cg=="


class BedrockWire:
    """Speaks `/model/{id}/converse`, `…/converse-stream` and `…/invoke`; signatures are not checked."""

    name = "bedrock"
    stream_type = eventstream.STREAM_TYPE

    def serves(self, request: Request, path: str) -> bool:
        """Its own paths."""
        return path.startswith("/model/")

    def key(self, request: Request) -> str:
        """The bearer token, or of a signed request the access key id."""
        proof = request.headers.get("authorization", "")
        signed = _CREDENTIAL.search(proof)
        return signed.group(1) if signed else proof.removeprefix("Bearer ").strip()

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """The request id; Bedrock tells nothing about limits."""
        return [("x-amzn-requestid", request_id)]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand one of the three calls."""
        found = _PATH.fullmatch(path)
        if found is None or request.method != "POST":
            raise BadRequest(bedrock_errors.unknown_operation())
        if found.group(2) == "invoke":
            return bedrock_tasks.read(request.body, unquote(found.group(1)))
        streamed = found.group(2) == "converse-stream"
        return bedrock_request.read(request.body, unquote(found.group(1)), stream=streamed)

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """AWS's error body for a fault."""
        return bedrock_errors.refusal(fault)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A whole answer of Converse."""
        choice = answer.choices[0]
        content: list[Json] = []
        if answer.thinking:
            thought = {"text": "".join(answer.thinking), "signature": _SIGNATURE}
            content.append({"reasoningContent": {"reasoningText": thought}})
        if choice.pieces:
            content.append({"text": choice.text})
        content += [{"toolUse": {**_opened(tool), "input": _arguments(tool)}} for tool in choice.tools]
        return msgspec.json.encode(
            {
                "metrics": {"latencyMs": 1},
                "output": {"message": {"content": content, "role": "assistant"}},
                "stopReason": _STOP[choice.stop],
                "usage": _usage(usage),
            }
        )

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """`messageStart`, deltas and ends of the blocks, `messageStop`, `metadata`; text blocks have no start."""
        choice = answer.choices[0]
        yield _event("messageStart", {"role": "assistant"})
        index = 0
        if answer.thinking:
            for text, number in tokens.grouped(answer.thinking, chunk_tokens):
                yield _delta(index, {"reasoningContent": {"text": text}}, number)
            yield _delta(index, {"reasoningContent": {"signature": _SIGNATURE}}, 0)
            yield _event("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        if choice.pieces:
            for text, number in tokens.grouped(choice.pieces, chunk_tokens):
                yield _delta(index, {"text": text}, number)
            yield _event("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        for position, tool in enumerate(choice.tools, start=index):
            start = {"contentBlockIndex": position, "start": {"toolUse": _opened(tool)}}
            yield _event("contentBlockStart", start, "content", tool.name_tokens)
            for text, number in tokens.grouped(tool.pieces, chunk_tokens):
                yield _delta(position, {"toolUse": {"input": text}}, number)
            yield _event("contentBlockStop", {"contentBlockIndex": position})
        yield _event("messageStop", {"stopReason": _STOP[choice.stop]}, "close")
        yield _event("metadata", {"metrics": {"latencyMs": 1}, "usage": _usage(usage)}, "close")

    def error_event(self, request_id: str) -> bytes:
        """An exception in place of an event."""
        said = bedrock_errors.body("Bedrock is unable to process your request.")
        return eventstream.message("exception", "serviceUnavailableException", said)


def _delta(index: int, delta: Json, number: int) -> Event:
    kind: EventKind = "content" if number else "open"
    return _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}, kind, number)


def _event(name: str, fields: Json, kind: EventKind = "open", number: int = 0) -> Event:
    payload = msgspec.json.encode(eventstream.padded(fields))
    return Event(eventstream.message("event", name, payload), kind, number)


def _opened(tool: ToolUse) -> Json:
    return {"toolUseId": mint("tooluse_"), "name": tool.name}


def _arguments(tool: ToolUse) -> Json:
    """The input as an object; where maxTokens cut its JSON, an empty one."""
    try:
        value = msgspec.json.decode(tool.arguments)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _usage(usage: Usage) -> Json:
    """Bedrock's inputTokens leave out what was read from or written to the cache."""
    counted: Json = {
        "inputTokens": usage.input - usage.cached - usage.cache_written,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
    }
    if usage.cached or usage.cache_written:
        counted["cacheReadInputTokens"] = usage.cached
        counted["cacheWriteInputTokens"] = usage.cache_written
    return counted
