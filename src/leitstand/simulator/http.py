"""HTTP/1.1 on a raw connection, with control over what a framework would hide: silence, cuts, resets.

One connection serves one request at a time; pipelined requests wait their turn.
"""

import asyncio
import logging
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import cast

import httptools

Headers = Iterable[tuple[str, str]]
_log = logging.getLogger(__name__)
_REASONS = {status.value: status.phrase for status in HTTPStatus} | {529: "Overloaded"}
_LAST_CHUNK = b"0\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
MAX_BODY_BYTES = 64 * 1024 * 1024
DRAIN_TIMEOUT_S = 60.0


class ClientGone(Exception):
    """The client closed the connection."""


class Request:
    """A request as it came. headers: names in lower case, the last of equal ones."""

    __slots__ = ("_header_list", "body", "headers", "keep_alive", "method", "path", "query", "target")

    def __init__(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes, *, keep_alive: bool
    ) -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self._header_list = headers
        self.headers = dict(headers)
        self.body = body
        self.keep_alive = keep_alive

    def raw(self) -> bytes:
        """Everything that was received: the request line and headers (names in lower case), then the body."""
        lines = [f"{self.method} {self.target}", *(f"{name}: {value}" for name, value in self._header_list)]
        return "\n".join(lines).encode("latin-1", "replace") + b"\n\n" + self.body


class Reply:
    """The answer to one request, written piece by piece. Every method raises ClientGone once the client left."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._chunked = False

    def send(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer."""
        self._connection.write(_head(status, headers, len(body)) + body)

    def begin(self, headers: Headers, length: int | None) -> None:
        """Status 200 and headers. length: the promised body in bytes, or None for a chunked stream."""
        self._chunked = length is None
        self._connection.write(_head(200, headers, length))

    def write(self, payload: bytes) -> None:
        """Part of the body."""
        if self._chunked:
            payload = b"%x\r\n%b\r\n" % (len(payload), payload)
        self._connection.write(payload)

    def end(self) -> None:
        """The regular end of a chunked stream."""
        self._connection.write(_LAST_CHUNK)

    def cut(self) -> None:
        """Close the connection after what was written, whatever was promised."""
        self._connection.close()

    def reset(self) -> None:
        """Drop the connection at once: the client sees a reset by peer."""
        self._connection.reset()

    async def pause(self, seconds: float) -> None:
        """Wait; ends at once with ClientGone when the client leaves."""
        await self._connection.pause(seconds)

    async def drain(self) -> None:
        """Wait until the client has taken enough of what was written."""
        await self._connection.drain()


def _head(status: int, headers: Headers, length: int | None) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append("transfer-encoding: chunked" if length is None else f"content-length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


Handler = Callable[[Request, Reply], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One client connection; `live` holds all of them for the shutdown."""

    def __init__(self, handle: Handler, live: set["Connection"]) -> None:
        self._handle = handle
        self._live = live
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._start_request()

    def _start_request(self) -> None:
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # create_server always hands over a stream transport; uvloop's is no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._live.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
        self._writable.set()
        self._live.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            _log.info("a client sent something that is not HTTP/1.1")
            self.close()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- what the parser calls

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > MAX_BODY_BYTES:
            self.close()

    def on_message_complete(self) -> None:
        self._waiting.append(
            Request(
                self._parser.get_method().decode("latin-1"),
                self._target.decode("latin-1"),
                self._headers,
                bytes(self._body),
                keep_alive=self._parser.should_keep_alive(),
            )
        )
        self._start_request()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._serve(), name="simulator-connection")

    async def _serve(self) -> None:
        try:
            while self._waiting and not self._lost.is_set():
                request = self._waiting.popleft()
                await self._handle(request, Reply(self))
                if not request.keep_alive:
                    self.close()
        except ClientGone:
            _log.debug("a client left before its answer was complete")
        except Exception:  # noqa: BLE001 - a border: one request must not end the simulator
            _log.exception("a request could not be served")
            self.close()
        finally:
            self._task = None

    # -- what a reply does

    def write(self, payload: bytes) -> None:
        """Hand bytes to the kernel, or to the buffer in front of it."""
        if self._transport is None or self._lost.is_set() or self._transport.is_closing():
            raise ClientGone
        self._transport.write(payload)

    async def pause(self, seconds: float) -> None:
        """Wait `seconds`, or until the client leaves (ClientGone)."""
        try:
            async with asyncio.timeout(seconds):
                await self._lost.wait()
        except TimeoutError:
            return
        raise ClientGone

    async def drain(self) -> None:
        """Wait while too much is unsent; a client that reads nothing for a minute counts as gone."""
        if not self._writable.is_set():
            try:
                async with asyncio.timeout(DRAIN_TIMEOUT_S):
                    await self._writable.wait()
            except TimeoutError as cause:
                self.reset()
                raise ClientGone from cause
        if self._lost.is_set():
            raise ClientGone

    def close(self) -> None:
        """Send what is buffered, then close."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        if self._transport is not None:
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()


async def listen(handle: Handler, host: str, port: int) -> tuple[asyncio.Server, set[Connection]]:
    """Start serving; port 0 lets the system choose. Returns the server and its live connections."""
    live: set[Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(handle, live), host, port, backlog=1024)
    return server, live
