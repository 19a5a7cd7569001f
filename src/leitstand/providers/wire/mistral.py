"""Answers in the format of Mistral's chat completions, whole and streamed.

Source: Mistral API reference, "Chat completion"; guides "Reasoning" and "Prefix". An event is brought into
the words of OpenAI first, so that clients of that dialect get it with all its other fields, and is read by
`wire/chat.py` then.
"""

from typing import Any

import msgspec

from leitstand.core.conversation import Frame, Json
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.wire import chat
from leitstand.providers.wire.mistral_prompt import encode, lacks, prefix_of

__all__ = ["Answers", "Decoder", "encode", "lacks", "prefix_of"]

_decode = msgspec.json.Decoder(Json).decode
_encode = msgspec.json.encode
_DONE = b"[DONE]"


class Answers:
    """The format for one call; see `providers/exchange.py: Format`."""

    def __init__(self, prefix: str = "") -> None:
        """prefix: what every choice begins with and the client does not want to read again."""
        self._prefix = prefix

    def Decoder(self) -> "Decoder":  # noqa: N802 - the name that Format gives it
        """A fresh decoder."""
        return Decoder(self._prefix)

    def decode_plain(self, body: bytes) -> Frame:
        """A whole answer as one frame; see `wire/chat.py` for errors."""
        return chat.decode_plain(_Translator(self._prefix).chat(body, whole=True))


class Decoder(chat.Decoder):
    """Reads the events of one streamed answer."""

    __slots__ = ("_translator",)

    def __init__(self, prefix: str = "") -> None:
        """prefix: see Answers."""
        super().__init__()
        self._translator = _Translator(prefix)

    def feed(self, event: str, data: bytes) -> Frame | None:
        """The frame of one event, or None for the terminal marker; see `wire/chat.py` for errors."""
        return super().feed(event, data if data == _DONE else self._translator.chat(data))


class _Translator:
    """Brings the events of one answer into the words of OpenAI."""

    __slots__ = ("_echoes", "_prefix")

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._echoes: dict[int, _Echo] = {}

    def chat(self, data: bytes, *, whole: bool = False) -> bytes:
        """An event, or a whole answer, in OpenAI's words; the very bytes where they are that already."""
        event = _decode(data)
        if event.get("object") == "error":
            return _encode({"error": event})
        choices = [choice for choice in event.get("choices") or () if isinstance(choice, dict)]
        changed = [_count_cached(event), *(self._choice(choice, whole) for choice in choices)]
        return _encode(event) if any(changed) else data

    def _choice(self, choice: Json, whole: bool) -> bool:
        said = choice.get("message") or choice.get("delta") or {}
        changed = _flatten(said) | _name_reason(choice) | _spell_arguments(said)
        last = whole or bool(choice.get("finish_reason"))
        if not self._prefix or not (last or said.get("content")):
            return changed
        echo = self._echoes.setdefault(choice.get("index", 0), _Echo(self._prefix))
        said["content"] = echo.without(said.get("content") or "", last=last)
        return True


def _flatten(said: Json) -> bool:
    """Content in typed pieces as text and thinking; true when it was in pieces."""
    content = said.get("content")
    if not isinstance(content, list):
        return False
    said["content"] = _texts(content)
    thoughts = [piece.get("thinking") for piece in content if isinstance(piece, dict)]
    thought = "".join(_texts(piece) if isinstance(piece, list) else piece for piece in thoughts if piece)
    if thought:
        said["reasoning_content"] = thought
    return True


def _texts(pieces: list[Any]) -> str:
    return "".join(
        piece["text"] for piece in pieces if isinstance(piece, dict) and isinstance(piece.get("text"), str)
    )


def _name_reason(choice: Json) -> bool:
    """OpenAI's name of a finish reason; true when it was another. A failed generation is no end."""
    reason = choice.get("finish_reason")
    if reason == "error":
        raise UpstreamFault(FaultKind.SERVER, "the generation ended with an error", status=200)
    if reason == "model_length":
        choice["finish_reason"] = "length"
    return reason == "model_length"


def _spell_arguments(said: Json) -> bool:
    """Arguments of tool calls as JSON text; true when they were an object."""
    changed = False
    for call in said.get("tool_calls") or ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict):
            function["arguments"] = _encode(function["arguments"]).decode()
            changed = True
    return changed


def _count_cached(event: Json) -> bool:
    """Cached tokens where OpenAI counts them; the API has had two places for them."""
    usage = event.get("usage")
    if not isinstance(usage, dict) or "num_cached_tokens" not in usage or "prompt_tokens_details" in usage:
        return False
    usage["prompt_tokens_details"] = {"cached_tokens": usage["num_cached_tokens"]}
    return True


class _Echo:
    """Takes a prefix off the beginning of a text that comes in pieces, if the text begins with it."""

    __slots__ = ("_held", "_prefix")

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._held = ""

    def without(self, piece: str, *, last: bool) -> str:
        """What to pass on of a piece. last: nothing follows, so what is held back must come out."""
        if not self._prefix:
            return piece
        self._held += piece
        if self._prefix.startswith(self._held) and self._held != self._prefix and not last:
            return ""
        rest = self._held.removeprefix(self._prefix)
        self._prefix = ""
        return rest
