"""What each limit can give to a call at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from leitstand.accounting.counters import Reading
from leitstand.accounting.limits import Limit
from leitstand.accounting.sizing import Sizing

COLD_WORST_CASES = 50
"""An unproven model runs alone while less than this many of its worst cases are left of a limit."""


@dataclass(frozen=True, slots=True)
class Room:
    """What one limit can give to a call now. worst: the call's largest size in the limit's unit."""

    limit: Limit
    reading: Reading
    worst: int

    @property
    def left(self) -> int:
        """Neither spent nor held."""
        return self.limit.units - self.reading.spent - self.reading.held

    @property
    def is_short(self) -> bool:
        """Whether the worst case does not fit."""
        return self.worst > 0 and self.left < self.worst

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was spent in this period yet."""
        return self.reading.spent == 0

    @property
    def leeway(self) -> int:
        """How much more than the worst case is left; negative where it is short."""
        return self.left - self.worst

    def is_spent(self, sizing: Sizing) -> bool:
        """Whether too little is left for the call even if all others gave back what they hold."""
        return self.worst > 0 and self.limit.units - self.reading.spent < self.floor(sizing)

    def floor(self, sizing: Sizing) -> int:
        """What must be left here for the call to make sense."""
        return sizing.floor(self.limit.in_money, fresh=self.is_fresh)


def offer_of(room: Room, sizing: Sizing, final: bool) -> int | None:
    """What a limit gives to this call now; None: wait until others have given back."""
    if not room.reading.held or not room.worst:
        return room.left
    if not sizing.proven:
        return room.left if room.left >= room.worst * COLD_WORST_CASES else None
    if not room.is_short:
        return room.left
    if final:
        return room.left if room.left >= room.floor(sizing) else None
    enough = sizing.comfortable(room.limit.in_money)
    return max(enough, room.left // 2) if room.left >= enough else None


def shortened_cap(rooms: Sequence[Room], offers: Sequence[int], sizing: Sizing) -> int:
    """Output tokens that every offer pays at the dearest candidate, or if none, at the cheapest."""
    for price in (sizing.need.price, sizing.need.low_price):
        cap = min(
            sizing.cap(room.limit.in_money, offer, price, fresh=room.is_fresh)
            for room, offer in zip(rooms, offers, strict=True)
            if room.worst
        )
        if cap > 0:
            return cap
    return 0


def share_of(room: Room, offer: int, cap: int, sizing: Sizing) -> int:
    """What to hold of an offer for a call of that cap: no more than it may need."""
    return min(offer, sizing.largest(room.limit.in_money, cap)) if room.worst else 0
