"""HTTP: one HTTP/1.1 exchange at a time with a provider's server, on pooled connections.

In: a request as bytes, how long each step may take. Out: status, headers and body pieces, or a fault.
Must not know: what the bytes mean, whose they are, the environment.
"""

from leitstand.providers.http.faults import (
    BadResponse,
    BodyTooLarge,
    ConnectFailed,
    ConnectionCut,
    ConnectTimeout,
    FirstByteTimeout,
    HTTPFault,
    IdleTimeout,
    PoolClosed,
    QueueTimeout,
    TotalTimeout,
)
from leitstand.providers.http.pool import Limits, Pool, Sending, Stats
from leitstand.providers.http.request import HTTPRequest, Timeouts
from leitstand.providers.http.response import Response
from leitstand.providers.http.route import Proxies

__all__ = [
    "BadResponse",
    "BodyTooLarge",
    "ConnectFailed",
    "ConnectTimeout",
    "ConnectionCut",
    "FirstByteTimeout",
    "HTTPFault",
    "HTTPRequest",
    "IdleTimeout",
    "Limits",
    "Pool",
    "PoolClosed",
    "Proxies",
    "QueueTimeout",
    "Response",
    "Sending",
    "Stats",
    "Timeouts",
    "TotalTimeout",
]
