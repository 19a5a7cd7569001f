"""Answers in the format of OpenAI Responses, whole and streamed.

Source: OpenAI API reference, "The response object" and "Streaming events". Items that only this format knows
(searches, code) have no chunks; they travel in `raw`.
"""

from typing import Any

import msgspec

from leitstand.core.conversation import (
    Chunk,
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
from leitstand.core.reasoning_items import seal_of
from leitstand.providers.faults import in_stream
from leitstand.providers.wire.counts import count
from leitstand.providers.wire.responses_prompt import encode, lacks

__all__ = ["Decoder", "decode_plain", "encode", "lacks", "usage_of"]


class _Response(msgspec.Struct):
    id: str = ""
    model: str = ""
    created_at: int | float | None = None
    status: str = ""
    output: list[Json] | None = None
    usage: Json | None = None
    incomplete_details: Json | None = None
    service_tier: str | None = None
    error: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    output_index: int = 0
    summary_index: int = 0
    delta: Any = None
    arguments: str | None = None
    item: Json | None = None
    response: _Response | None = None
    error: Any = None
    code: Any = None
    message: Any = None


_whole = msgspec.json.Decoder(_Response)
_event = msgspec.json.Decoder(_Event)
_ENDS = ("response.completed", "response.incomplete")
_TEXT = ("response.output_text.delta", "response.refusal.delta")
_THOUGHT = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")


def usage_of(raw: Json) -> Usage:
    """The provider's usage object in our words; its input tokens include the cached ones, as ours do."""
    return Usage(
        input_tokens=count(raw, "input_tokens"),
        output_tokens=count(raw, "output_tokens"),
        cached_tokens=count(raw, "input_tokens_details", "cached_tokens"),
        cache_write_tokens=count(raw, "input_tokens_details", "cache_write_tokens"),
        reasoning_tokens=count(raw, "output_tokens_details", "reasoning_tokens"),
        raw=raw,
    )


def decode_plain(body: bytes) -> Frame:
    """A whole answer as one frame.

    Raises UpstreamFault for an error object or a failed answer, msgspec.DecodeError for anything that is no
    answer. A frame without chunks holds no answer.
    """
    answer = _whole.decode(body)
    if answer.error:
        raise in_stream(answer.error)
    if not answer.output and answer.status != "incomplete":
        return Frame((), body, "responses")
    decoder = Decoder()
    chunks: list[Chunk] = [_started(answer)]
    for position, item in enumerate(answer.output or ()):
        decoder.item(item, position, chunks)
    decoder.end(answer, chunks)
    return Frame(tuple(chunks), body, "responses")


class Decoder:
    """Reads the events of one streamed answer."""

    __slots__ = ("_calls", "_started", "_written", "done")

    def __init__(self) -> None:
        self._started = False
        self._calls: dict[int, int] = {}  # place in the output -> number of the call
        self._written: set[int] = set()  # calls whose arguments have come
        self.done = False

    def complete(self, _choices: int) -> bool:
        """Whether the terminal event came."""
        return self.done

    def feed(self, event: str, data: bytes) -> Frame | None:
        """The frame of one event, or None for a terminal marker that some servers add.

        Raises UpstreamFault for an error event, msgspec.DecodeError for broken JSON.
        """
        if data == b"[DONE]":
            return None
        said = _event.decode(data)
        kind = said.type or event
        return Frame(tuple(self._chunks(kind, said)), data, "responses", kind)

    def _chunks(self, kind: str, said: _Event) -> list[Chunk]:
        chunks: list[Chunk] = []
        if kind in _TEXT:
            chunks.append(TextDelta(str(said.delta)))
        elif kind in _THOUGHT:
            chunks.append(ThinkingDelta(str(said.delta)))
        elif kind == "response.function_call_arguments.delta":
            self._arguments(said.output_index, str(said.delta), chunks)
        elif kind == "response.function_call_arguments.done":
            self._missed_arguments(said.output_index, said.arguments, chunks)
        elif kind == "response.output_item.added" and said.item is not None:
            self._call(said.item, said.output_index, chunks)
        elif kind == "response.output_item.done" and said.item is not None:
            self._finished(said.item, said.output_index, chunks)
        elif kind == "response.reasoning_summary_part.added" and said.summary_index:
            chunks.append(ThinkingDelta("\n\n"))
        elif kind == "response.created" and said.response is not None and not self._started:
            self._started = True
            chunks.append(_started(said.response))
        elif kind in _ENDS and said.response is not None:
            self.done = True
            self.end(said.response, chunks)
        elif kind in ("error", "response.failed"):
            raise in_stream((said.response.error if said.response else said.error) or _flat(said))
        return chunks

    def item(self, item: Json, place: int, chunks: list[Chunk]) -> None:
        """What a whole item holds, in our words."""
        self._call(item, place, chunks)
        for part in item.get("content") or () if item.get("type") == "message" else ():
            text = part.get("text") or part.get("refusal")
            if text:
                chunks.append(TextDelta(text))
        if item.get("type") == "reasoning":
            words = [*(item.get("summary") or ()), *(item.get("content") or ())]
            text = "\n\n".join(part.get("text") or "" for part in words)
            if text:
                chunks.append(ThinkingDelta(text))
        self._finished(item, place, chunks)

    def end(self, answer: _Response, chunks: list[Chunk]) -> None:
        """Why the answer ended and what it took."""
        reason = StopReason.TOOL if self._calls else StopReason.END
        if answer.status == "incomplete":
            filtered = (answer.incomplete_details or {}).get("reason") == "content_filter"
            reason = StopReason.FILTER if filtered else StopReason.LENGTH
        chunks.append(Stopped(reason))
        if answer.usage is not None:
            chunks.append(Used(usage_of(answer.usage)))

    def _call(self, item: Json, place: int, chunks: list[Chunk]) -> None:
        if item.get("type") != "function_call":
            return
        number = self._calls[place] = len(self._calls)
        call_id = item.get("call_id") or item.get("id") or f"call_{number}"
        chunks.append(ToolCallStarted(number, call_id, item.get("name") or ""))

    def _finished(self, item: Json, place: int, chunks: list[Chunk]) -> None:
        if item.get("type") == "function_call":
            self._missed_arguments(place, item.get("arguments"), chunks)
        elif item.get("type") == "reasoning" and (seal := seal_of(item)):
            chunks.append(ThinkingDelta(signature=seal))

    def _arguments(self, place: int, text: str, chunks: list[Chunk]) -> None:
        self._written.add(place)
        chunks.append(ToolCallDelta(self._calls.get(place, 0), text))

    def _missed_arguments(self, place: int, text: str | None, chunks: list[Chunk]) -> None:
        """Some servers send short arguments only as a whole."""
        if text and place not in self._written and place in self._calls:
            self._arguments(place, text, chunks)


def _started(answer: _Response) -> Started:
    fields = {"created": answer.created_at, "service_tier": answer.service_tier}
    extra = {name: value for name, value in fields.items() if value is not None}
    return Started(answer.id, answer.model, extra or None)


def _flat(said: _Event) -> Json:
    return {"code": said.code, "message": said.message}
