"""The table of next steps after a fault."""

import pytest

from leitstand.core.errors import InvalidRequest, Overloaded, UpstreamFailed, UpstreamTimeout
from leitstand.gateway.retry import FAULT_DE, FAULT_EN, Step, next_step, refusal
from leitstand.providers.faults import FaultKind, UpstreamFault

K = FaultKind


@pytest.mark.parametrize(
    ("kind", "tries", "others", "step"),
    [
        (K.CONNECT, 1, True, Step.AGAIN),
        (K.CONNECT, 2, True, Step.NEXT),
        (K.CUT, 1, False, Step.AGAIN),
        (K.SERVER, 1, True, Step.AGAIN),
        (K.SERVER, 2, True, Step.NEXT),
        (K.RATE_LIMITED, 1, True, Step.NEXT),
        (K.RATE_LIMITED, 1, False, Step.AGAIN),
        (K.RATE_LIMITED, 2, False, Step.NEXT),
        (K.OVERLOADED, 1, True, Step.NEXT),
        (K.QUOTA, 1, False, Step.NEXT),
        (K.AUTH, 1, True, Step.NEXT),
        (K.MODEL_MISSING, 1, True, Step.NEXT),
        (K.TIMEOUT_FIRST, 1, True, Step.NEXT),
        (K.TIMEOUT_FIRST, 1, False, Step.NEXT),
        (K.CONTEXT_TOO_LONG, 1, True, Step.NEXT),
        (K.INVALID, 1, True, Step.STOP),
        (K.CONTENT_FILTER, 1, True, Step.STOP),
    ],
)
def test_each_fault_has_its_next_step(kind: FaultKind, tries: int, others: bool, step: Step) -> None:
    assert next_step(UpstreamFault(kind, "x"), tries, others) is step


def test_a_long_retry_after_is_not_waited_for() -> None:
    fault = UpstreamFault(K.RATE_LIMITED, "x", retry_after_s=60)
    assert next_step(fault, 1, others_left=False) is Step.NEXT


@pytest.mark.parametrize(
    ("kinds", "error", "status"),
    [
        ([K.SERVER, K.SERVER], UpstreamFailed, 502),
        ([K.SERVER, K.TIMEOUT_FIRST], UpstreamTimeout, 504),
        ([K.RATE_LIMITED, K.OVERLOADED], Overloaded, 503),
        ([K.INVALID], InvalidRequest, 400),
        ([K.CONTEXT_TOO_LONG, K.CONTEXT_TOO_LONG], InvalidRequest, 400),
    ],
)
def test_the_client_is_told_what_all_targets_did(
    kinds: list[FaultKind], error: type[Exception], status: int
) -> None:
    told = refusal([(f"p{n}", UpstreamFault(kind, "Grund")) for n, kind in enumerate(kinds)])
    assert isinstance(told, error)
    assert told.status == status


def test_every_fault_has_words_in_both_languages() -> None:
    assert set(FAULT_DE) == set(FAULT_EN) == set(FaultKind)
