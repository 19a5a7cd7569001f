"""Vectors of remembered questions in one matrix; a search reads the rows of one group only.

Not for several threads: the semantic cache asks it from its one worker. numpy is imported with the first
vector, so a process that never uses it does not pay for it.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

Entry = TypeVar("Entry")
_FIRST_ROWS = 256


class Index(Generic[Entry]):
    """Least recently used goes first; bounded in entries and bytes."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        """max_bytes: of the entries as `put` states them; a row of the matrix takes 1.5 KiB besides."""
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._matrix: NDArray[np.float32] | None = None  # (rows, dimensions), L2-normalised
        self._rows: OrderedDict[int, tuple[Hashable, Entry, int]] = OrderedDict()
        self._groups: dict[Hashable, set[int]] = {}
        self._free: list[int] = []
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, group: Hashable) -> bool:
        """Whether anything of this group is remembered."""
        return group in self._groups

    def put(self, group: Hashable, vector: "Vector", entry: Entry, size_bytes: int) -> None:
        """Remember an entry. vector: (dimensions,) float32, L2-normalised."""
        while self._rows and (
            len(self._rows) >= self._max_entries or self.size_bytes + size_bytes > self._max_bytes
        ):
            self.drop(next(iter(self._rows)))
        row = self._free.pop() if self._free else len(self._rows)
        self._with_room(row, vector)[row] = vector
        self._rows[row] = group, entry, size_bytes
        self._groups.setdefault(group, set()).add(row)
        self.size_bytes += size_bytes

    def nearest(self, group: Hashable, vector: "Vector", count: int) -> list[tuple[int, float, Entry]]:
        """(row, cosine, entry) of at most `count` entries of a group, nearest first."""
        import numpy as np

        rows = np.fromiter(self._groups.get(group, ()), dtype=np.intp)
        if self._matrix is None or not len(rows):
            return []
        if len(rows) * 2 > len(self._rows):  # most of the matrix: a product over all of it copies nothing
            likeness = (self._matrix @ vector)[rows]
        else:
            likeness = self._matrix[rows] @ vector
        best = np.argsort(-likeness)[:count]
        return [(int(rows[at]), float(likeness[at]), self._rows[int(rows[at])][1]) for at in best]

    def used(self, row: int) -> None:
        """An entry was of use: it stays longer."""
        self._rows.move_to_end(row)

    def drop(self, row: int) -> None:
        """Forget one entry."""
        group, _, size_bytes = self._rows.pop(row)
        self._groups[group].discard(row)
        if not self._groups[group]:
            del self._groups[group]
        self._free.append(row)
        self.size_bytes -= size_bytes

    def _with_room(self, row: int, vector: "Vector") -> "NDArray[np.float32]":
        import numpy as np

        if self._matrix is None or row >= len(self._matrix):
            rows = min(self._max_entries, max(_FIRST_ROWS, 2 * row))
            grown = np.zeros((rows, len(vector)), dtype=np.float32)
            if self._matrix is not None:
                grown[: len(self._matrix)] = self._matrix
            self._matrix = grown
        return self._matrix
