"""Blind comparison of the answers of a trial by people: a pair at a time, without a word on whose answer is which.

Only answers to regression sets are shown, never those of conversations. Blocking: call from a thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from leitstand.answers.regression import Regression, Report, ShownAnswer
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest
from leitstand.core.ids import new_id
from leitstand.journal.records import Record
from leitstand.prompts.regression.repository import VoteRows
from leitstand.prompts.regression.votes import Choice, Preference, Vote, candidate_stands_left, preference

Side = Literal["left", "equal", "right"]


@dataclass(frozen=True)
class BlindPair:
    """A question with two answers. repetition: which of the times it was asked."""

    case: str
    repetition: int
    prompt: str
    left: str
    right: str


@dataclass(frozen=True)
class BlindState:
    """Where a judge is. pair: the next one, None when all are judged. result: of all judges; None without votes.

    result is None, too, while this judge has pairs left: who knows the score does not judge blindly.
    """

    trial: str
    set_label: str
    candidate: str
    baseline: str
    done: int
    total: int
    pair: BlindPair | None
    result: Preference | None


class BlindVotes:
    """The verdicts of an installation."""

    def __init__(
        self, regression: Regression, rows: VoteRows, clock: Clock, write: Callable[[Record], None]
    ) -> None:
        """write: to the journal."""
        self._regression = regression
        self._rows = rows
        self._clock = clock
        self._write = write

    def state(self, trial_id: str, judge: str) -> BlindState:
        """Raises NotFound, and InvalidRequest for a trial without two models or that still runs."""
        report = self._report(trial_id)
        votes = self._rows.of(trial_id)
        given = {(vote.case, vote.repetition) for vote in votes if vote.judge == judge}
        pairs = _pairs(report)
        left = [place for place in pairs if place not in given]
        pair = self._shown(report, pairs, left[0], judge) if left else None
        trial = report.trial
        return BlindState(
            trial.id, report.regression_set.label, trial.candidate, trial.baseline, len(pairs) - len(left),
            len(pairs), pair, None if pair else preference(votes),
        )  # fmt: skip

    def vote(self, trial_id: str, judge: str, case: str, repetition: int, side: Side) -> None:
        """Take a verdict; raises the same as `state`, and InvalidRequest for a pair that is none."""
        if (case, repetition) not in _pairs(self._report(trial_id)):
            raise InvalidRequest(
                f"Zu „{case}“ gibt es kein Paar von Antworten.", f"There is no pair of answers to '{case}'."
            )
        vote = Vote(case, repetition, judge, _choice(trial_id, case, repetition, judge, side))
        now_us = self._clock.time_us()
        self._rows.put(trial_id, vote, now_us)
        self._write(
            Record(
                id=new_id("evt", now_us), kind="regression.vote.cast", time_us=now_us, user=judge,
                detail={"trial": trial_id, "case": case},
            )
        )  # fmt: skip

    def result(self, trial_id: str) -> Preference | None:
        """Of all judges so far; None without votes."""
        return preference(self._rows.of(trial_id))

    def _report(self, trial_id: str) -> Report:
        report = self._regression.report(trial_id)
        if report.trial.is_open or not report.trial.baseline:
            raise InvalidRequest(
                "Blind verglichen wird ein beendeter Vergleich zweier Modelle; dieser läuft noch oder hat nur eines.",
                "Only a finished trial of two models is compared blindly; this one still runs or has one model.",
            )
        return report

    @staticmethod
    def _shown(
        report: Report, pairs: "dict[tuple[str, int], tuple[ShownAnswer, ShownAnswer]]", place: tuple[str, int],
        judge: str,
    ) -> BlindPair:  # fmt: skip
        case, repetition = place
        ours, theirs = (answer.judged.text for answer in pairs[place])
        prompt = next(each.prompt for each in report.regression_set.cases if each.id == case)
        if not candidate_stands_left(report.trial.id, case, repetition, judge):
            ours, theirs = theirs, ours
        return BlindPair(case, repetition, prompt, ours, theirs)


def _pairs(report: Report) -> "dict[tuple[str, int], tuple[ShownAnswer, ShownAnswer]]":
    """Candidate's and baseline's answer by question and repetition, where both have answered; one round after another."""
    trial = report.trial
    found = {
        (case, answer.repetition, answer.model): answer
        for case, shown in report.answers.items()
        for answer in shown
        if answer.judged.answered
    }
    return {
        (case, repetition): (
            found[case, repetition, trial.candidate],
            found[case, repetition, trial.baseline],
        )
        for repetition in range(trial.repetitions)
        for case in report.answers
        if (case, repetition, trial.candidate) in found and (case, repetition, trial.baseline) in found
    }


def _choice(trial: str, case: str, repetition: int, judge: str, side: Side) -> Choice:
    if side == "equal":
        return "equal"
    is_candidate = (side == "left") == candidate_stands_left(trial, case, repetition, judge)
    return "candidate" if is_candidate else "baseline"
