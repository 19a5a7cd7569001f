"""The counters as Valkey last told them: what is known when it does not answer."""

from collections.abc import Iterable, Sequence

from leitstand.accounting.counters import Counter, Part, Reading
from leitstand.accounting.counters.tables import GRACE_S

_MASK = (1 << 64) - 1


def name_of(counter: Counter) -> str:
    """A counter's 128 bits as 32 hex digits."""
    return f"{counter.k0 & _MASK:016x}{counter.k1 & _MASK:016x}"


class Mirror:
    """Names to amounts; the caller takes care that one thread at a time changes it."""

    def __init__(self) -> None:
        self._readings: dict[str, tuple[Reading, int]] = {}

    def read(self, name: str) -> Reading:
        """What is known; nothing was spent or held on a counter of which nobody has heard."""
        return self._readings.get(name, _NOTHING)[0]

    def learn(self, name: str, reading: Reading, expires_s: int) -> None:
        """Valkey has told the amounts."""
        self._readings[name] = (reading, expires_s)

    def change(self, parts: Sequence[Part], held: int, spent: Sequence[int] | None = None) -> None:
        """This process has held (+1) or released (-1) the parts' amounts, and spent so much."""
        for index, part in enumerate(parts):
            name = name_of(part.counter)
            known = self.read(name)
            reading = Reading(
                known.spent + (spent[index] if spent else 0), max(known.held + held * part.amount, 0)
            )
            self._readings[name] = (reading, part.counter.expires_s)

    def raise_to(self, spent: Iterable[tuple[Counter, int]]) -> None:
        """At least so much was spent."""
        for counter, amount in spent:
            known = self.read(name_of(counter))
            reading = Reading(max(known.spent, amount), known.held)
            self._readings[name_of(counter)] = (reading, counter.expires_s)

    def knows(self, counter: Counter) -> bool:
        """Whether anything was ever heard of a counter."""
        return name_of(counter) in self._readings

    def all(self) -> list[tuple[str, int, int]]:
        """(name, spent, end of the period) of all counters on which something was spent."""
        return [
            (name, reading.spent, end) for name, (reading, end) in self._readings.items() if reading.spent
        ]

    def prune(self, now_s: float) -> None:
        """Drop counters whose period is long over."""
        old = [name for name, (_, end) in self._readings.items() if end and end + GRACE_S < now_s]
        for name in old:
            del self._readings[name]


_NOTHING = (Reading(0, 0), 0)
