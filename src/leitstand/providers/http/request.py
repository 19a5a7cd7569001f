"""A question as bytes: method, target, headers, body, and how long each step may take."""

import msgspec

from leitstand.providers.http.route import Route

# Framing is ours alone: a caller who could set these could make one request look like two.
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te"})
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Timeouts(msgspec.Struct, frozen=True):
    """How long each step of an exchange may take, in seconds, each greater than 0.

    connect_s: name look-up, TCP, proxy and TLS. first_byte_s: from the last byte sent to the response
    headers. idle_s: between two arrivals of body bytes. total_s: everything, from the call to the last byte.
    """

    connect_s: float
    first_byte_s: float
    idle_s: float
    total_s: float


class HTTPRequest(msgspec.Struct, frozen=True):
    """One request. (A msgspec Struct: a frozen dataclass costs a microsecond more, on every call.)

    url: absolute, http or https, already percent-encoded; user info and fragments are refused.
    headers: without Host, Content-Length and other framing, which the client writes itself.
    ca_file: PEM file of the authorities to trust instead of the system's; None for the system's.
    once: it goes out over a fresh connection, so that no dead one makes it go out twice.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    ca_file: str | None = None
    once: bool = False


def encode_head(request: HTTPRequest, route: Route) -> bytes:
    """The request line and all headers, up to and with the empty line.

    Raises ValueError for a header that is ours to set, or that holds a line break or a character outside
    Latin-1; its message names the header, never the value.
    """
    lines = [request.method, route.start]
    for name, value in request.headers:
        if name.lower() in _OURS:
            raise ValueError(f"header {name!r} is set by the HTTP client itself")
        lines.append(f"{name}: {value}\r\n")
    if request.body or request.method in _METHODS_WITH_BODY:
        lines.append(f"content-length: {len(request.body)}\r\n\r\n")
        own_breaks = 1
    else:
        lines.append("\r\n")
        own_breaks = 0
    try:
        head = "".join(lines).encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("a request header holds a character outside Latin-1") from None
    _refuse_injection(request, head, route.start_lines + len(request.headers) + own_breaks + 1)
    return head


def _refuse_injection(request: HTTPRequest, head: bytes, expected_lines: int) -> None:
    """Counting line breaks once over the whole head is cheaper than searching every value."""
    if head.count(b"\n") == expected_lines == head.count(b"\r") and b"\0" not in head:
        return
    for name, value in request.headers:
        if any(character in name + value for character in "\r\n\0"):
            raise ValueError(f"header {name!r} holds a line break or a zero byte")
    raise ValueError("the request method holds a line break or a zero byte")
