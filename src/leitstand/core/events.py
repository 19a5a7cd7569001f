"""Sideways news between rooms: said once, heard by whoever subscribed, in order, in the same thread."""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

Event = TypeVar("Event")
_log = logging.getLogger(__name__)


class Events:
    """A bus for frozen event values; subscribers must be quick and must not raise."""

    def __init__(self) -> None:
        self._subscribers: dict[type, list[Callable[..., None]]] = defaultdict(list)

    def subscribe(self, kind: type[Event], listener: Callable[[Event], None]) -> None:
        """Call `listener` with each later event of exactly this kind."""
        self._subscribers[kind].append(listener)

    def say(self, event: object) -> None:
        """Tell all subscribers; one that fails is logged and does not stop the others."""
        for listener in self._subscribers.get(type(event), ()):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - a border: one listener must not stop another
                _log.exception("a listener to %s failed", type(event).__name__)
