"""SQL of the monthly review: a month in sums by hour, what only its records tell, and the reviews that are kept."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import Engine, and_, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from leitstand.journal.records import BOOKED
from leitstand.reports.review.values import VERSION, Review
from leitstand.store.schema import journal, usage_hour, usage_review

SHORT_INPUT, SHORT_OUTPUT = 2000, 300  # tokens up to which a request counts as short
_AT_ONCE = 2000


@dataclass(frozen=True)
class HourSum:
    """Sums by hour of a month, grouped by what reviews ask for."""

    user: str
    use_case: str
    department: str
    model: str
    provider: str
    provider_model: str
    requests: int
    cached: int
    input_tokens: int
    output_tokens: int
    cost_nano: int
    saved_nano: int
    unpriced: int


@dataclass(frozen=True)
class RecordSum:
    """Records of a month, grouped by what only they tell. short: few tokens in and out, answered by a model."""

    user: str
    use_case: str
    provider: str
    provider_model: str
    cache: str
    unpriced: bool
    estimated: bool
    short: int
    requests: int
    tokens: int
    cost_nano: int
    saved_nano: int


@dataclass(frozen=True)
class Kept:
    """A review as it is stored, with what people wrote about it."""

    review: Review
    revision: int
    created_us: int
    created_by: str
    notes: str = ""
    notes_us: int | None = None
    notes_by: str = ""


class MonthRows:
    """Reads months. Blocking: call it in a thread. Rows are grouped in the database and streamed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hours(self, month: str) -> Iterator[HourSum]:
        """The month's sums; month: 2026-10, by the organisation's days."""
        u = usage_hour.c
        names = (u.user, u.use_case, u.department, u.model, u.provider, u.provider_model)
        sums = (u.requests, u.cached, u.input_tokens, u.output_tokens, u.cost_nano, u.saved_nano, u.unpriced)
        query = (
            select(*names, *(func.sum(each) for each in sums))
            .where(u.day >= f"{month}-01", u.day <= f"{month}-31")
            .group_by(*names)
        )
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
                yield HourSum(*row[:6], *(int(each) for each in row[6:]))

    def records(self, begins_us: int, ends_us: int) -> Iterator[RecordSum]:
        """The records of [begins, ends), read once."""
        j = journal.c
        is_short = and_(
            j.outcome == "ok", j.input_tokens <= SHORT_INPUT, j.output_tokens <= SHORT_OUTPUT, j.output_tokens > 0
        )  # fmt: skip
        short = case((is_short, 1), else_=0).label("short")
        names = (j.user, j.use_case, j.provider, j.provider_model, j.cache, j.unpriced, j.estimated, short)
        tokens = func.sum(j.input_tokens + j.output_tokens)
        query = (
            select(*names, func.count(), tokens, func.sum(j.cost_nano), func.sum(j.saved_nano))
            .where(j.kind.in_(BOOKED), j.time_us >= begins_us, j.time_us < ends_us)
            .group_by(
                j.user, j.use_case, j.provider, j.provider_model, j.cache, j.unpriced, j.estimated, short
            )
        )
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
                yield RecordSum(*row[:8], *(int(each) for each in row[8:]))


class ReviewRows:
    """The reviews that are kept, one per month. Blocking."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, review: Review, now_us: int, actor: str) -> Kept:
        """Keep a review in place of the month's last one; what people wrote about it stays."""
        body = msgspec.json.encode(review).decode()
        fresh = {
            "version": review.version, "body": body, "created_us": now_us, "created_by": actor,
        }  # fmt: skip
        if not self._renew(review.month, fresh):
            try:
                with self._engine.begin() as connection:
                    first = {"month": review.month, "revision": 1, "notes": "", "notes_by": ""}
                    connection.execute(insert(usage_review).values(**first, **fresh))
            except IntegrityError:  # another process was quicker
                self._renew(review.month, fresh)
        kept = self.get(review.month)
        assert kept is not None
        return kept

    def _renew(self, month: str, fresh: dict[str, object]) -> bool:
        changed = update(usage_review).where(usage_review.c.month == month)
        with self._engine.begin() as connection:
            done = connection.execute(changed.values(**fresh, revision=usage_review.c.revision + 1))
        return done.rowcount == 1

    def get(self, month: str) -> Kept | None:
        """The month's review; None where there is none, or none of a form that this version reads."""
        query = select(usage_review).where(usage_review.c.month == month, usage_review.c.version == VERSION)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        review = msgspec.json.decode(row.body, type=Review)
        return Kept(
            review, row.revision, row.created_us, row.created_by, row.notes, row.notes_us, row.notes_by
        )

    def months(self) -> list[str]:
        """The months with a review, newest first."""
        query = select(usage_review.c.month).where(usage_review.c.version == VERSION)
        with self._engine.connect() as connection:
            return list(connection.execute(query.order_by(usage_review.c.month.desc())).scalars())

    def write(self, month: str, notes: str, now_us: int, actor: str) -> bool:
        """What people decided; False where the month has no review."""
        changed = update(usage_review).where(usage_review.c.month == month)
        with self._engine.begin() as connection:
            done = connection.execute(changed.values(notes=notes, notes_us=now_us, notes_by=actor))
        return done.rowcount == 1
