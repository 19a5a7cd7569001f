"""`/v1/embeddings` in OpenAI's format. Source: OpenAI API reference, "Create embeddings".

Vectors are written here, whatever the provider sent, so that an answer looks the same from every provider and
from the cache: as numbers, or as base64 of 32-bit floats, which the official SDK asks for by itself.
"""

import base64
import sys
from array import array
from functools import partial
from typing import Any

from leitstand.api.dialects import fields as read
from leitstand.api.dialects.problems import chat_error_body as error_body
from leitstand.api.dialects.task import Asked, Reply, input_tokens, json_reply
from leitstand.core.conversation import Embedded, Frame, Message, Prompt, Text
from leitstand.core.errors import InvalidRequest

__all__ = ["error_body", "read_request"]

_ENCODINGS = ("float", "base64")


def read_request(body: bytes, _content_type: str = "") -> Asked:
    """The prompt and the way to answer it; raises InvalidRequest."""
    rest = read.read_object(body)
    model = read.name(rest.pop("model", None), "model")
    texts = _texts(rest.pop("input", None))
    read.whole(rest.get("dimensions"), "dimensions", 1)
    encoding = rest.get("encoding_format")
    if encoding is not None and encoding not in _ENCODINGS:
        raise read.wrong("encoding_format", encoding, "float oder base64", "float or base64")
    message = Message("user", tuple([Text(text) for text in texts]))
    prompt = Prompt("embeddings", model, (message,), extra=rest)
    return Asked(prompt, partial(_write, prompt))


def _texts(value: Any) -> list[str]:
    """One text or a list of them, none of them empty."""
    listed = [value] if isinstance(value, str) else read.members(value, "input")
    if not listed:
        raise read.wrong("input", value, "mindestens ein Text", "at least one text")
    if any(isinstance(one, int | list) for one in listed):
        raise _tokens_refused()
    for position, one in enumerate(listed):
        place = "input" if isinstance(value, str) else f"input[{position}]"
        if not read.text(one, place):
            raise read.wrong(place, one, "ein Text, der nicht leer ist", "a text that is not empty")
    return listed


def _tokens_refused() -> InvalidRequest:
    """Tokens cannot be searched for personal data. LangChain sends them unless told otherwise."""
    return InvalidRequest(
        "Feld 'input': Token-Nummern lassen sich nicht auf personenbezogene Daten prüfen. Senden Sie den Text selbst (LangChain: check_embedding_ctx_length=False).",
        "Field 'input': token numbers cannot be checked for personal data. Send the text itself (LangChain: check_embedding_ctx_length=False).",
        detail={"param": "input"},
    )


def _write(prompt: Prompt, frame: Frame) -> Reply:
    packed = prompt.extra.get("encoding_format") == "base64"
    tokens = input_tokens(frame, prompt)
    rows = [
        {
            "object": "embedding",
            "index": chunk.index,
            "embedding": _packed(chunk) if packed else list(chunk.vector),
        }
        for chunk in frame.chunks
        if isinstance(chunk, Embedded)
    ]
    return json_reply(
        {
            "object": "list",
            "data": rows,
            "model": prompt.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _packed(chunk: Embedded) -> str:
    """Base64 of 32-bit floats, the least significant byte first."""
    numbers = array("f", chunk.vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
