"""Whole answers in the format of OpenAI Responses, for clients.

Bytes of a provider of this dialect pass as they are while nobody changed what they say; of an answer that is
kept, id and state are ours.
"""

import time
from dataclasses import dataclass

import msgspec

from leitstand.api.dialects.responses_output import Output
from leitstand.core.conversation import Frame, Json, StopReason, Usage

_encode = msgspec.json.encode
_ECHOED: Json = {
    "instructions": None, "max_output_tokens": None, "max_tool_calls": None, "metadata": {},
    "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
    "truncation": "disabled", "service_tier": "default", "user": None,
}  # fmt: skip
"""Fields of a request that its answer repeats, with what stands there when the client said nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What an answer is called here. previous: the answer it goes on from; kept: it can be gone on from."""

    id: str
    previous: str = ""
    kept: bool = True

    @property
    def differs(self) -> bool:
        """Whether a provider's own answer, which knows no state, must be told otherwise."""
        return self.kept or bool(self.previous)

    def on(self, response: Json) -> Json:
        """A provider's answer under our name."""
        state = {"previous_response_id": self.previous or None, "store": self.kept}
        return {**response, **({"id": self.id} if self.kept else {}), **state}


def usage_json(usage: Usage) -> Json:
    """Token counts in this dialect's words."""
    read: Json = {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens}
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": read,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def encode_plain(asked: Json, identity: Identity, frame: Frame, changed: bool) -> bytes:
    """The body of a plain answer. asked: the request; changed: the chunks say something else than `raw`."""
    if frame.raw is not None and frame.dialect == "responses" and not changed:
        return _encode(identity.on(msgspec.json.decode(frame.raw))) if identity.differs else frame.raw
    output = Output()
    for chunk in frame.chunks:
        output.add(chunk)
    output.finish()
    return _encode(response_json(asked, identity, output, output.status))


def response_json(asked: Json, identity: Identity, output: Output, status: str) -> Json:
    """The response object. status: `in_progress` before the end."""
    said = (output.started.extra or {}).get("created")
    created = int(said) if isinstance(said, int | float) else int(time.time())
    ended = status != "in_progress"
    reasoning = asked.get("reasoning") or {}
    return {
        "id": identity.id,
        "object": "response",
        "created_at": created,
        "status": status,
        "background": False,
        "completed_at": int(time.time()) if status == "completed" else None,
        "error": None,
        "incomplete_details": {"reason": _early(output)} if status == "incomplete" else None,
        **{name: default if asked.get(name) is None else asked[name] for name, default in _ECHOED.items()},
        "model": output.started.model or asked.get("model"),
        "output": output.items if ended else [],
        "previous_response_id": identity.previous or None,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "store": identity.kept,
        "text": {"format": {"type": "text"}, **(asked.get("text") or {})},
        "usage": usage_json(output.usage) if ended and output.usage is not None else None,
    }


def _early(output: Output) -> str:
    return "content_filter" if output.stopped.reason is StopReason.FILTER else "max_output_tokens"
