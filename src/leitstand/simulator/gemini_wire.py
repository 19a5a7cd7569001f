"""Google's wire format: generateContent, streamed and plain, count of tokens, embeddings, models; at two front doors."""

import re
from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from leitstand.simulator import gemini_request, google_embeddings, google_errors, tokens
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import Request
from leitstand.simulator.values import Answer, Asked, Choice, Json, Limits, Stop, ToolUse, Usage
from leitstand.simulator.wire import BadRequest, Event, EventKind, HeaderList, Lookup, Problem, mint

_FINISH: dict[Stop, str] = {
    "end": "STOP",
    "stop_sequence": "STOP",
    "tool": "STOP",
    "length": "MAX_TOKENS",
    "filter": "SAFETY",
}


class GeminiWire:
    """Speaks `/v1beta/models/…`, as generativelanguage.googleapis.com does, with API keys."""

    name = "gemini"
    _front = re.compile(r"/v1(?:alpha|beta)/models(?:/([^/:]+))?(?::(\w+))?")
    _by_token = False
    _ids = True

    def serves(self, request: Request, path: str) -> bool:
        """Its own paths."""
        return self._front.fullmatch(path) is not None

    def key(self, request: Request) -> str:
        """`x-goog-api-key`."""
        return request.headers.get("x-goog-api-key", "")

    def headers(self, request_id: str, limits: Limits) -> HeaderList:
        """Google tells no limits in headers."""
        return [("server-timing", "gfet4t7; dur=1"), ("vary", "Origin")]

    def read(self, request: Request, path: str, models: tuple[str, ...], request_id: str) -> Asked | Lookup:
        """Understand one of the calls."""
        found = self._front.fullmatch(path)
        model, verb = (found.group(1) or "", found.group(2) or "") if found else ("", "")
        match request.method, verb:
            case "POST", "generateContent" if model:
                return gemini_request.read(request.body, model, stream=False, ids=self._ids)
            case "POST", "streamGenerateContent" if model and "alt=sse" in request.query:
                return gemini_request.read(request.body, model, stream=True, ids=self._ids)
            case "POST", "countTokens" if model:
                body = request.body if self._by_token else gemini_request.counted(request.body)
                counted = gemini_request.read(body, model, stream=False, ids=self._ids)
                return Lookup(msgspec.json.encode({"totalTokens": counted.input_tokens}), model)
            case "POST", verb if model and verb in google_embeddings.VERBS:
                return google_embeddings.read(request.body, model, verb, by_token=self._by_token)
            case "GET", "" if not model:
                return Lookup(msgspec.json.encode({"models": [_model(name) for name in models]}))
            case "GET", "" if model in models:
                return Lookup(msgspec.json.encode(_model(model)))
        raise BadRequest(google_errors.unknown_path())

    def refusal(self, fault: Fault, model: str, request_id: str) -> Problem:
        """Google's error body for a fault."""
        return google_errors.refusal(fault, model, by_token=self._by_token)

    def plain(self, asked: Asked, answer: Answer, usage: Usage) -> bytes:
        """A GenerateContentResponse with everything in it."""
        thoughts = _thoughts(asked, answer)
        candidates = [
            _candidate(index, [*thoughts, *self._parts(asked, choice)], _FINISH[choice.stop])
            for index, choice in enumerate(answer.choices)
        ]
        return msgspec.json.encode(
            {"candidates": candidates, "usageMetadata": _usage(usage), **_envelope(asked)}
        )

    def events(self, asked: Asked, answer: Answer, usage: Usage, chunk_tokens: int) -> Iterator[Event]:
        """Responses with pieces of text, whole function calls, and at last the finish reasons."""
        envelope = _envelope(asked)
        counted = {"usageMetadata": {"promptTokenCount": usage.input, "totalTokenCount": usage.input}}

        def event(candidate: Json, kind: EventKind, number: int = 0, counts: Json = counted) -> Event:
            return _event({"candidates": [candidate], **counts, **envelope}, kind, number)

        for part in _thoughts(asked, answer):
            yield event(_candidate(0, [part]), "content", len(answer.thinking))
        rows = [self._pieces(asked, choice, chunk_tokens) for choice in answer.choices]
        for row in zip_longest(*rows):
            for index, piece in enumerate(row):
                if piece is not None:
                    yield event(_candidate(index, [piece[0]]), "content", piece[1])
        for index, choice in enumerate(answer.choices):
            last = _candidate(index, [{"text": ""}], _FINISH[choice.stop])
            yield event(last, "close", counts={"usageMetadata": _usage(usage)})

    def error_event(self, request_id: str) -> bytes:
        """An error object in place of a response: the model is overloaded."""
        return b"data: " + self.refusal(Fault("overloaded"), "", request_id).body + b"\r\n\r\n"

    def _parts(self, asked: Asked, choice: Choice) -> list[Json]:
        text: list[Json] = [{"text": choice.text}] if choice.pieces else []
        return text + [self._call(asked, tool, at == 0) for at, tool in enumerate(choice.tools)]

    def _pieces(self, asked: Asked, choice: Choice, chunk_tokens: int) -> Iterator[tuple[Json, int]]:
        """The parts that events carry, each with its tokens."""
        for text, number in tokens.grouped(choice.pieces, chunk_tokens):
            yield {"text": text}, number
        for at, tool in enumerate(choice.tools):
            yield self._call(asked, tool, at == 0), tool.name_tokens + len(tool.pieces)

    def _call(self, asked: Asked, tool: ToolUse, first: bool) -> Json:
        """A function call; of parallel ones the first is sealed."""
        call: Json = {"id": mint("fc-")} if self._ids else {}
        part: Json = {"functionCall": {**call, "name": tool.name, "args": _arguments(tool)}}
        if first and gemini_request.seals(asked.model):
            part["thoughtSignature"] = gemini_request.SIGNATURE
        return part


class VertexWire(GeminiWire):
    """Speaks `/v1/projects/…/publishers/google/models/…`, as Vertex AI does, with access tokens."""

    name = "vertex"
    _front = re.compile(
        r"/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/google/models(?:/([^/:]+))?(?::(\w+))?"
    )
    _by_token = True
    _ids = False

    def key(self, request: Request) -> str:
        """The bearer token."""
        return request.headers.get("authorization", "").removeprefix("Bearer ").strip()


def _event(value: Json, kind: EventKind, number: int) -> Event:
    return Event(b"data: %b\r\n\r\n" % msgspec.json.encode(value), kind, number)


def _thoughts(asked: Asked, answer: Answer) -> list[Json]:
    """The summary of the thinking, for those who want to see it."""
    if not (answer.thinking and asked.show_thinking):
        return []
    return [{"text": "".join(answer.thinking), "thought": True}]


def _candidate(index: int, parts: list[Json], finish: str = "") -> Json:
    end: Json = {"finishReason": finish} if finish else {}
    return {"content": {"parts": parts, "role": "model"}, **end, "index": index}


def _envelope(asked: Asked) -> Json:
    return {"modelVersion": asked.model, "responseId": mint("")}


def _arguments(tool: ToolUse) -> Json:
    """The arguments as an object; an empty one where max_tokens cut their JSON."""
    try:
        value = msgspec.json.decode(tool.arguments)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _usage(usage: Usage) -> Json:
    """Google counts the thoughts beside the candidates, and leaves out what is zero."""
    counts = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
        "cachedContentTokenCount": usage.cached,
        "thoughtsTokenCount": usage.reasoning,
    }
    return {name: number for name, number in counts.items() if number}


def _model(name: str) -> Json:
    return {
        "name": f"models/{name}",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
