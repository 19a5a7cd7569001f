"""Amazon's event stream: one message with its lengths and checksums. Source: AWS, "Amazon Event Stream"."""

import struct
import zlib

from leitstand.simulator.values import Json
from leitstand.simulator.wire import JSON_TYPE

STREAM_TYPE = "application/vnd.amazon.eventstream"
_TEXT = 7


def message(kind: str, name: str, payload: bytes) -> bytes:
    """A message. kind: `event` or `exception`; name: its type."""
    headers = b"".join(
        _header(key, value)
        for key, value in ((f":{kind}-type", name), (":content-type", JSON_TYPE), (":message-type", kind))
    )
    front = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    body = front + struct.pack(">I", zlib.crc32(front)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def padded(fields: Json) -> Json:
    """The fields with the padding that hides the lengths of events on the wire."""
    return {**fields, "p": "abcdefghijklmnopqrstuvwxyz"[: 1 + len(str(fields)) % 26]}


def _header(name: str, value: str) -> bytes:
    return (
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", _TEXT, len(value)) + value.encode()
    )
