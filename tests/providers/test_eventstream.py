"""Amazon's event stream is read whatever its pieces, and never when it is damaged."""

import struct
from binascii import crc32
from itertools import pairwise

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from leitstand.providers.adapters.bedrock import ADAPTER
from leitstand.providers.eventstream import BrokenMessage, Parser
from leitstand.providers.sse import Event

_SAMPLE = ADAPTER.sample.stream
_EVENTS = Parser().feed(_SAMPLE)


def _framed(headers: bytes, payload: bytes = b"{}") -> bytes:
    front = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = front + struct.pack(">I", crc32(front)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def _text(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value


def test_the_sample_is_read_as_aws_reads_it() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(_SAMPLE)
    theirs = [(message.headers[":event-type"], message.payload) for message in buffer]
    assert theirs == _EVENTS
    assert [name for name, _ in _EVENTS][-2:] == ["messageStop", "metadata"]


@given(st.lists(st.integers(0, len(_SAMPLE)), max_size=12))
def test_pieces_of_any_size_give_the_same_messages(cuts: list[int]) -> None:
    parser, events = Parser(), list[Event]()
    places = [0, *sorted(cuts), len(_SAMPLE)]
    for start, end in pairwise(places):
        events += parser.feed(_SAMPLE[start:end])
    assert events == _EVENTS


@given(st.integers(0, len(_SAMPLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_an_answer(place: int, change: int) -> None:
    damaged = bytearray(_SAMPLE)
    damaged[place] ^= change
    with pytest.raises(BrokenMessage):
        Parser().feed(bytes(damaged))


def test_headers_of_every_type_are_passed_over() -> None:
    kinds = [
        b"\x01a\x00", b"\x01b\x01", b"\x01c\x02x", b"\x01d\x03xx", b"\x01e\x04xxxx", b"\x01f\x05xxxxxxxx",
        b"\x01g\x06\x00\x03xxx", b"\x01h\x08xxxxxxxx", b"\x01i\x09" + b"x" * 16,
    ]  # fmt: skip
    known = _text(b":event-type", b"ja") + _text(b":message-type", b"event")
    assert Parser().feed(_framed(b"".join(kinds) + known)) == [("ja", b"{}")]


def test_exceptions_and_errors_keep_their_names() -> None:
    exception = _text(b":message-type", b"exception") + _text(b":exception-type", b"throttlingException")
    error = _text(b":message-type", b"error") + _text(b":error-code", b"X") + _text(b":error-message", b"y")
    assert Parser().feed(_framed(exception) + _framed(error, b"")) == [
        ("throttlingException", b"{}"),
        ("error", b'{"code":"X","message":"y"}'),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        _text(b":message-type", b"rumour"),
        b"\x01a\x0a",
        b"\x0fa",
        b"\x01a\x07\xff\xffx",
        b"\x01a\x07\x00\x01\xff",
    ],
)
def test_headers_that_cannot_be_read_break_the_stream(headers: bytes) -> None:
    with pytest.raises(BrokenMessage):
        Parser().feed(_framed(headers))


def test_a_message_that_claims_to_be_huge_is_refused_at_once() -> None:
    front = struct.pack(">II", 2**31, 0)
    with pytest.raises(BrokenMessage, match="claims"):
        Parser().feed(front + struct.pack(">I", crc32(front)))
