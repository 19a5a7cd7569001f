"""One call as a client makes it: plain or streamed, read to its end or left at a chosen moment."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from spine.proof.world import MODELS, USE_CASES, Key

DEADLINE_S = 100.0
"""After this long a call without an answer counts as hanging; the providers' own patience is 90 s."""
PATHS = {
    "chat": b"/v1/chat/completions",
    "messages": b"/v1/messages",
    "responses": b"/v1/responses",
    "embeddings": b"/v1/embeddings",
}
CONVERSATIONS = ("chat", "messages", "responses")
Leaving = Literal["", "at once", "before the answer", "in the answer", "politely in the answer"]


@dataclass(frozen=True)
class Wish:
    """What to ask. words: the length of the answer; cap: the most that is asked for; after_s: when to leave.

    greeting: begins the text, for example with names.
    """

    marker: str
    key: Key
    use_case: str
    model: str
    dialect: str
    stream: bool
    words: int
    cap: int
    leave: Leaving = ""
    after_s: float = 0.0
    greeting: str = ""

    def body(self) -> bytes:
        text = f"{self.greeting}Vorgang {self.marker} bitte.\ncount: {self.words}"
        if self.dialect == "embeddings":
            return json.dumps({"model": self.model, "input": text}).encode()
        turns = [{"role": "user", "content": text}]
        body: dict[str, Any] = {"model": self.model, "stream": self.stream}
        if self.dialect == "responses":
            body |= {"max_output_tokens": self.cap, "input": text, "store": False}
        else:
            body |= {"max_tokens": self.cap, "messages": turns}
        return json.dumps(body).encode()


@dataclass
class Told:
    """What came of it. status 0: nothing was heard. complete: the answer was read to its end."""

    wish: Wish
    status: int = 0
    request_id: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    took_s: float = 0.0

    @property
    def code(self) -> str:
        return str(self.error.get("code", ""))


def draw(dice: random.Random, marker: str, key: Key) -> Wish:
    """A call as it may come: one in four is left by its client."""
    leave: Leaving = ""
    if dice.random() < 0.25:
        leave = dice.choice(("at once", "before the answer", "in the answer", "politely in the answer"))
    words = dice.choice((20, 40, 60, 120))
    return Wish(
        marker, key, dice.choice(("", *USE_CASES)), dice.choice(tuple(MODELS)), dice.choice(CONVERSATIONS),
        dice.random() < 0.5, words, words + dice.choice((0, 0, 20)), leave, dice.uniform(0, 0.12),
    )  # fmt: skip


async def call(port: int, wish: Wish) -> Told:
    """Make it on a connection of its own. Raises nothing for a server that goes away: the call is then incomplete."""
    told, began = Told(wish), time.monotonic()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return told
    try:
        async with asyncio.timeout(DEADLINE_S):
            await _converse(reader, writer, wish, told)
    except (OSError, asyncio.IncompleteReadError, EOFError):
        pass
    finally:
        told.took_s = time.monotonic() - began
        writer.transport.abort()
    return told


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wish: Wish, told: Told
) -> None:
    body = wish.body()
    use_case = f"x-leitstand-use-case: {wish.use_case}\r\n" if wish.use_case else ""
    writer.write(
        b"POST %b HTTP/1.1\r\nhost: beweis\r\ncontent-type: application/json\r\naccept-language: en\r\n"
        b"authorization: Bearer %b\r\n%bcontent-length: %d\r\n\r\n%b"
        % (PATHS[wish.dialect], wish.key.secret.encode(), use_case.encode(), len(body), body)
    )
    await writer.drain()
    if wish.leave == "at once":
        return
    if wish.leave == "before the answer":
        await asyncio.sleep(wish.after_s)
        return
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    told.status = int(head[9:12])
    told.request_id = _header(head, b"x-leitstand-request-id")
    chunked = b"transfer-encoding: chunked" in head
    if wish.leave and told.status == 200:
        await _leave_inside(reader, writer, wish)
        return
    content = await (
        _chunks(reader) if chunked else reader.readexactly(int(_header(head, b"content-length")))
    )
    told.complete = True
    if told.status != 200:
        told.error = json.loads(content).get("error", {})
    elif wish.stream and b'"error"' in content[-600:]:
        told.complete = False  # broken off, and told so


async def _leave_inside(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wish: Wish) -> None:
    await reader.read(200)
    await asyncio.sleep(wish.after_s / 4)
    if wish.leave == "politely in the answer":
        writer.close()
        await asyncio.sleep(0)


def _header(head: bytes, name: bytes) -> str:
    return head.partition(b"\r\n%b:" % name)[2].split(b"\r\n", 1)[0].strip().decode()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        whole.append((await reader.readexactly(size + 2))[:-2])
    await reader.readexactly(2)
    return b"".join(whole)
