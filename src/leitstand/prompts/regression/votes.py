"""Blind verdicts: two answers side by side in an order that nobody knows, and what the votes come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from leitstand.prompts.regression.verdict import Interval, gap, interval

Choice = Literal["candidate", "equal", "baseline"]
Preferred = Literal["holds", "worse", "open"]
LEAST_VOTES = 10
MARGIN = 0.1
"""By how much more often the old answer may be preferred before a change counts as worse."""


@dataclass(frozen=True)
class Vote:
    """One verdict on one pair. judge: user name."""

    case: str
    repetition: int
    judge: str
    verdict: Choice


@dataclass(frozen=True)
class Preference:
    """What votes come to. difference: share that prefers the candidate minus share that prefers the baseline.

    decision: holds, worse, or open where votes are few or their interval is wide.
    """

    votes: int
    judges: int
    candidate: int
    equal: int
    baseline: int
    difference: Interval
    decision: Preferred


def candidate_stands_left(trial: str, case: str, repetition: int, judge: str) -> bool:
    """As if a coin were thrown for each pair and judge, but the same when the page is loaded again."""
    place = "\x1f".join((trial, case, str(repetition), judge))
    return blake2b(place.encode(), digest_size=1).digest()[0] % 2 == 0


def preference(votes: Sequence[Vote]) -> Preference | None:
    """None without votes. The unit is the question: several votes on one do not pass for several questions."""
    if not votes:
        return None
    by_case: dict[str, list[Choice]] = {}
    for vote in votes:
        by_case.setdefault(vote.case, []).append(vote.verdict)
    shares = [(_share(given, "candidate"), _share(given, "baseline")) for given in by_case.values()]
    difference = interval(shares, 0, gap)
    given = [vote.verdict for vote in votes]
    return Preference(
        len(votes),
        len({vote.judge for vote in votes}),
        given.count("candidate"),
        given.count("equal"),
        given.count("baseline"),
        difference,
        _decide(len(votes), difference),
    )


def _share(given: Sequence[Choice], choice: Choice) -> float:
    return given.count(choice) / len(given)


def _decide(votes: int, difference: Interval) -> Preferred:
    if votes < LEAST_VOTES:
        return "open"
    if difference.high < -MARGIN:
        return "worse"
    return "holds" if difference.low >= -MARGIN else "open"
