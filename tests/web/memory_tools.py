"""The port of tools for page tests: three servers in different states, or none."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from leitstand.core.classes import DataClass, Region, Role
from leitstand.core.errors import NotFound
from leitstand.gateway.tool_directory import ServerState
from leitstand.gateway.tool_views import ToolServerView
from leitstand.reports.tools import RecentCall, ToolFigures, ToolSnapshot

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
_US = int(NOW.timestamp() * 1e6)
_RUNNING = ServerState(("search_articles", "read_article", "delete_article"), "", _US, 0.09)
_DOWN = ServerState((), "connect: ConnectError: All connection attempts failed", _US, 0.01)


@dataclass
class MemoryTools:
    empty: bool = False
    checked: list[str] = field(default_factory=list)

    def servers(self) -> tuple[ToolServerView, ...]:
        if self.empty:
            return ()
        return (
            ToolServerView(
                "wiki", "Wissensdatenbank", Region.LOCAL, (), (), ("search_articles", "read_article"),
                ("delete_article",), _RUNNING, DataClass.SPECIAL,
            ),
            ToolServerView(
                "tickets", "Ticketsystem der Kundenbetreuung", Region.EU, (Role.ADMIN,), ("service",), (), (),
                _DOWN, DataClass.PERSONAL,
            ),
            ToolServerView("karten", "karten", Region.OTHER, (), (), (), (), ServerState(), None),
        )  # fmt: skip

    async def check(self, name: str) -> ServerState:
        if name not in {server.name for server in self.servers()}:
            raise NotFound("Den gibt es nicht.", "There is none.")
        self.checked.append(name)
        return _RUNNING

    async def figures(self) -> ToolSnapshot:
        if self.empty:
            return ToolSnapshot({}, ())
        calls = [
            ("wiki", "search_articles", "ok", "", 0.082, 0), ("tickets", "create_ticket", "failed", "tool_error", 0.4, 0),
            ("wiki", "read_article", "refused", "run_limit", 0.0, 0), ("", "", "refused", "not_found", 0.0, 0),
            ("wiki", "search_articles", "failed", "upstream_timeout", 60.0, 10_000_000),
        ]  # fmt: skip
        recent = tuple(
            RecentCall(
                f"req_{n}", NOW - timedelta(minutes=7 * n), "service", server, tool, outcome, code, took, cost
            )
            for n, (server, tool, outcome, code, took, cost) in enumerate(calls)
        )
        return ToolSnapshot({"wiki": ToolFigures(1204, 3, 12, 12_040_000_000)}, recent)
