"""SQL of invoices: what the journal booked of a provider, and the comparisons that were made."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

import msgspec
from sqlalchemy import Engine, case, delete, func, select

from leitstand.accounting.invoices.compare import Booked, Comparison
from leitstand.journal.records import INTERACTION
from leitstand.store.schema import invoice_check, journal

_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Check:
    """A comparison as it is kept. month: ISO."""

    id: str
    provider: str
    month: str
    source: str
    sha256: str
    comparison: Comparison
    checked_us: int
    checked_by: str


@dataclass(frozen=True)
class InvoiceRows:
    """The tables. Blocking: use it in a thread."""

    engine: Engine

    def booked(self, provider: str, since_us: int, until_us: int, zone: tzinfo = UTC) -> list[Booked]:
        """What was booked at a provider, by day of a time zone and by the provider's model."""
        columns = journal.c
        hour = (columns.time_us // _HOUR_US).label("hour")
        tokens = columns.input_tokens + columns.output_tokens
        sums = (
            func.sum(columns.input_tokens), func.sum(columns.cached_tokens), func.sum(columns.output_tokens),
            func.count(), func.sum(columns.cost_nano),
            func.sum(case((columns.estimated, tokens), else_=0)), func.sum(case((columns.unpriced, 1), else_=0)),
        )  # fmt: skip
        query = (
            select(hour, columns.provider_model, *sums)
            .where(
                columns.kind == INTERACTION, columns.provider == provider, columns.outcome != "cached",
                columns.time_us >= since_us, columns.time_us < until_us,
            )
            .group_by("hour", columns.provider_model)
        )  # fmt: skip
        found: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0] * len(sums))
        with self.engine.connect() as connection:
            for at, model, *amounts in connection.execute(query):
                day = datetime.fromtimestamp(at * 3600, UTC).astimezone(zone).date()
                place = found[day, model]
                for index, amount in enumerate(amounts):
                    place[index] += int(amount or 0)
        return [Booked(day, model, *amounts) for (day, model), amounts in sorted(found.items())]

    def lost_tokens(self, since_us: int, until_us: int) -> int:
        """Tokens booked for calls whose process died: nobody knows which provider they went to."""
        columns = journal.c
        query = select(func.sum(columns.input_tokens + columns.output_tokens)).where(
            columns.kind == INTERACTION, columns.outcome == "lost", columns.time_us >= since_us,
            columns.time_us < until_us,
        )  # fmt: skip
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def put(self, check: Check) -> None:
        """Keep a comparison, in place of an earlier one of the same file, provider and month."""
        same = delete(invoice_check).where(
            invoice_check.c.provider == check.provider, invoice_check.c.month == check.month,
            invoice_check.c.sha256 == check.sha256,
        )  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(same)
            connection.execute(
                invoice_check.insert().values(
                    id=check.id, provider=check.provider, month=check.month, source=check.source, sha256=check.sha256,
                    verdict=check.comparison.verdict, body=msgspec.json.encode(check.comparison).decode(),
                    checked_us=check.checked_us, checked_by=check.checked_by,
                )
            )  # fmt: skip

    def checks(self, most: int) -> list[Check]:
        """The last comparisons, newest first."""
        query = select(invoice_check).order_by(invoice_check.c.checked_us.desc(), invoice_check.c.id.desc())
        with self.engine.connect() as connection:
            return [_check(dict(row)) for row in connection.execute(query.limit(most)).mappings()]

    def check(self, number: str) -> Check | None:
        """One of them."""
        query = select(invoice_check).where(invoice_check.c.id == number)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _check(dict(row))


def _check(row: dict[str, str]) -> Check:
    comparison = msgspec.json.decode(row["body"], type=Comparison)
    return Check(
        row["id"], row["provider"], row["month"], row["source"], row["sha256"], comparison, int(row["checked_us"]),
        row["checked_by"],
    )  # fmt: skip
