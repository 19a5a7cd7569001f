"""One machine that counts alone while Valkey is away: within its share of what was left, in a mapped file of its own.

The file's amounts only grow; how much of them Valkey has booked is known to Valkey, so paying twice does no harm.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from leitstand.accounting.counters import Counter, Hold, LostHold, Pace, Part, Reading, Short, TooFast
from leitstand.accounting.counters.shared import SharedCounters

_NOTHING = Reading(0, 0)


class Alone:
    """Holds within shares; all processes of the machine share the file."""

    def __init__(self, path: Path) -> None:
        self._shared = SharedCounters(path)
        self._told: dict[tuple[int, ...], Reading] = {}  # what this process knows that Valkey knows

    @property
    def token(self) -> int:
        """What names this process on its machine."""
        return self._shared.token

    def lives(self, token: int) -> bool:
        """Whether the process of this token still runs on this machine."""
        return self._shared.lives(token)

    def hold(
        self, parts: Sequence[Part], known: Sequence[Reading], paces: Sequence[Pace], machines: int,
        request_id: str, facts: bytes, now_s: float,
    ) -> Hold | Short | TooFast:  # fmt: skip
        """As `Counters.hold`, within this machine's share of each part's limit; what others may use reads as spent.

        known: the last known amounts of the parts' counters.
        """
        shares = [self._share(part, reading, machines) for part, reading in zip(parts, known, strict=True)]
        slower = [Pace(limit.counter, min(limit.limit, max(limit.limit // machines, 1))) for limit in paces]
        taken = self._shared.hold(shares, slower, request_id, facts, now_s)
        if not isinstance(taken, Short):
            return taken
        return Short(
            tuple(
                Reading(part.limit - share.limit + reading.spent, reading.held)
                for part, share, reading in zip(parts, shares, taken.readings, strict=True)
            )
        )

    def _share(self, part: Part, known: Reading, machines: int) -> Part:
        left = max(part.limit - known.spent - known.held, 0) // machines
        return part._replace(limit=left + self._paid(part.counter[:2]))

    def settle(self, hold: Hold, amounts: Sequence[int]) -> bool:
        """See `Counters.settle`."""
        return self._shared.settle(hold, amounts)

    def read(self, counters: Sequence[Counter], known: Sequence[Reading]) -> list[Reading]:
        """The last known amounts with what this machine spent and holds since then."""
        rows = zip(counters, known, self._shared.read(counters), strict=True)
        return [
            Reading(there.spent + here.spent - self._paid(counter[:2]), there.held + here.held)
            for counter, there, here in rows
        ]

    def debts(self) -> list[tuple[Counter, Reading]]:
        """Counters of which Valkey does not know the latest: all that was ever spent here, and what is held."""
        return [
            (counter, reading)
            for counter, reading in self._amounts()
            if reading != self._told.get(counter[:2], _NOTHING)
        ]

    def _amounts(self) -> list[tuple[Counter, Reading]]:
        """The file's amounts, and zeros for what was held there when Valkey was told."""
        amounts = self._shared.amounts()
        present = {counter[:2] for counter, _ in amounts}
        ended = [(k0, k1) for (k0, k1), told in self._told.items() if told.held and (k0, k1) not in present]
        return amounts + [(Counter(k0, k1, 0), Reading(self._paid((k0, k1)), 0)) for k0, k1 in ended]

    def told(self, debts: Iterable[tuple[Counter, Reading]]) -> None:
        """Valkey knows these amounts."""
        self._told.update((counter[:2], reading) for counter, reading in debts)

    def untell(self) -> None:
        """Valkey has forgotten what it was told."""
        self._told.clear()

    def _paid(self, key: tuple[int, ...]) -> int:
        return self._told.get((key[0], key[1]), _NOTHING).spent

    def unpaid(self) -> dict[Counter, int]:
        """What was spent here and Valkey has not booked yet."""
        return {counter: reading.spent - self._paid(counter[:2]) for counter, reading in self.debts()}

    def recover(self) -> list[LostHold]:
        """See `Counters.recover`."""
        return self._shared.recover()

    def forget(self, lost: Iterable[LostHold]) -> None:
        """See `Counters.forget`."""
        self._shared.forget(lost)

    def sweep(self, now_s: float, most: int) -> int:
        """See `Counters.sweep`."""
        return self._shared.sweep(now_s, most)

    def close(self) -> None:
        """See `Counters.close`."""
        self._shared.close()
