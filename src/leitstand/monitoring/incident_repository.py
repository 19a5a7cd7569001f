"""SQL of incidents, their timeline and tasks, notes on runbooks, the last heartbeat, and what an incident did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.incident_values import (
    Effect,
    Entry,
    Incident,
    PostMortem,
    PublicMessage,
    Task,
)
from leitstand.monitoring.incidents import Plan
from leitstand.monitoring.minutes_repository import as_json, as_labels, insert
from leitstand.store.schema import (
    alert,
    heartbeat,
    incident,
    incident_entry,
    incident_task,
    journal,
    metric_minute,
    post_mortem,
    runbook_note,
)

_TRIES = 5  # two people may open one at the same moment; the number is unique


class IncidentRows:
    """The tables of incidents. Blocking."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ------------------------------------------------------------ incidents

    def running(self) -> list[Incident]:
        """Those not closed, newest first."""
        return self._incidents(incident.c.state != "closed")

    def newest(self, most: int) -> list[Incident]:
        """All of them, newest first."""
        return self._incidents(most=most)

    def find(self, name: str) -> Incident | None:
        """One by its id or number."""
        found = self._incidents(or_(incident.c.id == name, incident.c.number == name))
        return found[0] if found else None

    def carry_out(self, plan: Plan, year: int) -> None:
        """What a round decided, in one transaction: no incident is opened twice for an alert."""
        if not (plan.opened or plan.changed or plan.joined or plan.entries):
            return

        def work(connection: Connection) -> None:
            for each in plan.opened:
                _put(connection, each, year)
            for each in plan.changed:
                _change(connection, each)
            for alert_id, name in plan.joined:
                connection.execute(update(alert).where(alert.c.id == alert_id).values(incident=name))
            _write(connection, plan.entries)

        self._again(work)

    def open(self, new: Incident, year: int) -> Incident:
        """A new one by a person; with its number."""
        found: list[Incident] = []

        def work(connection: Connection) -> None:
            found[:] = [_put(connection, new, year)]

        self._again(work)
        return found[0]

    def change(self, after: Incident, entries: Sequence[Entry] = ()) -> None:
        """What people decided, with its lines in the timeline, in one transaction."""
        with self._engine.begin() as connection:
            _change(connection, after)
            _write(connection, [(after.id, entry) for entry in entries])

    # ------------------------------------------------------------ what belongs to it

    def entries(self, incident_id: str) -> list[Entry]:
        """The timeline, newest first."""
        columns = incident_entry.c
        query = select(incident_entry).where(columns.incident == incident_id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(columns.time_us.desc(), columns.id)).mappings()
            return [_entry(row) for row in rows]

    def write(self, incident_id: str, entries: Sequence[Entry]) -> None:
        """More lines; those that are there stay as they are."""
        with self._engine.begin() as connection:
            _write(connection, [(incident_id, entry) for entry in entries])

    def tasks(self, incident_id: str = "") -> list[tuple[str, Task]]:
        """(incident, task), the oldest first; of one incident, or all."""
        query = select(incident_task).order_by(incident_task.c.made_us)
        if incident_id:
            query = query.where(incident_task.c.incident == incident_id)
        with self._engine.connect() as connection:
            return [
                (row["incident"], Task(**{name: row[name] for name in Task._fields}))
                for row in connection.execute(query).mappings()
            ]

    def add_task(self, incident_id: str, task: Task) -> None:
        """A new one."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(connection, incident_task).values(**task._asdict(), incident=incident_id)
            )

    def finish_task(self, incident_id: str, task_id: str, by: str, now_us: int) -> bool:
        """It is done; False where it is already, or is none of this incident."""
        columns = incident_task.c
        still = update(incident_task).where(
            columns.id == task_id, columns.incident == incident_id, columns.done_us.is_(None)
        )
        with self._engine.begin() as connection:
            return connection.execute(still.values(done_us=now_us, done_by=by)).rowcount == 1

    def post_mortems(self, incident_id: str) -> list[PostMortem]:
        """All versions, the newest first."""
        columns = post_mortem.c
        query = select(columns.version, columns.text, columns.made_us, columns.made_by)
        with self._engine.connect() as connection:
            rows = connection.execute(
                query.where(columns.incident == incident_id).order_by(columns.version.desc())
            )
            return [PostMortem(*row) for row in rows]

    def save_post_mortem(self, incident_id: str, new: PostMortem) -> bool:
        """A new version; False where somebody was quicker with it."""
        try:
            with self._engine.begin() as connection:
                values = new._asdict() | {"incident": incident_id}
                connection.execute(insert(connection, post_mortem).values(**values))
        except IntegrityError:
            return False
        return True

    # ------------------------------------------------------------ what it did

    def effect(self, since_us: int, until_us: int, place: Mapping[str, str]) -> Effect:
        """Counted from the minutes. place: a model that it is about, or empty for the whole house."""
        day_us = 86_400_000_000
        with self._engine.connect() as connection:
            now = _by_model(connection, since_us, until_us, place)
            before = _by_model(connection, since_us - day_us, since_us - 1, place)
        extra, comparable = 0, False
        for model, row in now.items():
            usual = before.get(model)
            if not row["fallback"] or usual is None or not usual["tokens"]:
                continue
            comparable = True
            extra += round(row["cost_nano"] - usual["cost_nano"] * row["tokens"] / usual["tokens"])
        sums = {
            name: sum(row[name] for row in now.values())
            for name in ("requests", "failed", "refused", "fallback")
        }
        return Effect(
            sums["requests"], sums["failed"], sums["refused"], sums["fallback"], extra if comparable else None
        )

    def happened(
        self, since_us: int, until_us: int, prefix: str, most: int = 50
    ) -> list[tuple[str, str, int, str, str]]:
        """Audit events whose kind begins so: (id, kind, time, who, name of the object)."""
        columns = journal.c
        query = (
            select(columns.id, columns.kind, columns.time_us, columns.user, columns.detail)
            .where(columns.time_us.between(since_us, until_us), columns.kind.startswith(prefix, autoescape=True))
            .order_by(columns.time_us.desc())
            .limit(most)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return [
                (row.id, row.kind, row.time_us, row.user, str(msgspec.json.decode(row.detail).get("name", "")))
                for row in connection.execute(query)
            ]  # fmt: skip

    # ------------------------------------------------------------ notes on runbooks

    def notes(self) -> dict[str, tuple[str, int, str]]:
        """What the company adds to runbooks: by slug text, when and by whom."""
        with self._engine.connect() as connection:
            return {
                row.slug: (row.text, row.changed_us, row.changed_by)
                for row in connection.execute(select(runbook_note))
            }

    def set_note(self, slug: str, text: str, by: str, now_us: int) -> None:
        """Replace it."""
        with self._engine.begin() as connection:
            fresh = insert(connection, runbook_note).values(
                slug=slug, text=text, changed_us=now_us, changed_by=by
            )
            new = {name: fresh.excluded[name] for name in ("text", "changed_us", "changed_by")}
            connection.execute(fresh.on_conflict_do_update(index_elements=["slug"], set_=new))

    # ------------------------------------------------------------ the heartbeat

    def beats(self) -> tuple[int | None, int | None, str]:
        """When one last arrived, when one was last due, and why none was sent then ("": it was)."""
        with self._engine.connect() as connection:
            row = connection.execute(
                select(heartbeat.c.sent_us, heartbeat.c.tried_us, heartbeat.c.silent)
            ).first()
        return (None, None, "") if row is None else (row.sent_us, row.tried_us, row.silent)

    def beat(self, now_us: int, silent: str) -> None:
        """Keep what came of a try."""
        sent = {} if silent else {"sent_us": now_us}
        with self._engine.begin() as connection:
            fresh = insert(connection, heartbeat).values(id=1, tried_us=now_us, silent=silent, **sent)
            new = {"tried_us": now_us, "silent": silent, **sent}
            connection.execute(fresh.on_conflict_do_update(index_elements=["id"], set_=new))

    # ------------------------------------------------------------

    def _again(self, work: Callable[[Connection], None]) -> None:
        for left in range(_TRIES - 1, -1, -1):
            try:
                with self._engine.begin() as connection:
                    work(connection)
            except IntegrityError:
                if not left:
                    raise
            else:
                return

    def _incidents(self, *which: ColumnElement[bool], most: int | None = None) -> list[Incident]:
        query = select(incident).where(*which).order_by(incident.c.opened_us.desc(), incident.c.id)
        with self._engine.connect() as connection:
            return [_incident(row) for row in connection.execute(query.limit(most)).mappings()]


def _put(connection: Connection, new: Incident, year: int) -> Incident:
    taken = select(func.max(incident.c.count)).where(incident.c.year == year)
    count = int(connection.execute(taken).scalar() or 0) + 1
    named = replace(new, number=f"V-{year}-{count:03}")
    connection.execute(insert(connection, incident).values(**_columns(named), year=year, count=count))
    return named


def _change(connection: Connection, after: Incident) -> None:
    values = _columns(after)
    values.pop("id")
    values.pop("number")
    connection.execute(update(incident).where(incident.c.id == after.id).values(**values))


def _columns(each: Incident) -> dict[str, Any]:
    return {
        **each.__dict__,
        "title": _said(each.title),
        "labels": as_json(each.labels),
        "message": _packed(each.message),
        "effect": _packed(each.effect),
    }


def _packed(value: PublicMessage | Effect | None) -> str:
    return "" if value is None else msgspec.json.encode(value._asdict()).decode()


def _said(text: Bilingual) -> str:
    return msgspec.json.encode({"de": text.de, "en": text.en}).decode()


def _text(column: str) -> Bilingual:
    found = msgspec.json.decode(column)
    return Bilingual(found["de"], found["en"])


def _incident(row: RowMapping) -> Incident:
    values = {name: value for name, value in row.items() if name not in ("year", "count")}
    message, effect = row["message"], row["effect"]
    values |= {"title": _text(row["title"]), "labels": as_labels(row["labels"])}
    values["message"] = _message(msgspec.json.decode(message)) if message else None
    values["effect"] = Effect(**msgspec.json.decode(effect)) if effect else None
    return Incident(**values)


def _message(found: dict[str, Any]) -> PublicMessage:
    return PublicMessage(**{**found, "models": tuple(found["models"])})


def _entry(row: RowMapping) -> Entry:
    own_id = str(row["id"]).removeprefix(f"{row['incident']}/")
    return Entry(own_id, row["time_us"], row["kind"], row["by"], _text(row["text"]), row["step"])


def _write(connection: Connection, entries: Sequence[tuple[str, Entry]]) -> None:
    rows = [
        {**entry._asdict(), "id": f"{name}/{entry.id}", "incident": name, "text": _said(entry.text)}
        for name, entry in entries
    ]
    if rows:
        connection.execute(insert(connection, incident_entry).on_conflict_do_nothing(), rows)


def _by_model(
    connection: Connection, since_us: int, until_us: int, place: Mapping[str, str]
) -> dict[str, RowMapping]:
    m = metric_minute.c
    query = (
        select(
            m.model, func.sum(m.requests).label("requests"), func.sum(m.failed).label("failed"),
            func.sum(m.refused).label("refused"), func.sum(m.fallback).label("fallback"),
            func.sum(m.cost_nano).label("cost_nano"),
            func.sum(m.input_tokens + m.output_tokens).label("tokens"),
        )
        .where(m.minute_us.between(since_us // 60_000_000 * 60_000_000, until_us))
        .group_by(m.model)
    )  # fmt: skip
    if model := place.get("model"):
        query = query.where(m.model == model)
    return {row["model"]: row for row in connection.execute(query).mappings()}
