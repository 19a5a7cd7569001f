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


# ------------------------------------------------------------ the way back: one trial


def rested() -> Health:
    """P1 has failed three times at 100 and rests until 105."""
    health = Health()
    for _ in range(3):
        health.failed(P1, fault(K.SERVER), 100.0)
    return health


def test_after_a_rest_one_call_tries_the_target_and_the_others_go_elsewhere() -> None:
    health = rested()
    assert health.rest_s(P1, 104.0) == pytest.approx(1.0)
    assert health.rest_s(P1, 105.0) == 0.0
    assert health.begin(P1)
    assert health.is_resting(P1, 105.0)
    assert not health.begin(P1)  # a last resort, no second trial


def test_a_trial_that_answers_opens_the_target_before_its_answer_ends() -> None:
    health = rested()
    trial = health.begin(P1)
    health.answers(P1)
    assert health.rest_s(P1, 106.0) == 0.0
    assert not health.begin(P1)
    health.end(P1, trial)
    assert health.of(P1).open_calls == 1


def test_a_failed_trial_rests_the_target_at_once_and_longer() -> None:
    health = rested()
    trial = health.begin(P1)
    health.failed(P1, fault(K.SERVER), 106.0)
    health.end(P1, trial)
    assert health.rest_s(P1, 106.0) == pytest.approx(10.0)


def test_a_trial_that_ends_without_a_verdict_leaves_it_to_the_next_call() -> None:
    health = rested()
    health.end(P1, health.begin(P1))
    assert health.rest_s(P1, 106.0) == 0.0
    assert health.begin(P1)


def test_a_target_that_never_rested_needs_no_trial() -> None:
    health = Health()
    health.failed(P1, fault(K.SERVER), 100.0)
    assert not health.begin(P1)


# ------------------------------------------------------------ probes


@pytest.mark.parametrize(
    ("kind", "wakes"),
    [
        (K.CONNECT, True), (K.TIMEOUT_FIRST, True), (K.SERVER, True), (K.AUTH, True),
        (K.QUOTA, False), (K.RATE_LIMITED, False), (K.MODEL_MISSING, False), (K.FORBIDDEN, False),
    ],
)  # fmt: skip
def test_a_good_probe_wakes_only_from_what_a_probe_can_see(kind: FaultKind, wakes: bool) -> None:
    health = Health()
    for _ in range(3):
        health.failed(P1, fault(kind, retry_after_s=30.0 if kind is K.RATE_LIMITED else None), 100.0)
    health.probed([P1], None, 101.0, 30.0)
    assert (health.rest_s(P1, 101.0) == 0.0) is wakes
    assert health.begin(P1)  # due for its trial, not yet well


@pytest.mark.parametrize(("every_s", "rest"), [(10.0, 15.0), (30.0, 45.0), (600.0, MAX_REST_S)])
def test_a_failed_probe_rests_all_targets_until_the_next_one(every_s: float, rest: float) -> None:
    health, other = Health(), target("p1")
    health.probed([P1, other], fault(K.CONNECT), 100.0, every_s)
    assert health.rest_s(P1, 100.0) == rest
    assert not health.of(P1).recent  # no traffic
    assert health.of(P1).failures_in_row == 0


def test_a_rehearsal_writes_on_a_copy() -> None:
    health = rested()
    twin = health.copy()
    twin.failed(P1, fault(K.AUTH), 100.0)
    twin.failed(target("p2"), fault(K.AUTH), 100.0)
    assert twin.rest_s(P1, 100.0) == MAX_REST_S
    assert health.rest_s(P1, 100.0) == pytest.approx(5.0)
    assert len(health.of(P1).recent) == 3
    assert health.rest_s(target("p2"), 100.0) == 0.0


# ------------------------------------------------------------ fastest


@pytest.mark.parametrize(
    ("age_s", "open_calls", "expected_s"),
    [
        (0.0, 0, 2.0),
        (60.0, 0, 2.0),
        (300.0, 0, 1.0),  # half after five minutes, so that it gets its chance again
        (900.0, 0, 0.25),
        (900.0, 1, 2.0),  # it is just being measured
    ],
)
def test_an_old_speed_fades_until_it_is_measured_anew(
    age_s: float, open_calls: int, expected_s: float
) -> None:
    health = Health()
    health.succeeded(P1, 1000.0, 2.0)
    health.of(P1).open_calls = open_calls
    assert health.expected_s(P1, 1000.0 + age_s) == pytest.approx(expected_s)


def test_a_target_without_a_figure_is_measured_once_at_a_time() -> None:
    health = Health()
    assert health.expected_s(P1, 5.0) == 0.0
    health.begin(P1)
    assert health.expected_s(P1, 5.0) == float("inf")


def test_a_speed_after_a_long_pause_counts_more_than_the_old_one() -> None:
    health = Health()
    health.succeeded(P1, 1000.0, 4.0)
    health.succeeded(P1, 1000.0 + 1800.0, 1.0)
    assert health.of(P1).first_token_s == pytest.approx(1.0, abs=0.1)


def test_fastest_finds_the_faster_of_two_and_notices_when_that_changes() -> None:
    """A fair measurement: an hour of calls, one a second; the fast one turns slow at half time."""
    health, one, two = Health(), target("p1"), target("p2")
    asked: list[str] = []
    for second in range(3600):
        now = 1000.0 + second
        speed = {"p1": 0.3 if second < 1800 else 3.0, "p2": 1.0}
        chosen = min((one, two), key=lambda each: health.expected_s(each, now))
        health.succeeded(chosen, now, speed[chosen.provider])
        asked.append(chosen.provider)
    assert asked[:1800].count("p1") > 1780
    assert asked[:1800].count("p2") >= 2
    assert asked[1810:].count("p2") > 1770
