"""Embeddings in OpenAI's format, which most providers and model servers speak.

Source: OpenAI API reference, "Create embeddings"; Mistral and Together document their differences. `input_type`
(Cohere's word for what a text is) is a hint: formats without it leave it out.
"""

import base64
import binascii
import sys
from array import array
from dataclasses import dataclass
from functools import partial

import msgspec

from leitstand.core.conversation import Chunk, Frame, Json, Prompt
from leitstand.providers.wire import task
from leitstand.providers.wire.task import Step

HINTS = frozenset({"user", "input_type"})
"""Fields that a format may leave out without changing what a vector means to its client."""
_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Embeddings:
    """batch, most_tokens: inputs that the provider takes at once, and their tokens together (0: no limit).

    dimensions: its name for the length of a vector; empty: it has none.
    packed: whether it can send base64, a quarter of the bytes. user: whether it takes the end user's id.
    """

    batch: int
    most_tokens: int = 0
    dimensions: str = "dimensions"
    packed: bool = True
    user: bool = True

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        return lacking(prompt, dimensions=bool(self.dimensions))

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        shared: Json = {}
        if (size := prompt.extra.get("dimensions")) is not None:
            shared[self.dimensions] = size
        if self.packed and is_packed(prompt):
            shared["encoding_format"] = "base64"
        if self.user:
            shared |= task.said(prompt, ("user",))
        portions = task.portions(task.inputs(prompt), self.batch, self.most_tokens)
        return [
            Step(
                "embeddings",
                task.encode({"model": model, "input": portion, **shared}),
                partial(_read, wanted=len(portion), packed=is_packed(prompt)),
            )
            for portion in portions
        ]


def lacking(prompt: Prompt, *, dimensions: bool) -> str | None:
    """What a prompt asks beyond vectors of floats. dimensions: whether their number can be chosen."""
    if prompt.extra.get("encoding_format") not in (None, "float", "base64"):
        return f"encoding_format: {prompt.extra['encoding_format']}"
    if not task.inputs(prompt):
        return task.only_text(prompt) or "no input"
    known = {"encoding_format", *(("dimensions",) if dimensions else ())}
    return task.lacking(prompt, known, hints=HINTS) or task.only_text(prompt)


def is_packed(prompt: Prompt) -> bool:
    """Whether the client wants its vectors as base64."""
    return prompt.extra.get("encoding_format") == "base64"


class _Row(msgspec.Struct):
    index: int
    embedding: str | tuple[float, ...]


class _Answer(msgspec.Struct):
    data: list[_Row]
    usage: Json | None = None


_DECODER = msgspec.json.Decoder(_Answer)


def _read(body: bytes, wanted: int, packed: bool) -> Frame:
    answer = _DECODER.decode(body)
    rows = [(row.index, _unpacked(row.embedding)) for row in answer.data]
    # Servers without base64 send plain numbers all the same: then the bytes are not what the client asked for.
    is_as_asked = all(isinstance(row.embedding, str) == packed for row in answer.data)
    chunks: tuple[Chunk, ...] = (*task.vectors(rows, wanted), *task.used(answer.usage))
    return Frame(chunks, body if is_as_asked else None, "embeddings")


def _unpacked(vector: str | tuple[float, ...]) -> tuple[float, ...]:
    """The numbers behind base64: 32-bit floats, the least significant byte first."""
    if not isinstance(vector, str):
        return vector
    try:
        packed = base64.b64decode(vector, validate=True)
    except binascii.Error as cause:
        raise task.mismatch("a vector is no base64") from cause
    if len(packed) % _FLOAT_BYTES:
        raise task.mismatch("a vector ends inside a number")
    numbers = array("f", packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)
