"""An answer, as the adapter sees it: status, headers, body."""

from collections.abc import AsyncGenerator, Mapping

from leitstand.providers.http.connection import Connection
from leitstand.providers.http.exchange import Exchange
from leitstand.providers.http.faults import BodyTooLarge, ConnectionCut


class Response:
    """Valid inside its `async with`; afterwards every read raises RuntimeError.

    Redirects are not followed: status 3xx is an answer like any other, so a prompt never travels to an
    address that nobody configured.
    """

    __slots__ = ("_connection", "_exchange", "_headers", "status")

    def __init__(self, connection: Connection, exchange: Exchange) -> None:
        """Made by `Sending` when the final headers are here."""
        self._connection = connection
        self._exchange = exchange
        self._headers: dict[str, str] | None = None
        self.status = exchange.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields by lower-case name; repeated ones are joined by a comma and a space."""
        if self._headers is None:
            headers: dict[str, str] = {}
            for raw_name, raw_value in self._exchange.raw_headers:
                name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            self._headers = headers
        return self._headers

    async def read(self) -> bytes:
        """The next body bytes: all that arrived since the last call, or b"" at the end.

        Raises the HTTPFault that cut the answer short, after every byte before it was handed out.
        """
        exchange = self._exchange
        while True:
            if exchange.closed:
                raise RuntimeError("the response was already closed")
            if exchange.pieces:
                data = exchange.take()
                self._connection.resume()
                return data
            if exchange.complete:
                return b""
            if exchange.fault is not None:
                raise exchange.fault
            await exchange.progress()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Body bytes as they arrive, never empty; consume it under `contextlib.aclosing`."""
        while data := await self.read():
            yield data

    async def body(self, limit_bytes: int) -> bytes:
        """The whole rest of the body.

        Raises BodyTooLarge beyond `limit_bytes`; ConnectionCut carries in `arrived` what had come.
        """
        pieces: list[bytes] = []
        size = 0
        try:
            while data := await self.read():
                size += len(data)
                if size > limit_bytes:
                    raise BodyTooLarge(f"the answer is longer than {limit_bytes} bytes", sent=True)
                pieces.append(data)
        except ConnectionCut as cut:
            cut.arrived = b"".join(pieces)
            raise
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
