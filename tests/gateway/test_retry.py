"""The table of next steps after a fault."""

import pytest

from leitstand.core.errors import InvalidRequest, Overloaded, UpstreamFailed, UpstreamTimeout
from leitstand.gateway.retry import FAULT_DE, FAULT_EN, Step, is_billed, next_step, refusal, too_dear
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


def test_a_try_that_went_out_twice_counts_twice() -> None:
    assert next_step(UpstreamFault(K.CUT, "x", resent=True), 1, others_left=True) is Step.NEXT


@pytest.mark.parametrize(
    ("kind", "status", "sent", "has_output", "billed"),
    [
        (K.CUT, 200, True, True, True),
        (K.SERVER, 200, True, True, True),  # an error event after some text
        (K.CUT, 200, True, False, True),  # a plain answer is written before its first byte
        (K.MALFORMED, 200, True, False, True),
        (K.TIMEOUT_FIRST, 200, True, False, True),
        (K.MALFORMED, 200, False, False, False),  # a page of somebody on the way
        (K.CUT, None, True, False, False),  # no good status came
        (K.TIMEOUT_FIRST, None, True, False, False),
        (K.SERVER, 500, True, False, False),
        (K.SERVER, 200, True, False, False),  # the provider itself says that it failed
        (K.RATE_LIMITED, 429, True, False, False),
        (K.EMPTY, 200, True, False, False),
    ],
)
def test_a_failed_call_is_billed_where_an_answer_was_on_its_way(
    kind: FaultKind, status: int | None, sent: bool, has_output: bool, billed: bool
) -> None:
    assert is_billed(UpstreamFault(kind, "x", status=status, sent=sent), has_output) is billed


def test_a_prompt_too_long_for_all_names_the_largest_window() -> None:
    faults = [("p1", UpstreamFault(K.CONTEXT_TOO_LONG, "Too long."))]
    told = refusal(faults, ("gpt-4o", 128_000))
    assert "gpt-4o: 128.000 Token" in told.de
    assert "gpt-4o with 128,000 tokens" in told.en
    assert "the largest" not in refusal(faults, ("gpt-4o", 0)).en


def test_when_the_budget_does_not_pay_for_another_try_the_refusal_says_what_was_tried() -> None:
    told = too_dear([("p1", UpstreamFault(K.CUT, "x"))])
    assert (told.status, told.code) == (429, "budget_exhausted")
    assert "p1 (connection cut)" in told.en
