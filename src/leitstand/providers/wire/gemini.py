"""Answers in the format of Google's generateContent, whole and streamed.

Source: Gemini API reference, "GenerateContentResponse"; Vertex AI reference, "GenerateContentResponse". Each
event of a stream is such a response; there is no terminal marker: an answer is whole when each candidate has
its finish reason. No client speaks this format, so frames carry no raw bytes.
"""

from dataclasses import dataclass
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
from leitstand.core.ids import new_id
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.wire import seals
from leitstand.providers.wire.counts import count
from leitstand.providers.wire.gemini_prompt import encode, lacks
from leitstand.providers.wire.gemini_thinking import MAKER
from leitstand.providers.wire.google_faults import in_stream

__all__ = ["Answers", "Decoder", "encode", "lacks", "usage_of"]

_ENDED = {"STOP": StopReason.END, "MAX_TOKENS": StopReason.LENGTH}
_FILTERED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
     "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "ESCALATION", "PUP_LIMITED_DISABLED", "MODEL_ARMOR"}
)  # fmt: skip


class _FunctionCall(msgspec.Struct):
    id: str = ""
    name: str = ""
    args: Any = None


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool = False
    thought_signature: str = ""
    function_call: _FunctionCall | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    index: int = 0
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str = ""


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str = ""


class _Response(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: Json | None = None
    model_version: str = ""
    response_id: str = ""
    error: Any = None


_decode = msgspec.json.Decoder(_Response).decode


def usage_of(raw: Json) -> Usage:
    """The provider's usage object in our words.

    Its prompt tokens include the cached ones, as ours do; its candidates' tokens exclude the thoughts.
    """
    reasoning = count(raw, "thoughtsTokenCount")
    return Usage(
        input_tokens=count(raw, "promptTokenCount") + count(raw, "toolUsePromptTokenCount"),
        output_tokens=count(raw, "candidatesTokenCount") + reasoning,
        cached_tokens=count(raw, "cachedContentTokenCount"),
        reasoning_tokens=reasoning,
        raw=raw,
    )


@dataclass(frozen=True)
class Answers:
    """The format of one exchange.

    single_call: the client allows one tool call at a time. The format cannot say so; further calls of an
    answer are left out, and the model makes them again when it has the first one's result.
    """

    single_call: bool = False

    def Decoder(self) -> "Decoder":  # noqa: N802 - named as `exchange.Format` wants it
        """See exchange.Format."""
        return Decoder(single_call=self.single_call)

    def decode_plain(self, body: bytes) -> Frame:
        """A whole answer as one frame; see `wire/chat.py` for errors."""
        decoder = self.Decoder()
        frame = decoder.feed("", body)
        if frame.chunks and not decoder.complete(1):
            raise UpstreamFault(FaultKind.CUT, "the answer has no finish reason", status=200)
        return frame


class Decoder:
    """Reads the events of one streamed answer."""

    __slots__ = ("_calls", "_finished", "_single", "_started", "done")

    def __init__(self, *, single_call: bool = False) -> None:
        self._started = False
        self._single = single_call
        self._calls: dict[int, int] = {}  # calls so far, per choice
        self._finished: set[int] = set()
        self.done = False

    def complete(self, choices: int) -> bool:
        """Whether the prompt was refused, or each of `choices` choices has its finish reason."""
        return self.done or len(self._finished) >= choices

    def feed(self, _event: str, data: bytes) -> Frame:
        """The frame of one event.

        Raises UpstreamFault for an error object and for an answer that failed on the model's side,
        msgspec.DecodeError for broken JSON.
        """
        response = _decode(data)
        if response.error:
            raise in_stream(response.error)
        return Frame(tuple(self._chunks(response)))

    def _chunks(self, response: _Response) -> list[Chunk]:
        feedback = response.prompt_feedback
        blocked = not response.candidates and feedback is not None and bool(feedback.block_reason)
        chunks: list[Chunk] = []
        if not self._started and (response.candidates or blocked):
            self._started = True
            chunks.append(Started(response.response_id, response.model_version))
        for candidate in response.candidates or ():
            self._read(candidate, chunks)
        if blocked:
            self.done = True
            chunks.append(Stopped(StopReason.FILTER))
        if response.usage_metadata is not None and self._started:
            chunks.append(Used(usage_of(response.usage_metadata)))
        return chunks

    def _read(self, candidate: _Candidate, chunks: list[Chunk]) -> None:
        choice = candidate.index
        for part in (candidate.content.parts if candidate.content else None) or ():
            if part.function_call is not None:
                chunks += self._call(part.function_call, part.thought_signature, choice)
            elif part.text:
                chunks.append(
                    ThinkingDelta(part.text, choice=choice) if part.thought else TextDelta(part.text, choice)
                )
        if candidate.finish_reason and candidate.finish_reason != "FINISH_REASON_UNSPECIFIED":
            self._finished.add(choice)
            chunks.append(Stopped(self._reason(candidate), choice))

    def _call(self, call: _FunctionCall, signature: str, choice: int) -> list[Chunk]:
        """A call comes whole. Its seal goes before it, as thinking that the client gives back."""
        index = self._calls.get(choice, 0)
        if self._single and index:
            return []
        self._calls[choice] = index + 1
        chunks: list[Chunk] = []
        if signature:
            chunks.append(ThinkingDelta(signature=seals.marked(MAKER, signature), choice=choice))
        return [
            *chunks,
            ToolCallStarted(index, call.id or new_id("call"), call.name, choice),
            ToolCallDelta(index, msgspec.json.encode(call.args or {}).decode(), choice),
        ]

    def _reason(self, candidate: _Candidate) -> StopReason:
        """Two reasons are an answer, a family of them the filter; all others tell of a failure."""
        word = candidate.finish_reason or ""
        if word in _FILTERED:
            return StopReason.FILTER
        reason = _ENDED.get(word)
        if reason is None:
            message = f"the model ended with {word}: {candidate.finish_message}".rstrip(": ")
            raise UpstreamFault(FaultKind.SERVER, message, status=200)
        if reason is StopReason.END and self._calls.get(candidate.index):
            return StopReason.TOOL
        return reason
