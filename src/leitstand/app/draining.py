"""Leaving without a failed request: first say so, then go on for a while, then let what is under way end.

    SIGTERM ─▶ /readyz: 503 `draining`, answers close their connection ─▶ LEITSTAND_DRAIN ─▶ nothing new is taken,
    answers under way end within LEITSTAND_GRACE ─▶ the journal is brought in ─▶ the process ends

Ctrl-C, a second signal, and a process whose `/readyz` nobody asks end without the wait.
"""

import signal
import time
from types import FrameType

import uvicorn

_WATCHED_S = 60.0  # a load balancer asks every few seconds
_CLOSE = (b"connection", b"close")


class Readiness:
    """Whether this process wants new requests. begun: it is leaving."""

    def __init__(self) -> None:
        self.begun = False
        self._asked_at = -_WATCHED_S

    def asked(self) -> None:
        """Somebody asked /readyz."""
        self._asked_at = time.monotonic()

    @property
    def is_watched(self) -> bool:
        """Whether somebody would notice that it is leaving."""
        return time.monotonic() - self._asked_at < _WATCHED_S


class DrainingServer(uvicorn.Server):
    """Ends as the module says. drain_s: how long it goes on after it has said so."""

    def __init__(self, config: uvicorn.Config, readiness: Readiness, drain_s: float) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._drain_s = drain_s
        self._leave_at = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: begin to leave, or leave now."""
        wait = sig == signal.SIGTERM and not self._readiness.begun and self._readiness.is_watched
        self._readiness.begun = True
        if not (wait and self._drain_s and self.started):
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._leave_at = time.monotonic() + self._drain_s
        self.config.encoded_headers.append(_CLOSE)
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to leave."""
        if time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)
