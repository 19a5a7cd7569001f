"""Open holds, written into the mapped file so that another process can finish them.

A record is filled while it is free, when its words mean nothing, and becomes open by one logged store; freed
records form a chain from the header. Layout in words: state, next free, owner, serial, lease end (µs of real
time), number of parts, length of the request id, length of the facts; then both texts; then four words a part.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from leitstand.accounting.counters import FACTS_MAX_BYTES, PARTS_MAX, Counter, Hold, LostHold, Part
from leitstand.accounting.counters.mapped import MappedWords
from leitstand.core.errors import Overloaded

FREE, OPEN, LOST = 0, 1, 2
ID_MAX_BYTES = 48
_STATE, _NEXT, _OWNER, _SERIAL, _LEASE, _PARTS, _ID, _FACTS = range(8)
_TEXT = 8
_PART = _TEXT + (ID_MAX_BYTES + FACTS_MAX_BYTES) // 8
RECORD_WORDS = _PART + PARTS_MAX * 4


@dataclass(frozen=True)
class Shelf:
    """Where records lie. base: first word; free, fresh, serial: header words; room: how many fit."""

    base: int
    free: int  # first of the chain of freed records, 0 for none
    fresh: int  # how many records were ever used
    serial: int
    room: int


@dataclass(frozen=True)
class OpenRecord:
    """A hold as another process reads it. amounts: (k0, k1, held, likely) of each part."""

    place: int
    state: int
    owner: int
    serial: int
    lease_us: int
    amounts: tuple[tuple[int, int, int, int], ...]

    def counter(self, part: int) -> Counter:
        """The address of a part's counter (its expiry is known to the table)."""
        k0, k1, _, _ = self.amounts[part]
        return Counter(k0, k1, 0)


class Records:
    """The shelf of open holds; call it under the file's lock. A record is named by its first word."""

    def __init__(self, mapped: MappedWords, shelf: Shelf) -> None:
        self._mapped = mapped
        self._shelf = shelf

    def write(
        self, parts: tuple[Part, ...], owner: int, lease_us: int, request_id: str, facts: bytes, tight: bool
    ) -> tuple[Hold, list[int]]:
        """Fill a free record; returns the hold and the writes that make it open."""
        words, shelf = self._mapped.words, self._shelf
        place, writes = self._take_free()
        serial = words[shelf.serial] + 1
        name = request_id.encode()[:ID_MAX_BYTES]
        words[place + _OWNER : place + _TEXT] = array(
            "q", (owner, serial, lease_us, len(parts), len(name), len(facts))
        )
        start = (place + _TEXT) * 8
        self._mapped.bytes[start : start + len(name) + len(facts)] = name + facts
        flat = [number for part in parts for number in (part[0].k0, part[0].k1, part.amount, part.likely)]
        words[place + _PART : place + _PART + len(flat)] = array("q", flat)
        writes += (shelf.serial, serial, place + _STATE, OPEN)
        return Hold(place, serial, parts, tight), writes

    def _take_free(self) -> tuple[int, list[int]]:
        words, shelf = self._mapped.words, self._shelf
        place = words[shelf.free]
        if place:
            return place, [shelf.free, words[place + _NEXT]]
        fresh = words[shelf.fresh]
        if fresh >= shelf.room:
            raise Overloaded(
                "Zu viele Anfragen laufen gleichzeitig. Bitte versuchen Sie es in einigen Sekunden erneut.",
                "Too many requests run at once. Please try again in some seconds.",
                retry_after_s=5,
            )
        return shelf.base + fresh * RECORD_WORDS, [shelf.fresh, fresh + 1]

    def is_open(self, hold: Hold) -> bool:
        """Whether this very hold is still open."""
        words = self._mapped.words
        return words[hold.place + _STATE] == OPEN and words[hold.place + _SERIAL] == hold.serial

    def is_lost(self, lost: LostHold) -> bool:
        """Whether this very hold is still marked as lost."""
        words = self._mapped.words
        return words[lost.place + _STATE] == LOST and words[lost.place + _SERIAL] == lost.serial

    def freed(self, place: int) -> list[int]:
        """The writes that free a record."""
        free = self._shelf.free
        return [place + _STATE, FREE, place + _NEXT, self._mapped.words[free], free, place]

    def lost(self, place: int, owner: int) -> list[int]:
        """The writes that mark a record as lost and found by `owner`."""
        return [place + _STATE, LOST, place + _OWNER, owner]

    def all(self) -> Iterator[OpenRecord]:
        """Every record that is open or lost."""
        words, shelf = self._mapped.words, self._shelf
        for place in range(shelf.base, shelf.base + words[shelf.fresh] * RECORD_WORDS, RECORD_WORDS):
            if words[place + _STATE] != FREE:
                yield self._read(place)

    def _read(self, place: int) -> OpenRecord:
        words = self._mapped.words
        state, _, owner, serial, lease_us, count = words[place : place + _ID]
        flat = list(words[place + _PART : place + _PART + 4 * min(count, PARTS_MAX)])
        amounts = tuple((flat[i], flat[i + 1], flat[i + 2], flat[i + 3]) for i in range(0, len(flat), 4))
        return OpenRecord(place, state, owner, serial, lease_us, amounts)

    def story(self, place: int) -> LostHold:
        """What the holder wrote down about its call."""
        words = self._mapped.words
        id_length, facts_length = words[place + _ID], words[place + _FACTS]
        start = (place + _TEXT) * 8
        text = bytes(self._mapped.bytes[start : start + id_length + facts_length])
        request_id = text[:id_length].decode(errors="replace")
        return LostHold(request_id, text[id_length:], place, words[place + _SERIAL])
