"""What model tests say of a replacement: the newest comparison of the two models, and which sets could tell more."""

from dataclasses import dataclass

from leitstand.answers.regression import Report, SetSummary, TrialSummary


@dataclass(frozen=True)
class Quality:
    """running: a comparison that is under way. report: of the newest one that is done. sets: to begin another with."""

    before: str
    after: str
    running: TrialSummary | None
    report: Report | None
    sets: tuple[SetSummary, ...]
