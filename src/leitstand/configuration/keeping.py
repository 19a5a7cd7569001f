"""The section `retention`: how long what happened is kept."""

from typing import Annotated

from pydantic import Field

from leitstand.configuration.finding import Path, Remark
from leitstand.configuration.sections import Section
from leitstand.configuration.values import Count

JOURNAL_MIN_DAYS = 62  # limits of a month are counted anew from the journal
HIGH_RISK_DAYS = 183  # six months: Regulation (EU) 2024/1689, article 26 (6)

Days = Annotated[Count, Field(ge=1, le=36_500)]


class Retention(Section):
    """How long records and texts are kept, in days; none: for ever. What is older is removed every hour."""

    journal_days: Annotated[Count, Field(ge=JOURNAL_MIN_DAYS, le=36_500)] | None = Field(
        default=None,
        description="Records of the journal; what stays can still be verified. At least 62. Logs of high-risk use "
        "cases must be kept for six months (183 days), records behind invoices for eight years.",
    )
    conversations_days: Days | None = Field(
        default=None, description="Conversations of the chat after their last message."
    )
    responses_days: Days = Field(default=30, description="Kept answers of the Responses API.")
    unusual_days: Days = Field(
        default=400, description="Findings of unusual usage, which may be about a person."
    )
    trials_days: Days | None = Field(default=None, description="Model tests with their answers.")

    @property
    def key(self) -> str:
        return "retention"


def check(retention: Retention, above: Path) -> list[Remark]:
    """A doubt about a journal that is kept for less than the law asks of some use cases."""
    if retention.journal_days is None or retention.journal_days >= HIGH_RISK_DAYS:
        return []
    return [
        Remark(
            (*above, "journal_days"),
            f"{retention.journal_days} Tage sind weniger als sechs Monate.",
            f"{retention.journal_days} days are less than six months.",
            "Protokolle von Hochrisiko-Anwendungen müssen mindestens 183 Tage bleiben (KI-Verordnung, Artikel 26).",
            "Logs of high-risk use cases must be kept for at least 183 days (AI Act, article 26).",
            severity="warning",
        )
    ]
