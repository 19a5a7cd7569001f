"""One question and the one answer that belongs to it.

The connection writes into an exchange, one task reads from it. An exchange is never reused, and its bytes
live in it and not in the connection: whatever happens to a connection afterwards, a reader can only ever
see what arrived for its own question.
"""

import asyncio

from leitstand.providers.http.faults import HTTPFault
from leitstand.providers.http.request import Timeouts

# A kept-alive connection that the server had already given up reports so within a round trip. One that dies
# later died at work on our request, which must then not be sent again.
_STALE_WITHIN_S = 2.0


class Exchange:
    """The state between `Connection.begin` and `Connection.finish`.

    Set by the connection: touched (a byte of the answer came), status, raw_headers, head_done, pieces and
    buffered (body bytes not read yet), complete (the last byte came), reusable (the connection may serve
    another exchange), fault. complete and fault exclude each other.
    """

    __slots__ = (
        "_loop",
        "_waiter",
        "began_at",
        "buffered",
        "closed",
        "complete",
        "fault",
        "head_done",
        "method",
        "pieces",
        "raw_headers",
        "reusable",
        "status",
        "timeouts",
        "total_at",
        "touched",
        "until_close",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, method: str, timeouts: Timeouts, total_at: float
    ) -> None:
        """total_at: loop time at which everything must be over."""
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self.method = method
        self.timeouts = timeouts
        self.total_at = total_at
        self.began_at = loop.time()
        self.touched = False
        self.status = 0
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self.head_done = False
        self.until_close = False
        self.pieces: list[bytes] = []
        self.buffered = 0
        self.complete = False
        self.reusable = False
        self.fault: HTTPFault | None = None
        self.closed = False

    def fail(self, fault: HTTPFault) -> None:
        """End without an answer; ignored when the answer is whole or the end is already known."""
        if not self.complete and self.fault is None:
            self.fault = fault
            self.wake()

    def wake(self) -> None:
        """Tell the reading task that something changed."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def progress(self) -> None:
        """Wait until something changes; the connection's timer bounds the wait.

        Raises RuntimeError if another task waits already: two readers would share out one answer.
        """
        if self._waiter is not None:
            raise RuntimeError("an answer is read by one task only")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def head(self) -> None:
        """Wait for the final status and headers; raises the fault that came instead."""
        while not self.head_done:
            if self.fault is not None:
                raise self.fault
            await self.progress()

    def take(self) -> bytes:
        """All body bytes that are here and were not read yet."""
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.pieces = []
        self.buffered = 0
        return data

    def is_read_to_the_end(self) -> bool:
        """Whether the whole answer came and the reader has taken all of it."""
        return self.complete and not self.pieces

    def died_stale(self) -> bool:
        """Whether the connection was dead before it could have carried the request to anyone."""
        return not self.touched and self._loop.time() - self.began_at < _STALE_WITHIN_S
