"""SQL of alerts, silences and the messages on their way."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, case, delete, func, or_, select, update

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.evaluate import Change
from leitstand.monitoring.minutes_repository import as_json, as_labels, insert
from leitstand.monitoring.values import Alert, Notice, Silence
from leitstand.store.schema import alert, alert_notice, alert_silence


class Delivery(NamedTuple):
    """A notice as it stands. state: waiting, sent, failed (given up). error: of the last attempt."""

    notice: Notice
    state: str
    made_us: int
    error: str
    sent_us: int | None


class ChannelState(NamedTuple):
    """What became of the messages of a channel. failing_since_us: since when those have waited that failed once.

    given_up: how many could not be delivered at all in the span that was asked for. error: the newest.
    """

    sent_us: int | None = None
    waiting: int = 0
    failing_since_us: int | None = None
    given_up: int = 0
    error: str = ""


class AlertRows:
    """The tables of the alert path. Blocking."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ------------------------------------------------------------ the round

    def open(self) -> list[Alert]:
        """Pending and firing ones."""
        return self._alerts(alert.c.state != "resolved")

    def recent(self, since_us: int) -> list[Alert]:
        """Firing ones, and those that were resolved since, newest first."""
        since = or_(alert.c.state == "firing", alert.c.resolved_us >= since_us)
        return self._alerts(alert.c.state != "pending", since)

    def told(self, since_us: int) -> frozenset[str]:
        """Ids of the notices that were put in since; a digest counts as one about each alert in it."""
        columns = alert_notice.c
        query = select(columns.id, columns.kind, columns.channel, columns.severity, columns.alerts)
        found = set[str]()
        with self._engine.connect() as connection:
            for row in connection.execute(query.where(columns.made_us >= since_us)):
                found.add(row.id)
                if row.kind == "digest":
                    about = msgspec.json.decode(row.alerts, type=list[str])
                    found |= {f"{each}/firing/{row.severity}/{row.channel}" for each in about}
        return frozenset(found)

    def commit(self, changes: Sequence[Change], notices: Sequence[Notice], now_us: int) -> None:
        """What a round decided, in one transaction: an alert is never told without being kept, nor the reverse."""
        if not changes and not notices:
            return
        with self._engine.begin() as connection:
            _keep(connection, [change.after for change in changes if change.after is not None])
            gone = [change.before.id for change in changes if change.after is None and change.before]
            if gone:
                connection.execute(delete(alert).where(alert.c.id.in_(gone), alert.c.state == "pending"))
            put_in(connection, notices, now_us)

    # ------------------------------------------------------------ people

    def find(self, alert_id: str) -> Alert | None:
        """One by its id."""
        found = self._alerts(alert.c.id == alert_id)
        return found[0] if found else None

    def history(self, since_us: int, most: int) -> list[Alert]:
        """All that fired and began since, newest first."""
        return self._alerts(alert.c.state != "pending", alert.c.since_us >= since_us, most=most)

    def acknowledge(
        self, alert_id: str, by: str, now_us: int, note: Callable[[], None] = lambda: None
    ) -> bool:
        """Somebody works on it; False where somebody already does, or it is over. note: before it holds."""
        first = update(alert).where(
            alert.c.id == alert_id, alert.c.acknowledged_us.is_(None), alert.c.state == "firing"
        )
        with self._engine.begin() as connection:
            done = connection.execute(first.values(acknowledged_by=by, acknowledged_us=now_us))
            if done.rowcount == 1:
                note()
            return done.rowcount == 1

    def join_incident(self, alert_id: str, incident: str) -> None:
        """The alert belongs to what people work on there."""
        with self._engine.begin() as connection:
            connection.execute(update(alert).where(alert.c.id == alert_id).values(incident=incident))

    def silences(self, since_us: int) -> list[Silence]:
        """Those in force or to come, and those that ended since."""
        query = select(alert_silence).where(alert_silence.c.ends_us >= since_us)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(alert_silence.c.begins_us)).mappings()
            return [Silence(**{**row, "matchers": as_labels(row["matchers"])}) for row in rows]

    def add_silence(self, silence: Silence, note: Callable[[], None] = lambda: None) -> None:
        """A new one. note: before it holds."""
        with self._engine.begin() as connection:
            row = {**silence.__dict__, "matchers": as_json(silence.matchers)}
            connection.execute(insert(connection, alert_silence).values(row))
            note()

    def end_silence(self, silence_id: str, now_us: int, note: Callable[[], None] = lambda: None) -> bool:
        """Let it end now; False where it is over or unknown. note: before that holds."""
        columns = alert_silence.c
        still = update(alert_silence).where(columns.id == silence_id, columns.ends_us > now_us)
        with self._engine.begin() as connection:
            done = connection.execute(still.values(ends_us=now_us)).rowcount == 1
            if done:
                note()
            return done

    # ------------------------------------------------------------ delivery

    def put_in(self, notices: Sequence[Notice], now_us: int) -> None:
        """More notices, such as an escalation; those that are there stay as they are."""
        with self._engine.begin() as connection:
            put_in(connection, notices, now_us)

    def due(
        self, now_us: int, most: int = 100, without: Sequence[str] = (), only: Sequence[str] = ()
    ) -> list[Notice]:
        """What is to be delivered now, oldest first; without some channels, or only on some (then newest first)."""
        columns = alert_notice.c
        query = select(alert_notice).where(columns.state == "waiting", columns.due_us <= now_us)
        if only:
            query = query.where(columns.channel.in_(only)).order_by(columns.made_us.desc(), columns.id)
        else:
            query = query.where(columns.channel.not_in(without)).order_by(columns.due_us, columns.id)
        with self._engine.connect() as connection:
            return [_delivery(row).notice for row in connection.execute(query.limit(most)).mappings()]

    def sent(self, notice_id: str, now_us: int) -> None:
        """It has arrived."""
        self._change(notice_id, state="sent", sent_us=now_us, error="")

    def postpone(self, notice_id: str, due_us: int, error: str) -> None:
        """It did not arrive; try again later."""
        self._change(notice_id, due_us=due_us, error=error, attempts=alert_notice.c.attempts + 1)

    def give_up(self, notice_id: str, error: str) -> None:
        """It cannot be delivered this way."""
        self._change(notice_id, state="failed", error=error, attempts=alert_notice.c.attempts + 1)

    def deliveries(self, alert_id: str = "", most: int = 200) -> list[Delivery]:
        """The newest notices; of one alert if named."""
        query = select(alert_notice).order_by(alert_notice.c.made_us.desc()).limit(most)
        if alert_id:
            query = query.where(alert_notice.c.alerts.contains(f'"{alert_id}"', autoescape=True))
        with self._engine.connect() as connection:
            return [_delivery(row) for row in connection.execute(query).mappings()]

    def channels(self, since_us: int) -> dict[str, ChannelState]:
        """The state of each channel that has had messages; given up ones since."""
        columns = alert_notice.c
        failed = (columns.state == "waiting") & (columns.attempts > 0)
        lost = (columns.state == "failed") & (columns.made_us >= since_us)
        counts = select(
            columns.channel,
            func.max(columns.sent_us),
            func.count(case((columns.state == "waiting", 1))),
            func.min(case((failed, columns.made_us))),
            func.count(case((lost, 1))),
        ).group_by(columns.channel)
        errors = (
            select(columns.channel, columns.error)
            .where(columns.error != "", failed | lost)
            .order_by(columns.made_us)
        )
        with self._engine.connect() as connection:
            newest = {row.channel: row.error for row in connection.execute(errors)}
            return {
                channel: ChannelState(sent_us, waiting, failing_us, given_up, newest.get(channel, ""))
                for channel, sent_us, waiting, failing_us, given_up in connection.execute(counts)
            }

    def remove_before(self, before_us: int) -> None:
        """Drop what ended earlier, with its messages."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(alert).where(alert.c.state == "resolved", alert.c.resolved_us < before_us)
            )
            connection.execute(
                delete(alert_notice).where(
                    alert_notice.c.state != "waiting", alert_notice.c.made_us < before_us
                )
            )
            connection.execute(delete(alert_silence).where(alert_silence.c.ends_us < before_us))

    def _change(self, notice_id: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(alert_notice).where(alert_notice.c.id == notice_id).values(**values))

    def _alerts(self, *which: Any, most: int | None = None) -> list[Alert]:
        query = select(alert).where(*which).order_by(alert.c.since_us.desc(), alert.c.id).limit(most)
        with self._engine.connect() as connection:
            return [_alert(row) for row in connection.execute(query).mappings()]


def put_in(connection: Connection, notices: Sequence[Notice], now_us: int) -> None:
    """Notices into the queue; the same id is put in once."""
    rows = [
        {
            "id": each.id, "kind": each.kind, "channel": each.channel, "severity": each.severity,
            "alerts": msgspec.json.encode(each.alerts).decode(), "state": "waiting", "made_us": now_us,
            "due_us": each.due_us, "attempts": 0, "error": "",
        }
        for each in notices
    ]  # fmt: skip
    if rows:
        connection.execute(insert(connection, alert_notice).on_conflict_do_nothing(), rows)


def _keep(connection: Connection, alerts: Sequence[Alert]) -> None:
    """What people did meanwhile (acknowledge, incident) is theirs and stays."""
    if not alerts:
        return
    fresh = insert(connection, alert)
    theirs = {"id", "acknowledged_by", "acknowledged_us", "incident"}
    new = {column.name: fresh.excluded[column.name] for column in alert.c if column.name not in theirs}
    rows = [
        {
            **each.__dict__,
            "labels": as_json(each.labels),
            "affected": msgspec.json.encode({"de": each.affected.de, "en": each.affected.en}).decode(),
        }
        for each in alerts
    ]
    connection.execute(fresh.on_conflict_do_update(index_elements=["id"], set_=new), rows)


def _alert(row: RowMapping) -> Alert:
    affected = msgspec.json.decode(row["affected"])
    return Alert(
        **{
            **row,
            "labels": as_labels(row["labels"]),
            "affected": Bilingual(affected.get("de", ""), affected.get("en", "")),
        }
    )


def _delivery(row: RowMapping) -> Delivery:
    about = tuple(msgspec.json.decode(row["alerts"], type=list[str]))
    notice = Notice(
        row["id"], row["kind"], row["channel"], about, row["severity"], row["due_us"], row["attempts"],
        row["made_us"],
    )  # fmt: skip
    return Delivery(notice, row["state"], row["made_us"], row["error"], row["sent_us"])
