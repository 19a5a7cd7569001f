"""Cooldown: when a target rests, how long, and how it comes back."""

import pytest

from gateway.gateway_kit import fault, target
from leitstand.gateway.health import MAX_REST_S, Health
from leitstand.providers.faults import FaultKind

K = FaultKind
P1 = target("p1")


def rest_after(*kinds: FaultKind, retry_after_s: float | None = None) -> float:
    """Seconds of rest at time 100 after these faults, all at time 100."""
    health = Health()
    for kind in kinds:
        health.failed(P1, fault(kind, retry_after_s=retry_after_s), 100.0)
    return max(0.0, health.of(P1).resting_until - 100.0)


@pytest.mark.parametrize(
    ("failures", "rest"), [(1, 0), (2, 0), (3, 5), (4, 10), (5, 20), (6, 40), (7, 80), (8, 90), (2000, 90)]
)
def test_repeated_failures_rest_longer_each_time_up_to_90_seconds(failures: int, rest: float) -> None:
    assert rest_after(*[K.SERVER] * failures) == rest


@pytest.mark.parametrize("kind", [K.AUTH, K.FORBIDDEN, K.QUOTA, K.MODEL_MISSING])
def test_what_waiting_does_not_mend_rests_at_once(kind: FaultKind) -> None:
    assert rest_after(kind) == MAX_REST_S


@pytest.mark.parametrize("kind", [K.INVALID, K.CONTENT_FILTER, K.CONTEXT_TOO_LONG])
def test_the_clients_mistakes_are_not_held_against_a_target(kind: FaultKind) -> None:
    health = Health()
    for _ in range(10):
        health.failed(P1, fault(kind), 100.0)
    assert not health.is_resting(P1, 100.0)
    assert not health.of(P1).recent


@pytest.mark.parametrize(("asked", "rest"), [(7.0, 7.0), (0.5, 0.5), (3600.0, MAX_REST_S)])
def test_retry_after_is_obeyed_up_to_90_seconds(asked: float, rest: float) -> None:
    assert rest_after(K.RATE_LIMITED, retry_after_s=asked) == rest


def test_a_later_shorter_rest_does_not_cut_a_longer_one() -> None:
    health = Health()
    health.failed(P1, fault(K.AUTH), 100.0)
    health.failed(P1, fault(K.RATE_LIMITED, retry_after_s=1.0), 101.0)
    assert health.of(P1).resting_until == 190.0


def test_a_rest_ends_on_time() -> None:
    health = Health()
    health.failed(P1, fault(K.QUOTA), 100.0)
    assert health.is_resting(P1, 189.9)
    assert not health.is_resting(P1, 190.0)


def test_a_success_makes_a_target_well_again() -> None:
    health = Health()
    for _ in range(6):
        health.failed(P1, fault(K.SERVER), 100.0)
    health.succeeded(P1, 101.0, 0.4)
    entry = health.of(P1)
    assert (entry.failures_in_row, entry.rests, entry.resting_until) == (0, 0, 0.0)
    assert not health.is_resting(P1, 101.0)


def test_the_first_token_time_is_smoothed() -> None:
    health = Health()
    health.succeeded(P1, 1.0, 1.0)
    health.succeeded(P1, 2.0, 2.0)
    assert health.of(P1).first_token_s == pytest.approx(1.2)


def test_targets_are_told_apart_by_provider_and_model() -> None:
    health = Health()
    health.failed(P1, fault(K.AUTH), 100.0)
    assert not health.is_resting(target("p2"), 100.0)
    assert health.of(target("p1")) is health.of(P1)
