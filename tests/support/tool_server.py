"""A real MCP server on 127.0.0.1, made with the official SDK, that remembers what it was sent."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError


@dataclass
class ToolServer:
    """seen: (tool, arguments) of each call. keys: the bearer tokens that came, by HTTP request."""

    port: int = 0
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    slow_ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"


def _build(heard: ToolServer) -> MCPServer:
    server = MCPServer("Werkbank", log_level="CRITICAL")

    @server.tool()
    def search(query: str) -> str:
        """Find articles."""
        heard.seen.append(("search", {"query": query}))
        return f"Gefunden zu: {query}"

    @server.tool()
    def look_up(name: str) -> dict[str, str]:
        """A customer's record."""
        heard.seen.append(("look_up", {"name": name}))
        return {"name": name, "status": f"{name} ist Kunde"}

    @server.tool()
    def delete_all() -> str:
        """Delete everything."""
        heard.seen.append(("delete_all", {}))
        return "weg"

    @server.tool()
    def big(kib: int) -> str:
        """Much text."""
        return "x" * kib * 1024

    @server.tool()
    def broken() -> str:
        """Fails."""
        raise ToolError("der Artikel fehlt")

    @server.tool()
    async def slow() -> str:
        """Never ends by itself."""
        try:
            await asyncio.Event().wait()
        finally:
            heard.slow_ended.set()
        return ""

    return server


@contextmanager
def tool_server() -> Iterator[ToolServer]:
    """A running server."""
    heard = ToolServer()
    app = _build(heard).streamable_http_app()

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            heard.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        await app(scope, receive, send)

    running = uvicorn.Server(
        uvicorn.Config(listening, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1)
    )
    started = threading.Event()

    async def serve() -> None:
        serving = asyncio.create_task(running.serve())
        while not running.started:
            await asyncio.sleep(0.01)
        heard.port = running.servers[0].sockets[0].getsockname()[1]
        started.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield heard
    finally:
        running.should_exit = True
        thread.join(10)
