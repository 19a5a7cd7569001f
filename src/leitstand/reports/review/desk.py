"""Monthly reviews: made by the calendar or on demand, kept, read, written on."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from leitstand.accounting.budgets.repository import UsageRows
from leitstand.accounting.budgets.rules import limit_rules
from leitstand.configuration.current import Configuration
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.ids import new_id
from leitstand.journal.records import Record
from leitstand.reports.repository import Journal
from leitstand.reports.review.build import Month, Sources, take_review
from leitstand.reports.review.repository import Kept, MonthRows, ReviewRows

GENERATED = "reports.usage_review.generated"
NOTED = "reports.usage_review.noted"
_LABEL = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_MOST_NOTES = 20_000


@dataclass(frozen=True)
class ReviewDesk:
    """What the job, pages and programs do with reviews. Blocking: call it in a thread."""

    engine: Engine
    clock: Clock
    configuration: Callable[[], Configuration]
    record: Callable[[Record], None]

    def months(self) -> list[str]:
        """The months with a review, newest first."""
        return ReviewRows(self.engine).months()

    def get(self, month: str) -> Kept:
        """The review of a month; raises InvalidRequest, NotFound."""
        kept = ReviewRows(self.engine).get(self._month(month).label)
        if kept is None:
            raise NotFound(
                f"Für {month} gibt es noch keinen Rückblick. Erstellen Sie ihn, oder nehmen Sie einen anderen Monat.",
                f"There is no review of {month} yet. Generate it, or take another month.",
            )
        return kept

    def generate(self, month: str, actor: str) -> Kept:
        """Make the review of a month anew; notes stay. Takes seconds to a minute. Raises InvalidRequest.

        month: 2026-10; the running one is reviewed up to now.
        """
        label = self._month(month)
        configuration = self.configuration()
        usage = UsageRows(self.engine)
        while usage.advance(configuration.organisation.timezone):
            pass
        rules = limit_rules(configuration)
        sources = Sources(MonthRows(self.engine), usage, Journal(self.engine), rules)
        review = take_review(sources, label)
        now_us = self.clock.time_us()
        kept = ReviewRows(self.engine).keep(review, now_us, actor)
        detail = {"month": month, "revision": kept.revision, "cost_nano": review.totals.cost_nano}
        self._tell(GENERATED, actor, now_us, detail)
        return kept

    def write(self, month: str, notes: str, actor: str) -> None:
        """Keep what people noted and decided, in place of what was there. Raises InvalidRequest, NotFound."""
        if len(notes) > _MOST_NOTES:
            raise InvalidRequest(
                f"Die Notizen dürfen höchstens {_MOST_NOTES} Zeichen haben, es sind {len(notes)}.",
                f"The notes may have {_MOST_NOTES} characters at most, these are {len(notes)}.",
            )
        self.get(month)
        now_us, text = self.clock.time_us(), notes.replace("\r\n", "\n").strip()
        ReviewRows(self.engine).write(month, text, now_us, actor)
        self._tell(NOTED, actor, now_us, {"month": month, "characters": len(text)})

    def last_month(self) -> str:
        """The month that ended last, by the organisation's calendar."""
        return self._now_month().before().label

    def _tell(self, kind: str, actor: str, now_us: int, detail: dict[str, object]) -> None:
        self.record(
            Record(id=new_id("evt", now_us), kind=kind, time_us=now_us, user=actor, detail={**detail})
        )

    def _month(self, label: str) -> Month:
        if not _LABEL.fullmatch(label):
            raise InvalidRequest(
                f"„{label}“ ist kein Monat. Schreiben Sie ihn wie 2026-10.",
                f"'{label}' is no month. Write it like 2026-10.",
            )
        if label > self._now_month().label:
            raise InvalidRequest(
                f"{label} liegt in der Zukunft. Nehmen Sie {self.last_month()} oder einen früheren Monat.",
                f"{label} lies in the future. Take {self.last_month()} or an earlier month.",
            )
        return Month.of(label, self._timezone)

    @property
    def _timezone(self) -> str:
        return self.configuration().organisation.timezone

    def _now_month(self) -> Month:
        local: datetime = self.clock.now().astimezone(ZoneInfo(self._timezone))
        return Month.of(f"{local:%Y-%m}", self._timezone)
