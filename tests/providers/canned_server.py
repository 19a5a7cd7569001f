"""A provider that answers each connection with bytes written down beforehand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Canned:
    """port: where it listens. requests: what arrived, head and body."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def answer(
    body: bytes, status: int = 200, kind: str = "application/json", extra: str = "", cut: int = 0
) -> bytes:
    """A response; cut: how many bytes of the body are promised but never sent."""
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + (body[:-cut] if cut else body)


@asynccontextmanager
async def canned(*pieces: bytes, hang: bool = False, beat: bytes = b"") -> AsyncIterator[Canned]:
    """Serve the pieces to every request.

    hang: then stay silent instead of closing. beat: then send this every 50 ms until the client leaves.
    """
    state, silence = Canned(), asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        state.requests.append(head + await reader.readexactly(length))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while beat and not reader.at_eof():
            writer.write(beat)
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.05)
        if hang:
            await silence.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        silence.set()
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
