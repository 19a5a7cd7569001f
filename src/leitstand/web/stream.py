"""A response that streams a generator and closes it at once when the reader leaves or nothing comes for long."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class EventStream(Response):
    """Server-sent events. idle_s: the longest wait for the next event; the upstream time-outs are shorter."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], idle_s: float) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._idle_s = idle_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with asyncio.TaskGroup() as tasks:
            pump = tasks.create_task(self._pump(send), name="chat stream")
            leaving = tasks.create_task(_cancel_when_left(receive, pump), name="chat reader")
            pump.add_done_callback(lambda _: leaving.cancel())

    async def _pump(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            while (event := await self._next(events)) is not None:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, events: AsyncGenerator[bytes, None]) -> bytes | None:
        async with asyncio.timeout(self._idle_s):
            return await anext(events, None)


async def _cancel_when_left(receive: Receive, pump: asyncio.Task[None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    pump.cancel()
