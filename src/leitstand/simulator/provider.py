"""One simulated provider: its settings, fault script, prompt cache, rate limits and log."""

import asyncio
import hashlib
import time
from collections.abc import Callable

import msgspec

from leitstand.simulator import tokens
from leitstand.simulator.faults import Script
from leitstand.simulator.log import Entry, Log
from leitstand.simulator.values import Asked, Limits

CACHE_FROM_TOKENS = 1024
CACHE_STEP_TOKENS = 128
_MOST_PREFIXES = 50_000
_DEFAULT_MODELS = (
    "gpt-4o", "gpt-4o-mini", "text-embedding-3-small", "claude-sonnet-5", "claude-haiku-4-5",
)  # fmt: skip


class RateLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits per minute, refilled steadily."""

    requests_per_minute: int = 10_000
    tokens_per_minute: int = 2_000_000

    def __post_init__(self) -> None:
        if self.requests_per_minute < 1 or self.tokens_per_minute < 1:
            raise ValueError("rate limits must be at least 1")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a provider behaves; what a `PUT` leaves out goes back to these defaults.

    first_token_ms: until the first content; token_ms: for each further token. A model named
    `NAME~FIRST-EACH` (milliseconds) brings its own speed. chunk_tokens: tokens an event. api_key: the only
    key accepted, None for any. rate_limit: requests per minute, or a RateLimit; None refuses nobody.
    models: those on offer, None for any name. keep: how many requests the log keeps with their bodies.
    slips: share of the answers that stop half-way without saying so, spread evenly: a worse model.
    """

    first_token_ms: float = 0.0
    token_ms: float = 0.0
    chunk_tokens: int = 1
    api_key: str | None = None
    rate_limit: int | RateLimit | None = None
    models: list[str] | None = None
    keep: int = 10_000
    slips: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.slips <= 1:
            raise ValueError("slips must be a share from 0 to 1")
        if self.first_token_ms < 0 or self.token_ms < 0 or self.chunk_tokens < 1 or self.keep < 1:
            raise ValueError("delays must not be negative; chunk_tokens and keep must be at least 1")
        self.limit()

    def limit(self) -> RateLimit | None:
        """The rate limit in its long form."""
        if isinstance(self.rate_limit, int):
            return RateLimit(requests_per_minute=self.rate_limit)
        return self.rate_limit


class _Bucket:
    """An allowance per minute that refills steadily."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._left = float(size)
        self._time = time.monotonic()

    def left(self) -> float:
        """What may be taken now."""
        now = time.monotonic()
        self._left = min(self.size, self._left + (now - self._time) * self.size / 60)
        self._time = now
        return self._left

    def take(self, amount: float) -> None:
        """Use some up."""
        self._left -= amount

    def wait_s(self, amount: float) -> float:
        """Seconds until `amount` can be taken."""
        return max(0.0, (min(amount, self.size) - self.left()) * 60 / self.size)


class Provider:
    """The state behind one name in the URL."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._prefixes: dict[bytes, None] = {}
        self._used_models: dict[str, None] = {}
        self._waiters: set[asyncio.Event] = set()
        self._owed_slips = 0.0
        self.configure(Settings())
        self.script = Script()
        self.log = Log(self.settings.keep)

    def configure(self, settings: Settings) -> None:
        """Take new settings; the log goes on, its size changes with the next reset."""
        limit = settings.limit() or RateLimit()
        self.settings = settings
        self._requests = _Bucket(limit.requests_per_minute)
        self._tokens = _Bucket(limit.tokens_per_minute)

    def slips(self) -> bool:
        """Whether the next answer is one of the bad ones; asked once for each answer."""
        self._owed_slips += self.settings.slips
        if self._owed_slips < 1:
            return False
        self._owed_slips -= 1
        return True

    def reset(self) -> None:
        """Forget everything, and go back to the default settings."""
        self.configure(Settings())
        self.script = Script()
        self._prefixes.clear()
        self._used_models.clear()
        self.clear_log()

    def clear_log(self) -> None:
        """Forget the requests; those in flight end in the old log."""
        self.log = Log(self.settings.keep)
        self.tell()

    def models(self) -> tuple[str, ...]:
        """What the list of models shows."""
        if self.settings.models is not None:
            return tuple(self.settings.models)
        return tuple(dict.fromkeys([*_DEFAULT_MODELS, *self._used_models]))

    def offers(self, model: str) -> bool:
        """Whether the model may be asked; its name is remembered."""
        if self.settings.models is not None:
            return model in self.settings.models
        self._used_models[model] = None
        return True

    def limits(self) -> Limits:
        """The state of the rate limits, for the headers."""
        requests, used = self._requests, self._tokens
        return Limits(
            requests.size, max(0, int(requests.left())), requests.wait_s(requests.size),
            used.size, max(0, int(used.left())), used.wait_s(used.size),
        )  # fmt: skip

    def admit(self, input_tokens: int) -> float:
        """Count a request against the limits; returns 0, or the seconds to wait if it is refused."""
        if self.settings.rate_limit is None:
            return 0.0
        wait_s = max(self._requests.wait_s(1), self._tokens.wait_s(input_tokens))
        if wait_s == 0:
            self._requests.take(1)
            self._tokens.take(input_tokens)
        return wait_s

    def cached(self, asked: Asked) -> int:
        """Leading input tokens seen before at this provider and model; the prompt is remembered. Never expires."""
        if asked.cacheable < CACHE_FROM_TOKENS:
            return 0
        pieces = [piece for segment in asked.segments for piece in (*tokens.split(segment), "\0")]
        ends = {*range(CACHE_FROM_TOKENS, asked.cacheable + 1, CACHE_STEP_TOKENS), asked.cacheable}
        digest = hashlib.blake2b(asked.model.encode("utf-8", "replace"), digest_size=16)
        known, position = 0, 0
        for piece in pieces:
            digest.update(piece.encode("utf-8", "replace"))
            position += piece != "\0"
            if position in ends and piece != "\0":
                mark = digest.digest()
                known = position if mark in self._prefixes else known
                self._prefixes[mark] = None
        while len(self._prefixes) > _MOST_PREFIXES:
            del self._prefixes[next(iter(self._prefixes))]
        return known

    def settle(self, log: Log, entry: Entry) -> None:
        """Close an entry, in the log in which it was opened, and wake those who wait for it."""
        log.settle(entry)
        self.tell()

    async def wait_until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Wait until the log satisfies a condition; false when the time is over first."""
        changed = asyncio.Event()
        self._waiters.add(changed)
        try:
            async with asyncio.timeout(seconds):
                while not is_so():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            return is_so()
        finally:
            self._waiters.discard(changed)
        return True

    def tell(self) -> None:
        """Wake those who wait for a change of the log."""
        for waiter in self._waiters:
            waiter.set()
