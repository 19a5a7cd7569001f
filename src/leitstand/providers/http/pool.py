"""The pool: one exchange per `async with`, on a kept-alive connection where there is one.

    send ▸ permit ▸ idle or fresh connection ▸ begin ▸ upload ▸ head ▸ Response … read … ▸ finish

The danger of a pool is that it swaps answers between people. Here a connection goes back only at the end
of the `async with`, only if its answer was read to the last byte, and answers live in their own exchange.
"""

import asyncio
from types import TracebackType

import msgspec

from leitstand.providers.http.connection import Connection
from leitstand.providers.http.exchange import Exchange
from leitstand.providers.http.faults import ConnectionCut, HTTPFault, PoolClosed
from leitstand.providers.http.lane import Lane
from leitstand.providers.http.request import HTTPRequest, Timeouts, encode_head
from leitstand.providers.http.response import Response
from leitstand.providers.http.route import Origin, Proxies, Route, find_route

_ROUTES_KEPT = 1024
_CLOSE_WITHIN_S = 5.0


class Limits(msgspec.Struct, frozen=True):
    """per_origin: connections to one origin at most (≥ 1). queue_s: how long a request waits for one.

    idle_age_s: how long an unused connection lives; shorter than the servers' own, so that they seldom
    close one that we are about to use.
    """

    per_origin: int = 100
    queue_s: float = 10.0
    idle_age_s: float = 15.0


class Stats(msgspec.Struct, frozen=True):
    """Counts of one pool: now (busy, idle, waiting) and since its start (requests, opened, retried)."""

    busy: int
    idle: int
    waiting: int
    requests: int
    opened: int
    retried: int


class Pool:
    """Connections to providers, kept alive between requests; used on one event loop."""

    def __init__(self, limits: Limits | None = None, proxies: Proxies | None = None) -> None:
        """Opens nothing yet. Raises ValueError for a limit below 1."""
        self._limits = limits or Limits()
        if self._limits.per_origin < 1:
            raise ValueError("a pool needs at least one connection per origin")
        self._proxies = proxies or Proxies()
        self._lanes: dict[Origin, Lane] = {}
        self._routes: dict[tuple[str, str | None], tuple[Route, Lane]] = {}
        self._closed = False
        self._requests = 0
        self._retried = 0

    def send(self, request: HTTPRequest, timeouts: Timeouts) -> "Sending":
        """`async with pool.send(request, timeouts) as response:` — one request, one answer.

        Entering returns when the response headers are here and raises an HTTPFault otherwise, or ValueError
        for a URL or header that cannot be sent. The connection is kept only if the body was read to its end.
        A kept connection that turns out to be dead before any byte of an answer came is replaced once.
        """
        return Sending(self, request, timeouts)

    async def close(self) -> None:
        """End everything: waiting and running exchanges fail with PoolClosed, sockets are closed.

        Raises TimeoutError if a socket is still open after 5 s. A closed pool stays closed.
        """
        self._closed = True
        await asyncio.gather(*(lane.close(_CLOSE_WITHIN_S) for lane in self._lanes.values()))

    def stats(self) -> Stats:
        """What the pool holds and has done."""
        lanes = self._lanes.values()
        return Stats(
            busy=sum(lane.busy for lane in lanes),
            idle=sum(len(lane.idle) for lane in lanes),
            waiting=sum(len(lane.waiters) for lane in lanes),
            requests=self._requests,
            opened=sum(lane.opened for lane in lanes),
            retried=self._retried,
        )

    def _find(self, url: str, ca_file: str | None) -> tuple[Route, Lane]:
        found = self._routes.get((url, ca_file))
        if found is not None:
            return found
        route = find_route(url, ca_file, self._proxies)
        lane = self._lanes.get(route.origin)
        if lane is None:
            lane = Lane(route.origin, self._limits.per_origin, self._limits.idle_age_s)
            self._lanes[route.origin] = lane
        if len(self._routes) >= _ROUTES_KEPT:
            self._routes.clear()
        self._routes[url, ca_file] = route, lane
        return route, lane

    def _admit(self, request: HTTPRequest) -> tuple[bytes, Lane]:
        if self._closed:
            raise PoolClosed("the connections to providers are closed", sent=False)
        route, lane = self._find(request.url, request.ca_file)
        self._requests += 1
        return encode_head(request, route), lane


class Sending:
    """The life of one exchange, from the permit to its return; entered once."""

    __slots__ = ("_connection", "_entered", "_exchange", "_lane", "_pool", "_request", "_timeouts")

    def __init__(self, pool: Pool, request: HTTPRequest, timeouts: Timeouts) -> None:
        """Made by `Pool.send`; does nothing before it is entered."""
        self._pool = pool
        self._request = request
        self._timeouts = timeouts
        self._entered = False
        self._lane: Lane | None = None
        self._connection: Connection | None = None
        self._exchange: Exchange | None = None

    async def __aenter__(self) -> Response:
        """Send, and wait for the final headers."""
        if self._entered:
            raise RuntimeError("a request is sent once; call `send` again")
        self._entered = True
        head, lane = self._pool._admit(self._request)
        loop = asyncio.get_running_loop()
        total_at = loop.time() + self._timeouts.total_s
        if not lane.try_permit():
            await lane.wait_permit(self._pool._limits.queue_s, total_at)
        self._lane = lane
        resent = False
        try:
            idle = None if self._request.once else lane.take_idle()
            if idle is not None:
                try:
                    return await self._ask(loop, idle, head, total_at)
                except ConnectionCut:
                    if self._exchange is None or not self._exchange.died_stale():
                        raise
                    self._pool._retried += 1
                    resent = True
            fresh = await lane.connect(self._timeouts.connect_s, total_at)
            return await self._ask(loop, fresh, head, total_at)
        except BaseException as error:
            if isinstance(error, HTTPFault):
                error.resent = resent
            self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep the connection if the answer was read to its end; else close it. Never waits."""
        self._leave()

    async def _ask(
        self, loop: asyncio.AbstractEventLoop, connection: Connection, head: bytes, total_at: float
    ) -> Response:
        exchange = Exchange(loop, self._request.method, self._timeouts, total_at)
        body = self._request.body
        unsent = connection.begin(exchange, head, body)
        self._connection, self._exchange = connection, exchange
        if unsent:
            await connection.upload(exchange, body)
        await exchange.head()
        return Response(connection, exchange)

    def _leave(self) -> None:
        """End the exchange and give the permit back, exactly once."""
        lane, connection, exchange = self._lane, self._connection, self._exchange
        if lane is None:
            return
        self._lane = self._connection = self._exchange = None
        if connection is not None and exchange is not None and connection.finish(exchange):
            lane.keep(connection)
        lane.return_permit()
