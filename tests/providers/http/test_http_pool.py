"""Which connection serves which exchange, and what happens to it afterwards."""

import asyncio
import gc
import os

import pytest
from wire_server import Peer, answer, wire_server

from leitstand.providers.http import (
    ConnectionCut,
    ConnectTimeout,
    HTTPRequest,
    Limits,
    Pool,
    PoolClosed,
    QueueTimeout,
    Timeouts,
)

PATIENT = Timeouts(connect_s=5, first_byte_s=10, idle_s=10, total_s=20)


async def ask(pool: Pool, url: str) -> bytes:
    async with pool.send(HTTPRequest("POST", url, body=b"{}"), PATIENT) as response:
        return await response.body(1_000_000)


async def echo_path(peer: Peer) -> None:
    while True:
        head, _ = await peer.request()
        await peer.send(answer(head.split()[1]))


async def test_unread_answer_closes_its_connection(pool: Pool):
    async with wire_server(echo_path) as server:
        async with pool.send(HTTPRequest("GET", server.url("/a")), PATIENT) as response:
            assert response.status == 200
        assert pool.stats().idle == 0
        assert await ask(pool, server.url("/b")) == b"/b"


async def test_surplus_answer_in_the_same_packet_is_never_given_to_the_next_question(pool: Pool):
    async def play(peer: Peer) -> None:
        head, _ = await peer.request()
        await peer.send(answer(head.split()[1]) + answer(b"for somebody else"))
        await peer.gone()

    async with wire_server(play) as server:
        assert await ask(pool, server.url("/a")) == b"/a"
        assert pool.stats().idle == 0
        assert await ask(pool, server.url("/b")) == b"/b"


async def test_surplus_bytes_on_an_idle_connection_close_it(pool: Pool):
    go = asyncio.Event()

    async def play(peer: Peer) -> None:
        head, _ = await peer.request()
        await peer.send(answer(head.split()[1]))
        await go.wait()
        await peer.send(answer(b"for somebody else"))
        await peer.gone()

    async with wire_server(play) as server:
        assert await ask(pool, server.url("/a")) == b"/a"
        assert pool.stats().idle == 1
        go.set()
        await asyncio.wait_for(server.all_gone.wait(), 5)
        assert pool.stats().idle == 0


async def test_surplus_bytes_that_the_loop_has_not_read_yet_are_seen_in_time(pool: Pool):
    """The surplus lies in the kernel when the next question comes in the same turn of the loop."""
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        peers.append(peer)
        while True:
            head, _ = await peer.request()
            await peer.send(answer(head.split()[1]))

    async with wire_server(play) as server:
        assert await ask(pool, server.url("/a")) == b"/a"
        connection = peers[0].writer.get_extra_info("socket")
        os.write(connection.fileno(), answer(b"for somebody else"))
        assert await ask(pool, server.url("/b")) == b"/b"
        assert server.accepted == 2


async def test_kept_connection_that_the_server_closed_is_replaced_once(pool: Pool):
    async def play(peer: Peer) -> None:
        head, _ = await peer.request()
        await peer.send(answer(head.split()[1]))
        if peer.number == 0:
            await peer.request()  # takes the second question and dies
            return
        await peer.gone()

    async with wire_server(play) as server:
        assert await ask(pool, server.url("/a")) == b"/a"
        assert await ask(pool, server.url("/b")) == b"/b"
        assert server.accepted == 2
        assert pool.stats().retried == 1


async def test_a_request_that_went_out_twice_says_so_when_it_fails(pool: Pool):
    async def play(peer: Peer) -> None:
        head, _ = await peer.request()
        if peer.number == 0:
            await peer.send(answer(head.split()[1]))
            await peer.request()

    async with wire_server(play) as server:
        await ask(pool, server.url("/a"))
        with pytest.raises(ConnectionCut) as cut:
            await ask(pool, server.url("/b"))
        assert cut.value.resent
        assert server.accepted == 2


async def test_a_request_that_may_go_out_once_takes_a_fresh_connection(pool: Pool):
    async with wire_server(echo_path) as server:
        await ask(pool, server.url("/a"))
        async with pool.send(HTTPRequest("GET", server.url("/b"), once=True), PATIENT) as response:
            assert await response.body(100) == b"/b"
        assert server.accepted == 2


async def test_fresh_connection_that_dies_is_not_asked_again(pool: Pool):
    asked = 0

    async def play(peer: Peer) -> None:
        nonlocal asked
        await peer.request()
        asked += 1

    async with wire_server(play) as server:
        with pytest.raises(ConnectionCut):
            await ask(pool, server.url())
    assert asked == 1


async def test_kept_connection_that_dies_after_one_byte_is_not_asked_again(pool: Pool):
    asked = 0

    async def play(peer: Peer) -> None:
        nonlocal asked
        await peer.request()
        asked += 1
        await peer.send(answer())
        await peer.request()
        asked += 1
        await peer.send(b"H")

    async with wire_server(play) as server:
        await ask(pool, server.url())
        with pytest.raises(ConnectionCut):
            await ask(pool, server.url())
    assert asked == 2


async def test_unused_connection_is_closed_when_it_grows_old():
    pool = Pool(Limits(idle_age_s=0.05))
    async with wire_server(echo_path) as server:
        await ask(pool, server.url())
        assert pool.stats().idle == 1
        await asyncio.wait_for(server.all_gone.wait(), 5)
        assert pool.stats().idle == 0
    await pool.close()


@pytest.mark.parametrize("connections", [1, 2])
async def test_limit_holds_and_waiting_is_first_come_first_served(connections: int):
    pool = Pool(Limits(per_origin=connections))
    order: list[str] = []

    async def one(path: str, url: str) -> None:
        assert await ask(pool, url) == path.encode()
        order.append(path)

    async with wire_server(echo_path) as server:
        paths = [f"/{number}" for number in range(20)]
        await asyncio.gather(*(one(path, server.url(path)) for path in paths))
        assert server.accepted == connections
        if connections == 1:  # two of them may overtake each other
            assert order == paths
    await pool.close()


async def test_waiting_too_long_for_a_connection_is_an_error_of_its_own():
    pool = Pool(Limits(per_origin=1, queue_s=0.05))
    async with wire_server(echo_path) as server:
        async with pool.send(HTTPRequest("GET", server.url("/a")), PATIENT) as response:
            with pytest.raises(QueueTimeout) as caught:
                await ask(pool, server.url("/b"))
            assert not caught.value.sent
            assert await response.body(99) == b"/a"
        assert await ask(pool, server.url("/c")) == b"/c"
        assert pool.stats().waiting == 0
    await pool.close()


async def test_cancelled_waiter_passes_its_turn_on():
    pool = Pool(Limits(per_origin=1))
    async with wire_server(echo_path) as server:
        async with pool.send(HTTPRequest("GET", server.url("/a")), PATIENT) as response:
            waiting = [asyncio.create_task(ask(pool, server.url(f"/{number}"))) for number in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await response.body(99)
        waiting[1].cancel()  # its turn was already handed over, but it has not run yet
        assert await asyncio.wait_for(waiting[2], 5) == b"/2"
        await asyncio.gather(*waiting, return_exceptions=True)
    assert pool.stats().busy == 0
    await pool.close()


async def test_cancelled_reader_closes_its_connection(pool: Pool):
    asked = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    async with wire_server(play) as server:
        task = asyncio.create_task(ask(pool, server.url()))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.all_gone.wait(), 5)


async def test_close_ends_running_waiting_and_idle_exchanges():
    pool = Pool(Limits(per_origin=2))
    asked = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        if peer.number == 0:
            await peer.send(answer())
        else:
            asked.set()
        await peer.gone()

    async with wire_server(play) as server:
        await ask(pool, server.url())
        assert pool.stats().idle == 1
        running = [asyncio.create_task(ask(pool, server.url())) for _ in range(4)]
        await asked.wait()
        await pool.close()
        outcomes = await asyncio.gather(*running, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [PoolClosed] * 4
        await asyncio.wait_for(server.all_gone.wait(), 5)
        with pytest.raises(PoolClosed):
            await ask(pool, server.url())
    assert pool.stats().busy == 0


async def test_a_server_that_accepts_but_never_shakes_hands_meets_the_connect_timeout(pool: Pool):
    async def play(peer: Peer) -> None:
        await peer.gone()

    async with wire_server(play) as server:
        request = HTTPRequest("GET", server.url(scheme="https"))
        with pytest.raises(ConnectTimeout) as caught:
            async with pool.send(request, Timeouts(0.1, 5, 5, 5)):
                pass
        assert not caught.value.sent
        await asyncio.wait_for(server.all_gone.wait(), 5)


async def test_response_cannot_be_read_after_its_end(pool: Pool):
    async with wire_server(echo_path) as server:
        async with pool.send(HTTPRequest("GET", server.url("/a")), PATIENT) as response:
            await response.body(99)
        with pytest.raises(RuntimeError):
            await response.read()


async def test_one_sending_is_entered_once(pool: Pool):
    async with wire_server(echo_path) as server:
        sending = pool.send(HTTPRequest("GET", server.url("/a")), PATIENT)
        async with sending as response:
            await response.body(99)
        with pytest.raises(RuntimeError):
            async with sending:
                pass


async def test_connection_refuses_a_second_exchange_and_a_foreign_end(pool: Pool):
    async with wire_server(echo_path) as server:
        question, other = HTTPRequest("GET", server.url("/a")), HTTPRequest("GET", server.url("/b"))
        async with pool.send(question, PATIENT) as first, pool.send(other, PATIENT) as second:
            with pytest.raises(RuntimeError):
                first._connection.begin(second._exchange, b"", b"")
            with pytest.raises(RuntimeError):
                first._connection.finish(second._exchange)
            assert await second.body(99) == b"/b"
            assert await first.body(99) == b"/a"


async def test_two_tasks_cannot_share_out_one_answer(pool: Pool):
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
        await peer.gone()

    async with wire_server(play) as server:
        request = HTTPRequest("GET", server.url())
        async with pool.send(request, PATIENT) as response:
            first = asyncio.create_task(response.read())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError):
                await response.read()
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)


async def test_closed_connections_are_freed(pool: Pool):
    async with wire_server(echo_path) as server:
        for _ in range(5):
            async with pool.send(HTTPRequest("GET", server.url("/a")), PATIENT):
                pass
        await asyncio.wait_for(server.all_gone.wait(), 5)
    gc.collect()
    assert not [
        thing
        for thing in gc.get_objects()
        if type(thing).__name__ == "Connection" and "http.conn" in type(thing).__module__
    ]
