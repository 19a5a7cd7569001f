"""Counters of one process, in memory: for tests and for tools that need no sharing."""

import threading
from collections.abc import Iterable, Sequence

from leitstand.accounting.counters import (
    FACTS_MAX_BYTES,
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
from leitstand.accounting.counters.tables import GRACE_S

_Key = tuple[int, int]


class MemoryCounters:
    """The same contract as `SharedCounters`; nothing survives the process, so nothing is ever lost."""

    def __init__(self) -> None:
        self.needs_rebuild = False
        self._lock = threading.Lock()
        self._spent: dict[_Key, int] = {}
        self._held: dict[_Key, int] = {}
        self._expires: dict[_Key, int] = {}
        self._buckets: dict[_Key, list[int]] = {}
        self._open: dict[int, Hold] = {}
        self._serial = 0

    def hold(
        self, parts: Sequence[Part], paces: Sequence[Pace], request_id: str, facts: bytes, now_s: float
    ) -> Hold | Short | TooFast:
        """See `Counters.hold`."""
        if len(parts) > PARTS_MAX or len(facts) > FACTS_MAX_BYTES:
            raise ValueError(f"{len(parts)} parts and {len(facts)} bytes of facts do not fit into a hold")
        with self._lock:
            if too_fast := self._too_fast(paces, now_s):
                return too_fast
            readings = tuple(self._reading(part.counter) for part in parts)
            if not all(map(_fits, parts, readings)):
                return Short(readings)
            for limit in paces:
                buckets = self._buckets.setdefault(limit.counter[:2], [0] * pace.BUCKETS)
                index, value = pace.stamped(buckets, int(now_s))
                buckets[index] = value
            self._serial += 1
            tight = any(map(_is_tight, parts, readings))
            hold = self._open[self._serial] = Hold(0, self._serial, tuple(parts), tight)
            self._release(hold, sign=1)
            return hold

    def _too_fast(self, paces: Sequence[Pace], now_s: float) -> TooFast | None:
        for index, limit in enumerate(paces):
            buckets = self._buckets.get(limit.counter[:2], [])
            if pace.counted(buckets, int(now_s)) >= limit.limit:
                return TooFast(index, pace.wait_s(buckets, now_s, limit.limit))
        return None

    def _reading(self, address: Counter) -> Reading:
        return Reading(self._spent.get(address[:2], 0), self._held.get(address[:2], 0))

    def _release(self, hold: Hold, sign: int = -1) -> None:
        for part in hold.parts:
            key = part.counter[:2]
            self._held[key] = self._held.get(key, 0) + sign * part.amount
            self._spent.setdefault(key, 0)
            self._expires.setdefault(key, part.counter.expires_s)

    def settle(self, hold: Hold, amounts: Sequence[int]) -> bool:
        """See `Counters.settle`."""
        with self._lock:
            if self._open.pop(hold.serial, None) is None:
                return False
            self._release(hold)
            for part, amount in zip(hold.parts, amounts, strict=True):
                self._spent[part.counter[:2]] += amount
            return True

    def refund(self, hold: Hold) -> bool:
        """See `Counters.refund`."""
        return self.settle(hold, [0] * len(hold.parts))

    def read(self, counters: Sequence[Counter]) -> list[Reading]:
        """See `Counters.read`."""
        with self._lock:
            return [self._reading(address) for address in counters]

    def recover(self) -> list[LostHold]:
        """Nothing: holds die with the process."""
        return []

    def forget(self, lost: Iterable[LostHold]) -> None:
        """Nothing to do: no hold is ever lost."""

    def rebuild(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """See `Counters.rebuild`."""
        with self._lock:
            self._spent = dict.fromkeys(self._spent, 0)
            for address, amount in spent:
                self._put(address, amount)

    def seed(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """See `Counters.seed`."""
        with self._lock:
            for address, amount in spent:
                if address[:2] not in self._spent:
                    self._put(address, amount)

    def _put(self, address: Counter, amount: int) -> None:
        self._spent[address[:2]] = amount
        self._expires.setdefault(address[:2], address.expires_s)

    def loose(self, counters: Sequence[Counter], *, release: bool = False) -> list[int]:
        """See `Counters.loose`."""
        with self._lock:
            rightly: dict[_Key, int] = {}
            for hold in self._open.values():
                for part in hold.parts:
                    rightly[part.counter[:2]] = rightly.get(part.counter[:2], 0) + part.amount
            keys = [address[:2] for address in counters]
            found = [self._held.get(key, 0) - rightly.get(key, 0) for key in keys]
            if release:
                self._held.update((key, rightly.get(key, 0)) for key in keys)
            return found

    def sweep(self, now_s: float, most: int = 64) -> int:
        """See `Counters.sweep`; looks at all counters."""
        with self._lock:
            old = [
                key for key, end in self._expires.items() if end + GRACE_S < now_s and not self._held.get(key)
            ]
            for key in old:
                del self._expires[key], self._spent[key]
                self._held.pop(key, None)
            return len(old)

    def close(self) -> None:
        """Nothing to let go of."""


def _fits(part: Part, reading: Reading) -> bool:
    asked = part.margin if reading.held else part.amount
    return not part.amount or reading.spent + reading.held + asked <= part.limit


def _is_tight(part: Part, reading: Reading) -> bool:
    return part.amount > 0 and part.limit - reading.spent - reading.held < (TIGHT + 1) * part.amount
