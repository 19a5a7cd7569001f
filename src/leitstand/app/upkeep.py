"""Upkeep: what has to be done now and then beside the requests, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy import Engine

from leitstand.backup.retain import retain
from leitstand.configuration.models import Retention
from leitstand.core.clock import Clock
from leitstand.journal.chain import Signer
from leitstand.journal.purge import Damaged
from leitstand.journal.records import Record

_EVERY_S = 3600.0
_BREATH_S = 0.02  # after each batch, so that requests do not wait for a large purge
_log = logging.getLogger(__name__)


class Upkeep:
    """Applies the retention rules every hour, in one process of the installation."""

    def __init__(
        self,
        engine: Engine,
        signer: Signer,
        clock: Clock,
        record: Callable[[Record], None],
        rules: Callable[[], Retention],
        is_mine: Callable[[], bool],
    ) -> None:
        """rules: those in force. is_mine: whether this process is the one to do it."""
        self._engine = engine
        self._signer = signer
        self._clock = clock
        self._record = record
        self._rules = rules
        self._is_mine = is_mine

    def run(self, stop: threading.Event, every_s: float = _EVERY_S) -> None:
        """Until `stop` is set; a round that fails is logged, and the next one tries again."""
        while not stop.wait(min(every_s, 60.0)):  # the first round waits: a start has better things to do
            if self._is_mine():
                self._retain(stop)
                if stop.wait(every_s):
                    return

    def _retain(self, stop: threading.Event) -> None:
        try:
            retain(
                self._engine, self._signer, self._rules(), self._clock, self._record,
                lambda: not stop.wait(_BREATH_S),
            )  # fmt: skip
        except Damaged as damaged:
            _log.critical("old records of the journal were not purged: %s", damaged)
        except Exception:  # noqa: BLE001 - a border: the next round tries again
            _log.exception("the retention rules could not be applied")
