"""How the targets are doing: cooldown after failures (circuit breaker) and figures for strategies and pages.

    well ──failures──▶ resting ──time, or a good probe──▶ due ──one request──▶ on trial ──answer──▶ well
                          ▲                                                       │
                          └───────────────────────failure─────────────────────────┘

One process keeps its own view; processes learn alike within a few requests. A failed target rests at most
90 seconds. Then one single request tries it, and the others go elsewhere until that one has been answered;
when every candidate rests, the one that is due first is tried.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from leitstand.providers.base import Target
from leitstand.providers.faults import TIMEOUTS, FaultKind, UpstreamFault

MAX_REST_S = 90.0
_FIRST_REST_S = 5.0
_FAILURES_BEFORE_REST = 3
_DOUBLINGS = 5  # enough to reach the longest rest
_SMOOTHING = 0.2
_HALF_LIFE_S = 300.0  # after which a measured speed counts half: who was slow is measured again
_FRESH_S = 60.0
_TRIAL_S = 1.0  # shown as the rest of a target that is being tried: after the well ones, before the resting

_K = FaultKind
_REST_AT_ONCE = frozenset({_K.AUTH, _K.FORBIDDEN, _K.QUOTA, _K.MODEL_MISSING})
_NOT_THE_TARGETS_FAULT = frozenset({_K.INVALID, _K.CONTENT_FILTER, _K.CONTEXT_TOO_LONG})
_SEEN_BY_PROBES = TIMEOUTS | {_K.AUTH, _K.SERVER, _K.OVERLOADED, _K.CONNECT, _K.CUT, _K.MALFORMED, _K.EMPTY}


@dataclass(slots=True)
class TargetHealth:
    """State of one target. Times are of the event loop's clock, in seconds.

    recovering: it has rested and not answered since. trying: a request tries it just now.
    first_token_s: smoothed time to the first content, measured last at `measured_at`; 0.0: never.
    """

    failures_in_row: int = 0
    rests: int = 0
    resting_until: float = 0.0
    recovering: bool = False
    trying: bool = False
    last_fault: str = ""
    last_fault_at: float = 0.0
    first_token_s: float = 0.0
    measured_at: float = 0.0
    open_calls: int = 0
    recent: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=200))


class Health:
    """The board of all targets, by (provider, model)."""

    def __init__(self) -> None:
        self._board: dict[tuple[str, str], TargetHealth] = {}

    def copy(self) -> "Health":
        """A board with the same entries, on which a rehearsal may write."""
        twin = Health()
        for key, entry in self._board.items():
            twin._board[key] = replace(entry, recent=entry.recent.copy(), trying=False, open_calls=0)
        return twin

    def of(self, target: Target) -> TargetHealth:
        """The entry of a target, made when first asked for."""
        key = (target.provider, target.model)
        entry = self._board.get(key)
        if entry is None:
            entry = self._board[key] = TargetHealth()
        return entry

    def is_resting(self, target: Target, now: float) -> bool:
        return self.rest_s(target, now) > 0

    def rest_s(self, target: Target, now: float) -> float:
        """How long a request should leave this target alone; 0.0: it may be asked."""
        entry = self.of(target)
        if entry.resting_until > now:
            return entry.resting_until - now
        return _TRIAL_S if entry.trying else 0.0

    def begin(self, target: Target) -> bool:
        """A call begins. Returns whether it is the one trial of a target that has rested; tell `end`."""
        entry = self.of(target)
        entry.open_calls += 1
        is_trial = entry.recovering and not entry.trying
        entry.trying = entry.trying or is_trial
        return is_trial

    def end(self, target: Target, is_trial: bool) -> None:
        """The call that `begin` announced is over, whatever came of it."""
        entry = self.of(target)
        entry.open_calls -= 1
        if is_trial:
            entry.trying = False

    def answers(self, target: Target) -> None:
        """The first content has come: the trial, if it was one, is passed, however long the answer gets."""
        entry = self.of(target)
        entry.recovering = entry.trying = False

    def succeeded(self, target: Target, now: float, first_token_s: float) -> None:
        """A call came through: the target is well again."""
        entry = self.of(target)
        entry.failures_in_row = 0
        entry.rests = 0
        entry.resting_until = 0.0
        entry.recovering = False
        entry.recent.append((now, True))
        faded = 1 - _faded(now - entry.measured_at) if entry.measured_at else 1.0
        entry.first_token_s += max(_SMOOTHING, faded) * (first_token_s - entry.first_token_s)
        entry.measured_at = now

    def expected_s(self, target: Target, now: float) -> float:
        """The time to the first content to reckon with, by which `fastest` orders.

        A target without a figure comes first, and an old figure fades (by half in five minutes), so that each
        is measured now and then; while such a measurement runs, nobody else is sent to take one.
        """
        entry = self.of(target)
        if not entry.measured_at:
            return float("inf") if entry.open_calls else 0.0
        age_s = now - entry.measured_at
        return entry.first_token_s * (1.0 if entry.open_calls or age_s <= _FRESH_S else _faded(age_s))

    def failed(self, target: Target, fault: UpstreamFault, now: float) -> None:
        """A call failed: rest the target if the fault says so or failures repeat.

        Rests double from 5 s to 90 s; `retry-after` is obeyed up to that bound. A failed trial rests at once.
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

    def probed(
        self, targets: Iterable[Target], fault: UpstreamFault | None, now: float, every_s: float
    ) -> None:
        """A probe of a provider has ended: its targets rest until the next one, or are due for their trial.

        A good probe wakes only what a probe can judge: it does not see a rate limit or a used-up quota.
        """
        for entry in map(self.of, targets):
            if fault is not None:
                entry.last_fault, entry.last_fault_at = fault.kind.value, now
                self._rest(entry, now, 1.5 * every_s)
            elif entry.last_fault in _SEEN_BY_PROBES:
                entry.resting_until = min(entry.resting_until, now)

    @staticmethod
    def _rest(entry: TargetHealth, now: float, seconds: float) -> None:
        entry.resting_until = max(entry.resting_until, now + min(seconds, MAX_REST_S))
        entry.recovering = True


def _faded(age_s: float) -> float:
    return float(0.5 ** (age_s / _HALF_LIFE_S))
