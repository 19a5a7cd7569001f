"""The verdict on a change of model: what may come, what may not, and when more runs are needed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.core.money import NanoEuro
from leitstand.prompts.regression.drift import drift
from leitstand.prompts.regression.verdict import Decision, Judged, compare


def _answers(
    passed: dict[str, list[bool]], must: str = "", cost: int = 1000, text: str = "gut"
) -> list[Judged]:
    return [
        Judged(case, case == must, one, text if one else "schlecht", NanoEuro(cost), 1.0, 20)
        for case, each in passed.items()
        for one in each
    ]


_GOOD = {f"c{number}": [True] * 5 for number in range(20)}


def _with(failing: int, repetitions: int = 5) -> dict[str, list[bool]]:
    return {case: [index >= failing] * repetitions for index, case in enumerate(_GOOD)}


def test_equal_answers_are_a_go_with_full_agreement() -> None:
    found = compare(_answers(_GOOD), _answers(_GOOD))
    assert found.decision is Decision.GO
    assert found.agreement == found.candidate.agreement == 1
    assert (found.difference.low, found.difference.high) == (0, 0)


def test_a_model_that_fails_many_cases_is_a_no_go() -> None:
    found = compare(_answers(_with(8)), _answers(_GOOD))
    assert found.decision is Decision.NO_GO
    assert found.difference.value == pytest.approx(-0.4)
    assert found.difference.low < -0.4 < found.difference.high < -0.05


def test_a_better_model_is_a_go() -> None:
    assert compare(_answers(_GOOD), _answers(_with(8))).decision is Decision.GO


def test_too_little_evidence_asks_for_more_runs() -> None:
    found = compare(_answers(_with(1)), _answers(_GOOD))
    assert found.decision is Decision.MORE_RUNS
    assert found.repetitions_needed > 5


def test_a_must_that_fails_in_most_repetitions_is_a_no_go_by_itself() -> None:
    mostly = {**_GOOD, "c3": [False, False, False, True, True]}
    found = compare(_answers(mostly, must="c3"), _answers(_GOOD, must="c3"))
    assert (found.decision, found.failing) == (Decision.NO_GO, ("c3",))
    rarely = {**_GOOD, "c3": [False, True, True, True, True]}
    assert compare(_answers(rarely, must="c3"), _answers(_GOOD, must="c3")).failing == ()


def test_a_trial_with_many_questions_unanswered_proves_nothing() -> None:
    silent = [Judged(case, False, False, answered=False) for case in _GOOD for _ in range(5)]
    assert compare(silent, silent).decision is Decision.MORE_RUNS
    assert compare(_answers(_GOOD), silent).decision is Decision.MORE_RUNS
    few = [*_answers({case: [True] * 5 for case in list(_GOOD)[:19]}), *silent[-5:]]
    assert compare(_answers(_GOOD), few).decision is Decision.GO


def test_the_saving_is_told_with_its_interval() -> None:
    found = compare(_answers(_GOOD, cost=300), _answers(_GOOD, cost=1000))
    assert found.saving is not None
    assert found.saving.value == pytest.approx(0.7)
    assert found.saving.low <= 0.7 <= found.saving.high
    assert compare(_answers(_GOOD, cost=5), _answers(_GOOD, cost=0)).saving is None


def test_only_cases_that_both_were_asked_count() -> None:
    ours = {"c1": [True], "neu": [False]}
    found = compare(_answers(ours), _answers({"c1": [True], "alt": [False]}))
    assert [case.case for case in found.cases] == ["c1"]
    with pytest.raises(ValueError, match="no case in common"):
        compare(_answers({"a": [True]}), _answers({"b": [True]}))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_one_more_passed_answer_never_makes_the_verdict_worse(pairs: list[tuple[bool, bool]]) -> None:
    rank = [Decision.NO_GO, Decision.MORE_RUNS, Decision.GO]
    theirs = {f"c{i}": [pair[1]] for i, pair in enumerate(pairs)}
    ours = {f"c{i}": [pair[0]] for i, pair in enumerate(pairs)}
    before = compare(_answers(ours), _answers(theirs))
    for case, (passed,) in ours.items():
        if not passed:
            after = compare(_answers({**ours, case: [True]}), _answers(theirs))
            assert after.difference.value > before.difference.value
            assert rank.index(after.decision) >= rank.index(before.decision) or before.decision is Decision.GO


def test_a_model_drifts_when_it_fails_more_or_answers_otherwise() -> None:
    accepted = _answers(_GOOD, text="Wir liefern am Montag um acht Uhr.")
    same = _answers({case: [True, True] for case in _GOOD}, text="Wir liefern am Montag um acht Uhr.")
    other = _answers({case: [True, True] for case in _GOOD}, text="Bitte rufen Sie uns an, danke sehr.")
    worse = _answers(_with(8, 2), text="Wir liefern am Montag um acht Uhr.")
    assert not drift(same, accepted).drifted
    assert drift(other, accepted).drifted
    assert drift(worse, accepted).drifted
    assert drift(worse, accepted).passed == pytest.approx(0.6)
