"""Together.ai's chat completions: OpenAI's format with a few words of its own.

Source: Together API reference, "Chat completions"; docs "Rate limits" for the meaning of `x-ratelimit-reset`.
"""

import re
from collections.abc import Mapping

from msgspec.structs import replace

from leitstand.core.conversation import Chunk, Frame, Json, Prompt, Used
from leitstand.providers.faults import Unsupported
from leitstand.providers.wire import chat, narrow, responses_foreign
from leitstand.providers.wire.counts import count

_SAME = frozenset(
    {"seed", "logit_bias", "min_p", "top_k", "repetition_penalty", "frequency_penalty", "presence_penalty",
     "reasoning", "chat_template_kwargs", "safety_model", "context_length_exceeded_behavior"}
)  # fmt: skip
_MEDIA = frozenset({"image", "audio"})
_EFFORTS = {"minimal": "low", "xhigh": "high", "max": "high"}
_END = re.compile(rb'"finish_reason":\s*"eos"')
_SECONDS = re.compile(r"\d{1,4}(\.\d{1,9})?")


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt that Together cannot say, or None."""
    return narrow.lacking(prompt, passed=_SAME, media=_MEDIA)


def encode(prompt: Prompt, model: str) -> bytes:
    """The request body. model: the provider's own name for it. Raises Unsupported (see `lacks`)."""
    missing = lacks(prompt)
    if missing is not None:
        raise Unsupported(missing)
    prompt = responses_foreign.as_chat(prompt)
    extra: Json = {name: value for name, value in prompt.extra.items() if name in _SAME and value is not None}
    effort = _EFFORTS.get(prompt.reasoning_effort, prompt.reasoning_effort)
    if effort == "none":
        extra["reasoning"], effort = {"enabled": False}, ""
    choice = prompt.tool_choice
    plain = replace(
        prompt,
        dialect="chat",
        messages=tuple(replace(turn, extra=None) for turn in narrow.plain_turns(prompt)),
        tool_choice=replace(choice, parallel=None) if choice is not None else None,
        reasoning_effort=effort if prompt.dialect == "chat" or _thinks(model) else "",
        extra=extra,
    )
    return chat.encode(plain, model, compatible=True)


def _thinks(model: str) -> bool:
    """Whether a model knows an effort; clients of other dialects ask any model for thinking."""
    return "gpt-oss" in model


def with_retry_hint(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers of a refusal, with the wait in seconds that Together suggests under its usual name."""
    reset = headers.get("x-ratelimit-reset", "").strip()
    if "retry-after" in headers or not _SECONDS.fullmatch(reset):
        return headers
    return {**headers, "retry-after": reset}


def decode_plain(body: bytes) -> Frame:
    """A whole answer as one frame; see `wire/chat.py` for errors."""
    return _with_cached(chat.decode_plain(_as_openai(body)))


class Decoder(chat.Decoder):
    """Reads the events of one streamed answer.

    No event is passed on as it came: each repeats the role, and OpenAI's client joins what is repeated.
    """

    __slots__ = ()

    def feed(self, event: str, data: bytes) -> Frame | None:
        """The frame of one event, or None for the terminal marker; see `wire/chat.py` for errors."""
        frame = super().feed(event, _as_openai(data))
        return None if frame is None else _with_cached(replace(frame, raw=None))


def _as_openai(data: bytes) -> bytes:
    """The model's own end of text is called `eos` here. Inside a JSON string its quotes would be escaped."""
    return _END.sub(b'"finish_reason":"stop"', data) if b'"eos"' in data else data


def _with_cached(frame: Frame) -> Frame:
    """Cached tokens stand in the usage object itself here."""
    if not any(isinstance(chunk, Used) for chunk in frame.chunks):
        return frame
    return replace(frame, chunks=tuple(_count_cached(chunk) for chunk in frame.chunks))


def _count_cached(chunk: Chunk) -> Chunk:
    if not isinstance(chunk, Used) or not count(chunk.usage.raw, "cached_tokens"):
        return chunk
    return Used(replace(chunk.usage, cached_tokens=count(chunk.usage.raw, "cached_tokens")))
