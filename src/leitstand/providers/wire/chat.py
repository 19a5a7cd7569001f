"""Answers in the format of OpenAI Chat Completions, whole and streamed.

Source: OpenAI API reference, "The chat completion object" and "… chunk object"; `reasoning_content` and
`reasoning` are what compatible servers (vLLM, llama.cpp, Ollama) call thinking.
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
from leitstand.providers.faults import in_stream
from leitstand.providers.wire.chat_prompt import encode, lacks
from leitstand.providers.wire.counts import count

__all__ = ["Decoder", "decode_plain", "encode", "lacks", "usage_of"]

_REASONS = {
    "stop": StopReason.END, "length": StopReason.LENGTH, "tool_calls": StopReason.TOOL,
    "function_call": StopReason.TOOL, "content_filter": StopReason.FILTER, "model_length": StopReason.LENGTH,
}  # fmt: skip


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Said(msgspec.Struct):
    """A whole message or a piece of one; only the fields with a meaning for us."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    id: str = ""
    model: str = ""
    created: int | float | None = None
    choices: list[_Choice] | None = None
    usage: Json | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Answer)


def usage_of(raw: Json) -> Usage:
    """The provider's usage object in our words; its prompt tokens include the cached ones, as ours do."""
    return Usage(
        input_tokens=count(raw, "prompt_tokens"),
        output_tokens=count(raw, "completion_tokens"),
        cached_tokens=count(raw, "prompt_tokens_details", "cached_tokens"),
        cache_write_tokens=count(raw, "prompt_tokens_details", "cache_write_tokens"),
        reasoning_tokens=count(raw, "completion_tokens_details", "reasoning_tokens"),
        raw=raw,
    )


def decode_plain(body: bytes) -> Frame:
    """A whole answer as one frame.

    Raises UpstreamFault for an error object, msgspec.DecodeError for anything that is no answer. A frame
    without chunks holds no choice.
    """
    answer = _decoder.decode(body)
    if answer.error:
        raise in_stream(answer.error)
    if not answer.choices:
        return Frame((), body, "chat")
    return Frame(tuple(Decoder().chunks(answer)), body, "chat")


class Decoder:
    """Reads the events of one streamed answer."""

    __slots__ = ("_calls", "_counted", "_finished", "_started", "done")

    def __init__(self) -> None:
        self._started = False
        self._calls: dict[int, dict[int, tuple[int, str]]] = {}  # per choice: their index -> our index, id
        self._counted: set[tuple[int, int]] = set()
        self._finished: set[int] = set()
        self.done = False

    def complete(self, choices: int) -> bool:
        """Whether the terminal marker came, or each of `choices` choices has its finish reason."""
        return self.done or len(self._finished) >= choices

    def feed(self, _event: str, data: bytes) -> Frame | None:
        """The frame of one event, or None for the terminal marker.

        Raises UpstreamFault for an error event, msgspec.DecodeError for broken JSON.
        """
        if data == b"[DONE]":
            self.done = True
            return None
        answer = _decoder.decode(data)
        if answer.error:
            raise in_stream(answer.error)
        return Frame(tuple(self.chunks(answer)), data, "chat")

    def chunks(self, answer: _Answer) -> list[Chunk]:
        """What one event or one whole body holds, in our words."""
        chunks: list[Chunk] = []
        if not self._started and (answer.id or answer.choices):  # Azure judges the prompt before the answer
            self._started = True
            chunks.append(Started(answer.id, answer.model, _envelope(answer)))
        for choice in answer.choices or ():
            said = choice.delta or choice.message
            if said is not None:
                self._read(said, choice.index, chunks)
            if choice.finish_reason:
                self._finished.add(choice.index)
                reason = _REASONS.get(choice.finish_reason, StopReason.END)
                chunks.append(Stopped(reason, choice.index))
        if answer.usage is not None:
            chunks.append(Used(usage_of(answer.usage)))
        return chunks

    def _read(self, said: _Said, choice: int, chunks: list[Chunk]) -> None:
        thought = said.reasoning_content or said.reasoning
        if isinstance(thought, str) and thought:
            chunks.append(ThinkingDelta(thought, choice=choice))
        if said.content:
            chunks.append(TextDelta(said.content, choice))
        if said.refusal:
            chunks.append(TextDelta(said.refusal, choice))
        if said.tool_calls:
            for position, call in enumerate(said.tool_calls):
                self._read_call(call, position, choice, chunks)

    def _read_call(self, call: _Call, position: int, choice: int, chunks: list[Chunk]) -> None:
        """Servers number calls loosely: a new id is a new call, whatever its index says."""
        calls = self._calls.setdefault(choice, {})
        theirs = position if call.index is None else call.index
        function = call.function or _Function()
        known = calls.get(theirs)
        if known is None or (call.id and call.id != known[1]):
            ours = sum(key[0] == choice for key in self._counted)
            self._counted.add((choice, ours))
            known = calls[theirs] = (ours, call.id or f"call_{ours}")
            chunks.append(ToolCallStarted(ours, known[1], function.name or "", choice))
        if function.arguments:
            chunks.append(ToolCallDelta(known[0], function.arguments, choice))


def _envelope(answer: _Answer) -> Json | None:
    fields = {
        "created": answer.created,
        "system_fingerprint": answer.system_fingerprint,
        "service_tier": answer.service_tier,
    }
    return {name: value for name, value in fields.items() if value is not None} or None
