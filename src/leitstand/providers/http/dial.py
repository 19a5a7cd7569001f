"""Making a connection: names to addresses, through a proxy if there is one, TLS on top."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from leitstand.providers.http.connection import Connection
from leitstand.providers.http.faults import ConnectFailed
from leitstand.providers.http.route import Origin
from leitstand.providers.http.tunnel import Tunnel

MakeConnection = Callable[[], Connection]
_P = TypeVar("_P", bound=asyncio.Protocol)


async def dial(
    origin: Origin, context: ssl.SSLContext | None, make: MakeConnection, within_s: float
) -> Connection:
    """Connect to an origin; the caller sets the time-out around this.

    context: None for plain http. within_s: the whole time there is; shared out over the addresses of a
    name, so that one that swallows packets (a broken IPv6 route) cannot use up the time of the next.
    Raises ConnectFailed, or TimeoutError; a cancelled call leaves no socket behind.
    """
    try:
        if origin.proxy is None:
            return await _connect(origin.host, origin.port, make, within_s, context)
        if context is None:
            return await _connect(origin.proxy.host, origin.proxy.port, make, within_s, None)
        tunnel = await _connect(origin.proxy.host, origin.proxy.port, Tunnel, within_s, None)
        return await _tunnel_through(tunnel, origin, context, make)
    except TimeoutError:
        raise
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(f"no connection to {origin.netloc}: {_explain(error)}", sent=False) from error


async def _connect(
    host: str, port: int, make: Callable[[], _P], within_s: float, context: ssl.SSLContext | None
) -> _P:
    """Try each address of a name in the resolver's order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    ends_at = loop.time() + within_s
    for tries_left in range(len(addresses), 0, -1):
        address = addresses[-tries_left]
        try:
            async with asyncio.timeout((ends_at - loop.time()) / tries_left):
                _, protocol = await loop.create_connection(
                    make, address, port, ssl=context, server_hostname=host if context else None
                )
                return protocol
        except (TimeoutError, OSError):
            if tries_left == 1:
                raise
    raise OSError("the name has no address")


async def _tunnel_through(
    tunnel: Tunnel, origin: Origin, context: ssl.SSLContext, make: MakeConnection
) -> Connection:
    """CONNECT through a proxy, then TLS with the origin: the proxy sees the name, not the content."""
    authorization = origin.proxy.authorization if origin.proxy else ""
    connection = make()
    try:
        bare = await tunnel.open(origin.netloc, authorization)
        secure = await asyncio.get_running_loop().start_tls(
            bare, connection, context, server_hostname=origin.host
        )
    except BaseException:
        tunnel.abort()
        raise
    if secure is None:
        raise ConnectionAbortedError("the proxy closed the tunnel")
    connection.connection_made(secure)
    return connection


def _explain(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return str(error) or type(error).__name__
