"""A small load balancer: connections go to gateways whose /readyz answers 200, asked once a second."""

import asyncio
import contextlib
import itertools
from types import TracebackType
from typing import Self


class Balancer:
    """Passes on bytes; it neither repeats requests nor hides a broken connection. ready: the ports in turn."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.ready: set[int] = set()
        self.port = 0
        self._turns = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watching.cancel()
        self._server.close()
        for task in (self._watching, *self._tasks):
            task.cancel()
        await asyncio.gather(self._watching, *self._tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # closed transports let go of their sockets

    async def until(self, count: int) -> None:
        """Wait until so many gateways are ready."""
        async with asyncio.timeout(60):
            while len(self.ready) != count:
                await asyncio.sleep(0.05)

    async def _watch(self) -> None:
        await asyncio.gather(*(self._follow(port) for port in self.ports))

    async def _follow(self, port: int) -> None:
        while True:
            if await _is_ready(port):
                self.ready.add(port)
            else:
                self.ready.discard(port)
            await asyncio.sleep(1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writers = [writer]
        try:
            choice = sorted(self.ready)
            up_reader, up_writer = await asyncio.open_connection(
                "127.0.0.1", choice[next(self._turns) % len(choice)]
            )
            writers.append(up_writer)
            await asyncio.gather(_pump(reader, up_writer), _pump(up_reader, writer))
        except asyncio.CancelledError:
            pass  # the balancer ends
        finally:
            for one in writers:
                one.close()
            self._tasks.discard(task)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while block := await source.read(1 << 16):
            sink.write(block)
            await sink.drain()
    sink.close()


async def _is_ready(port: int) -> bool:
    try:
        async with asyncio.timeout(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in line
