"""All connections to one origin: who may use one, which one, and in which order people wait.

A permit is the right to have one exchange running. There are `limit` of them; they are handed from one
holder to the next in the order of asking. A holder takes an idle connection or opens a fresh one, so the
number of connections never exceeds the number of permits.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from leitstand.providers.http.connection import Connection
from leitstand.providers.http.dial import dial
from leitstand.providers.http.faults import (
    ConnectFailed,
    ConnectTimeout,
    HTTPFault,
    PoolClosed,
    QueueTimeout,
    TotalTimeout,
)
from leitstand.providers.http.route import Origin
from leitstand.providers.http.tls import trust


class Lane:
    """Permits, waiters and connections of one origin, on one event loop."""

    def __init__(self, origin: Origin, limit: int, idle_age_s: float) -> None:
        """limit: connections at most. idle_age_s: how long an unused one lives."""
        self.origin = origin
        self.connections: set[Connection] = set()
        self.idle: dict[Connection, None] = {}
        self.opened = 0
        self.waiters: deque[asyncio.Future[None]] = deque()
        self._limit = limit
        self._idle_age_s = idle_age_s
        self._permits = limit
        self._context: ssl.SSLContext | None = None
        self._pending: set[asyncio.Timeout] = set()
        self._closed = False
        self._lost = asyncio.Event()

    @property
    def busy(self) -> int:
        """Permits in use."""
        return self._limit - self._permits

    def try_permit(self) -> bool:
        """Take a permit if one is free; one is free only while nobody waits."""
        if self._permits == 0 or self._closed:
            return False
        self._permits -= 1
        return True

    async def wait_permit(self, queue_s: float, total_at: float) -> None:
        """Wait in line for a permit. Raises QueueTimeout, TotalTimeout or PoolClosed."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        try:
            async with self._within(queue_s, total_at, QueueTimeout, "had no free connection within"):
                await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.return_permit()  # it was handed over while we gave up
            elif waiter in self.waiters:
                self.waiters.remove(waiter)
            raise

    def return_permit(self) -> None:
        """Hand a permit to whoever waits longest, or put it back."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._permits += 1

    def take_idle(self) -> Connection | None:
        """The connection that was used last, if it is alive and silent."""
        while self.idle:
            connection, _ = self.idle.popitem()
            if connection.is_quiet():
                return connection
            connection.abort()
        return None

    async def connect(self, connect_s: float, total_at: float) -> Connection:
        """Open a fresh connection; the caller holds a permit.

        Raises ConnectFailed, ConnectTimeout, TotalTimeout or PoolClosed, each with `sent` False.
        """
        if self.idle and len(self.idle) + self.busy > self._limit:
            oldest = next(iter(self.idle))
            del self.idle[oldest]
            oldest.abort()
        loop = asyncio.get_running_loop()
        within_s = min(connect_s, total_at - loop.time())
        async with self._within(connect_s, total_at, ConnectTimeout, "was not reached within"):
            connection = await dial(self.origin, await self._trust(), self._make, within_s)
        if connection.closed or self._closed:
            connection.abort()
            raise ConnectFailed(f"{self.origin.netloc} closed the connection at once", sent=False)
        self.opened += 1
        self.connections.add(connection)
        return connection

    def keep(self, connection: Connection) -> None:
        """Take an idle connection back for the next holder of a permit."""
        if self._closed:
            connection.abort()
        else:
            self.idle[connection] = None

    async def close(self, within_s: float) -> None:
        """Fail everyone who waits or reads, close every socket, and wait until they are closed.

        Raises TimeoutError if a socket does not close within `within_s`.
        """
        self._closed = True
        for limit in self._pending:
            if not limit.expired():
                limit.reschedule(0.0)
        for connection in tuple(self.connections):
            connection.abort(self._closed_fault(sent=True))
        async with asyncio.timeout(within_s):
            while self.connections:
                self._lost.clear()
                await self._lost.wait()

    async def _trust(self) -> ssl.SSLContext | None:
        if self.origin.scheme == "https" and self._context is None:
            try:
                self._context = await asyncio.to_thread(trust, self.origin.ca_file)
            except OSError as error:
                text = f"the certificate authorities for {self.origin.netloc} cannot be read: {error}"
                raise ConnectFailed(text, sent=False) from error
        return self._context

    def _make(self) -> Connection:
        loop = asyncio.get_running_loop()
        return Connection(loop, self.origin.netloc, self._idle_age_s, self._forget)

    def _forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self.idle.pop(connection, None)
        self._lost.set()

    @asynccontextmanager
    async def _within(
        self, limit_s: float, total_at: float, late: type[HTTPFault], what: str
    ) -> AsyncGenerator[None, None]:
        """Bound a wait by its own limit, by the total and by the end of the pool."""
        if self._closed:
            raise self._closed_fault(sent=False)
        now = asyncio.get_running_loop().time()
        limit = asyncio.timeout_at(min(now + limit_s, total_at))
        self._pending.add(limit)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if self._closed:
                raise self._closed_fault(sent=False) from error
            if total_at <= now + limit_s:
                raise TotalTimeout(f"{self.origin.netloc}: no time was left", sent=False) from error
            raise late(f"{self.origin.netloc} {what} {limit_s:g} s", sent=False) from error
        finally:
            self._pending.discard(limit)

    def _closed_fault(self, *, sent: bool) -> PoolClosed:
        return PoolClosed(f"{self.origin.netloc}: the connections are being closed", sent=sent)
