"""When the events of a stream go out: at the model's speed, or joined when there is no delay."""

import asyncio

from leitstand.simulator.http import Reply

_BATCH_BYTES = 16 * 1024


class Batch:
    """Joins the events of an undelayed stream into few writes."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._events: list[bytes] = []
        self._size = 0

    async def add(self, data: bytes) -> None:
        """Send an event, with the others of its batch."""
        self._events.append(data)
        self._size += len(data)
        if self._size >= _BATCH_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Send what is waiting."""
        if self._events:
            self._reply.write(b"".join(self._events))
            self._events.clear()
            self._size = 0
            await self._reply.drain()


class Pace:
    """Keeps a stream at its speed, measured from its start so that delays do not add up."""

    def __init__(self, reply: Reply, first_ms: float, each_ms: float) -> None:
        self._reply = reply
        self._first_s = first_ms / 1000
        self._each_s = each_ms / 1000
        self._due = 0.0

    async def first(self) -> None:
        """Wait for the first token."""
        if self._first_s:
            await self._reply.pause(self._first_s)

    async def next(self, number: int, batch: Batch) -> None:
        """Wait until `number` more tokens are due; the first ones are due at once."""
        if not self._each_s:
            return
        now = asyncio.get_running_loop().time()
        self._due = self._due or now
        await batch.flush()
        if self._due > now:
            await self._reply.pause(self._due - now)
        self._due += self._each_s * number
