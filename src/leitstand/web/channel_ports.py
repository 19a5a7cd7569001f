"""What the page about ways out needs from the house (ports.py: Ports)."""

from datetime import date
from typing import Protocol

from leitstand.monitoring.channel_desk import ChannelBoard, Hearing, Tested
from leitstand.monitoring.values import Severity
from leitstand.web.viewer import Viewer


class Channels(Protocol):
    """Channels and turns on call; methods raise core.errors.Refusal for what is not there or makes no sense."""

    async def board(self) -> ChannelBoard:
        """Everything at one moment."""
        ...

    async def hearing(self, rule: str, severity: Severity) -> Hearing:
        """Who would hear of an alert now."""
        ...

    async def test(self, viewer: Viewer, name: str) -> Tested:
        """Send a test."""
        ...

    async def swap(self, viewer: Viewer, begins: date, ends: date, person: str) -> None:
        """Somebody takes these days."""
        ...

    async def undo_swap(self, viewer: Viewer, begins: date, ends: date, person: str) -> None:
        """Whoever's turn it is takes them again."""
        ...
