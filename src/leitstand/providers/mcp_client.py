"""The door to MCP servers: the only way out of the house to a tool. Source: Model Context Protocol 2025-11-25.

Each call has a connection and a session of its own, so no server can carry anything from one caller to the next.
A server gets no capability of ours: it can ask neither for a model (sampling) nor for a person (elicitation).
The SDK is loaded at the first use.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from leitstand.core.classes import Region
from leitstand.core.conversation import Json, Masked, ToolCall
from leitstand.providers.base import Target
from leitstand.providers.door import ClearTextOutside
from leitstand.providers.faults import FaultKind, UpstreamFault, shorten
from leitstand.providers.http.tls import trust

if TYPE_CHECKING:
    from mcp import Client

    from leitstand.providers.mcp_transport import Network, Watch

MOST_TOOLS = 500
_LIST_BYTES = 4 * 1024 * 1024
_LIST_S = 15.0


class MCPDoor:
    """Lists the tools of servers and calls them; a server is a Target of kind `mcp`."""

    def __init__(self) -> None:
        self._network: Network | None = None
        self._modes: dict[str, str] = {}  # by address: how the last connection was made

    async def tools(self, target: Target) -> tuple[Json, ...]:
        """The descriptions of all tools (`Tool` of the protocol), at most MOST_TOOLS; raises UpstreamFault."""
        found: list[Json] = []
        limit_s = min(_LIST_S, target.patience.total_s)
        async with self._connected(target, _LIST_BYTES, limit_s) as client:
            cursor: str | None = None
            while len(found) < MOST_TOOLS:
                page = await client.list_tools(cursor=cursor, cache_mode="bypass")
                found += [
                    tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in page.tools
                ]
                cursor = page.next_cursor
                if cursor is None:
                    break
        return tuple(found[:MOST_TOOLS])

    async def call(self, masked: Masked, target: Target, limit_bytes: int) -> Json:
        """Make the one tool call that a prompt holds; returns the `CallToolResult` as JSON.

        An error that the server itself tells is a result with `isError`. limit_bytes: of all that it sends.
        Raises UpstreamFault, and ClearTextOutside for clear text to a server that is not inside the house.
        """
        if masked.clear and target.region is not Region.LOCAL:
            raise ClearTextOutside(f"MCP server {target.provider!r} is in region {target.region}")
        call = masked.prompt.messages[0].parts[0]
        if not isinstance(call, ToolCall):
            raise TypeError("a prompt for a tool holds one tool call")
        async with self._connected(target, limit_bytes, target.patience.total_s) as client:
            return await _call(client, call.name, msgspec.json.decode(call.arguments))

    async def close(self) -> None:
        """Close all connections."""
        if self._network is not None:
            await self._network.close()

    @asynccontextmanager
    async def _connected(self, target: Target, limit_bytes: int, limit_s: float) -> AsyncIterator["Client"]:
        """A client whose failures are UpstreamFaults; what the body raises otherwise passes through."""
        network = await self._open_network()
        watch = network.watch(limit_bytes)
        mode = self._modes.get(target.base_url, "auto")
        try:
            async with (
                asyncio.timeout(limit_s),
                network.http(target, watch, limit_s) as http,
                network.client(target.base_url, http, mode) as client,
            ):
                yield client
                self._modes[target.base_url] = network.mode_of(client)
        except TimeoutError as cause:
            self._modes.pop(target.base_url, None)
            raise UpstreamFault(FaultKind.TIMEOUT_TOTAL, f"no answer within {limit_s:g} s") from cause
        except Exception as cause:
            self._modes.pop(target.base_url, None)
            raise _fault(cause, watch, target) from cause

    async def _open_network(self) -> "Network":
        if self._network is None:
            network, context = await asyncio.to_thread(_load), await asyncio.to_thread(trust, None)
            self._network = self._network or network(context)
        return self._network


def _load() -> "type[Network]":
    """The SDK takes half a second to load, so it waits for the first use, in a thread."""
    from leitstand.providers.mcp_transport import Network

    for name in ("mcp", "httpx2"):  # their lines may hold what a server wrote; failures are told by us
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return Network


async def _call(client: "Client", tool: str, arguments: Json) -> Json:
    from mcp import MCPError
    from mcp_types import (
        CONNECTION_CLOSED,
        HEADER_MISMATCH,
        REQUEST_TIMEOUT,
        CallToolRequest,
        CallToolRequestParams,
        CallToolResult,
    )

    request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=arguments))
    # Not Client.call_tool: it lists all tools at each call to check the result, which is the caller's to do.
    try:
        result = await client.session.send_request(request, CallToolResult)
    except MCPError as error:
        if error.code == HEADER_MISMATCH:  # the tool wants arguments in headers, as its description tells
            await client.list_tools(cache_mode="refresh")
            result = await client.session.send_request(request, CallToolResult)
        elif error.code in (CONNECTION_CLOSED, REQUEST_TIMEOUT):
            raise
        else:
            return _told(error.message)
    answer: Json = result.model_dump(by_alias=True, mode="json", exclude_none=True, exclude={"meta"})
    return answer


def _told(message: str) -> Json:
    return {"content": [{"type": "text", "text": shorten(message)}], "isError": True}


def _fault(cause: Exception, watch: "Watch", target: Target) -> UpstreamFault:
    """A failure in our words: what the network saw counts more than what the protocol made of it."""
    kind, message = watch.fault or (FaultKind.MALFORMED, _innermost(cause))
    if watch.fault is None and watch.status >= 400:
        kind, message = _KINDS.get(watch.status, FaultKind.SERVER), f"answered {watch.status}"
    if target.secret:
        message = message.replace(target.secret, "***")
    sent = kind not in (FaultKind.CONNECT, FaultKind.TIMEOUT_CONNECT)
    return UpstreamFault(kind, shorten(message), status=watch.status or None, sent=sent)


_KINDS = {401: FaultKind.AUTH, 403: FaultKind.FORBIDDEN, 404: FaultKind.INVALID, 429: FaultKind.RATE_LIMITED}


def _innermost(cause: BaseException) -> str:
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    told: Any = str(cause)
    return f"{type(cause).__name__}: {told}"
