"""The response cache: identical questions of people who may see the same are answered once.

It stands behind the protection and holds masked text only; each hit is restored for its own caller. The
permission scope is part of the key's type, so a key without one cannot be written.
"""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from leitstand.core.conversation import Dialect, Frame, Prompt, Ranked, Stopped, StopReason, Usage
from leitstand.core.money import NanoEuro
from leitstand.gateway.vectors import Vectors

MAX_BYTES = 64 * 1024 * 1024
MAX_ENTRY_BYTES = 1024 * 1024
LIFETIME_S = 24 * 3600.0
NEVER_KEPT: frozenset[Dialect] = frozenset({"images", "transcriptions", "count_tokens"})
"""Two pictures of one description are meant to differ, a recording is heard once, a count costs nothing."""


@dataclass(frozen=True, slots=True)
class PermissionScope:
    """Who may share an answer: people of one department in one use case, for one client file.

    owner: the person's name where the request belongs to no use case, so that nothing is shared there.
    """

    use_case: str
    department: str
    owner: str
    client_scope: str


@dataclass(frozen=True, slots=True)
class CacheKey:
    """scope, public model and a digest of the whole masked prompt (its stream flag and dialect included)."""

    scope: PermissionScope
    model: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A complete answer. cost_nano: what it cost when it was made, so what a hit saves."""

    frames: tuple[Frame, ...]
    provider: str
    provider_model: str
    region: str
    usage: Usage
    cost_nano: NanoEuro
    size_bytes: int
    stored_at: float


_encoder = msgspec.json.Encoder(order="deterministic")  # the order of keys in a client's JSON must not matter


def cache_key(scope: PermissionScope, prompt: Prompt) -> CacheKey:
    """The key of a masked prompt."""
    return CacheKey(scope, prompt.model, blake2b(_encoder.encode(prompt), digest_size=20).digest())


def is_complete(frames: list[Frame]) -> bool:
    """Whether an answer may be kept: it ended by itself, not by a filter and not cut by its length cap.

    A ranking comes whole or not at all.
    """
    chunks = [chunk for frame in frames for chunk in frame.chunks]
    if any(isinstance(chunk, Ranked) for chunk in chunks):
        return True
    stops = [chunk for chunk in chunks if isinstance(chunk, Stopped)]
    return bool(stops) and all(
        stop.reason in (StopReason.END, StopReason.TOOL, StopReason.STOP_SEQUENCE) for stop in stops
    )


def size_of(frames: list[Frame]) -> int:
    """Bytes that an answer takes, about."""
    return sum(len(frame.raw or b"") + 200 + 60 * len(frame.chunks) for frame in frames)


class ResponseCache:
    """Least recently used goes first; bounded in bytes and age."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._entries: OrderedDict[CacheKey, CachedAnswer] = OrderedDict()
        self._max_bytes = max_bytes
        self.size_bytes = 0
        self.hits = 0
        self.misses = 0
        self.vectors = Vectors()

    def get(self, key: CacheKey, now: float) -> CachedAnswer | None:
        """The stored answer, unless it is older than a day."""
        answer = self._entries.get(key)
        if answer is not None and now - answer.stored_at > LIFETIME_S:
            del self._entries[key]
            self.size_bytes -= answer.size_bytes
            answer = None
        if answer is None:
            self.misses += 1
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return answer

    def put(self, key: CacheKey, answer: CachedAnswer) -> None:
        """Keep an answer, unless it alone is larger than a megabyte."""
        if answer.size_bytes > MAX_ENTRY_BYTES:
            return
        old = self._entries.pop(key, None)
        self.size_bytes += answer.size_bytes - (old.size_bytes if old else 0)
        self._entries[key] = answer
        while self.size_bytes > self._max_bytes:
            _, dropped = self._entries.popitem(last=False)
            self.size_bytes -= dropped.size_bytes

    def clear(self) -> None:
        """Forget everything: when rules, routes or documents change."""
        self._entries.clear()
        self.size_bytes = 0
        self.vectors.clear()
