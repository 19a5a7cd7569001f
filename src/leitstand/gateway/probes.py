"""Looks after providers without using them: a free call now and then, so that trouble is seen before a request
meets it, and its end before the rest is over.

A probe holds no prompt and no personal data, is never billed and counts as nobody's traffic. A provider that
fails twice in a row rests until the next probe; one that answers again is due for its trial at once.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from leitstand.gateway.health import Health
from leitstand.providers.base import Target
from leitstand.providers.faults import UpstreamFault

_ROUND_S = 0.5
_CONFIRM_S = 0.5  # a single failure may be a hiccup of the network
_log = logging.getLogger(__name__)


class Prober(Protocol):
    """The way out; the real one is providers/door.py."""

    async def probe(self, target: Target) -> int | None:
        """The status of a free call, None where there is none; raises UpstreamFault."""


@dataclass(frozen=True, slots=True)
class Probed:
    """The last probe of a provider. at: when it ended, by the loop's clock. fault: "" when it answered."""

    at: float
    took_s: float
    status: int | None = None
    fault: str = ""


class Probes:
    """Probes every provider at its own pace."""

    def __init__(self, door: Prober, health: Health, targets: Callable[[], Iterable[Target]]) -> None:
        """targets: all that routes name now; `probe_every_s` of a provider's targets says how often."""
        self._door = door
        self._health = health
        self._targets = targets
        self._due: dict[str, float] = {}
        self.last: dict[str, Probed] = {}
        """By provider; one that has no free call is not in it."""

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001 - a border: the next round tries again
                _log.exception("probing failed")
            await asyncio.sleep(_ROUND_S)

    async def round(self) -> None:
        """Probe the providers that are due, side by side. One is first due `every` seconds after it was seen."""
        now = asyncio.get_running_loop().time()
        providers: dict[str, list[Target]] = {}
        for target in self._targets():
            if target.probe_every_s > 0:
                providers.setdefault(target.provider, []).append(target)
        self._due = {name: self._due.get(name, now + of[0].probe_every_s) for name, of in providers.items()}
        self.last = {name: probed for name, probed in self.last.items() if name in providers}
        async with asyncio.TaskGroup() as group:
            for name, of in providers.items():
                if self._due[name] <= now:
                    self._due[name] = now + of[0].probe_every_s
                    group.create_task(self._probe(name, of), name=f"probe {name}")

    async def _probe(self, provider: str, targets: list[Target]) -> None:
        loop, fault, status = asyncio.get_running_loop(), None, None
        for pause_s in (0.0, _CONFIRM_S):
            await asyncio.sleep(pause_s)
            began = loop.time()
            try:
                status, fault = await self._door.probe(targets[0]), None
            except UpstreamFault as met:
                fault = met
            if fault is None:
                break
        if status is None and fault is None:
            return
        now = loop.time()
        self.last[provider] = Probed(now, now - began, status, fault.kind.value if fault else "")
        if fault is not None or (status is not None and status < 400):
            self._health.probed(targets, fault, now, targets[0].probe_every_s)
