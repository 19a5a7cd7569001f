"""Keeps each price that the price book hands out, once; nothing of it happens on the path of a request."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from leitstand.accounting.prices import Price

_log = logging.getLogger(__name__)


class SnapshotKeeper:
    """`note` is for the event loop and costs a look into a set; `flush` writes, in a thread."""

    def __init__(self, keep: Callable[[list[Price]], None]) -> None:
        """keep: stores prices, those that are there already too."""
        self._keep = keep
        self._kept: set[str] = set()
        self._waiting: dict[str, Price] = {}
        self._news = threading.Event()
        self._turn = threading.Lock()

    def note(self, price: Price) -> None:
        """This price is in use."""
        if price.snapshot not in self._kept:
            self._waiting[price.snapshot] = price
            self._news.set()

    def flush(self) -> None:
        """Store what waits; what cannot be stored now waits on."""
        with self._turn:
            self._news.clear()
            prices = list(self._waiting.values())
            if not prices:
                return
            try:
                self._keep(prices)
            except SQLAlchemyError as cause:
                _log.warning("prices in use could not be kept yet: %s", cause)
                return
            for price in prices:
                self._kept.add(price.snapshot)
                self._waiting.pop(price.snapshot, None)

    def run(self, stop: threading.Event, every_s: float = 1.0) -> None:
        """Store news as they come, until told to stop; then once more."""
        while not stop.is_set():
            self._news.wait(every_s)
            self.flush()
            if self._waiting:  # the database is away
                stop.wait(every_s)
        self.flush()
