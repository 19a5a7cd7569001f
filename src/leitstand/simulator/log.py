"""The ground truth: every request a simulated provider received, and what came of it."""

import time
from collections import deque

import msgspec
from msgspec.structs import replace

from leitstand.simulator.http import Request

_SECRET_HEADERS = frozenset(
    {"authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token"}
)


_SUMS = ("input_tokens", "cached_tokens", "output_tokens", "billed_input", "billed_output", "billed_units")


class Entry(msgspec.Struct):
    """One request.

    outcome: `answered`, `refused`, `broken` (a fault spoilt the answer), `left` (the client went away first)
    or `open`. output_tokens: produced until the connection ended. billed_input, billed_output: what the
    provider puts on the bill: nothing for a refusal; input and the output produced so far for a stream that
    had begun, whoever ended it; everything for a plain answer that was computed, read or not. billed_units:
    pictures, seconds of sound or searches on it.
    started_s, ended_s: seconds since 1970; first_byte_s: from the start to the first byte of the answer.
    """

    number: int
    method: str
    path: str
    headers: dict[str, str] = {}
    body: str = ""
    wire: str = ""
    request_id: str = ""
    model: str = ""
    stream: bool = False
    fault: str = ""
    outcome: str = "open"
    status: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    billed_input: int = 0
    billed_output: int = 0
    billed_units: int = 0
    started_s: float = 0.0
    first_byte_s: float | None = None
    ended_s: float | None = None
    disconnected: bool = False

    def first_byte(self, status: int) -> None:
        """The answer begins with this status."""
        self.status = status
        self.first_byte_s = time.time() - self.started_s

    def bill(self, output_tokens: int) -> None:
        """The provider produced this much (in total), and charges it with the input."""
        self.output_tokens = output_tokens
        self.billed_input, self.billed_output = self.input_tokens, output_tokens


class Summary(msgspec.Struct):
    """Counts and sums over all requests since the last reset, also those no longer kept."""

    requests: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    disconnected: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    billed_input: int = 0
    billed_output: int = 0
    billed_units: int = 0
    outcomes: dict[str, int] = {}
    faults: dict[str, int] = {}
    models: dict[str, int] = {}


class Log:
    """Entries in order of arrival; the oldest go when there are more than `keep`."""

    def __init__(self, keep: int) -> None:
        self._kept: deque[tuple[Entry, Request]] = deque(maxlen=keep)
        self.summary = Summary(outcomes={}, faults={}, models={})

    def arrived(self, request: Request) -> Entry:
        """Open an entry."""
        self.summary.requests += 1
        self.summary.in_flight += 1
        self.summary.most_in_flight = max(self.summary.most_in_flight, self.summary.in_flight)
        entry = Entry(self.summary.requests, request.method, request.path, started_s=time.time())
        self._kept.append((entry, request))
        return entry

    def settle(self, entry: Entry) -> None:
        """Close an entry and add it up; a second call does nothing."""
        if entry.ended_s is not None:
            return
        entry.ended_s = time.time()
        total = self.summary
        total.in_flight -= 1
        total.disconnected += entry.disconnected
        for field in _SUMS:
            setattr(total, field, getattr(total, field) + getattr(entry, field))
        for table, word in (
            (total.outcomes, entry.outcome),
            (total.faults, entry.fault),
            (total.models, entry.model),
        ):
            if word:
                table[word] = table.get(word, 0) + 1

    def entries(self) -> list[Entry]:
        """All kept entries, oldest first, with headers and body; of keys only the last four characters."""
        return [
            replace(
                entry,
                headers={name: _shown(name, value) for name, value in request.headers.items()},
                body=request.body.decode("utf-8", "replace"),
            )
            for entry, request in self._kept
        ]

    def contains(self, needles: list[str]) -> dict[str, object]:
        """Which needles occur in any received byte, as UTF-8 text or as JSON writes it.

        complete: false when requests have been dropped, so that absence proves nothing.
        """
        raws = [request.raw() for _, request in self._kept]
        found = [needle for needle in needles if any(_occurs(needle, raw) for raw in raws)]
        complete = self.summary.requests == len(self._kept)
        return {"found": found, "requests": self.summary.requests, "complete": complete}


def _occurs(needle: str, raw: bytes) -> bool:
    return any(form in raw for form in _forms(needle))


def _forms(needle: str) -> set[bytes]:
    """A text as it may stand in a body: plain, quoted as JSON, and with \\u escapes in either case."""
    quoted = msgspec.json.encode(needle.encode("utf-8", "replace").decode())[1:-1]
    forms = {needle.encode("utf-8", "replace"), quoted}
    for digits in ("04x", "04X"):
        forms.add("".join(_escaped(char, digits) for char in quoted.decode()).encode())
    return forms


def _escaped(char: str, digits: str) -> str:
    if ord(char) < 128:
        return char
    units = char.encode("utf-16-be")
    pairs = (units[start : start + 2] for start in range(0, len(units), 2))
    return "".join(f"\\u{int.from_bytes(pair, 'big'):{digits}}" for pair in pairs)


def _shown(name: str, value: str) -> str:
    return f"…{value[-4:]}" if name in _SECRET_HEADERS else value
