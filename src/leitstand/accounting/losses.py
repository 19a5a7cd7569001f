"""Calls of one entry that are billed and brought no answer, and what is held for them beside the entry's hold.

A hold covers one call. When a call fails and is billed, or a second one is to run beside the first, as much
again is reserved first, under the same limits. Where that does not fit, the loss comes out of the entry's own
hold, and the next call has to make do with the rest.
"""

from collections.abc import Sequence

from leitstand.accounting.counters import Hold


class Losses:
    """Amounts are one per limit of the entry, in nano-euro or tokens, as each limit counts."""

    def __init__(self, limits: int) -> None:
        """limits: how many the entry has."""
        self.uncovered = [0] * limits
        """What of the entry's own hold is used up by losses."""
        self._spare: list[Hold] = []
        self._covered: list[tuple[Hold, Sequence[int]]] = []

    def __bool__(self) -> bool:
        """Whether anything was lost."""
        return bool(self._covered) or any(self.uncovered)

    def reserve(self, hold: Hold) -> None:
        """Room for a call beside the first; unused it is given back in the end."""
        self._spare.append(hold)

    def take_spare(self) -> Hold | None:
        """A reserved hold that no loss has used yet."""
        return self._spare.pop() if self._spare else None

    def add(self, amounts: Sequence[int], hold: Hold | None) -> None:
        """A call is lost; hold: what covers it, None for the entry's own."""
        if hold is not None:
            self._covered.append((hold, amounts))
        else:
            self.uncovered = [known + new for known, new in zip(self.uncovered, amounts, strict=True)]

    def booking(self) -> list[tuple[Hold, Sequence[int]]]:
        """The further holds, each with the amounts to settle it at; afterwards there are none."""
        rows = [*self._covered, *((hold, [0] * len(hold.parts)) for hold in self._spare)]
        self._covered, self._spare = [], []
        return rows
