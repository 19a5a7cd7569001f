"""Embeddings in OpenAI's format: deterministic unit vectors in which texts that share words are near to each other."""

import base64
import hashlib
import math
import re
from array import array
from collections.abc import Callable

import msgspec

from leitstand.simulator import openai_errors, tokens
from leitstand.simulator.wire import BadRequest, Lookup, Problem, mint

_WORD = re.compile(r"\w+")
_DIMENSIONS = {"text-embedding-3-large": 3072, "mistral-embed": 1024}
_DEFAULT_DIMENSIONS = 1536
_MARKS_PER_WORD = 8
MOST_INPUTS = 2048


class EmbeddingBody(msgspec.Struct):
    """The request; input is one text, several, or token numbers. output_dimension: Mistral's `dimensions`."""

    model: str
    input: str | list[str | int | list[int]]
    encoding_format: str | None = None
    dimensions: int | None = None
    output_dimension: int | None = None


_DECODER = msgspec.json.Decoder(EmbeddingBody)


def read(
    body: bytes, invalid: Callable[[str], Problem] = openai_errors.invalid, most: int = MOST_INPUTS
) -> Lookup:
    """The whole answer to a request of at most so many inputs; raises BadRequest in the shape of `invalid`."""
    try:
        asked = _DECODER.decode(body)
    except msgspec.MsgspecError as cause:
        raise BadRequest(invalid(f"Invalid request: {cause}")) from cause
    inputs, used = _inputs(asked.input)
    if not inputs or not all(inputs):
        raise BadRequest(invalid("Invalid 'input': input cannot be an empty string."))
    if len(inputs) > most:
        raise BadRequest(invalid(f"Invalid 'input': array too long, at most {most}."))
    wanted = asked.dimensions or asked.output_dimension
    size = wanted or _DIMENSIONS.get(asked.model, _DEFAULT_DIMENSIONS)
    if not 1 <= size <= 4096:
        raise BadRequest(invalid(f"Invalid value for 'dimensions' = {size}."))
    vectors = [vector(text, size) for text in inputs]
    packed = asked.encoding_format == "base64"
    answer = {
        "id": mint("embd-"),
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(one) if packed else one.tolist()}
            for index, one in enumerate(vectors)
        ],
        "model": asked.model,
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }
    return Lookup(msgspec.json.encode(answer), asked.model, used, billed=True)


def vector(text: str, size: int) -> "array[float]":
    """The embedding of a text: (size,) float32, L2-normalised. Each word sets a few hashed coordinates."""
    values = [0.0] * size
    for word in _WORD.findall(text.lower()) or [text]:
        digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4 * _MARKS_PER_WORD).digest()
        for start in range(0, len(digest), 4):
            mark = int.from_bytes(digest[start : start + 4], "little")
            values[(mark >> 1) % size] += 1.0 if mark & 1 else -1.0
    length = math.sqrt(sum(value * value for value in values))
    if length == 0:
        values[0] = length = 1.0
    return array("f", (value / length for value in values))


def _inputs(given: str | list[str | int | list[int]]) -> tuple[list[str], int]:
    """Texts to embed, and what they count."""
    if isinstance(given, str):
        return [given], max(1, tokens.count(given))
    if given and all(isinstance(one, int) for one in given):
        return [" ".join(map(str, given))], len(given)
    texts, used = [], 0
    for one in given:
        texts.append(
            one if isinstance(one, str) else " ".join(map(str, one)) if isinstance(one, list) else str(one)
        )
        used += (
            max(1, tokens.count(one)) if isinstance(one, str) else len(one) if isinstance(one, list) else 1
        )
    return texts, used


def _packed(one: "array[float]") -> str:
    return base64.b64encode(one.tobytes()).decode()
