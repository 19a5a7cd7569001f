"""`/api/tools`: the MCP servers, how they are, what was called."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path

from leitstand.api.guard import Guarded, needs
from leitstand.core.clock import from_us
from leitstand.core.money import NANO_PER_EURO
from leitstand.gateway.tool_directory import ServerState
from leitstand.gateway.tool_views import ToolServerView
from leitstand.identity.roles import Permission
from leitstand.reports.tools import PERIOD_DAYS, ToolFigures, ToolSnapshot


class Tools(Protocol):
    """What these operations ask; app/tools.py."""

    def servers(self) -> tuple[ToolServerView, ...]:
        """All of them."""

    async def check(self, name: str) -> ServerState:
        """Look at a server now; raises NotFound."""

    async def figures(self) -> ToolSnapshot:
        """What the journal says."""


class HasTools(Protocol):
    """What these operations need of the house."""

    @property
    def tools(self) -> Tools:
        """The servers."""


def tool_routes(office: HasTools) -> APIRouter:
    """All operations."""
    router = APIRouter(prefix="/api/tools", tags=["tools"], route_class=Guarded)

    @router.get("", **needs(Permission.OPERATIONS_READ))
    async def servers() -> dict[str, Any]:
        """All MCP servers with their state and the figures of the last 30 days."""
        snapshot = await office.tools.figures()
        return {
            "days": PERIOD_DAYS,
            "servers": [
                _view(server, snapshot.figures.get(server.name, ToolFigures()))
                for server in office.tools.servers()
            ],
        }

    @router.post("/{name}/check", **needs(Permission.OPERATIONS_READ))
    async def check(name: Annotated[str, Path()]) -> dict[str, Any]:
        """Look at a server now: connect to it and read its list of tools. Nothing is called."""
        return {"name": name, **_state(await office.tools.check(name))}

    return router


def _view(server: ToolServerView, figures: ToolFigures) -> dict[str, Any]:
    return {
        "name": server.name,
        "title": server.title,
        "region": server.region,
        "data_class": server.data_class.word if server.data_class is not None else None,
        "roles": list(server.roles),
        "use_cases": list(server.use_cases),
        "published": list(server.published),
        "hidden": list(server.hidden),
        **_state(server.state),
        "calls": figures.calls,
        "failed": figures.failed,
        "refused": figures.refused,
        "cost_eur": figures.cost_nano / NANO_PER_EURO,
    }


def _state(state: ServerState) -> dict[str, Any]:
    return {
        "state": "unknown" if not state.checked_us else "down" if state.fault else "running",
        "fault": state.fault,
        "checked": from_us(state.checked_us).isoformat(timespec="seconds") if state.checked_us else None,
        "took_ms": round(state.took_s * 1000, 1),
        "tools": len(state.tools),
    }
