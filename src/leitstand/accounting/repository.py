"""SQL of accounting: what the journal says was booked, as sums per hour."""

from collections.abc import Iterator

from sqlalchemy import JSON, ColumnElement, Engine, cast, func, select, type_coerce

from leitstand.accounting.limits import Subject
from leitstand.accounting.rebuild import Settled
from leitstand.journal.records import BOOKED
from leitstand.store.schema import journal

_HOUR_US = 3_600_000_000


def settled_since(engine: Engine, since_us: int, until_seq: int | None = None) -> Iterator[Settled]:
    """Booked calls since a moment, summed per subject and hour; every time zone offset in use for days here is
    whole hours or borders on none of our day ends, so an hour never lies in two days.

    A call counts for the model that answered, which tiers or a downgrade may have put in place of the asked one.
    until_seq: the last record that counts; None: all.
    """
    columns = journal.c
    counted_for = _counted_for(engine).label("counted_for")
    hour = columns.time_us // _HOUR_US
    query = (
        select(
            columns.user, columns.department, columns.use_case, columns.key_id, counted_for,
            func.min(columns.time_us), func.sum(columns.input_tokens + columns.output_tokens),
            func.sum(columns.cost_nano),
        )
        .where(columns.kind.in_(BOOKED), columns.time_us >= since_us, columns.outcome != "cached")
        .group_by(columns.user, columns.department, columns.use_case, columns.key_id, "counted_for", hour)
    )  # fmt: skip
    if until_seq is not None:
        query = query.where(columns.seq <= until_seq)
    with engine.connect() as connection:
        for user, department, use_case, key_id, model, time_us, tokens, cost_nano in connection.execute(
            query
        ):
            subject = Subject(user, department, use_case, key_id, model)
            yield Settled(subject, time_us, int(tokens or 0), int(cost_nano or 0))


def _counted_for(engine: Engine) -> ColumnElement[str]:
    """The public model that a call was booked on. JSON lies in a text column: PostgreSQL must be told so."""
    detail = journal.c.detail
    document = type_coerce(detail, JSON) if engine.dialect.name == "sqlite" else cast(detail, JSON)
    return func.coalesce(document["answered_as"].as_string(), journal.c.model)
