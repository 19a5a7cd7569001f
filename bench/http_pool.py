"""CPU time of one call through the HTTP pool: 16 connections, plain answers of 1 KB, a local server.

    python bench/http_pool.py [--calls 50000] [--connections 16] [--rounds 5] [--loop uvloop|asyncio]

The server runs in a process of its own and answers with constant bytes; only the client's user and system
time is counted. Prints one JSON line per client: the floor (the same bytes over bare transports, nothing parsed:
what no client can go below on this machine), the pool and, if it is installed, aiohttp.
"""

import argparse
import asyncio
import importlib.util
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import uvloop

from leitstand.providers.http import HTTPRequest, Pool, Timeouts

ANSWER = b"x" * 1024
WIRE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_1\r\n"
    b"date: Mon, 01 Jan 2029 00:00:00 GMT\r\ncontent-length: 1024\r\n\r\n" + ANSWER
)
QUESTION = b'{"model":"m","messages":[{"role":"user","content":"' + b"q" * 400 + b'"}]}'
HEADERS = (
    ("authorization", "Bearer sk-0123456789abcdef0123456789abcdef"),
    ("content-type", "application/json"),
    ("accept", "application/json"),
)
TIMEOUTS = Timeouts(connect_s=5, first_byte_s=20, idle_s=30, total_s=300)

Call = Callable[[], Awaitable[None]]


class Echo(asyncio.Protocol):
    """Answers every request with the same bytes; a request always fits into one packet here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(WIRE)  # type: ignore[attr-defined]  # uvloop's transport type


def serve(pipe: Connection) -> None:
    """Run the server until the parent closes its end."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    uvloop.run(run())


async def measure(call: Call, connections: int, calls: int, rounds: int) -> dict[str, float]:
    """Median and spread of CPU microseconds per call over the rounds, after one round to warm up."""

    async def worker(count: int) -> None:
        for _ in range(count):
            await call()

    figures: list[float] = []
    rates: list[float] = []
    for _ in range(rounds + 1):
        cpu, wall = os.times(), time.perf_counter()
        await asyncio.gather(*(worker(calls // connections) for _ in range(connections)))
        spent = os.times()
        figures.append((spent.user - cpu.user + spent.system - cpu.system) / calls * 1e6)
        rates.append(calls / (time.perf_counter() - wall))
    return {
        "cpu_us": round(statistics.median(figures[1:]), 2),
        "cpu_us_min": round(min(figures[1:]), 2),
        "cpu_us_max": round(max(figures[1:]), 2),
        "calls_per_s": round(statistics.median(rates[1:])),
    }


async def through_pool(port: int, arguments: argparse.Namespace) -> dict[str, float]:
    """The pool, as an adapter uses it."""
    pool = Pool()
    url = f"http://127.0.0.1:{port}/v1/chat/completions"

    async def call() -> None:
        async with pool.send(HTTPRequest("POST", url, HEADERS, QUESTION), TIMEOUTS) as response:
            if await response.body(1 << 20) != ANSWER:
                raise AssertionError("wrong answer")

    try:
        return await measure(call, arguments.connections, arguments.calls, arguments.rounds)
    finally:
        await pool.close()


class Bare(asyncio.Protocol):
    """Whatever arrives in one packet is the answer."""

    waiter: asyncio.Future[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiter.set_result(data)


async def through_nothing(port: int, arguments: argparse.Namespace) -> dict[str, float]:
    """One write and one read per call, and a future between them."""
    loop = asyncio.get_running_loop()
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
    wire = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n{lines}\r\n".encode() + QUESTION
    free = [(await loop.create_connection(Bare, "127.0.0.1", port))[1] for _ in range(arguments.connections)]

    async def call() -> None:
        connection = free.pop()
        connection.waiter = loop.create_future()
        connection.transport.write(wire)  # type: ignore[attr-defined]  # uvloop's transport type
        if not (await connection.waiter).endswith(ANSWER):
            raise AssertionError("wrong answer")
        free.append(connection)

    return await measure(call, arguments.connections, arguments.calls, arguments.rounds)


async def through_aiohttp(port: int, arguments: argparse.Namespace) -> dict[str, float]:
    """The same calls with aiohttp."""
    import aiohttp

    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    async with aiohttp.ClientSession(headers=dict(HEADERS)) as session:

        async def call() -> None:
            async with session.post(url, data=QUESTION) as response:
                if await response.read() != ANSWER:
                    raise AssertionError("wrong answer")

        return await measure(call, arguments.connections, arguments.calls, arguments.rounds)


def main() -> None:
    """Start the server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    server.start()
    port = ours.recv()
    run = uvloop.run if arguments.loop == "uvloop" else asyncio.run
    clients = {"floor": through_nothing, "pool": through_pool}
    if importlib.util.find_spec("aiohttp"):
        clients["aiohttp"] = through_aiohttp
    try:
        for name, client in clients.items():
            figures = run(client(port, arguments))
            print(
                json.dumps(
                    {"client": name, "python": platform.python_version(), **vars(arguments), **figures}
                )
            )
    finally:
        ours.send(None)
        server.join(5)


if __name__ == "__main__":
    main()
