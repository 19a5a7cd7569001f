"""Blind verdicts: the order is fair and stays, few votes prove nothing, many on one question do not pass for many."""

import pytest

from leitstand.prompts.regression.votes import Choice, Vote, candidate_stands_left, preference


def votes(*verdicts: Choice, case: str = "") -> list[Vote]:
    return [Vote(case or f"q{n}", 0, f"p{n % 4}", verdict) for n, verdict in enumerate(verdicts)]


def test_the_order_is_fair_over_pairs_and_the_same_when_asked_again() -> None:
    places = [("trial_1", f"q{n}", n % 3, "anna") for n in range(400)]
    left = [candidate_stands_left(*place) for place in places]
    assert 160 < sum(left) < 240
    assert left == [candidate_stands_left(*place) for place in places]


def test_two_people_see_a_pair_in_orders_of_their_own() -> None:
    orders = {candidate_stands_left("trial_1", "q1", 0, f"p{n}") for n in range(20)}
    assert orders == {True, False}


def test_without_votes_there_is_no_result() -> None:
    assert preference([]) is None


@pytest.mark.parametrize(
    ("verdicts", "decision"),
    [
        (("candidate",) * 9, "open"),  # too few
        (("equal",) * 12, "holds"),
        (("candidate",) * 20 + ("equal",) * 5, "holds"),
        (("baseline",) * 20 + ("equal",) * 5, "worse"),
        (("candidate", "baseline") * 6, "open"),  # the interval is wide
    ],
)
def test_votes_decide_only_as_far_as_their_interval_allows(
    verdicts: tuple[Choice, ...], decision: str
) -> None:
    found = preference(votes(*verdicts))
    assert found is not None
    assert found.decision == decision
    assert found.difference.low <= found.difference.value <= found.difference.high


def test_many_votes_on_one_question_count_as_one_question() -> None:
    one = preference(votes(*(["candidate", "baseline"] * 10), case="q"))
    many = preference(votes(*(["candidate", "baseline"] * 10)))
    assert one is not None
    assert many is not None
    assert one.difference.high - one.difference.low == 0
    assert many.difference.high - many.difference.low > 0.5
    assert (one.votes, one.judges, one.candidate, one.baseline) == (20, 4, 10, 10)
