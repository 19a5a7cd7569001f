"""What the MCP servers offer and how they are: their lists of tools, asked at most once a minute."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from leitstand.core.clock import Clock
from leitstand.core.conversation import Json
from leitstand.policy.rulebook import ToolServer
from leitstand.policy.tools import SEPARATOR, is_published
from leitstand.providers.base import Target
from leitstand.providers.faults import UpstreamFault

FRESH_S = 60.0
FRESH_FAULT_S = 10.0
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_PASSED_ON = ("title", "description", "inputSchema", "outputSchema", "annotations")


class ListsTools(Protocol):
    """The door, as far as lists need it."""

    async def tools(self, target: Target) -> tuple[Json, ...]:
        """The descriptions of all tools; raises UpstreamFault."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """What the last look at a server showed. fault: empty while it answers; checked_us: 0 for not yet.

    tools: names of all its tools, as last known; took_s: how long it took to answer.
    """

    tools: tuple[str, ...] = ()
    fault: str = ""
    checked_us: int = 0
    took_s: float = 0.0


@dataclass(slots=True)
class _Shelf:
    """One server's list as last fetched. A failed look keeps the tools that were known."""

    target: Target
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    tools: tuple[Json, ...] = ()
    fault: str = ""
    until: float = 0.0
    checked_us: int = 0
    took_s: float = 0.0


class ToolDirectory:
    """The lists of one process."""

    def __init__(self, door: ListsTools, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._shelves: dict[str, _Shelf] = {}

    async def published(self, servers: Sequence[ToolServer]) -> tuple[Json, ...]:
        """The tools that these servers publish, named SERVER__TOOL; a server that fails shows what was known."""
        shelves = await asyncio.gather(*(self._look(server) for server in servers))
        return tuple(
            _renamed(server, tool) for server, shelf in zip(servers, shelves, strict=True)
            for tool in shelf.tools if is_published(server, tool["name"]) and _NAME.fullmatch(tool["name"])
        )  # fmt: skip

    async def check(self, server: ToolServer) -> ServerState:
        """Look now, whatever is remembered."""
        await self._look(server, now=True)
        return self.state(server)

    def state(self, server: ToolServer) -> ServerState:
        """What the last look showed."""
        shelf = self._shelf(server)
        names = tuple(tool["name"] for tool in shelf.tools)
        return ServerState(names, shelf.fault, shelf.checked_us, shelf.took_s)

    async def _look(self, server: ToolServer, *, now: bool = False) -> _Shelf:
        shelf, loop = self._shelf(server), asyncio.get_running_loop()
        async with shelf.lock:
            if not now and loop.time() < shelf.until:
                return shelf
            started = loop.time()
            try:
                shelf.tools, shelf.fault = await self._door.tools(server.target), ""
            except UpstreamFault as fault:
                shelf.fault = str(fault)
            shelf.took_s = loop.time() - started
            shelf.checked_us = self._clock.time_us()
            shelf.until = loop.time() + (FRESH_FAULT_S if shelf.fault else FRESH_S)
        return shelf

    def _shelf(self, server: ToolServer) -> _Shelf:
        """The server's shelf; a fresh one where its address or key has changed."""
        shelf = self._shelves.get(server.name)
        if shelf is None or shelf.target != server.target:
            shelf = self._shelves[server.name] = _Shelf(server.target)
        return shelf


def _renamed(server: ToolServer, tool: Json) -> Json:
    """What callers see: nothing that would make their program ask the server itself (icons), or hold state."""
    passed_on = {name: tool[name] for name in _PASSED_ON if name in tool}
    return {"name": f"{server.name}{SEPARATOR}{tool['name']}", **passed_on}
