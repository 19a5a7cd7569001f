"""A running house with an administrator at hand, and a light client for many requests at a time."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2

from leitstand.journal.records import INTERACTION
from support.answers import EVERY_PATH, Heard, body_of, heard
from support.house import House, Running, configuration, issue_key
from support.simulator import Simulator

_STAR_PRICES = "".join(
    f"  - {{provider: {name}, model: '*', input: 1.00, output: 2.00, currency: EUR}}\n"
    for name in ("openai-eu", "anthropic-eu", "offen")
)
_TIMEOUT_S = 60


def peer_configuration(simulator: Simulator, **extra: str) -> str:
    """The usual house with a price for every model and rules alone for names, so that load tests are about load."""
    patience = dict.fromkeys(
        ("connect", "first_token", "idle", "total"), "60"
    )  # a busy machine is no failing provider
    extra = {"privacy": "  detection: rules", **patience, **extra}
    return configuration(simulator, **extra).replace("prices:\n", f"prices:\n{_STAR_PRICES}", 1)


@dataclass
class Desk:
    """office: a super administrator's key."""

    house: House
    server: Running
    simulator: Simulator
    office: str
    client: httpx2.Client = field(init=False)

    def __enter__(self) -> Self:
        self.client = httpx2.Client(base_url=self.server.url, timeout=_TIMEOUT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def key(self, user: str = "anna", **wish: Any) -> dict[str, str]:
        """A fresh key with its id, good at once."""
        return issue_key(self.server, self.office, user, **wish)

    def administer(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        answer = self.client.request(
            method,
            f"/api/configuration/{path}".rstrip("/"),
            json=body,
            headers={"authorization": f"Bearer {self.office}"},
        )
        assert answer.status_code in (200, 204), f"{answer.text}\n{self.server.log()[-4000:]}"
        return answer

    @contextmanager
    def limit(self, scope: str, **measure: Any) -> Iterator[str]:
        """A limit that is in force inside the block; gives its path."""
        path = f"limit/{scope} {next(iter(measure))}"
        self.administer("PUT", path, {"scope": scope, **measure})
        try:
            yield path
        finally:
            self.administer("DELETE", path)

    def model(self, name: str, *providers: str, **more: Any) -> str:
        """Offer a model whose targets carry its own name, so that no other test has made them rest."""
        targets = [{"provider": provider, "model": f"{name}-upstream"} for provider in providers]
        self.administer("PUT", f"model/{name}", {"targets": targets, **more})
        return name

    def impatient(self, name: str, kind: str = "openai") -> str:
        """A provider with half a second of patience at the simulated address `name`."""
        waits = {"connect": 0.5, "first_token": 0.5, "idle": 0.5, "total": 10}
        self.simulator.reset(name)
        self.administer(
            "PUT", f"provider/{name}",
            {
                "kind": kind, "base_url": self.simulator.url(name), "api_key": "sk-of-nobody-at-all", "region": "eu",
                "dpa": {"signed": "2026-01-15"}, "probe": {"every": 0}, "timeouts": waits,
            },
        )  # fmt: skip
        return name

    def ask(self, key: str, model: str, text: str, dialect: str = "chat", **more: Any) -> Heard:
        headers = {"authorization": f"Bearer {key}", **more.pop("headers", {})}
        body = body_of(dialect, model, text, **more)
        return heard(dialect, self.client.post(EVERY_PATH[dialect], json=body, headers=headers))

    async def ask_all(self, key: str, asked: list[tuple[str, dict[str, Any]]]) -> list[Heard]:
        """All (dialect, body) at once, each on a connection of its own."""
        headers = {"authorization": f"Bearer {key}"}
        limits = httpx2.Limits(max_connections=len(asked))
        async with httpx2.AsyncClient(
            base_url=self.server.url, timeout=_TIMEOUT_S, limits=limits, headers=headers
        ) as client:
            answers = await asyncio.gather(*(client.post(EVERY_PATH[d], json=body) for d, body in asked))
        return [heard(dialect, answer) for (dialect, _), answer in zip(asked, answers, strict=True)]

    def records(self, key_id: str) -> list[dict[str, Any]]:
        """What the journal holds of one key's requests, in order."""
        database = sqlite3.connect(f"file:{self.house.data / 'leitstand.sqlite'}?mode=ro", uri=True)
        try:
            database.row_factory = sqlite3.Row
            rows = database.execute(
                "SELECT * FROM journal WHERE key_id = ? AND kind = ? ORDER BY seq", (key_id, INTERACTION)
            )
            return [dict(row) for row in rows]
        finally:
            database.close()

    def calls(self, provider: str = "openai-eu") -> int:
        return len(self.simulator.log(provider, idle=True))


@dataclass
class Line:
    """One kept connection that speaks just enough HTTP/1.1; an answer costs it some 100 µs."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, key: str, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: leitstand\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n%b"
            % (key.encode(), len(content), content)
        )

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        async with asyncio.timeout(_TIMEOUT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            status = int(head[9:12])
            if b"transfer-encoding: chunked" in head:
                return status, await self._chunks()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            return status, await self.reader.readexactly(length)

    async def ask(self, key: str, body: dict[str, Any]) -> tuple[int, bytes]:
        self.send(key, body)
        return await self.answer()

    async def _chunks(self) -> bytes:
        whole = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            whole += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)
        return whole


@asynccontextmanager
async def line(port: int) -> AsyncIterator[Line]:
    """A connection to 127.0.0.1, cut off at the end of the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


def said(body: bytes) -> str:
    """The text of a plain chat answer."""
    return str(json.loads(body)["choices"][0]["message"]["content"])


def timed(started: float) -> float:
    """Seconds since a moment of `time.monotonic`."""
    return time.monotonic() - started
