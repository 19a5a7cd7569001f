"""How long each table keeps its rows: every table has a rule, and a test fails for one that has none.

The journal goes by a rule of its own (journal/purge.py): its rows are chained, so they leave from the front only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, Table, delete, func, select

from leitstand.store import schema as s

BATCH = 500  # rows per transaction: a writer beside it waits for milliseconds
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class State:
    """Rows that are as many as the things they stand for; they go when the thing goes. why: what bounds them."""

    why: str


@dataclass(frozen=True)
class Aged:
    """Rows that go some days after `since`. setting: the field of the configuration's section `retention`."""

    setting: str
    since: str


@dataclass(frozen=True)
class Owned:
    """Rows that go with the row of another table. by: the column here that holds its id."""

    owner: str
    by: str


@dataclass(frozen=True)
class Chained:
    """The journal. setting: the field of the configuration's section `retention`."""

    setting: str


Rule = State | Aged | Owned | Chained

RULES: dict[str, Rule] = {
    "journal": Chained("journal_days"),
    "journal_checkpoint": State("one row"),
    "journal_cut": State("one row"),
    "journal_spool": State("one row per file of the spool"),
    "configuration": State("one row per object"),
    "configuration_version": State("one row"),
    "secret": State("one row per secret that the configuration names"),
    "credential": State("one row per person"),
    "virtual_key": State("one row per key; who had which key when is part of the proof of access"),
    "session": State("ended ones are removed every hour (identity/sessions.py)"),
    "conversation": Aged("conversations_days", "changed_us"),
    "conversation_message": Owned("conversation", "conversation"),
    "kept_response": Aged("responses_days", "created_us"),
    "regression_set": State("one row per set"),
    "trial": Aged("trials_days", "created_us"),
    "trial_answer": Owned("trial", "trial"),
    "trial_vote": Owned("trial", "trial"),
    "privacy_scope": State("unused ones are removed after `privacy: {vault_days}` (privacy/vault.py)"),
    "privacy_entry": State("entries go with their scope (privacy/vault.py)"),
    "leak_sample": State("removed after `leak_watch: {keep_days}` (privacy/leaks/watch.py)"),
    "leak_finding": State(
        "one row per finding, the proof of what left; its text goes with `leak_watch: {keep_days}`"
    ),
    "usage_hour": State("sums by hour; they outlive the records they were made of, as figures of past years"),
    "usage_mark": State("one row"),
    "what_if": State("one row per scenario: sums that somebody asked for, removed by people"),
    "unusual_usage": Aged("unusual_days", "found_us"),
    "usage_review": State("one row per month"),
    "incident": State("one row per incident; how faults were handled is part of the proof"),
    "incident_entry": State("lines of the timeline of an incident"),
    "incident_task": State("what an incident left to do"),
    "post_mortem": State("one row per version"),
    "runbook_note": State("one row per runbook"),
    "heartbeat": State("one row"),
    "job": State("one row per kind of work"),
    "job_run": State("ended ones are removed after 90 days (jobs/repository.py)"),
    "job_step": State("they go with their run (jobs/repository.py)"),
    "job_worker": State("one row per seat"),
    "price_snapshot": State("one row per price that was ever used; records name it as long as they are kept"),
    "price_list": State("one row per import; its versions are the proof of what was charged when"),
    "metric_minute": State("removed after 35 days (app/monitoring.py)"),
    "provider_minute": State("removed after 35 days (app/monitoring.py)"),
    "refusal_minute": State("removed after 35 days (app/monitoring.py)"),
    "metric_gauge": State("removed after 35 days (app/monitoring.py)"),
    "metric_mark": State("one row"),
    "alert": State("ended ones are removed after 400 days (app/monitoring.py)"),
    "alert_notice": State("delivered ones are removed after 400 days (app/monitoring.py)"),
    "alert_silence": State("removed 400 days after their end (app/monitoring.py)"),
    "exchange_rate": State("one row per currency and day"),
    "invoice_check": State("one row per checked invoice"),
}


def expire(engine: Engine, setting: str, days: int, now_us: int) -> Iterator[int]:
    """Remove what is older than `days` in all tables of a setting, batch by batch; yields rows removed.

    Owned rows go first and in the same transaction, so none is ever left without its owner.
    """
    for name, rule in RULES.items():
        if isinstance(rule, Aged) and rule.setting == setting:
            yield from _expire(engine, s.metadata.tables[name], rule.since, now_us - days * _DAY_US)


def _expire(engine: Engine, table: Table, since: str, before_us: int) -> Iterator[int]:
    oldest = select(table.c.id).where(table.c[since] < before_us).order_by(table.c[since]).limit(BATCH)
    while True:
        with engine.begin() as connection:
            ids = list(connection.execute(oldest).scalars())
            for name, rule in RULES.items():
                if isinstance(rule, Owned) and rule.owner == table.name:
                    owned = s.metadata.tables[name]
                    connection.execute(delete(owned).where(owned.c[rule.by].in_(ids)))
            connection.execute(delete(table).where(table.c.id.in_(ids)))
        if ids:
            yield len(ids)
        if len(ids) < BATCH:
            return


def expired(engine: Engine, setting: str, days: int, now_us: int) -> int:
    """How many rows `expire` would remove, owned ones not counted."""
    total = 0
    with engine.connect() as connection:
        for name, rule in RULES.items():
            if isinstance(rule, Aged) and rule.setting == setting:
                table = s.metadata.tables[name]
                old = table.c[rule.since] < now_us - days * _DAY_US
                total += connection.execute(select(func.count()).select_from(table).where(old)).scalar_one()
    return total


def compact(engine: Engine) -> None:
    """Give freed room back to the disk. On SQLite it rewrites the file, and who writes has to wait: for quiet hours."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM")
