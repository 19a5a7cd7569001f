"""The states of the house that alert rules watch (monitoring/gauges.py says what they mean)."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from leitstand.backup.state import BACKUP_HOURS, DRILL_DAYS, state
from leitstand.core.classes import Region
from leitstand.identity.repository import Keys
from leitstand.monitoring.values import Reading, labels

if TYPE_CHECKING:
    from leitstand.app.house import House

WARN_DAYS = 60  # before the end of a contract, PRODUCT 2.6
_KEY_DAYS = 7
_SLOW_S = 60.0  # real time between two looks at what costs queries
_SCOPES = ("company", "department", "use_case", "model")
"""Limits of single persons and keys are no alert: they are told themselves."""


class HouseGauges:
    """Measures them. Blocking."""

    def __init__(self, house: "House", failing_channels: Callable[[], Mapping[str, str]]) -> None:
        self._house = house
        self._failing_channels = failing_channels
        self._since: dict[str, float] = {}
        self._slow: list[tuple[str, Reading]] = []
        self._slow_due = 0.0

    def measure(self) -> list[tuple[str, Reading]]:
        """All of them; those that cost queries are looked at once a minute."""
        return [*self._quick(), *self._queried()]

    def _quick(self) -> Iterator[tuple[str, Reading]]:
        house = self._house
        usage = shutil.disk_usage(house.data)
        yield "disk_used", Reading((), (usage.total - usage.free) / usage.total, 1)
        yield "spool_age", self._lasting("spool_age", house.writer.failing)
        yield "database_away", self._lasting("database_away", house.database_away)
        yield "limits_alone", self._lasting("limits_alone", house.limits_alone)
        yield "queue_waiting", Reading((), float(house.pacing.waiting), 1)
        for name in house.configuration.alert_channels:
            failing = name in self._failing_channels()
            yield "channel_failing", Reading(labels(channel=name), float(failing), 1)
        today = house.today()
        for provider in house.configuration.providers.values():
            if provider.place is Region.LOCAL or provider.dpa is None or provider.dpa.expires is None:
                continue
            days = (provider.dpa.expires - today).days
            yield "contract_ends", Reading(labels(provider=provider.name), float(WARN_DAYS - days), 1)

    def _queried(self) -> list[tuple[str, Reading]]:
        now = self._house.loop_time()
        if now >= self._slow_due:
            self._slow_due = now + _SLOW_S / self._house.clock.factor
            self._slow = [*self._backups(), *self._keys(), *self._limits()]
        return self._slow

    def _backups(self) -> Iterator[tuple[str, Reading]]:
        """A house that has just been set up has nothing to have missed."""
        now_us = self._house.clock.time_us()
        found = state(self._house.engine, now_us)
        age_h = (now_us - (self._house.monitoring.minutes.oldest_record_us() or now_us)) / 3_600_000_000
        backup = found.backup_overdue and (found.backup is not None or age_h > BACKUP_HOURS)
        drill = found.drill_overdue and (found.drill is not None or age_h > DRILL_DAYS * 24)
        for part, overdue in (("backup", backup), ("drill", drill)):
            yield "backup_overdue", Reading(labels(part=part), float(overdue), 1)

    def _keys(self) -> Iterator[tuple[str, Reading]]:
        now = self._house.clock.now()
        soon_us = int((now + timedelta(days=_KEY_DAYS)).timestamp() * 1_000_000)
        due = [
            row
            for row in Keys(self._house.engine).list()
            if row.revoked_us is None and row.replaced_by is None and row.expires_us is not None
            and int(now.timestamp() * 1_000_000) < row.expires_us <= soon_us
        ]  # fmt: skip
        yield "key_overdue", Reading((), float(len(due)), 1)

    def _limits(self) -> Iterator[tuple[str, Reading]]:
        for each in self._house.budgets.board().states:
            if each.scope.partition(":")[0] in _SCOPES:
                subject = labels(scope=each.scope, measure=each.rule.measure)
                yield "limit_reached", Reading(subject, each.share, 1)

    def _lasting(self, name: str, is_so: bool) -> Reading:
        """Application seconds for which something has been so."""
        now_s = self._house.clock.time()
        if not is_so:
            self._since.pop(name, None)
            return Reading((), 0.0, 1)
        return Reading((), now_s - self._since.setdefault(name, now_s), 1)
