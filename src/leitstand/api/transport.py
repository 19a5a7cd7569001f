"""The few lines of ASGI that the fast path needs: headers, body, answers. No framework in between."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from leitstand.core.errors import InvalidRequest

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

MAX_BODY_BYTES = 64 * 1024 * 1024
JSON_TYPE = (b"content-type", b"application/json")
SSE_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # proxies in front must not collect events
)


class BodyTooLarge(InvalidRequest):
    """More bytes than one request may have."""

    status = 413


class ClientGone(Exception):
    """The client hung up while its request was being read."""


async def read_body(receive: Receive, most_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The whole body, at most 64 MiB or what is given."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    first = bytes(message.get("body", b""))
    if not message.get("more_body", False):
        return first
    parts, size = [first], len(first)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise BodyTooLarge(
                f"Die Anfrage ist größer als {most_bytes // 2**20} MiB. Verkleinern Sie Bilder oder Anhänge.",
                f"The request is larger than {most_bytes // 2**20} MiB. Make images or attachments smaller.",
            )
    return b"".join(parts)


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """One whole response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def start_stream(send: Send, headers: Headers) -> None:
    """Open a stream of server-sent events."""
    await send({"type": "http.response.start", "status": 200, "headers": [*SSE_HEADERS, *headers]})


async def send_part(send: Send, body: bytes) -> None:
    """More of a stream."""
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def end_stream(send: Send, body: bytes = b"") -> None:
    """The end of a stream."""
    await send({"type": "http.response.body", "body": body})


def gone_of(receive: Receive) -> Callable[[], bool]:
    """A question that can be asked for free at any time: has the client hung up?

    uvicorn's request cycle knows; asking it costs an attribute, a task that waits for `http.disconnect`
    would cost several microseconds per request. Other servers: the answer is then always no, and a stream
    that nobody reads runs to its end.
    """
    cycle: Any = getattr(receive, "__self__", None)
    if not hasattr(cycle, "disconnected"):
        return lambda: False
    return lambda: bool(cycle.disconnected)
