"""Server-sent events, read from bytes that arrive in pieces of any size.

Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream". Left out on purpose: `id` and `retry`,
which no AI API uses; a last event without its empty line is not delivered, as the standard says.
"""

Event = tuple[str, bytes]  # event name ("" when none was given), data lines joined by \n

LIMIT_BYTES = 16 * 1024 * 1024


class EventTooLong(Exception):
    """One event is longer than LIMIT_BYTES."""


class Parser:
    """Give it each piece with `feed`; one parser per answer."""

    __slots__ = ("_fresh", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._fresh = True

    def feed(self, piece: bytes) -> list[Event]:
        """The events that are complete with this piece, in order. Raises EventTooLong."""
        if not self._rest and not self._fresh:
            whole = _read_whole(piece)
            if whole is not None:
                return [whole]
        data = self._rest + piece if self._rest else piece
        if self._fresh:
            if len(data) < 3 and b"\xef\xbb\xbf".startswith(data):
                self._rest = data
                return []
            self._fresh = False
            data = data.removeprefix(b"\xef\xbb\xbf")
        if b"\r" in data:
            data = self._without_carriage_returns(data)
        end = data.rfind(b"\n\n")
        if end < 0:
            self._keep(data)
            return []
        # All events of this piece are split off at once; what is left waits for its empty line.
        self._keep(data[end + 2 :])
        return [event for block in data[:end].split(b"\n\n") if (event := _read(block)) is not None]

    def _keep(self, rest: bytes) -> None:
        if len(rest) > LIMIT_BYTES:
            raise EventTooLong(f"an event is longer than {LIMIT_BYTES} bytes")
        self._rest = rest

    @staticmethod
    def _without_carriage_returns(data: bytes) -> bytes:
        """Line ends as \\n; a \\r at the very end stays, for its \\n may come with the next piece."""
        if data.endswith(b"\r"):
            return data[:-1].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + b"\r"
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _read_whole(piece: bytes) -> Event | None:
    """The event of a piece that is exactly one, as mostly; None for every other piece."""
    if not piece.endswith(b"\n\n") or b"\r" in piece:
        return None
    name, start = "", 0
    if piece.startswith(b"event: "):
        start = piece.find(b"\n") + 1
        name = piece[7 : start - 1].decode("utf-8", "replace")
    if not piece.startswith(b"data: ", start) or piece.find(b"\n", start) != len(piece) - 2:
        return None
    return name, piece[start + 6 : -2]


def _read(block: bytes) -> Event | None:
    """One event from its lines, or None when it carries no data."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return "", block[6:]
    first, _, second = block.partition(b"\n")
    if first.startswith(b"event: ") and second.startswith(b"data: ") and b"\n" not in second:
        return first[7:].decode("utf-8", "replace"), second[6:]
    name, lines = "", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return (name, b"\n".join(lines)) if lines else None
