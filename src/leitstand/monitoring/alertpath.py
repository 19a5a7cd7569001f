"""The way of an alert, once a round, in the one process that leads:

    journal ─▶ minutes ─▶ evaluate ─▶ inhibit ─▶ silence ─▶ calendar ─▶ route ─▶ notices ─▶ deliver
                             │                                             │
                             └────────────▶ alerts (database) ◀────────────┘──▶ incidents, events

Alerts and notices are kept in one transaction, so a killed process loses none and the next one tells none twice.
Delivery (delivery.py) is a loop of its own: a slow channel holds up nothing here.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from leitstand.core.clock import Clock
from leitstand.core.events import Events
from leitstand.core.ids import new_id
from leitstand.journal.records import Record
from leitstand.monitoring.evaluate import Change, evaluate
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.minutes_repository import Minutes
from leitstand.monitoring.repository import AlertRows
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.telling import Hours, Routes, tell
from leitstand.monitoring.values import Alert, Reading, Rule

LOOK_BACK_S = 7200.0  # at least; a rule with a longer window makes it longer
COUNT_BACK_US = 35 * 86_400_000_000  # how far the first count looks back: what back-tests read
COUNT_S = 5.0  # real time that a round spends on counting
REMEMBER_S = 7 * 86_400.0  # the end of an alert is still news for so long
_S = 1_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AlertFired:
    """Event: people must hear of an alert, or of a graver one."""

    alert: Alert


@dataclass(frozen=True)
class AlertResolved:
    """Event: an alert that people heard of has ended."""

    alert: Alert


class AlertPath:
    """One round after the other. Blocking: in a thread of its own."""

    def __init__(
        self,
        minutes: Minutes,
        rows: AlertRows,
        rules: Callable[[], Iterable[Rule]],
        signals: Mapping[str, Signal],
        routes: Routes,
        hours: Hours,
        clock: Clock,
        record: Callable[[Record], None],
        events: Events,
        follow: Callable[[Sequence[Alert]], None],
    ) -> None:
        """rules: those in force. record: keeps an audit event durably. follow: opens and feeds incidents (incidents.py)."""
        self._minutes = minutes
        self._rows = rows
        self._rules = rules
        self._signals = signals
        self._routes = routes
        self._hours = hours
        self._clock = clock
        self._record = record
        self._events = events
        self._follow = follow
        self._gauges: dict[tuple[str, object], float | None] = {}
        self._gauged_us = 0

    def round(self, gauges: Iterable[tuple[str, Reading]] = ()) -> list[Change]:
        """Count, judge, tell. gauges: the house's states as they are now. Returns what has changed."""
        now_us = self._clock.time_us()
        self._count(now_us)
        self._note(gauges, now_us)
        rules = {rule.name: rule for rule in self._rules()}
        changes = evaluate(
            rules.values(), self._signals, self._facts(rules.values(), now_us), self._rows.open(),
            lambda: new_id("alt", now_us),
        )  # fmt: skip
        for change in changes:
            self._write_down(change, now_us)
        alerts = self._tell(changes, rules, now_us)
        self._follow(alerts)
        for change in changes:
            self._say(change)
        return changes

    def _count(self, now_us: int) -> None:
        """What the journal has got. After an upgrade that is much: alerts about the house do not wait for all of it."""
        until_s = time.monotonic() + COUNT_S
        while self._minutes.advance(now_us - COUNT_BACK_US) and time.monotonic() < until_s:
            pass

    def _facts(self, rules: Iterable[Rule], now_us: int) -> Facts:
        longest_s = max((rule.window_s for rule in rules), default=0.0)
        since_us = now_us - int(max(LOOK_BACK_S, longest_s + 120) * _S)
        return self._minutes.timeline(since_us, now_us).at(now_us)

    def _note(self, gauges: Iterable[tuple[str, Reading]], now_us: int) -> None:
        """Keep those that have changed, and all once an hour, so that history knows that they were looked at."""
        anew = now_us - self._gauged_us >= 3_600 * _S
        if anew:
            self._gauged_us, self._gauges = now_us, {}
        fresh = [
            (name, reading)
            for name, reading in gauges
            if self._gauges.get((name, reading.labels), self) != reading.value
        ]
        self._gauges |= {(name, reading.labels): reading.value for name, reading in fresh}
        self._minutes.note_gauges(now_us, fresh)

    def _tell(self, changes: list[Change], rules: dict[str, Rule], now_us: int) -> list[Alert]:
        """Keep what has changed and whom to tell; returns what fires, and what ended lately."""
        since_us = now_us - int(REMEMBER_S * _S)
        known = {alert.id: alert for alert in self._rows.recent(since_us)}
        for before, after in changes:
            if after is not None and after.state != "pending":
                known[after.id] = after
            elif before is not None:
                known.pop(before.id, None)
        oldest_us = min((alert.since_us for alert in known.values()), default=now_us)
        notices = tell(
            list(known.values()), self._rows.told(min(oldest_us, since_us)), rules,
            self._rows.silences(now_us), self._hours, self._routes, now_us,
        )  # fmt: skip
        self._rows.commit(changes, notices, now_us)
        return list(known.values())

    def _write_down(self, change: Change, now_us: int) -> None:
        """Before the alert is kept: rather a record too many after a kill than one too few."""
        if (alert := change.fired) is not None:
            self._record(_audit("fired", alert, now_us))
        elif (alert := change.resolved) is not None:
            self._record(_audit("resolved", alert, now_us))

    def _say(self, change: Change) -> None:
        """One line in the log, one event."""
        if (alert := change.fired) is not None:
            facts = {"rule": alert.rule, "severity": alert.severity, **dict(alert.labels)}
            _log.warning("alert", extra=facts)
            self._events.say(AlertFired(alert))
        elif (alert := change.resolved) is not None:
            _log.info("alert resolved", extra={"rule": alert.rule, **dict(alert.labels)})
            self._events.say(AlertResolved(alert))


def _audit(verb: str, alert: Alert, now_us: int) -> Record:
    """The record of a change; its id is the alert's, so a round that is done twice writes it once."""
    return Record(
        id=f"{alert.id}.{verb}.{alert.severity}",
        kind=f"monitoring.alert.{verb}",
        time_us=now_us,
        user="system",
        provider=alert.label("provider"),
        model=alert.label("model"),
        use_case=alert.label("use_case"),
        detail={
            "rule": alert.rule,
            "severity": alert.severity,
            "labels": dict(alert.labels),
            "alert": alert.id,
        },
    )
