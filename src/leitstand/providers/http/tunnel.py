"""The few lines that we exchange with a proxy before TLS starts (RFC 9110, section 9.3.6)."""

import asyncio
from typing import cast

_HEAD_LIMIT_BYTES = 16 * 1024


class Tunnel(asyncio.Protocol):
    """Speaks CONNECT on a fresh connection to a proxy, then hands the bare transport over."""

    def __init__(self) -> None:
        """The answer's future belongs to the running loop."""
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, netloc: str, authorization: str) -> asyncio.Transport:
        """Ask for a tunnel to host:port; raises ConnectionError if the proxy does not give one."""
        transport = self._transport
        if transport is None:
            raise ConnectionAbortedError("the proxy closed the connection")
        lines = [f"CONNECT {netloc} HTTP/1.1", f"host: {netloc}"]
        if authorization:
            lines.append(f"proxy-authorization: {authorization}")
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        await self._answer
        return transport

    def abort(self) -> None:
        """Close the way to the proxy at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio.Transport, so isinstance cannot tell.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._answer.done():
            self.abort()
        elif len(self._head) > _HEAD_LIMIT_BYTES:
            self._refuse("the proxy answered with too large a header block")
        elif b"\r\n\r\n" in self._head:
            self._judge(*self._head.split(b"\r\n\r\n", 1))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            self._refuse("the proxy closed the connection")

    def _judge(self, head: bytes, surplus: bytes) -> None:
        words = head.split(b"\r\n", 1)[0].split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            self._refuse("the proxy did not answer in HTTP/1.1")
        elif words[1][:1] != b"2" or len(words[1]) != 3:
            self._refuse(f"the proxy refused the tunnel with status {words[1].decode('latin-1')[:3]}")
        elif surplus:  # TLS servers wait for the client: nobody may speak yet
            self._refuse("the proxy sent bytes before the tunnel was used")
        else:
            self._answer.set_result(None)

    def _refuse(self, why: str) -> None:
        self._answer.set_exception(ConnectionRefusedError(why))
        self._answer.exception()  # marks it as seen: a cancelled `open` must not warn
        self.abort()
