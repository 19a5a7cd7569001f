"""What to do after a fault, decided in one table.

    fault                                    next step
    connect, cut, malformed, empty           once more at the same target, then the next one
    server error                             once more after a short jittered pause, then the next one
    rate limited                             the next one; without another, wait (if short) and once more
    overloaded                               the next one; without another, once more
    time-outs                                the next one (the patience is used up here)
    bad key, forbidden, quota, model missing the next one, and the target rests
    context too long                         the next one, the largest window first, else 400
    invalid request                          stop: it is the client's mistake
    content filter                           stop: a safety refusal is passed on, never routed around

After the first content nothing is retried unseen: where the model's owner wishes it, the answer is held back
until it is whole (`buffered`), or the text so far is continued (`continuation.py`); else one error ends it.
"""

import random
from enum import Enum, auto

from leitstand.core.errors import (
    BudgetExhausted,
    ContextTooLong,
    InvalidRequest,
    Overloaded,
    Refusal,
    UpstreamFailed,
    UpstreamTimeout,
)
from leitstand.providers.faults import TIMEOUTS, FaultKind, UpstreamFault

MAX_WAIT_S = 10.0


class Step(Enum):
    """The next step after a fault."""

    AGAIN = auto()
    NEXT = auto()
    STOP = auto()


_K = FaultKind
_AGAIN_THEN_NEXT = frozenset({_K.CONNECT, _K.CUT, _K.MALFORMED, _K.EMPTY, _K.SERVER})
_NEXT_ELSE_AGAIN = frozenset({_K.RATE_LIMITED, _K.OVERLOADED})
_STOP = frozenset({_K.INVALID, _K.CONTENT_FILTER})
_UNSAID = TIMEOUTS | {_K.CUT, _K.MALFORMED}  # it ended without a word of the provider about it


def next_step(fault: UpstreamFault, tries_here: int, others_left: bool) -> Step:
    """The step after `tries_here` tries at this target, with or without another candidate to go to.

    A try that went out twice, the first time over a dead connection, counts twice.
    """
    tries_here += fault.resent
    if fault.kind in _STOP:
        return Step.STOP
    if fault.kind in _AGAIN_THEN_NEXT and tries_here < 2:
        return Step.AGAIN
    if fault.kind in _NEXT_ELSE_AGAIN and not others_left and tries_here < 2:
        return Step.AGAIN if (fault.retry_after_s or 0.0) <= MAX_WAIT_S else Step.NEXT
    return Step.NEXT


def is_billed(fault: UpstreamFault, has_output: bool) -> bool:
    """Whether the provider will bill a call that failed. has_output: some of the answer had come.

    It is where text came; and where a good status came, but then neither the answer nor a word that it failed:
    what a cut or unreadable plain answer held was written before its first byte.
    """
    return has_output or (fault.sent and fault.status == 200 and fault.kind in _UNSAID)


def pause_s(fault: UpstreamFault) -> float:
    """How long to wait before the same target is tried again: retry-after, else 100 to 300 ms of jitter."""
    if fault.retry_after_s is not None:
        return fault.retry_after_s
    if fault.kind in (_K.CONNECT, _K.CUT, _K.MALFORMED, _K.EMPTY):
        return 0.0
    return random.uniform(0.1, 0.3)  # noqa: S311 - jitter, not a secret


def refusal(faults: list[tuple[str, UpstreamFault]], largest: tuple[str, int] | None = None) -> Refusal:
    """What the client is told when no target answered. faults: (provider, fault) in the order met.

    largest: the model with the largest window among those allowed, and its tokens (0: unknown).
    """
    _, last = faults[-1]
    if last.kind is _K.CONTENT_FILTER:
        error: Refusal = InvalidRequest(
            f"Der Inhaltsfilter des Anbieters hat die Anfrage abgelehnt: {last.message}",
            f"The provider's content filter rejected the request: {last.message}",
        )
        error.code = "content_filter"
        return error
    if last.kind is _K.INVALID:
        return InvalidRequest(
            f"Der Anbieter hat die Anfrage als fehlerhaft abgelehnt: {last.message}",
            f"The provider rejected the request as invalid: {last.message}",
        )
    if all(fault.kind is _K.CONTEXT_TOO_LONG for _, fault in faults):
        most_de, most_en = _largest_words(largest)
        return ContextTooLong(
            f"Die Anfrage ist für alle erlaubten Modelle zu lang{most_de}: {last.message} Kürzen Sie sie oder wählen Sie ein größeres Modell.",
            f"The request is too long for every allowed model{most_en}: {last.message} Shorten it or choose a larger model.",
        )
    tried_de = ", ".join(f"{provider} ({FAULT_DE[fault.kind]})" for provider, fault in faults)
    tried_en = ", ".join(f"{provider} ({FAULT_EN[fault.kind]})" for provider, fault in faults)
    if all(fault.kind in _NEXT_ELSE_AGAIN for _, fault in faults):
        waits = [fault.retry_after_s for _, fault in faults if fault.retry_after_s is not None]
        return Overloaded(
            f"Alle Anbieter sind zurzeit ausgelastet: {tried_de}. Versuchen Sie es gleich noch einmal.",
            f"All providers are at their limit: {tried_en}. Try again shortly.",
            retry_after_s=min(waits, default=5.0),
        )
    kind = UpstreamTimeout if last.kind in TIMEOUTS else UpstreamFailed
    return kind(
        f"Kein Anbieter hat geantwortet: {tried_de}. Versuchen Sie es später noch einmal; die IT sieht die Störung.",
        f"No provider answered: {tried_en}. Try again later; IT can see the disturbance.",
    )


def _largest_words(largest: tuple[str, int] | None) -> tuple[str, str]:
    if largest is None or not largest[1]:
        return "", ""
    model, tokens = largest
    return (
        f" (am meisten fasst {model}: {tokens:,} Token)".replace(",", "."),
        f" (the largest is {model} with {tokens:,} tokens)",
    )


def too_dear(faults: list[tuple[str, UpstreamFault]]) -> Refusal:
    """What the client is told when the rest of the budget does not pay for another try. faults: as above."""
    tried_de = "".join(f" Versucht: {provider} ({FAULT_DE[fault.kind]})." for provider, fault in faults)
    tried_en = "".join(f" Tried: {provider} ({FAULT_EN[fault.kind]})." for provider, fault in faults)
    return BudgetExhausted(
        f"Für einen weiteren Versuch reicht das Budget nicht.{tried_de} Fragen Sie die Verwaltung nach einer Erweiterung.",
        f"The budget does not pay for another attempt.{tried_en} Ask your administrators for an extension.",
    )


def broken_off(provider: str, fault: UpstreamFault) -> Refusal:
    """The one error of a stream that failed after its first content."""
    kind = UpstreamTimeout if fault.kind in TIMEOUTS else UpstreamFailed
    return kind(
        f"Die Antwort von {provider} ist unterbrochen worden ({FAULT_DE[fault.kind]}); das bisher Empfangene ist unvollständig. Stellen Sie die Frage noch einmal.",
        f"The answer from {provider} was interrupted ({FAULT_EN[fault.kind]}); what has arrived is incomplete. Ask again.",
    )


FAULT_DE = {
    _K.RATE_LIMITED: "Anfragegrenze erreicht",
    _K.QUOTA: "Guthaben erschöpft",
    _K.AUTH: "Zugangsschlüssel abgelehnt",
    _K.FORBIDDEN: "Zugriff verweigert",
    _K.MODEL_MISSING: "Modell nicht vorhanden",
    _K.CONTEXT_TOO_LONG: "Anfrage zu lang",
    _K.INVALID: "Anfrage fehlerhaft",
    _K.CONTENT_FILTER: "Inhaltsfilter",
    _K.SERVER: "Serverfehler",
    _K.OVERLOADED: "überlastet",
    _K.TIMEOUT_CONNECT: "keine Verbindung in der Frist",
    _K.TIMEOUT_FIRST: "keine Antwort in der Frist",
    _K.TIMEOUT_IDLE: "Antwort stockt",
    _K.TIMEOUT_TOTAL: "Gesamtfrist überschritten",
    _K.CONNECT: "nicht erreichbar",
    _K.CUT: "Verbindung abgebrochen",
    _K.MALFORMED: "Antwort nicht lesbar",
    _K.EMPTY: "leere Antwort",
}

FAULT_EN = {
    _K.RATE_LIMITED: "rate limit reached",
    _K.QUOTA: "quota used up",
    _K.AUTH: "key rejected",
    _K.FORBIDDEN: "access denied",
    _K.MODEL_MISSING: "model not found",
    _K.CONTEXT_TOO_LONG: "request too long",
    _K.INVALID: "invalid request",
    _K.CONTENT_FILTER: "content filter",
    _K.SERVER: "server error",
    _K.OVERLOADED: "overloaded",
    _K.TIMEOUT_CONNECT: "no connection in time",
    _K.TIMEOUT_FIRST: "no answer in time",
    _K.TIMEOUT_IDLE: "answer stalled",
    _K.TIMEOUT_TOTAL: "total time exceeded",
    _K.CONNECT: "unreachable",
    _K.CUT: "connection cut",
    _K.MALFORMED: "unreadable answer",
    _K.EMPTY: "empty answer",
}
