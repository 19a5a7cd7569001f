"""The network below the MCP SDK: bounded, without redirects to elsewhere, proxies or cookies. Import it late."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from leitstand import __version__
from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind

_CONNECTIONS = 100
_KEPT_S = 30.0


@dataclass(slots=True)
class Watch:
    """What the network saw during one call. fault: what failed first; status: of the last answer, 0 for none."""

    left_bytes: int
    fault: tuple[FaultKind, str] | None = None
    status: int = 0

    def note(self, kind: FaultKind, message: str) -> None:
        """Something failed."""
        self.fault = self.fault or (kind, message)


class Network:
    """Connections to all servers; sessions and headers belong to each call alone."""

    def __init__(self, context: ssl.SSLContext) -> None:
        limits = httpx2.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_KEPT_S)
        self._pool = httpx2.AsyncHTTPTransport(verify=context, limits=limits)

    def watch(self, limit_bytes: int) -> Watch:
        """A fresh watch for one call that may receive so many bytes."""
        return Watch(limit_bytes)

    @asynccontextmanager
    async def http(self, target: Target, watch: Watch, limit_s: float) -> AsyncIterator[httpx2.AsyncClient]:
        """The HTTP client of one call."""
        headers = {"accept-encoding": "identity", "user-agent": f"leitstand/{__version__}"}
        if target.secret:
            headers["authorization"] = f"Bearer {target.secret}"
        timeout = httpx2.Timeout(limit_s, connect=min(target.patience.connect_s, limit_s))
        async with httpx2.AsyncClient(
            transport=_Bounded(self._pool, watch), headers=headers, timeout=timeout, trust_env=False
        ) as http:
            yield http

    def client(self, url: str, http: httpx2.AsyncClient, mode: str) -> Client:
        """The SDK's client for one call. mode: as `mode_of` told after an earlier one, or `auto`."""
        return Client(
            streamable_http_client(url, http_client=http), mode=mode, cache=None,
            client_info=Implementation(name="leitstand", version=__version__),
        )  # fmt: skip

    @staticmethod
    def mode_of(client: Client) -> str:
        """How to connect next time without asking for the protocol first."""
        version = client.protocol_version
        return version if version in MODERN_PROTOCOL_VERSIONS else "legacy"

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Bounded(httpx2.AsyncBaseTransport):
    """The shared pool, as one call may use it: it counts bytes, notes what fails, and stays open afterwards."""

    def __init__(self, pool: httpx2.AsyncHTTPTransport, watch: Watch) -> None:
        self._pool = pool
        self._watch = watch

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        try:
            response = await self._pool.handle_async_request(request)
        except httpx2.TransportError as cause:
            slow = isinstance(cause, httpx2.TimeoutException)
            kind = FaultKind.TIMEOUT_CONNECT if slow else FaultKind.CONNECT
            self._watch.note(kind, f"{type(cause).__name__}: {cause}")
            raise
        self._watch.status = response.status_code
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=_Counted(stream, self._watch),
            extensions=response.extensions,
        )  # fmt: skip

    async def aclose(self) -> None:
        """Nothing: the pool belongs to all calls."""


class _Counted(httpx2.AsyncByteStream):
    """A body that ends with an error where it is larger than allowed."""

    def __init__(self, stream: httpx2.AsyncByteStream, watch: Watch) -> None:
        self._stream = stream
        self._watch = watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes as they come."""
        watch = self._watch
        async for piece in self._stream:
            watch.left_bytes -= len(piece)
            if watch.left_bytes < 0:
                watch.note(FaultKind.CONTEXT_TOO_LONG, "the answer is larger than allowed")
                raise httpx2.ReadError("the answer is larger than allowed")
            yield piece

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._stream.aclose()
