"""A hash table of fixed slots inside a mapped file: open addressing with linear probing.

A slot begins with four words: key (2), `expires_s`, and a guard that must be 0 before the slot may go (what is
held). A directory lists the slots in use without gaps, so that sweeping and rebuilding touch only those and the
sparse file stays small. A slot that goes becomes empty where no probe runs past it, else a tombstone.
Source: Knuth, The Art of Computer Programming, vol. 3, section 6.4, algorithm L.
"""

from dataclasses import dataclass

from leitstand.accounting.counters import Counter
from leitstand.accounting.counters.mapped import MappedWords
from leitstand.core.errors import Overloaded

EXPIRES, GUARD, PAYLOAD = 2, 3, 4  # words of a slot after its key
GRACE_S = 86_400  # calls that began in an old period may still run
_EMPTY, _TOMBSTONE = 0, 1
_REMEMBERED = 65_536


@dataclass(frozen=True)
class Layout:
    """Where a table lies. base, directory, count: word numbers; slots: a power of two; width in words."""

    base: int
    directory: int
    count: int
    slots: int
    width: int


class Table:
    """Finds, places and drops slots; call it under the file's lock. A slot is named by its first word."""

    def __init__(self, mapped: MappedWords, layout: Layout) -> None:
        self._mapped = mapped
        self._layout = layout
        self._known: dict[int, int] = {}  # k0 to slot, verified at each use
        self._cursor = 0

    def find(self, key: Counter) -> int:
        """The slot of a key, or -1."""
        words = self._mapped.words
        slot = self._known.get(key.k0, -1)
        if slot >= 0 and words[slot] == key.k0 and words[slot + 1] == key.k1:
            return slot
        slot, _ = self._probe(key)
        if slot >= 0:
            self._remember(key, slot)
        return slot

    def place(self, key: Counter) -> int:
        """The slot of a key, made with zeros if it is new; raises Overloaded when three quarters are used."""
        slot = self.find(key)
        if slot >= 0:
            return slot
        _, free = self._probe(key)
        layout, words = self._layout, self._mapped.words
        used = words[layout.count]
        if used >= layout.slots * 3 // 4:
            raise Overloaded(
                "Alle Budgetzähler sind belegt. Bitte wenden Sie sich an Ihre Administration.",
                "All budget counters are in use. Please ask your administrators.",
            )
        writes = [free + word for word in range(layout.width)]
        fresh = [key.k0, key.k1, key.expires_s, *[0] * (layout.width - EXPIRES - 1)]
        pairs = [number for pair in zip(writes, fresh, strict=True) for number in pair]
        self._mapped.commit([*pairs, layout.directory + used, free, layout.count, used + 1])
        self._remember(key, free)
        return free

    def slots(self) -> list[int]:
        """All slots in use."""
        layout, words = self._layout, self._mapped.words
        return list(words[layout.directory : layout.directory + words[layout.count]])

    def sweep(self, now_s: float, most: int) -> int:
        """Drop expired slots among the next `most` of the directory; returns how many."""
        layout, words = self._layout, self._mapped.words
        dropped = 0
        for _ in range(min(most, words[layout.count])):
            if self._cursor >= words[layout.count]:
                self._cursor = 0
            slot = words[layout.directory + self._cursor]
            if words[slot + EXPIRES] + GRACE_S < now_s and words[slot + GUARD] == 0:
                self._drop(slot, self._cursor)
                dropped += 1
            else:
                self._cursor += 1
        return dropped

    def _drop(self, slot: int, entry: int) -> None:
        layout, words = self._layout, self._mapped.words
        last = words[layout.count] - 1
        ends_probe = words[self._step(slot, 1)] == _EMPTY
        writes = [slot, _EMPTY if ends_probe else _TOMBSTONE, slot + 1, 0]
        writes += [layout.directory + entry, words[layout.directory + last], layout.count, last]
        self._mapped.commit(writes)
        if ends_probe:
            self._dissolve_before(slot)

    def _dissolve_before(self, slot: int) -> None:
        """Tombstones right before an empty slot serve no probe any more; each store stands alone."""
        words = self._mapped.words
        slot = self._step(slot, -1)
        while words[slot] == _TOMBSTONE:
            words[slot] = _EMPTY
            slot = self._step(slot, -1)

    def _probe(self, key: Counter) -> tuple[int, int]:
        """(slot of the key or -1, first slot that a new key may take)."""
        words, layout = self._mapped.words, self._layout
        slot = layout.base + (key.k1 & (layout.slots - 1)) * layout.width
        free = -1
        for _ in range(layout.slots):
            found = words[slot]
            if found == key.k0 and words[slot + 1] == key.k1:
                return slot, free
            if found == _EMPTY:
                return -1, slot if free < 0 else free
            if found == _TOMBSTONE and free < 0:
                free = slot
            slot = self._step(slot, 1)
        return -1, free

    def _step(self, slot: int, by: int) -> int:
        layout = self._layout
        number = ((slot - layout.base) // layout.width + by) & (layout.slots - 1)
        return layout.base + number * layout.width

    def _remember(self, key: Counter, slot: int) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key.k0] = slot
