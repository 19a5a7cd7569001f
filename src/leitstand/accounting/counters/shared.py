"""Counters in one memory-mapped file, shared by any number of processes on a machine. See `mapped.py`."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from leitstand.accounting.counters import (
    FACTS_MAX_BYTES,
    LEASE_S,
    PARTS_MAX,
    TIGHT,
    Counter,
    Hold,
    LostHold,
    Pace,
    Part,
    Reading,
    Short,
    TooFast,
    pace,
)
from leitstand.accounting.counters.mapped import HEADER_WORDS, REBUILD, MappedWords
from leitstand.accounting.counters.owners import Owners
from leitstand.accounting.counters.records import LOST, OPEN, RECORD_WORDS, OpenRecord, Records, Shelf
from leitstand.accounting.counters.tables import EXPIRES, GUARD, PAYLOAD, Layout, Table

_MAGIC = 0x4C53_434F_554E_0001  # "LSCOUN", layout 1
_HELD, _SPENT = GUARD, PAYLOAD

_RECORDS = Shelf(base=HEADER_WORDS, free=8, fresh=9, serial=10, room=16_384)
_AFTER_RECORDS = HEADER_WORDS + _RECORDS.room * RECORD_WORDS
_SLOTS, _PACES, _SLOT_WORDS, _PACE_WORDS = 1 << 20, 1 << 14, 5, PAYLOAD + pace.BUCKETS
_COUNTER_TABLE = Layout(_AFTER_RECORDS + _SLOTS, _AFTER_RECORDS, 11, _SLOTS, _SLOT_WORDS)
_AFTER_COUNTERS = _COUNTER_TABLE.base + _SLOTS * _SLOT_WORDS
_PACE_TABLE = Layout(_AFTER_COUNTERS + _PACES, _AFTER_COUNTERS, 12, _PACES, _PACE_WORDS)
SIZE_WORDS = _PACE_TABLE.base + _PACES * _PACE_WORDS


class SharedCounters:
    """The embedded implementation of `Counters`; a sparse file of 77 MiB nominal, some hundred KiB real."""

    def __init__(self, path: Path, lease_s: float = LEASE_S) -> None:
        """path: the file; a folder `<path>.owners` beside it proves which processes live."""
        self._mapped = MappedWords(path, SIZE_WORDS, _MAGIC)
        self._table = Table(self._mapped, _COUNTER_TABLE)
        self._paces = Table(self._mapped, _PACE_TABLE)
        self._records = Records(self._mapped, _RECORDS)
        self._lease_us = int(lease_s * 1_000_000)
        with self._mapped as words:
            self._owners = Owners(path.with_name(path.name + ".owners"))
            self._owners.clear_dead()
            self.needs_rebuild = bool(words[REBUILD])

    def hold(
        self, parts: Sequence[Part], paces: Sequence[Pace], request_id: str, facts: bytes, now_s: float
    ) -> Hold | Short | TooFast:
        """See `Counters.hold`."""
        if len(parts) > PARTS_MAX or len(facts) > FACTS_MAX_BYTES:
            raise ValueError(f"{len(parts)} parts and {len(facts)} bytes of facts do not fit into a hold")
        with self._mapped as words:
            stamps = self._stamps(paces, now_s) if paces else []
            if isinstance(stamps, TooFast):
                return stamps
            slots = [self._table.place(part.counter) for part in parts]
            tight = False
            for part, slot in zip(parts, slots, strict=True):
                if part.amount:
                    held = words[slot + _HELD]
                    left = part.limit - words[slot + _SPENT] - held
                    if left < (part.margin if held else part.amount):
                        return Short(tuple(Reading(words[s + _SPENT], words[s + _HELD]) for s in slots))
                    tight = tight or left < (TIGHT + 1) * part.amount
            lease_us = time.time_ns() // 1000 + self._lease_us
            owner = self._owners.token
            hold, writes = self._records.write(tuple(parts), owner, lease_us, request_id, facts, tight)
            for part, slot in zip(parts, slots, strict=True):
                writes += (slot + _HELD, words[slot + _HELD] + part.amount)
            self._mapped.commit(writes + stamps)
            return hold

    def _stamps(self, paces: Sequence[Pace], now_s: float) -> list[int] | TooFast:
        """The writes that count one request on each pace, or the first pace that is full."""
        words, second = self._mapped.words, int(now_s)
        writes: list[int] = []
        for index, limit in enumerate(paces):
            slot = self._paces.place(limit.counter)
            buckets = words[slot + PAYLOAD : slot + _PACE_WORDS].tolist()
            if pace.counted(buckets, second) >= limit.limit:
                return TooFast(index, pace.wait_s(buckets, now_s, limit.limit))
            bucket, value = pace.stamped(buckets, second)
            writes += (slot + PAYLOAD + bucket, value, slot + EXPIRES, second + pace.BUCKETS)
        return writes

    def settle(self, hold: Hold, amounts: Sequence[int]) -> bool:
        """See `Counters.settle`."""
        with self._mapped as words:
            if not self._records.is_open(hold):
                return False
            writes = self._records.freed(hold.place)
            for part, amount in zip(hold.parts, amounts, strict=True):
                slot = self._table.place(part.counter)
                writes += (slot + _HELD, words[slot + _HELD] - part.amount)
                writes += (slot + _SPENT, words[slot + _SPENT] + amount)
            self._mapped.commit(writes)
            return True

    def refund(self, hold: Hold) -> bool:
        """See `Counters.refund`."""
        return self.settle(hold, [0] * len(hold.parts))

    def read(self, counters: Sequence[Counter]) -> list[Reading]:
        """See `Counters.read`."""
        with self._mapped as words:
            slots = [self._table.find(address) for address in counters]
            return [
                Reading(words[slot + _SPENT], words[slot + _HELD]) if slot >= 0 else Reading(0, 0)
                for slot in slots
            ]

    def amounts(self) -> list[tuple[Counter, Reading]]:
        """Every counter on which something is spent or held."""
        with self._mapped as words:
            return [
                (
                    Counter(words[slot], words[slot + 1], words[slot + EXPIRES]),
                    Reading(words[slot + _SPENT], words[slot + _HELD]),
                )
                for slot in self._table.slots()
                if words[slot + _SPENT] or words[slot + _HELD]
            ]

    @property
    def token(self) -> int:
        """What names this process among those that share these counters."""
        return self._owners.token

    def lives(self, token: int) -> bool:
        """Whether the process of this token still runs."""
        with self._mapped:
            return self._owners.lives(token)

    def processes(self) -> int:
        """How many processes share these counters now, this one included."""
        with self._mapped:
            return max(1, self._owners.count())

    def recover(self) -> list[LostHold]:
        """See `Counters.recover`."""
        now_us = time.time_ns() // 1000
        with self._mapped:
            found = [record for record in self._records.all() if self._is_lost(record, now_us)]
            for record in found:
                self._book_lost(record)
            self._owners.clear_dead()
            return [self._records.story(record.place) for record in found]

    def _is_lost(self, record: OpenRecord, now_us: int) -> bool:
        if record.state == OPEN and record.lease_us < now_us:
            return True
        return not self._owners.lives(record.owner)

    def _book_lost(self, record: OpenRecord) -> None:
        writes = self._records.lost(record.place, self._owners.token)
        if record.state != LOST:
            for part, (_, _, held, likely) in enumerate(record.amounts):
                slot = self._table.find(record.counter(part))
                if slot >= 0:
                    words = self._mapped.words
                    writes += (slot + _HELD, max(words[slot + _HELD] - held, 0))
                    writes += (slot + _SPENT, words[slot + _SPENT] + likely)
        self._mapped.commit(writes)

    def forget(self, lost: Iterable[LostHold]) -> None:
        """See `Counters.forget`."""
        with self._mapped:
            for hold in lost:
                if self._records.is_lost(hold):
                    self._mapped.commit(self._records.freed(hold.place))

    def rebuild(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """See `Counters.rebuild`; a process that dies meanwhile leaves `needs_rebuild` set."""
        with self._mapped as words:
            words[REBUILD] = 1
            for slot in self._table.slots():
                self._mapped.commit([slot + _SPENT, 0, slot + _HELD, 0])
            for address, amount in spent:
                self._mapped.commit([self._table.place(address) + _SPENT, amount])
            for record in self._records.all():
                self._hold_again(record)
            words[REBUILD] = 0
        self.needs_rebuild = False

    def _hold_again(self, record: OpenRecord) -> None:
        if record.state != OPEN:
            return
        for part, (_, _, held, _) in enumerate(record.amounts):
            slot = self._table.find(record.counter(part))
            if slot >= 0:
                self._mapped.commit([slot + _HELD, self._mapped.words[slot + _HELD] + held])

    def seed(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """See `Counters.seed`."""
        with self._mapped:
            for address, amount in spent:
                if self._table.find(address) < 0:
                    self._mapped.commit([self._table.place(address) + _SPENT, amount])

    def loose(self, counters: Sequence[Counter], *, release: bool = False) -> list[int]:
        """See `Counters.loose`."""
        with self._mapped as words:
            rightly: dict[tuple[int, int], int] = {}
            for record in self._records.all():
                if record.state == OPEN:
                    for k0, k1, held, _ in record.amounts:
                        rightly[k0, k1] = rightly.get((k0, k1), 0) + held
            found = []
            for address in counters:
                slot = self._table.find(address)
                right = rightly.get((address.k0, address.k1), 0)
                found.append(words[slot + _HELD] - right if slot >= 0 else 0)
                if release and found[-1]:
                    self._mapped.commit([slot + _HELD, right])
            return found

    def sweep(self, now_s: float, most: int = 64) -> int:
        """See `Counters.sweep`."""
        with self._mapped:
            return self._table.sweep(now_s, most) + self._paces.sweep(now_s, most)

    def close(self) -> None:
        """See `Counters.close`."""
        with self._mapped:
            self._owners.leave()
        self._mapped.close()
