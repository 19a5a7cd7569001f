"""The heartbeat of the process that leads (monitoring/heartbeat.py says when there is one)."""

import logging
import threading
from typing import TYPE_CHECKING

from leitstand.configuration.models import Heartbeat
from leitstand.configuration.secrets import SecretMissing, SecretResolver
from leitstand.monitoring.heartbeat import why_silent
from leitstand.monitoring.incident_repository import IncidentRows
from leitstand.monitoring.notifiers import NotDelivered
from leitstand.monitoring.notifiers.webhook import touch
from leitstand.store.engine import DatabaseAway

if TYPE_CHECKING:
    from leitstand.app.house import House

_log = logging.getLogger(__name__)
_LOOK_S = 1.0


class Heart:
    """Beats in the process that leads the alert path, in application time."""

    def __init__(self, house: "House", rows: IncidentRows) -> None:
        self._house = house
        self._rows = rows
        self._due_us = 0
        self._silent = ""

    def run(self, stop: threading.Event) -> None:
        """Beat after beat, until told to stop; a beat that cannot be sent is never made up for."""
        while not stop.wait(_LOOK_S):
            wish, now_us = self._house.configuration.heartbeat, self._house.clock.time_us()
            if wish is None or not self._house.monitoring.leads or now_us < self._due_us:
                continue
            self._due_us = now_us + int(wish.every_minutes * 60_000_000)
            try:
                self.beat(wish)
            except DatabaseAway:
                self._note("the database is away")
            except Exception:  # noqa: BLE001 - a border: the next beat tries again
                _log.exception("the heartbeat failed")

    def beat(self, wish: Heartbeat) -> str:
        """One try; the reason why none was sent, or ""."""
        monitoring, now_us = self._house.monitoring, self._house.clock.time_us()
        silent = why_silent(
            monitoring.rounded_us, monitoring.rows.due(now_us), self._house.configuration.alert_channels,
            monitoring.delivery.failing, now_us,
        )  # fmt: skip
        if not silent:
            try:
                touch(SecretResolver(self._house.engine, self._house.sealer).resolve(wish.url), wish.method)
            except (NotDelivered, SecretMissing) as failure:
                silent = failure.en if isinstance(failure, SecretMissing) else str(failure)
        self._rows.beat(now_us, silent)
        self._note(silent)
        return silent

    def _note(self, silent: str) -> None:
        """One line in the log when it changes."""
        if silent and not self._silent:
            _log.warning("no heartbeat is sent: %s", silent)
        elif self._silent and not silent:
            _log.warning("the heartbeat is sent again")
        self._silent = silent
