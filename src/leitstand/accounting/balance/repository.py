"""SQL of the balance: the sums by hour beside the journal, estimates, and the results of earlier proofs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine, case, func, select

from leitstand.accounting.budgets.repository import UsageRows
from leitstand.accounting.limits import Subject
from leitstand.accounting.rebuild import Settled
from leitstand.accounting.repository import settled_since
from leitstand.core.errors import Overloaded
from leitstand.journal.records import BOOKED
from leitstand.store.schema import journal, usage_hour, usage_mark

VERIFIED = "accounting.balance.verified"
FOUND = "accounting.balance.difference_found"
RELEASED = "accounting.balance.hold_released"
_TRIES = 5


class BalanceRecord(NamedTuple):
    """A record about a proof."""

    kind: str
    time_us: int
    detail: dict[str, Any]


@dataclass(frozen=True)
class StoredBooks:
    """`verify.Books` of the database. timezone: by which the hours are added up. spool: brings what waits into the journal, False if it
    cannot."""

    engine: Engine
    timezone: str
    spool: Callable[[], bool]

    def catch_up(self) -> None:
        """See `verify.Books`; raises Overloaded where records cannot be moved, since no sum is whole then."""
        if not self.spool():
            raise Overloaded(
                "Es warten noch Vorgänge auf das Protokoll. Versuchen Sie den Abgleich in einer Minute erneut.",
                "Records still wait for the journal. Try the proof again in a minute.",
                retry_after_s=60,
            )

    def settled(self, since_us: int) -> Iterable[Settled]:
        """See `verify.Books`."""
        return settled_since(self.engine, since_us)

    def hours(self, since_us: int) -> tuple[list[Settled], list[Settled]]:
        """See `verify.Books`; read again where another process adds up meanwhile."""
        rows = UsageRows(self.engine)
        while rows.advance(self.timezone):
            pass
        for _ in range(_TRIES):
            mark = self._mark()
            found = self._hours(since_us), list(settled_since(self.engine, since_us, mark))
            if self._mark() == mark:
                return found
        return [], []

    def _mark(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(select(usage_mark.c.seq)).scalar() or 0)

    def _hours(self, since_us: int) -> list[Settled]:
        columns = usage_hour.c
        query = select(
            columns.user, columns.department, columns.use_case, columns.key_id, columns.model, columns.hour_us,
            columns.input_tokens + columns.output_tokens, columns.cost_nano,
        ).where(columns.hour_us >= since_us)  # fmt: skip
        with self.engine.connect() as connection:
            return [Settled(Subject(*row[:5]), *row[5:]) for row in connection.execute(query)]

    def estimated(self, since_us: int) -> tuple[int, int]:
        """See `verify.Books`."""
        columns = journal.c
        tokens = columns.input_tokens + columns.output_tokens
        query = select(func.sum(case((columns.estimated, tokens), else_=0)), func.sum(tokens)).where(
            columns.kind.in_(BOOKED), columns.outcome != "cached", columns.time_us >= since_us
        )
        with self.engine.connect() as connection:
            estimated, total = connection.execute(query).one()
        return int(estimated or 0), int(total or 0)

    def told(self, most: int) -> list[BalanceRecord]:
        """The last records about proofs, newest first."""
        query = select(journal.c.kind, journal.c.time_us, journal.c.detail).where(
            journal.c.kind.in_((VERIFIED, FOUND, RELEASED))
        )
        with self.engine.connect() as connection:
            rows = connection.execute(
                query.order_by(journal.c.time_us.desc(), journal.c.seq.desc()).limit(most)
            )
            return [
                BalanceRecord(kind, time_us, msgspec.json.decode(detail)) for kind, time_us, detail in rows
            ]
