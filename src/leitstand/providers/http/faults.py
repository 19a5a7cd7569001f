"""What can go wrong between us and a provider's server, as a tree.

    HTTPFault
    ├─ ConnectFailed       no connection: name, route, refusal, certificate, proxy
    ├─ ConnectTimeout      no connection within `connect_s`
    ├─ QueueTimeout        every connection of this host was busy for `queue_s`
    ├─ FirstByteTimeout    the request went out, no response headers within `first_byte_s`
    ├─ IdleTimeout         the body paused for longer than `idle_s`
    ├─ TotalTimeout        the whole exchange took longer than `total_s`
    ├─ ConnectionCut       the server closed before its answer was whole
    ├─ BadResponse         what arrived is not an HTTP answer that we accept
    │  └─ BodyTooLarge     the body is longer than the reader allows
    └─ PoolClosed          we are shutting down

`sent` tells whether the request may have reached the provider, and so may cost money if it is sent again.
Messages name host and port, never a path, a header or a body: they may be logged.
"""


class HTTPFault(Exception):
    """An exchange that brought no whole answer."""

    resent = False
    """Whether the request had been sent before, over a kept connection that turned out to be dead."""

    def __init__(self, message: str, *, sent: bool) -> None:
        """sent: True as soon as one byte of the request was handed to a connection."""
        super().__init__(message)
        self.sent = sent


class ConnectFailed(HTTPFault):
    """No connection could be made; the cause is chained."""


class ConnectTimeout(HTTPFault):
    """Connecting, TLS and proxy included, took longer than `connect_s`."""


class QueueTimeout(HTTPFault):
    """All connections to this host stayed busy for `queue_s`."""


class FirstByteTimeout(HTTPFault):
    """No response headers came within `first_byte_s` of the last byte that was sent."""


class IdleTimeout(HTTPFault):
    """No body byte came for `idle_s`, although we were ready to read."""


class TotalTimeout(HTTPFault):
    """The exchange, waiting for a connection included, took longer than `total_s`."""


class ConnectionCut(HTTPFault):
    """The server closed before its answer was whole.

    arrived: the body bytes that `Response.body` had collected; empty for readers of `read` and `chunks`,
    who were given every byte before this was raised.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message, sent=sent)
        self.arrived = b""


class BadResponse(HTTPFault):
    """Not HTTP/1.x, a header block beyond the limit, or a protocol switch that nobody asked for."""


class BodyTooLarge(BadResponse):
    """The body is longer than the limit that the reader gave."""


class PoolClosed(HTTPFault):
    """The pool was closed before or during the exchange."""
