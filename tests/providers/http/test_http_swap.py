"""The danger of every pool: under cuts, time-outs and cancellations an answer reaches somebody else.

Thousands of distinct questions go over few connections to a server that misbehaves in every way it can;
each answer that arrives must be the one to its own question, and in the end nothing is left behind.
"""

import asyncio
import hashlib
import os
import random
from collections import Counter

import pytest
from wire_server import Peer, answer, chunked, wire_server

from leitstand.providers.http import HTTPFault, HTTPRequest, Limits, Pool, Timeouts

QUESTIONS = int(os.environ.get("LEITSTAND_TEST_SWAP_QUESTIONS", "5000"))
IMPATIENT = Timeouts(connect_s=5, first_byte_s=0.03, idle_s=0.03, total_s=5)
PATIENT = Timeouts(connect_s=5, first_byte_s=20, idle_s=20, total_s=40)


def solution(question: bytes) -> bytes:
    """An answer that belongs to one question only; 64 bytes to 64 KB long."""
    digest = hashlib.sha256(question).hexdigest().encode()
    return digest * (1 << (digest[0] % 11))


class Moody:
    """A server that answers well two times in three, and otherwise fails in a way of its own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.moods: Counter[str] = Counter()

    async def __call__(self, peer: Peer) -> None:
        while True:
            _, question = await peer.request()
            mood = self.random.choices(list(MOODS), WEIGHTS)[0]
            self.moods[mood] += 1
            if not await MOODS[mood](self, peer, solution(question)):
                return

    async def whole(self, peer: Peer, body: bytes) -> bool:
        await peer.send(answer(body))
        return True

    async def pieces(self, peer: Peer, body: bytes) -> bool:
        cut = self.random.randrange(1, len(body))
        await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        wire = chunked(body[:cut], body[cut:])
        middle = self.random.randrange(1, len(wire))
        await peer.send(wire[:middle], wire[middle:])
        return True

    async def late(self, peer: Peer, body: bytes) -> bool:
        await asyncio.sleep(self.random.random() * 0.06)  # around the impatient time-out
        await peer.send(answer(body))
        return True

    async def pausing(self, peer: Peer, body: bytes) -> bool:
        wire = answer(body)
        await peer.send(wire[:-9])
        await asyncio.sleep(self.random.random() * 0.06)
        await peer.send(wire[-9:])
        return True

    async def dying(self, peer: Peer, body: bytes) -> bool:
        return False

    async def cut(self, peer: Peer, body: bytes) -> bool:
        wire = answer(body)
        await peer.send(wire[: self.random.randrange(1, len(wire))])
        return False

    async def until_close(self, peer: Peer, body: bytes) -> bool:
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n", body)
        if not peer.writer.is_closing():
            peer.writer.write_eof()
            await peer.gone()
        return False

    async def talkative(self, peer: Peer, body: bytes) -> bool:
        await peer.send(answer(body) + answer(b"not asked for"))
        return True


MOODS = {
    "whole": Moody.whole,
    "pieces": Moody.pieces,
    "late": Moody.late,
    "pausing": Moody.pausing,
    "dying": Moody.dying,
    "cut": Moody.cut,
    "until_close": Moody.until_close,
    "talkative": Moody.talkative,
}
WEIGHTS = (40, 25, 6, 6, 6, 6, 5, 6)


async def storm(pool: Pool, url: str, questions: int, seed: int) -> Counter[str]:
    """Ask everything with 64 people, one in eight of whom leaves early; count the outcomes."""
    outcomes: Counter[str] = Counter()
    dice = random.Random(seed)
    numbers = iter(range(questions))

    async def ask(number: int, timeouts: Timeouts) -> None:
        question = b"question %d" % number
        async with pool.send(HTTPRequest("POST", url, body=question), timeouts) as response:
            if dice.random() < 0.03:
                outcomes["left unread"] += 1
                return
            body = await response.body(1_000_000)
        assert body == solution(question), f"question {number} got a foreign answer"
        outcomes["answered"] += 1

    async def person() -> None:
        for number in numbers:
            timeouts = IMPATIENT if dice.random() < 0.5 else PATIENT
            task = asyncio.create_task(ask(number, timeouts))
            if dice.random() < 0.12:
                await asyncio.sleep(dice.random() * 0.01)
                task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                outcomes["cancelled"] += 1
            except HTTPFault as fault:
                outcomes[type(fault).__name__] += 1

    async with asyncio.TaskGroup() as people:
        for _ in range(64):
            people.create_task(person())
    return outcomes


@pytest.mark.timeout(1800)
async def test_every_answer_belongs_to_its_question_whatever_goes_wrong():
    pool = Pool(Limits(per_origin=32, queue_s=30))
    moody = Moody(seed=7)
    async with wire_server(moody) as server:
        outcomes = await storm(pool, server.url(), QUESTIONS, seed=11)
        stats = pool.stats()
        assert sum(outcomes.values()) == QUESTIONS
        assert outcomes["answered"] > QUESTIONS / 2
        for kind in ("cancelled", "left unread", "ConnectionCut", "FirstByteTimeout", "IdleTimeout"):
            assert outcomes[kind] > 0, f"the storm did not bring about {kind!r}"
        assert (stats.busy, stats.waiting) == (0, 0)
        assert stats.idle <= 32
        assert stats.opened < stats.requests, "no connection was ever kept"
        await pool.close()
        await asyncio.wait_for(server.all_gone.wait(), 5)
    assert len(asyncio.all_tasks()) == 1
    assert all(not lane.connections and not lane.waiters for lane in pool._lanes.values())


async def test_server_that_sends_afterthoughts_cannot_answer_the_next_question():
    """Each answer is followed by an unasked one a moment later, often just as the connection is reused."""
    pool = Pool(Limits(per_origin=4))
    foreign = 0

    async def play(peer: Peer) -> None:
        _, question = await peer.request()
        await peer.send(answer(solution(question)), answer(b"not asked for"))
        await peer.gone()

    async with wire_server(play) as server:
        for number in range(200):
            question = b"question %d" % number
            async with pool.send(HTTPRequest("POST", server.url(), body=question), PATIENT) as response:
                foreign += await response.body(1_000_000) != solution(question)
    assert foreign == 0
    await pool.close()
