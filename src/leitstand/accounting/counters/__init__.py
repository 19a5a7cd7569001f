"""Counters: amounts spent and held, shared by all processes of one machine.

In: counters with their limits, amounts to hold, settle or refund. Out: a hold, or why it did not fit; readings.
Must not know: what is counted, calendars, prices, people.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

PACE_WINDOW_S = 60
LEASE_S = 3600.0  # a hold of a living process older than this counts as lost; no call may run that long
FACTS_MAX_BYTES = 400
PARTS_MAX = 24
TIGHT = 10


class Counter(NamedTuple):
    """The address of one counter: 128 bits of its name's hash, and when it may be forgotten.

    expires_s: end of its period in application time, seconds since 1970.
    """

    k0: int
    k1: int
    expires_s: int


def counter(name: str, expires_s: int) -> Counter:
    """The counter of `name`, e.g. `user:anna|tokens_per_day|2026-11-23`. Source: RFC 7693 (BLAKE2b)."""
    k0, k1 = struct.unpack("<qq", hashlib.blake2b(name.encode(), digest_size=16).digest())
    return Counter(k0 if k0 not in (0, 1) else k0 + 2, k1, expires_s)  # 0 and 1 mark unused slots


class Part(NamedTuple):
    """One counter's share of a hold, in the counter's own unit.

    It fits if spent + held + amount <= limit; while others hold something on this counter,
    spent + held + margin <= limit is asked instead (margin >= amount), which admits calls of unproven size
    one at a time near a limit. An amount of 0 always fits.
    likely: what is booked if the process dies during the call.
    """

    counter: Counter
    amount: int
    limit: int
    margin: int
    likely: int


class Pace(NamedTuple):
    """A counter of requests in a sliding minute; `expires_s` of its address is not used."""

    counter: Counter
    limit: int


class Reading(NamedTuple):
    """The state of one counter."""

    spent: int
    held: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Amounts that are reserved; to be settled or refunded exactly once.

    place, serial: where the counters keep it, and which use of that place it is.
    tight: some part's counter has less left than TIGHT times the part's amount.
    """

    place: int
    serial: int
    parts: tuple[Part, ...]
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Short:
    """Nothing was reserved: `readings` are those of the parts, in order, at that moment."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class TooFast:
    """Nothing was reserved: pace number `index` is full for `wait_s` seconds more."""

    index: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class LostHold:
    """A hold whose process died (or hung beyond its lease): booked at its likely amounts.

    facts: what the holder wrote down about the call. `place` and `serial` are for `forget`.
    """

    request_id: str
    facts: bytes
    place: int
    serial: int


class Counters(Protocol):
    """Amounts spent and held, changed all or nothing.

    Invariant: spent + held <= limit after each `hold`, for all its parts; only a settlement above what was held
    can pass a limit. Every method takes some microseconds, may be called from any thread, and raises
    `core.errors.Overloaded` if the counters cannot be had in time or are full.
    """

    needs_rebuild: bool
    """True when amounts may be missing (new file, machine restarted): call `rebuild` before the first hold."""

    def hold(
        self, parts: Sequence[Part], paces: Sequence[Pace], request_id: str, facts: bytes, now_s: float
    ) -> Hold | Short | TooFast:
        """Reserve every part and count one request on every pace, or change nothing.

        facts: at most FACTS_MAX_BYTES, kept with the hold. now_s: application time.
        """

    def settle(self, hold: Hold, amounts: Sequence[int]) -> bool:
        """Book `amounts` (one per part, any size) as spent and release what was held.

        False if the hold was found lost meanwhile: then its likely amounts stay booked.
        """

    def refund(self, hold: Hold) -> bool:
        """Release what was held and book nothing; False as in `settle`. The paces stay counted."""

    def read(self, counters: Sequence[Counter]) -> list[Reading]:
        """The present amounts; an unknown counter reads 0, 0."""

    def recover(self) -> list[LostHold]:
        """Book the holds of dead processes at their likely amounts and return them, to be written down.

        If the finder dies before `forget`, the next finder gets them again, booked once only.
        """

    def forget(self, lost: Iterable[LostHold]) -> None:
        """These lost holds have been written down."""

    def rebuild(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """Replace all spent amounts; open holds stay held."""

    def seed(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """Set the spent amounts of those counters that are not yet known (a rule was added)."""

    def loose(self, counters: Sequence[Counter], *, release: bool = False) -> list[int]:
        """How much of each counter is held by no open hold, which must be nothing; release: give that back.

        0 for all where that cannot be told now.
        """

    def sweep(self, now_s: float, most: int = 64) -> int:
        """Look at up to `most` counters and drop those whose period is long over; returns how many went."""

    def close(self) -> None:
        """Let go of everything; holds still open are found as lost by others."""
