"""Apply the retention rules: old rows of every table, and old records from the journal's front."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy import Engine

from leitstand.configuration.models import Retention
from leitstand.core.clock import Clock
from leitstand.core.ids import new_id
from leitstand.journal.chain import Cut, Signer
from leitstand.journal.purge import due, purge
from leitstand.journal.records import Record
from leitstand.store import retention as rules

_DAY_US = 86_400_000_000
_JOURNAL = "journal_days"
SETTINGS = (_JOURNAL, "conversations_days", "responses_days", "trials_days", "unusual_days")


class Due(NamedTuple):
    """What the rules would remove now. rows: by setting; of the journal all up to number `journal_up_to`."""

    rows: dict[str, int]
    journal_up_to: int


def foresee(engine: Engine, retention: Retention, now_us: int) -> Due:
    """Count and change nothing."""
    rows, up_to = dict[str, int](), 0
    for setting, days in _limits(retention).items():
        if setting == _JOURNAL:
            up_to = due(engine, now_us - days * _DAY_US)
        else:
            rows[setting] = rules.expired(engine, setting, days, now_us)
    return Due(rows, up_to)


def retain(
    engine: Engine,
    signer: Signer,
    retention: Retention,
    clock: Clock,
    record: Callable[[Record], None],
    go_on: Callable[[], bool] = lambda: True,
) -> Mapping[str, int]:
    """Remove what is due in batches of some hundred rows; how many rows by setting.

    go_on: asked after each batch, the place for a pause; False breaks off, and the next call goes on. What was
    removed is told to the journal (`retention.records.purged`) in any case.
    Raises journal.purge.Damaged when old records do not fit the chain, SQLAlchemyError.
    """
    removed: dict[str, int] = {}
    cut: Cut | None = None
    now_us = clock.time_us()
    try:
        for setting, days in _limits(retention).items():
            if setting == _JOURNAL:
                continue
            for rows in rules.expire(engine, setting, days, now_us):
                removed[setting] = removed.get(setting, 0) + rows
                if not go_on():
                    return removed
        if retention.journal_days is not None:
            for batch in purge(engine, signer, now_us - retention.journal_days * _DAY_US, now_us):
                cut = batch.cut
                removed[_JOURNAL] = removed.get(_JOURNAL, 0) + batch.rows
                if not go_on():
                    return removed
    finally:
        if removed:
            record(_told(removed, cut, now_us))
    return removed


def _limits(retention: Retention) -> dict[str, int]:
    found = {setting: getattr(retention, setting) for setting in SETTINGS}
    return {setting: days for setting, days in found.items() if days is not None}


def _told(removed: Mapping[str, int], cut: Cut | None, now_us: int) -> Record:
    gone = {} if cut is None else {"journal_up_to": cut.seq, "journal_hash": cut.hash}
    return Record(
        id=new_id("evt"), kind="retention.records.purged", time_us=now_us, user="system",
        detail={"rows": dict(removed), **gone},
    )  # fmt: skip
