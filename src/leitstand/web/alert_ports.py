"""What the pages about alerts need from the house (ports.py: Ports)."""

from collections.abc import Sequence
from typing import Any, Protocol

from leitstand.monitoring.desk import Board, Course, Preview, Sight, SilenceWish
from leitstand.monitoring.rule_desk import Comparison, RuleSight, SignalSight
from leitstand.web.viewer import Viewer


class Alerts(Protocol):
    """Alerts and silences; methods raise core.errors.Refusal for what is not there or makes no sense."""

    async def board(self) -> Board:
        """Open, muted and past ones, and silences."""
        ...

    async def get(self, alert: str) -> tuple[Sight, Course]:
        """One with everybody who was told, and its signal around the episode."""
        ...

    async def acknowledge(self, viewer: Viewer, alert: str) -> None:
        """The viewer takes it on."""
        ...

    async def preview(self, wish: SilenceWish) -> Preview:
        """What a silence would do."""
        ...

    async def silence(self, viewer: Viewer, wish: SilenceWish) -> None:
        """Mute for a while."""
        ...

    async def end_silence(self, viewer: Viewer, silence: str) -> None:
        """Let it end now."""
        ...

    async def until_morning_us(self) -> int:
        """The next begin of work after this day."""
        ...


class AlertRules(Protocol):
    """Rules; methods raise core.errors.Refusal likewise."""

    async def rules(self, *, at_once: bool) -> Sequence[RuleSight]:
        """All. at_once: with the back-tests that are known already; else it takes seconds."""
        ...

    async def get(self, name: str) -> RuleSight:
        """One of them."""
        ...

    async def signals(self) -> Sequence[SignalSight]:
        """What rules can be made of."""
        ...

    async def compare(self, body: dict[str, Any]) -> Comparison:
        """A change before it is kept."""
        ...

    async def keep(self, viewer: Viewer, body: dict[str, Any]) -> None:
        """Make it hold."""
        ...

    async def reset(self, viewer: Viewer, name: str) -> None:
        """As delivered; gone where it is the company's own."""
        ...
