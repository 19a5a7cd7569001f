"""The way of one request through its candidates: who is left, what has failed, what comes next."""

from collections.abc import Callable, Sequence
from typing import Protocol

from leitstand.core.conversation import Masked, Prompt
from leitstand.core.errors import Refusal
from leitstand.gateway import retry
from leitstand.gateway.continuation import resumed
from leitstand.gateway.tally import Tally, tokens_of
from leitstand.gateway.values import Attempt, Trace
from leitstand.policy.admit import Candidate
from leitstand.policy.rulebook import Route
from leitstand.providers.faults import FaultKind, UpstreamFault

WindowOf = Callable[[Candidate], int | None]


class Errand(Protocol):
    """A request as the router sees it; the real one is `gateway/call.py`."""

    @property
    def prompt(self) -> Prompt:
        """What the client asks."""

    @property
    def route(self) -> Route:
        """What the model's owner wishes: strategy, buffering, continuation, hedging."""

    @property
    def trace(self) -> Trace:
        """Filled with every attempt."""

    @property
    def input_tokens(self) -> int:
        """The prompt, estimated."""

    @property
    def input_least(self) -> int:
        """What the prompt has at least."""

    def affordable(self) -> Sequence[Candidate]:
        """The candidates that what is held can pay for, all of them allowed by policy."""

    def fits(self, candidate: Candidate) -> bool:
        """Whether what is held can pay for a call to this candidate now."""

    def protect(self, candidate: Candidate) -> Masked:
        """The prompt as this candidate may see it."""

    def lose(self, attempt: Attempt) -> None:
        """Book an attempt that brought no answer and is billed all the same."""

    def double(self) -> bool:
        """Hold as much again, for a second call at the same time; False where limits have no room."""


class Journey:
    """Mutable; one per request, and one more for each continuation of its answer."""

    def __init__(self, errand: Errand, queue: list[Candidate], window_of: WindowOf, said: str = "") -> None:
        """queue: in the order of trying. said: the beginning of the answer, to be continued."""
        self.errand = errand
        self.said = said
        self._queue = queue
        self._window_of = window_of
        self._faults: list[tuple[str, UpstreamFault]] = []
        self._too_dear = False

    def protect(self, candidate: Candidate) -> Masked:
        """What this candidate is sent: the prompt as it may see it, and the answer so far."""
        masked = self.errand.protect(candidate)
        return resumed(masked, self.said) if self.said else masked

    def tally(self) -> Tally:
        """A fresh count for one attempt."""
        return Tally(self.errand.input_tokens + tokens_of(len(self.said.encode())))

    def ahead(self) -> list[Candidate]:
        """Those left to be asked for which enough is held."""
        payable = [each for each in self._queue if self.errand.fits(each)]
        self._too_dear = len(payable) < len(self._queue)
        return payable

    def rest(self) -> Sequence[Candidate]:
        """Those not asked yet, whatever they cost."""
        return tuple(self._queue)

    def ask(self, candidate: Candidate) -> None:
        """This one is asked now."""
        self._queue.remove(candidate)

    def after(self, candidate: Candidate, fault: UpstreamFault, tries: int) -> retry.Step:
        """What follows on a fault before the first content: AGAIN or NEXT.

        Raises the refusal if asking anybody else would be wrong.
        """
        self._faults.append((candidate.target.provider, fault))
        step = retry.next_step(fault, tries, others_left=bool(self._queue))
        if step is retry.Step.STOP:
            raise retry.refusal(self._faults) from fault
        if step is retry.Step.AGAIN and self.errand.fits(candidate):
            return step
        if fault.kind is FaultKind.CONTEXT_TOO_LONG:
            self._larger_first()
        self.errand.trace.fallback += 1
        return retry.Step.NEXT

    def lost(self, candidate: Candidate, fault: UpstreamFault) -> None:
        """One of two candidates that ran side by side has failed; nothing of it is tried again.

        Raises the refusal if asking anybody else would be wrong.
        """
        self.after(candidate, fault, tries=2)

    def overtaken(self, attempt: Attempt) -> None:
        """One of two was stopped, for the other came first or ended the race; it may be billed."""
        attempt.fault = "overtaken"
        attempt.turn.end()  # stopped before it began, it cannot end its turn itself
        self.errand.lose(attempt)

    def dead_end(self) -> Refusal:
        """What the client is told when nobody is left."""
        if self._too_dear or not self._faults:
            return retry.too_dear(self._faults)
        return retry.refusal(self._faults, self._largest())

    @property
    def cause(self) -> UpstreamFault | None:
        """The last fault."""
        return self._faults[-1][1] if self._faults else None

    def _larger_first(self) -> None:
        """A prompt was too long: the largest windows first; unknown ones after those that are known."""
        self._queue.sort(key=lambda candidate: -(self._window_of(candidate) or 0))

    def _largest(self) -> tuple[str, int] | None:
        known = [(each.target.model, self._window_of(each) or 0) for each in self.errand.affordable()]
        return max(known, key=lambda row: row[1], default=None)
