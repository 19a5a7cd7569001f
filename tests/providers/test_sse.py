"""Server-sent events arrive whole, whatever the borders of the pieces are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.providers import sse
from leitstand.providers.sse import EventTooLong, Parser

_NAMES = st.sampled_from(["", "message_start", "ping"])
_DATA = st.text(alphabet=st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=12).map(str.encode)
_EVENTS = st.lists(st.tuples(_NAMES, st.lists(_DATA, min_size=1, max_size=3)), max_size=6)


def _read_in_pieces(stream: bytes, cuts: list[int]) -> list[sse.Event]:
    parser, events, start = Parser(), [], 0
    for end in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        events += parser.feed(stream[start:end])
        start = end
    return events


@given(
    events=_EVENTS,
    line_end=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    noise=st.sampled_from([b"", b": keep-alive\n\n", b"id: 7\nretry: 10\n"]),
    cuts=st.lists(st.integers(0, 10_000), max_size=12),
)
def test_events_are_the_same_for_every_split(events, line_end, bom, noise, cuts) -> None:
    blocks = []
    for name, lines in events:
        head = f"event: {name}\n".encode() if name else b""
        blocks.append(noise + head + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n")
    stream = bom + b"".join(blocks).replace(b"\n", line_end.encode())
    assert _read_in_pieces(stream, cuts) == [(name, b"\n".join(lines)) for name, lines in events]


def test_each_byte_alone_gives_the_same_events() -> None:
    stream = b"event: a\r\ndata: 1\r\n\r\n: c\r\n\r\ndata:2\r\ndata:3\r\n\r\n"
    assert _read_in_pieces(stream, list(range(len(stream)))) == [("a", b"1"), ("", b"2\n3")]


def test_an_event_without_its_empty_line_is_not_delivered() -> None:
    assert Parser().feed(b"data: 1\n\ndata: 2\n") == [("", b"1")]


def test_an_endless_event_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LIMIT_BYTES", 100)
    with pytest.raises(EventTooLong):
        Parser().feed(b"data: " + b"x" * 200)
