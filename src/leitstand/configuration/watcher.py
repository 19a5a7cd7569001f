"""Notices changes of the configuration, whichever process made them."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand.configuration.current import Configuration, ConfigurationBroken, Loader
from leitstand.store.engine import DatabaseAway

POLL_S = 0.5
_AWAY = "the database is away"
_STOP_S = 10.0
_log = logging.getLogger(__name__)


class Watcher:
    """Polls the version in a thread of its own and hands over each new configuration as a whole.

    `on_change` runs in that thread (or in the caller of `check`), one call at a time; it must replace what
    it holds by one assignment. While the database or the callback fails, the last configuration stays in
    force; the fault is logged once, and once more when it is over.
    """

    def __init__(
        self, engine: Engine, on_change: Callable[[Configuration], None], poll_s: float = POLL_S
    ) -> None:
        """poll_s: seconds between two looks at the version."""
        self._loader = Loader(engine)
        self._on_change = on_change
        self._poll_s = poll_s
        self._seen: int | None = None
        self._fault = ""
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="configuration-watcher", daemon=True)

    @property
    def failing(self) -> bool:
        """Whether the last look failed, so that an older configuration stays in force."""
        return bool(self._fault)

    def start(self) -> Configuration:
        """Load, hand over nothing, and start watching; raises ConfigurationBroken or SQLAlchemyError."""
        configuration = self._loader.load()
        self._seen = configuration.version
        self._thread.start()
        return configuration

    def start_without(self) -> None:
        """Start watching a database that is away; the first configuration read is handed over."""
        self._fault = _AWAY
        self._thread.start()

    def check(self) -> None:
        """Look now, for a change that this process made itself; raises what goes wrong."""
        with self._turn:
            if self._loader.version() == self._seen:
                return
            configuration = self._loader.load()
            self._on_change(configuration)
            self._seen = configuration.version

    def renew(self) -> None:
        """Hand the configuration over again, as if it had changed: what follows from it depends on the day, too."""
        with self._turn:
            configuration = self._loader.load()
            self._on_change(configuration)
            self._seen = configuration.version

    def stop(self) -> None:
        """End the thread; waits for a callback that is running."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        while not self._stop.wait(self._poll_s):
            try:
                self.check()
            except DatabaseAway as cause:
                if self._fault != _AWAY:  # its words change while a server stops and starts
                    self._fault = _AWAY
                    _log.error("the configuration cannot be renewed, the last one stays: %s", cause)
            except (SQLAlchemyError, ConfigurationBroken) as cause:
                self._note(str(cause))
            except Exception as cause:  # noqa: BLE001 - a border: the thread must outlive a failing listener
                self._note(f"{type(cause).__name__}: {cause}", trace=True)
            else:
                self._note("")

    def _note(self, fault: str, *, trace: bool = False) -> None:
        """Log a fault when it begins, changes or ends."""
        if fault == self._fault:
            return
        self._fault = fault
        if fault:
            _log.error("the configuration cannot be renewed, the last one stays: %s", fault, exc_info=trace)
        else:
            _log.info("the configuration is renewed again")
