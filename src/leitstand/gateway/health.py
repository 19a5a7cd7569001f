"""How the targets are doing: cooldown after failures (circuit breaker) and figures for strategies and pages.

One process keeps its own view; processes learn alike within a few requests. A failed target rests at most
90 seconds before it is tried again; when every candidate rests, the one that is due first is tried.
"""

from collections import deque
from dataclasses import dataclass, field

from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind, UpstreamFault

MAX_REST_S = 90.0
_FIRST_REST_S = 5.0
_FAILURES_BEFORE_REST = 3
_DOUBLINGS = 5  # enough to reach the longest rest
_SMOOTHING = 0.2

_REST_AT_ONCE = frozenset({FaultKind.AUTH, FaultKind.FORBIDDEN, FaultKind.QUOTA, FaultKind.MODEL_MISSING})
_NOT_THE_TARGETS_FAULT = frozenset({FaultKind.INVALID, FaultKind.CONTENT_FILTER, FaultKind.CONTEXT_TOO_LONG})


@dataclass(slots=True)
class TargetHealth:
    """State of one target. Times are of the event loop's clock, in seconds."""

    failures_in_row: int = 0
    rests: int = 0
    resting_until: float = 0.0
    last_fault: str = ""
    last_fault_at: float = 0.0
    first_token_s: float = 0.0  # smoothed
    open_calls: int = 0
    recent: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=200))


class Health:
    """The board of all targets, by (provider, model)."""

    def __init__(self) -> None:
        self._board: dict[tuple[str, str], TargetHealth] = {}

    def of(self, target: Target) -> TargetHealth:
        """The entry of a target, made when first asked for."""
        key = (target.provider, target.model)
        entry = self._board.get(key)
        if entry is None:
            entry = self._board[key] = TargetHealth()
        return entry

    def is_resting(self, target: Target, now: float) -> bool:
        return self.of(target).resting_until > now

    def succeeded(self, target: Target, now: float, first_token_s: float) -> None:
        """A call came through: the target is well again."""
        entry = self.of(target)
        entry.failures_in_row = 0
        entry.rests = 0
        entry.resting_until = 0.0
        entry.recent.append((now, True))
        old = entry.first_token_s or first_token_s
        entry.first_token_s = old + _SMOOTHING * (first_token_s - old)

    def failed(self, target: Target, fault: UpstreamFault, now: float) -> None:
        """A call failed: rest the target if the fault says so or failures repeat.

        Rests double from 5 s to 90 s; `retry-after` is obeyed up to that bound.
        """
        if fault.kind in _NOT_THE_TARGETS_FAULT:
            return
        entry = self.of(target)
        entry.failures_in_row += 1
        entry.last_fault, entry.last_fault_at = fault.kind.value, now
        entry.recent.append((now, False))
        if fault.kind in _REST_AT_ONCE:
            self._rest(entry, now, MAX_REST_S)
        elif fault.retry_after_s is not None:
            self._rest(entry, now, fault.retry_after_s)
        elif entry.failures_in_row >= _FAILURES_BEFORE_REST:
            entry.rests += 1
            self._rest(entry, now, _FIRST_REST_S * 2 ** min(entry.rests - 1, _DOUBLINGS))

    @staticmethod
    def _rest(entry: TargetHealth, now: float, seconds: float) -> None:
        entry.resting_until = max(entry.resting_until, now + min(seconds, MAX_REST_S))
