"""Monitoring joined with the house: the rules, channels and hours in force, and the threads that watch and deliver."""

import logging
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leitstand.app.gauges import HouseGauges
from leitstand.app.heartbeat import Heart
from leitstand.app.incidents import open_incidents
from leitstand.configuration.current import Configuration
from leitstand.configuration.secrets import SecretResolver
from leitstand.core import settings
from leitstand.core.business_hours import BusinessHours
from leitstand.core.clock import from_us
from leitstand.monitoring.alertpath import COUNT_BACK_US, AlertPath
from leitstand.monitoring.channel_desk import ChannelDesk
from leitstand.monitoring.delivery import Delivery, Ways
from leitstand.monitoring.desk import AlertDesk
from leitstand.monitoring.minutes import MINUTE_US, Tries, tried
from leitstand.monitoring.minutes_repository import Minutes
from leitstand.monitoring.repository import AlertRows
from leitstand.monitoring.routes import ConfiguredRoutes
from leitstand.monitoring.rule_desk import RuleDesk
from leitstand.monitoring.ruleset import rules_in_force
from leitstand.monitoring.shelves import load_notifiers, load_rules, load_signals
from leitstand.monitoring.telling import Recipient
from leitstand.monitoring.values import Alert, Rule
from leitstand.monitoring.ways import business_hours, routes_of, ways_of
from leitstand.store.engine import DatabaseAway
from leitstand.store.lead import Lead

if TYPE_CHECKING:
    from leitstand.app.house import House

ROUND_S = 15.0  # application time between two rounds
KEEP_ALERTS_DAYS = 400  # a year can be compared with the one before
_LEAST_S = 0.5  # real time between them, where application time runs fast
_DELIVERY_S = 1.0
_log = logging.getLogger(__name__)


class Monitoring:
    """The watch of one process; of all processes one leads."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self.minutes = Minutes(house.engine)
        self.rows = AlertRows(house.engine)
        self.signals = load_signals()
        self.shipped = load_rules()
        self._lead = Lead(house.data / "alerts.lock", house.engine)
        self.leads = False
        self.rounded_us: int | None = None
        self._probed: dict[str, float] = {}
        self._gauges = HouseGauges(house, lambda: self.delivery.failing)
        self.delivery = Delivery(self.rows, load_notifiers(), self.ways, house.clock)
        self.incidents = open_incidents(house, self.rows)
        self.heart = Heart(house, self.incidents.rows)
        self.path = AlertPath(
            self.minutes, self.rows, self.rules, self.signals, self, self, house.clock, house.spool.write_now,
            house.events, self.incidents.follow,
        )  # fmt: skip

        self.desk = AlertDesk(
            self.rows, self.minutes, self.rules, self.signals, self, self.hours, house.clock, house.spool.write_now
        )  # fmt: skip
        self.channels = ChannelDesk(
            self.rows, self.delivery, self.ways, self.rules, lambda: self._configuration, house.editor, house.refresh,
            house.clock, house.spool.write_now,
        )  # fmt: skip
        self.rule_desk = RuleDesk(
            self.shipped, self.signals, self.minutes, self.rows, house.editor, house.clock,
            lambda: house.configuration, house.refresh,
        )  # fmt: skip

    # ------------------------------------------------------------ what is in force

    def rules(self) -> list[Rule]:
        """All rules."""
        return rules_in_force(self.shipped, self._configuration.alert_rules)

    def routes(self) -> ConfiguredRoutes:
        """Who hears of what."""
        return routes_of(self._configuration)

    def recipients(self, alert: Alert, now_us: int) -> Sequence[Recipient]:
        """See telling.Routes."""
        return self.routes().recipients(alert, now_us)

    def escalations(self, alert: Alert, now_us: int) -> Sequence[Recipient]:
        """See telling.Routes."""
        return self.routes().escalations(alert, now_us)

    def reminders(self, alert: Alert, now_us: int) -> Sequence[tuple[Recipient, int]]:
        """See telling.Routes."""
        return self.routes().reminders(alert, now_us)

    def existing(self, channels: Iterable[str]) -> Sequence[Recipient]:
        """See telling.Routes."""
        return self.routes().existing(channels)

    def is_open(self, alert: Alert, now_us: int) -> bool:
        """See telling.Hours."""
        return self.hours().is_open(from_us(now_us))

    def hours(self) -> BusinessHours:
        """When people work."""
        return business_hours(self._configuration)

    def ways(self) -> Ways:
        """The channels as they are now."""
        resolver = SecretResolver(self._house.engine, self._house.sealer)
        return ways_of(
            self._configuration, self.rules(), self.signals, resolver.resolve, settings.read("url")
        )

    def forget(self) -> None:
        """Drop minutes that only hours are kept of by now, and alerts of long ago."""
        now_us = self._house.clock.time_us()
        self.minutes.remove_before(now_us - COUNT_BACK_US)
        self.rows.remove_before(now_us - KEEP_ALERTS_DAYS * 86_400_000_000)

    # ------------------------------------------------------------ threads

    def watch(self, stop: threading.Event) -> None:
        """Round after round, until told to stop."""
        pause_s = max(_LEAST_S, ROUND_S / self._house.clock.factor)
        well = True
        try:
            while not stop.wait(pause_s):
                try:
                    self.leads = self._lead.is_mine()
                    if self.leads:
                        self.round()
                    well = True
                except DatabaseAway:
                    well = _tell_once(well, "alert rules cannot be judged while the database is away")
                except Exception:  # noqa: BLE001 - a border: the next round tries again
                    _log.exception("a round of the alert rules failed")
        finally:
            self.leads = False
            self._lead.leave()

    def deliver(self, stop: threading.Event) -> None:
        """Deliver what is due, in the process that leads."""
        well = True
        while not stop.wait(max(0.2, min(_DELIVERY_S, ROUND_S / self._house.clock.factor))):
            if not self.leads:
                continue
            try:
                self.delivery.round()
                well = True
            except DatabaseAway:
                well = _tell_once(well, "alerts cannot be delivered while the database is away")
            except Exception:  # noqa: BLE001 - a border: the next round tries again
                _log.exception("alerts could not be delivered")

    def round(self) -> None:
        """One round: what probes saw, the states of the house, the alert path."""
        self.minutes.note_tries(self._probe_results())
        self.path.round(self._gauges.measure())
        self.rounded_us = self._house.clock.time_us()

    def _probe_results(self) -> dict[tuple[int, str], Tries]:
        """Each probe once, at the application time of its end."""
        found = {}
        for provider, probe in self._house.probes.last.items():
            if self._probed.get(provider) == probe.at:
                continue
            self._probed[provider] = probe.at
            if not probe.fault and (probe.status or 0) >= 400:
                continue  # the free call is not allowed; that says nothing about requests
            age_s = max(0.0, self._house.loop_time() - probe.at) * self._house.clock.factor
            moment_us = self._house.clock.time_us() - int(age_s * 1_000_000)
            found[moment_us // MINUTE_US * MINUTE_US, provider] = tried(probe.fault, moment_us)
        return found

    @property
    def _configuration(self) -> Configuration:
        return self._house.configuration


def _tell_once(well: bool, sentence: str) -> bool:
    if well:
        _log.warning(sentence)
    return False
