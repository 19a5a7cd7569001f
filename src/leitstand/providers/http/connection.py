"""One TCP or TLS connection that carries one exchange at a time.

    connecting ── connection_made ──▸ idle ── begin ──▸ busy ── finish, clean ──▸ idle
                                       │                  │
                                       └──── surplus bytes, age, fault, abort ────▸ closed

`finish` returns to idle only if the answer arrived whole, was read to its end, left nothing in the parser
and both sides want to go on. Every other way leads to closed, for good.
"""

import asyncio
import math
import select
from collections.abc import Callable
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from leitstand.providers.http.exchange import Exchange
from leitstand.providers.http.faults import (
    BadResponse,
    ConnectionCut,
    FirstByteTimeout,
    HTTPFault,
    IdleTimeout,
    TotalTimeout,
)

HIGH_WATER_BYTES = 256 * 1024  # unread body at which we stop reading from the socket
HEAD_LIMIT_BYTES = 64 * 1024  # of headers, interim answers, chunk extensions or trailers without any body
_SLICE_BYTES = 128 * 1024  # how much of a large request is handed to the transport at once
_CLOCK_GRAIN_S = 0.002  # uvloop's clock and timers count milliseconds


class _Refused(Exception):
    """Raised inside a parser callback to stop the parser at once."""


class Connection(asyncio.Protocol):
    """The wire side of exchanges; used by `Lane` and `Sending` only."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        netloc: str,
        idle_age_s: float,
        on_closed: "Callable[[Connection], None]",
    ) -> None:
        """netloc: host:port for messages. idle_age_s: how long an unused connection lives.

        on_closed: called once the socket is really closed; the connection is unusable from `closed` on.
        """
        self.closed = False
        self._loop = loop
        self._netloc = netloc
        self._idle_age_s = idle_age_s
        self._on_closed = on_closed
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = None
        self._poll: select.poll | None = None
        self._exchange: Exchange | None = None
        self._bare_bytes = 0
        self._uploading = False
        self._writable = True
        self._paused = False
        self._deadline = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    # ---- what the pool does -------------------------------------------------------------------------

    def begin(self, exchange: Exchange, head: bytes, body: bytes) -> bool:
        """Start an exchange: from now on every byte that arrives belongs to it.

        True if the body is still to be sent with `upload`, because it is longer than one slice.
        Raises RuntimeError if the connection is not idle.
        """
        transport = self._transport
        if self._exchange is not None or self.closed or transport is None:
            raise RuntimeError("a connection carries one exchange at a time")
        self._exchange = exchange
        self._bare_bytes = 0
        self._arm(min(exchange.began_at + exchange.timeouts.first_byte_s, exchange.total_at))
        if len(body) <= _SLICE_BYTES:
            transport.write(head + body)
        else:
            self._uploading = True
            transport.write(head)
        return self._uploading

    async def upload(self, exchange: Exchange, body: bytes) -> None:
        """Send the rest of a large request; stops early when the server has already answered."""
        transport = self._transport
        view, sent = memoryview(body), 0
        while self._uploading and transport is not None and exchange is self._exchange:
            if exchange.head_done or exchange.fault is not None:
                return  # `_uploading` stays set: the server waits for the rest, so nobody may follow
            if not self._writable:
                await exchange.progress()
                continue
            transport.write(view[sent : sent + _SLICE_BYTES])
            sent += _SLICE_BYTES
            self._uploading = sent < len(body)
            self._arm(min(self._loop.time() + exchange.timeouts.first_byte_s, exchange.total_at))

    def finish(self, exchange: Exchange) -> bool:
        """End an exchange; True if the connection is idle again, False if it is closed.

        Raises RuntimeError for an exchange that is not the current one: freeing somebody else's connection
        is how answers get swapped.
        """
        if self._exchange is not exchange:
            raise RuntimeError("only the current exchange can be finished")
        exchange.closed = True
        if not (exchange.is_read_to_the_end() and exchange.reusable) or self._uploading or self.closed:
            self.abort()
            return False
        self._exchange = None
        self._arm(self._loop.time() + self._idle_age_s)
        return True

    def is_quiet(self) -> bool:
        """Whether an idle connection has nothing to read: no end of stream and no surplus bytes.

        The loop may not have looked at the socket since they came. Asking the kernel (one system call) is
        what keeps a surplus answer from becoming the answer to the next question.
        """
        return not self.closed and (self._poll is None or not self._poll.poll(0))

    def abort(self, fault: HTTPFault | None = None) -> None:
        """Close now and for good; a running exchange fails with `fault` unless it is complete."""
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._exchange is not None:
            self._exchange.fail(fault or self._cut("was closed by us"))
        if self._transport is not None:
            self._transport.abort()

    def resume(self) -> None:
        """The reader has emptied the buffer: read from the socket again."""
        exchange = self._exchange
        if not self._paused or exchange is None or self._transport is None or self.closed:
            return
        self._paused = False
        self._transport.resume_reading()
        if not exchange.complete:
            self._arm(min(self._loop.time() + exchange.timeouts.idle_s, exchange.total_at))

    # ---- what the transport says --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio.Transport, so isinstance cannot tell.
        self._transport = cast(asyncio.Transport, transport)
        self._parser = HttpResponseParser(self)
        connection = transport.get_extra_info("socket")
        if connection is not None and hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(connection.fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        exchange, parser = self._exchange, self._parser
        if exchange is None or exchange.complete or parser is None:
            self._surplus()
        elif not self.closed:
            self._feed(exchange, parser, data)

    def eof_received(self) -> None:
        """Let the transport close; `connection_lost` decides what it means."""

    def connection_lost(self, exc: Exception | None) -> None:
        exchange = self._exchange
        if exchange is not None and not self.closed:
            if exchange.until_close and exc is None:
                exchange.complete = True
                exchange.wake()
            else:
                exchange.reusable = False
                exchange.fail(self._cut("closed the connection before its answer was whole"))
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport = self._parser = self._poll = None  # the parser holds our bound methods: a cycle
        self._on_closed(self)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        if self._exchange is not None:
            self._exchange.wake()

    # ---- what the parser says -----------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._exchange is None or self._exchange.complete:
            raise _Refused("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        exchange = self._exchange
        if exchange is not None and not exchange.head_done:  # after it, these are trailers
            exchange.raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        exchange, parser = self._exchange, self._parser
        if exchange is None or parser is None:
            raise _Refused("an answer to no question")
        exchange.status = parser.get_status_code()
        if exchange.status == 101:
            raise _Refused("a protocol switch")
        if exchange.status < 200:
            return
        exchange.reusable = parser.should_keep_alive()
        if not exchange.reusable:
            exchange.until_close = _ends_with_connection(exchange)
        exchange.head_done = True
        if exchange.method == "HEAD":  # the parser cannot know, and would wait for a body
            exchange.reusable = False
            exchange.complete = True

    def on_body(self, piece: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.complete:
            return
        self._bare_bytes = 0
        exchange.pieces.append(piece)
        exchange.buffered += len(piece)

    def on_message_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if exchange.head_done:
            exchange.complete = True
        else:
            exchange.raw_headers.clear()  # an interim answer (1xx): the final one follows

    # ---- inside -------------------------------------------------------------------------------------

    def _feed(self, exchange: Exchange, parser: HttpResponseParser, data: bytes) -> None:
        exchange.touched = True
        self._bare_bytes += len(data)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._stop_parsing(exchange, error)
            return
        if exchange.complete:
            self._deadline = math.inf
        elif self._bare_bytes > HEAD_LIMIT_BYTES:
            self.abort(BadResponse(f"{self._netloc} sent too large a header block", sent=True))
            return
        else:
            self._after_piece(exchange)
        exchange.wake()

    def _after_piece(self, exchange: Exchange) -> None:
        if exchange.buffered > HIGH_WATER_BYTES:
            if not self._paused and self._transport is not None and not self._transport.is_closing():
                self._paused = True
                self._transport.pause_reading()
            self._deadline = exchange.total_at
        elif exchange.head_done:
            self._arm(min(self._loop.time() + exchange.timeouts.idle_s, exchange.total_at))

    def _stop_parsing(self, exchange: Exchange, error: Exception) -> None:
        """What could not be parsed: nonsense instead of an answer, or surplus behind a whole one."""
        if exchange.complete:
            self._surplus()
            exchange.wake()
            return
        reason = error.__context__ if isinstance(error.__context__, _Refused) else error
        fault = BadResponse(f"{self._netloc} did not answer in HTTP/1.1: {reason}", sent=True)
        fault.__cause__ = error
        self.abort(fault)

    def _surplus(self) -> None:
        """Bytes that belong to no question: nothing on this connection can be trusted any more."""
        if self._exchange is not None:
            self._exchange.reusable = False
        self.abort()

    def _cut(self, what: str) -> ConnectionCut:
        return ConnectionCut(f"{self._netloc} {what}", sent=True)

    def _arm(self, deadline: float) -> None:
        """Move the deadline. The timer is touched only if it would ring too late; else it re-arms itself."""
        self._deadline = deadline
        if deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self._loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        if self._deadline == math.inf:
            return
        now = self._loop.time()
        if self._deadline > now + _CLOCK_GRAIN_S:
            self._arm(self._deadline)
        else:
            self._expire(now)

    def _expire(self, now: float) -> None:
        exchange = self._exchange
        if exchange is None:
            self.abort()
        elif exchange.total_at <= now + _CLOCK_GRAIN_S:
            text = f"{self._netloc} took longer than {exchange.timeouts.total_s:g} s in all"
            self.abort(TotalTimeout(text, sent=True))
        elif exchange.head_done:
            text = f"{self._netloc} paused its answer for more than {exchange.timeouts.idle_s:g} s"
            self.abort(IdleTimeout(text, sent=True))
        else:
            text = f"{self._netloc} sent no headers for {exchange.timeouts.first_byte_s:g} s"
            self.abort(FirstByteTimeout(text, sent=True))


def _ends_with_connection(exchange: Exchange) -> bool:
    """Whether only the end of the connection ends this body (RFC 9112, section 6.3, rule 8)."""
    names = {}
    for name, value in exchange.raw_headers:
        names[name.lower()] = value.lower()
    coding = names.get(b"transfer-encoding")
    if coding is not None and not coding.endswith(b"chunked"):
        raise _Refused("a transfer coding that was not offered")
    if exchange.status in (204, 304) or exchange.method == "HEAD":
        return False
    return coding is None and b"content-length" not in names
