"""`/mcp` and `/mcp/SERVER`: the company's tools for MCP clients, by streamable HTTP and the keys of the gateway.

The official SDK speaks the protocol; this file says who calls and asks the gateway. It is loaded at the first
request. Only tools are offered: resources, prompts and sampling are not.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from leitstand import __version__
from leitstand.api.problems import headers_of
from leitstand.api.requests import Incoming, credentials, read_request
from leitstand.api.transport import Receive, Scope, Send, respond
from leitstand.core.clock import Clock
from leitstand.core.conversation import Json
from leitstand.core.errors import NotFound, NotPermitted, Refusal
from leitstand.gateway.toolbook import ToolRequest
from leitstand.gateway.toolpath import ToolGateway
from leitstand.identity.callers import Caller
from leitstand.identity.roles import Permission, require

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

ROOT = "/mcp"
REFUSED = -32010  # JSON-RPC leaves -32000 to -32099 to servers; the SDK's own codes end at -32004
INVALID_PARAMS = -32602
_MOST_SESSIONS = 1000
_VISIT = "leitstand.visit"


@dataclass(frozen=True, slots=True)
class _Visit:
    """Who calls. only: the server that the address names, empty for all."""

    caller: Caller
    incoming: Incoming
    only: str


class MCPEndpoint:
    """The ASGI application. Sessions belong to the key that opened them; each request is identified anew."""

    def __init__(
        self, tools: ToolGateway, clock: Clock, today: Callable[[], date], language: Callable[[], str]
    ) -> None:
        self._tools = tools
        self._clock = clock
        self._today = today
        self._language = language
        self._starting = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._manager: StreamableHTTPSessionManager | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        incoming = read_request(scope, self._clock, self._language())
        try:
            visit = self._enter(scope, incoming)
        except Refusal as refusal:
            await _refuse(send, refusal, incoming)
            return
        manager = await self._started()
        await manager.handle_request(
            {**scope, "user": _session_owner(visit.caller), _VISIT: visit},
            receive,  # type: ignore[arg-type]  # Starlette wants mutable mappings, ASGI does not
            _marked(send, incoming),
        )

    async def stop(self) -> None:
        """End all sessions."""
        self._stopping.set()
        if self._running is not None:
            await self._running

    def _enter(self, scope: Scope, incoming: Incoming) -> _Visit:
        """Check origin, key, address and headers; raises a Refusal."""
        _check_origin(incoming.headers)
        who = credentials(scope, incoming.headers)
        caller = self._tools.identify(who.key, incoming.time_us, who.ip)
        require(caller.role, Permission.GATEWAY_USE)
        only = scope["path"].removeprefix(ROOT).strip("/")
        if "/" in only:
            raise NotFound(
                f"Die Adresse „{scope['path']}“ gibt es nicht. Es gibt /mcp und /mcp/SERVER.",
                f"There is no address '{scope['path']}'. There are /mcp and /mcp/SERVER.",
            )
        incoming.run(), incoming.data_class(), incoming.use_case()
        return _Visit(caller, incoming, only)

    async def _started(self) -> "StreamableHTTPSessionManager":
        async with self._starting:
            if self._manager is None:
                manager = await asyncio.to_thread(self._build)
                ready = asyncio.Event()
                self._running = asyncio.create_task(self._run(manager, ready), name="mcp-sessions")
                await ready.wait()
                self._manager = manager
        return self._manager

    async def _run(self, manager: "StreamableHTTPSessionManager", ready: asyncio.Event) -> None:
        async with manager.run():
            ready.set()
            await self._stopping.wait()

    def _build(self) -> "StreamableHTTPSessionManager":
        from mcp.server.lowlevel.server import Server
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp_types import CallToolResult, ListToolsResult, Tool

        logging.getLogger("mcp").setLevel(logging.CRITICAL)  # its lines hold ids that open sessions

        async def list_tools(context: Any, _params: Any) -> ListToolsResult:
            found = await self._list(context.request.scope[_VISIT])
            return ListToolsResult(tools=[Tool.model_validate(tool) for tool in found])

        async def call_tool(context: Any, params: Any) -> CallToolResult:
            visit = context.request.scope[_VISIT]
            answer = await self._call(visit, context.request.headers, params.name, params.arguments or {})
            return CallToolResult.model_validate(answer)

        server: Server[Any] = Server(
            "Leitstand", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool
        )
        # Who may come in is decided above: by the key, and by the origin of browsers.
        return StreamableHTTPSessionManager(server, max_sessions=_MOST_SESSIONS)

    async def _list(self, visit: _Visit) -> tuple[Json, ...]:
        try:
            return await self._tools.list(visit.caller, visit.incoming.use_case(), visit.only)
        except Refusal as refusal:
            raise _as_error(refusal, visit.incoming) from refusal

    async def _call(self, visit: _Visit, headers: Mapping[str, str], name: str, arguments: Json) -> Json:
        incoming = visit.incoming
        request = ToolRequest(
            incoming.id, name, arguments, incoming.time_us, incoming.use_case(), incoming.data_class(), visit.only,
            incoming.run() or _run_of_session(headers.get("mcp-session-id", "")), incoming.scope(),
        )  # fmt: skip
        try:
            return await self._tools.call(request, visit.caller, self._today())
        except Refusal as refusal:
            raise _as_error(refusal, incoming) from refusal


def _check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Refuse pages of other sites, and of names that were turned to our address (DNS rebinding).

    Programs send no origin. A browser's must be the address that it calls, written as a number or `localhost`,
    for only those can be nobody else's. Source: Model Context Protocol 2025-11-25, transports, security warning.
    """
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin:
        return
    host = headers.get(b"host", b"").decode("latin-1")
    parts = urlsplit(origin)
    if parts.netloc != host or not _is_nobody_elses(parts.hostname or ""):
        raise NotPermitted(
            "Webseiten dürfen die Werkzeuge nicht aufrufen (Kopf „Origin“). Verwenden Sie ein Programm ohne Browser.",
            "Web pages may not call the tools (header 'Origin'). Use a program outside a browser.",
        )


def _is_nobody_elses(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _session_owner(caller: Caller) -> Any:
    """By what the SDK binds a session: another key finds no such session."""
    from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
    from mcp.server.auth.provider import AccessToken

    return AuthenticatedUser(AccessToken(token="", client_id=caller.key_id, scopes=[], subject=caller.name))


def _run_of_session(session: str) -> str:
    """Without a header, a session is a run. Its id opens the session, so only a hash of it is written down."""
    return f"session-{sha256(session.encode()).hexdigest()[:16]}" if session else ""


def _as_error(refusal: Refusal, incoming: Incoming) -> Exception:
    """A refusal as a JSON-RPC error, with everything that `/v1` says too."""
    from mcp import MCPError

    code, message, data = _told(refusal, incoming)
    return MCPError(code, message, data)


def _told(refusal: Refusal, incoming: Incoming) -> tuple[int, str, dict[str, Any]]:
    code = INVALID_PARAMS if refusal.status in (400, 404) else REFUSED
    data = {"code": refusal.code, "status": refusal.status, "request_id": incoming.id, **refusal.detail}
    if refusal.retry_after_s is not None:
        data["retry_after_s"] = round(refusal.retry_after_s, 1)
    return code, refusal.message(incoming.language), data


async def _refuse(send: Send, refusal: Refusal, incoming: Incoming) -> None:
    """Before a session: HTTP status, and a JSON-RPC error without an id as the body."""
    code, message, data = _told(refusal, incoming)
    headers = headers_of(refusal, incoming.id)
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="Leitstand"'))
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message, "data": data}}
    await respond(send, refusal.status, headers, msgspec.json.encode(error))


def _marked(send: Send, incoming: Incoming) -> Send:
    """The same way out, with the request id on every response."""

    async def marked(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"x-leitstand-request-id", incoming.id.encode())]
            message = {**message, "headers": headers}
        await send(message)

    return marked
