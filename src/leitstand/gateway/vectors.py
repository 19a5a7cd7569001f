"""Vectors that are known already: an input that was embedded once by a model is not sent to it again.

An input is known by the hash of its text as the provider saw it, the provider, the model and the parameters
that change a vector. No text is kept and no permission is needed: who asks for a vector brings its text.
"""

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from leitstand.core.conversation import Embedded, Prompt, Text
from leitstand.core.money import NanoEuro
from leitstand.providers.base import Target

MAX_BYTES = 64 * 1024 * 1024
LIFETIME_S = 24 * 3600.0  # a server may be given another model under the same name
_OVERHEAD_BYTES = 250
_NO_PART_OF_IT = frozenset({"encoding_format", "user"})  # fields that do not change a vector
_encoder = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Known:
    """A vector as 32-bit floats, and what it cost when it was made."""

    packed: bytes
    cost_nano: NanoEuro
    stored_at: float

    def at(self, index: int) -> Embedded:
        """The vector as that of input `index`; its numbers are looked at in place, not unpacked."""
        return Embedded(index, memoryview(self.packed).cast("f"))

    @property
    def size_bytes(self) -> int:
        return len(self.packed) + _OVERHEAD_BYTES


def packed(vector: Sequence[float]) -> bytes:
    """A vector as 32-bit floats: half the size, and more digits than any model means."""
    return array("f", vector).tobytes()


def texts_of(prompt: Prompt) -> list[str]:
    """The inputs of an embeddings prompt."""
    return [part.text for message in prompt.messages for part in message.parts if isinstance(part, Text)]


def names_of(prompt: Prompt, target: Target) -> list[bytes]:
    """What each input of an embeddings prompt is known by at a target, in order."""
    parameters = {name: value for name, value in prompt.extra.items() if name not in _NO_PART_OF_IT}
    shared = blake2b(_encoder.encode([target.provider, target.model, parameters]), digest_size=16)
    names = []
    for text in texts_of(prompt):
        name = shared.copy()
        name.update(text.encode("utf-8", "surrogatepass"))
        names.append(name.digest())
    return names


class Vectors:
    """Least recently used goes first; bounded in bytes and age."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._entries: OrderedDict[bytes, Known] = OrderedDict()
        self._max_bytes = max_bytes
        self.size_bytes = 0

    def get(self, name: bytes, now: float) -> Known | None:
        """A known vector, unless it is older than a day."""
        known = self._entries.get(name)
        if known is None:
            return None
        if now - known.stored_at > LIFETIME_S:
            self._drop(name)
            return None
        self._entries.move_to_end(name)
        return known

    def put(self, name: bytes, known: Known) -> None:
        """Remember a vector."""
        if name in self._entries:
            self._drop(name)
        self._entries[name] = known
        self.size_bytes += known.size_bytes
        while self.size_bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def all_of(self, prompt: Prompt, target: Target, now: float) -> list[Known] | None:
        """The vectors of all inputs, None if one is missing."""
        found = [self.get(name, now) for name in names_of(prompt, target)]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.size_bytes = 0

    def _drop(self, name: bytes) -> None:
        self.size_bytes -= self._entries.pop(name).size_bytes
