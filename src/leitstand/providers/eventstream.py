"""Amazon's event stream, read from bytes that arrive in pieces of any size.

A message is: length of all (4 bytes), length of the headers (4), CRC-32 of these 8 bytes (4), headers, payload,
CRC-32 of everything before it (4); numbers are big-endian. A header is: length of its name (1), name, type of
its value (1), value. Source: AWS, "Amazon Event Stream Specification" (Smithy 2.0).
"""

import struct
from binascii import crc32
from typing import NamedTuple

import msgspec

from leitstand.providers.sse import Event

MEDIA_TYPE = "application/vnd.amazon.eventstream"
LIMIT_BYTES = 16 * 1024 * 1024
_PRELUDE = struct.Struct(">III")
_NUMBER = struct.Struct(">I")
_FRAMING_BYTES = _PRELUDE.size + _NUMBER.size
_STRING = 7
# Bytes of the value by its type; -1: two bytes of length come first. 0 and 1 are true and false themselves.
_VALUE_BYTES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 6: -1, _STRING: -1, 8: 8, 9: 16}


class BrokenMessage(Exception):
    """These bytes are no message of an event stream, or damaged on their way."""


class _Prelude(NamedTuple):
    total: int
    headers: int


class Parser:
    """Give it each piece with `feed`; one parser per answer."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[Event]:
        """The messages that are complete with this piece, as (name, payload). Raises BrokenMessage.

        The name is the event's type, or the exception's (`throttlingException`), or `error` for an error
        outside the service's model, whose payload is then made from its headers.
        """
        data = self._rest + piece if self._rest else piece
        events: list[Event] = []
        start = 0
        while len(data) - start >= _PRELUDE.size:
            prelude = _prelude(data, start)
            if len(data) - start < prelude.total:
                break
            events.append(_read(data[start : start + prelude.total], prelude))
            start += prelude.total
        self._rest = data[start:]
        return events


def _prelude(data: bytes, start: int) -> _Prelude:
    total, headers, checksum = _PRELUDE.unpack_from(data, start)
    if crc32(data[start : start + 8]) != checksum:
        raise BrokenMessage("the checksum of a message's beginning is wrong")
    if total > LIMIT_BYTES or headers > total - _FRAMING_BYTES:
        raise BrokenMessage(f"a message claims {total} bytes with {headers} bytes of headers")
    return _Prelude(total, headers)


def _read(message: bytes, prelude: _Prelude) -> Event:
    (checksum,) = _NUMBER.unpack_from(message, prelude.total - _NUMBER.size)
    if crc32(message[: -_NUMBER.size]) != checksum:
        raise BrokenMessage("the checksum of a message is wrong")
    end = _PRELUDE.size + prelude.headers
    headers = _headers(message[_PRELUDE.size : end])
    payload = message[end : -_NUMBER.size]
    match headers.get(":message-type"):
        case "event":
            return headers.get(":event-type", ""), payload
        case "exception":
            return headers.get(":exception-type", "exception"), payload
        case "error":
            said = {"code": headers.get(":error-code", ""), "message": headers.get(":error-message", "")}
            return "error", msgspec.json.encode(said)
    raise BrokenMessage("a message does not say what it is")


def _headers(block: bytes) -> dict[str, str]:
    """The text headers of a message by name; those of other types have no meaning here."""
    headers: dict[str, str] = {}
    position = 0
    try:
        while position < len(block):
            end = position + 1 + block[position]
            name, kind = block[position + 1 : end].decode(), block[end]
            position = end + 1
            size = _VALUE_BYTES[kind]
            if size < 0:
                size = int.from_bytes(block[position : position + 2])
                position += 2
            if position + size > len(block):
                raise BrokenMessage("a header is longer than its message")
            if kind == _STRING:
                headers[name] = block[position : position + size].decode()
            position += size
    except (IndexError, KeyError, UnicodeDecodeError) as cause:
        raise BrokenMessage("the headers of a message cannot be read") from cause
    return headers
