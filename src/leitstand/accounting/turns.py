"""Who waits for which counter: first come, first served, inside one process.

A caller whose call fits only when running calls have been settled joins the queue of the counter that is short.
Only the head of a queue tries; it is woken by every settlement here, and looks by itself every POLL_S because
other processes settle silently.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from leitstand.accounting.counters import Counter

POLL_S = 0.02


class Place:
    """One caller's place in the queue of `counter`."""

    __slots__ = ("called", "counter")

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.called = asyncio.Event()


class Turns:
    """The queues of one event loop."""

    def __init__(self) -> None:
        self._queues: dict[Counter, deque[Place]] = {}

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._queues)

    def busy(self, counters: Iterable[Counter]) -> Counter | None:
        """The first of these counters for which somebody waits already."""
        return next((one for one in counters if one in self._queues), None)

    def join(self, counter: Counter) -> Place:
        """A place at the end of a counter's queue; to be left again."""
        place = Place(counter)
        self._queues.setdefault(counter, deque()).append(place)
        return place

    def leave(self, place: Place) -> None:
        """Give the place up and call the next."""
        queue = self._queues[place.counter]
        queue.remove(place)
        if queue:
            queue[0].called.set()
        else:
            del self._queues[place.counter]

    def news(self, counters: Iterable[Counter]) -> None:
        """Something was given back or booked on these counters: their heads may try again."""
        if not self._queues:
            return
        for counter in counters:
            if counter in self._queues:
                self._queues[counter][0].called.set()

    async def pause(self, place: Place, deadline: float) -> None:
        """Until this place is called, it is time for the head to look, or the deadline (loop time) is reached."""
        is_head = self._queues[place.counter][0] is place
        now = asyncio.get_running_loop().time()
        until = min(now + POLL_S, deadline) if is_head else deadline
        try:
            async with asyncio.timeout_at(until):
                await place.called.wait()
        except TimeoutError:
            return
        place.called.clear()
