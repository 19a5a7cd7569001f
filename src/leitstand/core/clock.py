"""Application time: the one clock that records, budgets, schedules and pages read.

It can run faster than real time (`serve --clock FACTOR`), for simulation and tests. Network time-outs
never use it: they wait on `asyncio` time.
"""

import time
from datetime import UTC, datetime


class Clock:
    """Real time, or a start moment plus FACTOR times the time that has passed since."""

    def __init__(self, factor: float = 1.0, start: datetime | None = None) -> None:
        """factor: how many application seconds pass in one real second (> 0)."""
        if factor <= 0:
            raise ValueError(f"the clock factor must be greater than 0, got {factor}")
        self.factor = factor
        self._real_origin = time.time()
        self._origin = start.timestamp() if start is not None else self._real_origin
        self.simulated = factor != 1.0 or start is not None

    def time(self) -> float:
        """Seconds since 1970 in application time."""
        if not self.simulated:
            return time.time()
        return self._origin + (time.time() - self._real_origin) * self.factor

    def time_us(self) -> int:
        """Microseconds since 1970 in application time, as stored in records."""
        return int(self.time() * 1_000_000)

    def now(self) -> datetime:
        """Application time, aware, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)


def from_us(time_us: int) -> datetime:
    """A stored time as an aware datetime in UTC."""
    return datetime.fromtimestamp(time_us / 1_000_000, UTC)
