"""The door: the only way out of the house to a model.

It lets masked prompts pass, keeps time, and turns every failure of the network into an UpstreamFault.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime
from types import TracebackType

from msgspec.structs import replace

from leitstand.core.classes import Region
from leitstand.core.conversation import Frame, Masked, has_content
from leitstand.providers.allowance import Allowance, read
from leitstand.providers.base import Adapter, HTTPAnswer, HTTPSender, Patience, Target
from leitstand.providers.faults import FaultKind, UpstreamFault, classify, shorten
from leitstand.providers.http import faults as http
from leitstand.providers.http.request import HTTPRequest, Timeouts
from leitstand.providers.probing import Probing

Learn = Callable[[Target, tuple[Allowance, ...]], None]
_PROBE_S = 10.0
_PROBE_LIMIT_BYTES = 4 * 1024 * 1024
_SLOW_TOKENS_PER_S = 20
_SLOW_TASKS = frozenset({"images", "transcriptions"})
_SHORTEST_S = 0.001  # a time-out of nothing is none to the pool


class ClearTextOutside(Exception):
    """A program error: a prompt that was not masked was about to leave the house."""


class Door:
    """Sends masked prompts to targets through the adapter of their kind."""

    def __init__(
        self, pool: HTTPSender, adapters: Mapping[str, Adapter], learn: Learn = lambda _target, _told: None
    ) -> None:
        """adapters: by kind, as `core.registry.load` reads them from the shelf.

        learn: is told every allowance that comes with an answer, whatever its status.
        """
        self._pool = pool
        self._adapters = adapters
        self._learn = learn

    def adapter(self, kind: str) -> Adapter:
        """The adapter of a provider kind; KeyError for an unknown one."""
        return self._adapters[kind]

    async def send(
        self, masked: Masked, target: Target, *, again: bool = False
    ) -> AsyncGenerator[Frame, None]:
        """Ask the target and yield the frames of its answer; consume it under `contextlib.aclosing`.

        again: it was asked once already, so a dead connection must not make the request go out twice more.
        Raises UpstreamFault (its `answered` tells whether content had been yielded), Unsupported before any
        call, and ClearTextOutside for a clear prompt to a target that is not inside the house.
        """
        if masked.clear and target.region is not Region.LOCAL:
            raise ClearTextOutside(f"provider {target.provider!r} is in region {target.region}")
        watch = Watch(target.patience, stream=masked.prompt.stream, silence_s=plain_silence_s(masked, target))
        adapter = self._adapters[target.kind]
        try:
            async with aclosing(adapter.stream(masked, target, self._caller(watch, target, again))) as frames:
                async for frame in frames:
                    watch.note(frame)
                    yield frame
        except http.HTTPFault as cause:
            raise watch.fault(cause, target) from cause
        except UpstreamFault as fault:
            fault.answered = fault.answered or watch.answered
            fault.message = _without_secret(fault.message, target)
            fault.args = (fault.message,)
            raise

    async def probe(self, target: Target) -> int | None:
        """Make the free call by which the adapter finds out whether its provider is there; no prompt is in it.

        Returns the status of the answer; None where the kind has no such call, and then nothing was sent.
        Raises UpstreamFault when nothing came within 10 s, or a server error.
        """
        adapter: object = self._adapters.get(target.kind)
        request = adapter.probe(target) if isinstance(adapter, Probing) else None
        if request is None:
            return None
        patience = Patience(min(target.patience.connect_s, _PROBE_S), _PROBE_S, _PROBE_S, _PROBE_S)
        watch = Watch(patience, stream=False, silence_s=_PROBE_S)
        try:
            async with self._caller(watch, target)(request) as answer:
                body = await answer.body(_PROBE_LIMIT_BYTES)
                if answer.status >= 500:
                    raise classify(answer.status, answer.headers, body)
                return answer.status
        except http.HTTPFault as cause:
            raise watch.fault(cause, target) from cause

    def _caller(self, watch: "Watch", target: Target, again: bool = False) -> "_Caller":
        def learn(headers: Mapping[str, str]) -> None:
            if told := read(headers, datetime.now(UTC)):
                self._learn(target, told)

        return _Caller(self._pool, watch, learn, again)


class Watch:
    """The clock of one call.

    Before the first content only `first_token_s` counts: an opened but silent stream is as good as none.
    After it `idle_s` counts, from the moment we wait for something after a sign of progress (so a slow
    client is not held against the provider). Comments and pings are no progress: a provider that only pings
    still runs into the limit. Any other event is, for a model may search or run code for a while.
    `total_s` always counts.
    """

    def __init__(self, patience: Patience, *, stream: bool, silence_s: float) -> None:
        """stream: False for a plain answer, which comes as a whole, after `silence_s` at the latest."""
        self.patience = patience
        self.silence_s = silence_s
        self.answered = False
        self.status: int | None = None
        self._stream = stream
        self._now = asyncio.get_running_loop().time
        started = self._now()
        self._total = started + patience.total_s
        self._silence = started + patience.first_token_s
        self._moved = False

    def note(self, frame: Frame) -> None:
        """A frame arrived."""
        if self.answered:
            self._moved = frame.event != "ping" or self._moved
        elif has_content(frame):
            self.answered = self._moved = True

    def deadline(self) -> float:
        """When the next bytes must be here, in the loop's time; asked when we begin to wait for them."""
        if not self._stream:
            return self._total
        if self._moved:
            self._moved = False
            self._silence = self._now() + self.patience.idle_s
        return min(self._total, self._silence)

    def timeouts(self) -> Timeouts:
        """The limits as the HTTP pool knows them."""
        patience = self.patience
        if not self._stream:
            left_s = max(self._total - self._now(), _SHORTEST_S)  # a task may have made requests before
            return Timeouts(patience.connect_s, min(self.silence_s, left_s), patience.idle_s, left_s)
        longest_silence_s = max(patience.idle_s, patience.first_token_s)
        return Timeouts(patience.connect_s, patience.first_token_s, longest_silence_s, patience.total_s)

    def kind(self) -> FaultKind:
        """Which limit has run out."""
        if self._now() >= self._total:
            return FaultKind.TIMEOUT_TOTAL
        return FaultKind.TIMEOUT_IDLE if self.answered else FaultKind.TIMEOUT_FIRST

    def late(self) -> UpstreamFault:
        """The fault when `deadline` has passed."""
        kind = self.kind()
        limit_s = {
            FaultKind.TIMEOUT_FIRST: self.patience.first_token_s,
            FaultKind.TIMEOUT_IDLE: self.patience.idle_s,
        }.get(kind, self.patience.total_s)
        message = f"nothing came for {limit_s:g} s"
        return UpstreamFault(kind, message, status=self.status, answered=self.answered)

    def fault(self, cause: http.HTTPFault, target: Target) -> UpstreamFault:
        """A failure of the network in our words."""
        match cause:
            case http.ConnectTimeout():
                kind = FaultKind.TIMEOUT_CONNECT
            case http.FirstByteTimeout() | http.IdleTimeout() | http.TotalTimeout():
                kind = FaultKind.TIMEOUT_TOTAL if isinstance(cause, http.TotalTimeout) else self.kind()
            case http.QueueTimeout():
                kind = FaultKind.OVERLOADED
            case http.ConnectionCut():
                kind = FaultKind.CUT
            case http.BadResponse():
                kind = FaultKind.MALFORMED
            case _:
                kind = FaultKind.CONNECT
        message = _without_secret(shorten(str(cause)), target)
        return UpstreamFault(
            kind, message, status=self.status, answered=self.answered, sent=cause.sent, resent=cause.resent
        )


def plain_silence_s(masked: Masked, target: Target) -> float:
    """How long a plain answer may keep silent before its first byte, in seconds.

    It is written as a whole, so nothing tells a long answer from a hanging server. Granted are the first
    token and the longest silence of a stream, or the time that the asked length takes at a slow 20 tokens/s.
    Reasoning, pictures and transcripts may take as long as the whole call: nothing tells their length.
    """
    patience, prompt = target.patience, masked.prompt
    if prompt.reasoning_effort or prompt.dialect in _SLOW_TASKS:
        return patience.total_s
    writing_s = max(patience.idle_s, (prompt.max_tokens or 0) / _SLOW_TOKENS_PER_S)
    return min(patience.total_s, patience.first_token_s + writing_s)


def _without_secret(message: str, target: Target) -> str:
    return message.replace(target.secret, "***") if target.secret else message


class _Caller:
    """The HTTPCall of one exchange: the pool under the watch's clock."""

    __slots__ = ("_again", "_learn", "_pool", "_watch")

    def __init__(
        self, pool: HTTPSender, watch: Watch, learn: Callable[[Mapping[str, str]], None], again: bool
    ) -> None:
        self._pool = pool
        self._watch = watch
        self._learn = learn
        self._again = again

    def __call__(self, request: HTTPRequest) -> "_TimedSending":
        self._watch.status = None
        if self._again:
            request = replace(request, once=True)
        sending = self._pool.send(request, self._watch.timeouts())
        return _TimedSending(sending, self._watch, self._learn)


class _TimedSending:
    """The pool's `async with`, with an answer under the watch's clock."""

    __slots__ = ("_learn", "_sending", "_watch")

    def __init__(
        self, sending: AbstractAsyncContextManager[HTTPAnswer], watch: Watch,
        learn: Callable[[Mapping[str, str]], None],
    ) -> None:  # fmt: skip
        self._sending = sending
        self._watch = watch
        self._learn = learn

    async def __aenter__(self) -> HTTPAnswer:
        try:
            answer = await self._sending.__aenter__()
        except ValueError as cause:  # an address or a secret that no HTTP request can carry
            raise UpstreamFault(FaultKind.INVALID, f"cannot be sent: {cause}", sent=False) from cause
        self._watch.status = answer.status
        self._learn(answer.headers)
        return _Timed(answer, self._watch)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._sending.__aexit__(kind, error, trace)


class _Timed:
    """An answer whose reads end at the watch's deadline."""

    __slots__ = ("_answer", "_watch", "status")

    def __init__(self, answer: HTTPAnswer, watch: Watch) -> None:
        self._answer = answer
        self._watch = watch
        self.status = answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    async def read(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._watch.deadline()):
                return await self._answer.read()
        except TimeoutError as cause:
            raise self._watch.late() from cause

    async def body(self, limit_bytes: int) -> bytes:
        return await self._answer.body(limit_bytes)
