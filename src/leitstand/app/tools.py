"""The MCP servers as pages and `/api` see them: configuration, state and figures together."""

import asyncio

from leitstand.app.house import House
from leitstand.core.errors import NotFound
from leitstand.gateway.tool_directory import ServerState
from leitstand.gateway.tool_views import ToolServerView
from leitstand.reports.repository import Journal
from leitstand.reports.tools import ToolSnapshot, take_tools


class ToolBoard:
    """Fulfils web/ports.py: Tools and api/tools.py: Tools."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._journal = Journal(house.engine)

    def servers(self) -> tuple[ToolServerView, ...]:
        """All of them, with what the last look showed."""
        directory, today = self._house.tools.directory, self._house.today()
        rules = self._house.gateway.rules.book
        return tuple(
            ToolServerView.of(server, directory.state(server), rules, today)
            for server in rules.tools.values()
        )

    async def check(self, name: str) -> ServerState:
        """Look at a server now; raises NotFound."""
        server = self._house.gateway.rules.book.tools.get(name)
        if server is None:
            raise NotFound(f"Einen MCP-Server „{name}“ gibt es nicht.", f"There is no MCP server '{name}'.")
        return await self._house.tools.directory.check(server)

    async def figures(self) -> ToolSnapshot:
        """What the journal says of the last 30 days."""
        return await asyncio.to_thread(take_tools, self._journal, self._house.clock.time_us() + 1)
