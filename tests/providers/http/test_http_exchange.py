"""What one exchange brings, for every way in which a server may frame, cut or delay its answer."""

import asyncio
from contextlib import aclosing

import pytest
from wire_server import Peer, answer, chunked, wire_server

from leitstand.providers.http import (
    BadResponse,
    BodyTooLarge,
    ConnectFailed,
    ConnectionCut,
    FirstByteTimeout,
    HTTPRequest,
    IdleTimeout,
    Pool,
    Timeouts,
    TotalTimeout,
)

PATIENT = Timeouts(connect_s=5, first_byte_s=10, idle_s=10, total_s=20)
LIMIT = 10_000_000


async def ask(pool: Pool, url: str, body: bytes = b"{}", method: str = "POST", timeouts: Timeouts = PATIENT):
    async with pool.send(HTTPRequest(method, url, body=body), timeouts) as response:
        return response.status, await response.body(LIMIT)


def plays(*packets: bytes, close: bool = False):
    """A server that answers each request with these packets."""

    async def play(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(*packets)
            if close:
                return

    return play


async def test_request_arrives_byte_for_byte(pool: Pool):
    seen = []

    async def play(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.send(answer())
        await peer.gone()

    async with wire_server(play) as server:
        request = HTTPRequest("POST", server.url("/v1/x?a=1"), (("X-Key", "geheim"),), b"\x00body")
        async with pool.send(request, PATIENT) as response:
            assert await response.body(LIMIT) == b"ok"
    head = f"POST /v1/x?a=1 HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nX-Key: geheim\r\ncontent-length: 5\r\n\r\n"
    assert seen == [(head.encode(), b"\x00body")]


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ((answer(b"hello"),), b"hello"),
        (tuple(bytes([byte]) for byte in answer(b"slowly")), b"slowly"),
        ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunked(b"one", b"two")), b"onetwo"),
        (
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r",
                b"\none\r\n1;x=y",
                b"\r\n",
                b"!",
                b"\r\n0\r\nx-trailer: 1\r\n",
                b"\r\n",
            ),
            b"one!",
        ),
        (
            (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + answer(b"a")),
            b"a",
        ),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
        ((b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n",), b""),
        ((answer(b""),), b""),
    ],
    ids=["length", "bytewise", "chunked", "chunked-odd", "interim", "204", "304", "empty"],
)
async def test_every_framing_is_read_to_its_end_and_the_connection_is_kept(pool: Pool, packets, expected):
    async with wire_server(plays(*packets)) as server:
        for _ in range(3):
            _, body = await ask(pool, server.url())
            assert body == expected
        assert server.accepted == 1


async def test_body_that_ends_with_the_connection_is_whole(pool: Pool):
    async with wire_server(plays(b"HTTP/1.1 200 OK\r\n\r\nall ", b"of it", close=True)) as server:
        assert await ask(pool, server.url()) == (200, b"all of it")
        assert pool.stats().idle == 0


async def test_answer_to_head_has_no_body_and_frees_nothing_into_the_pool(pool: Pool):
    async with wire_server(plays(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")) as server:
        assert await ask(pool, server.url(), b"", "HEAD") == (200, b"")
        assert pool.stats().idle == 0


async def test_connection_close_is_honoured(pool: Pool):
    async with wire_server(plays(answer(b"ok", "connection: close"))) as server:
        for _ in range(2):
            assert await ask(pool, server.url()) == (200, b"ok")
        assert server.accepted == 2


async def test_redirect_is_an_answer_and_is_not_followed(pool: Pool):
    redirect = answer(b"", "location: http://127.0.0.1:1/", status="307 Temporary Redirect")
    async with wire_server(plays(redirect)) as server:
        assert await ask(pool, server.url()) == (307, b"")


async def test_headers_are_found_by_lower_case_name_and_repeats_are_joined(pool: Pool):
    async with wire_server(plays(answer(b"", "Retry-After: 7", "X-A: 1", "x-a: 2"))) as server:
        request = HTTPRequest("GET", server.url())
        async with pool.send(request, PATIENT) as response:
            assert response.headers["retry-after"] == "7"
            assert response.headers["x-a"] == "1, 2"


@pytest.mark.parametrize(
    "packet",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
    ],
    ids=["length", "chunked"],
)
async def test_body_that_ends_early_is_a_cut_with_what_had_arrived(pool: Pool, packet):
    async with wire_server(plays(packet, close=True)) as server:
        with pytest.raises(ConnectionCut) as caught:
            await ask(pool, server.url())
    assert caught.value.arrived == b"short"
    assert caught.value.sent


async def test_chunks_are_handed_out_before_the_cut_is_raised(pool: Pool):
    packet = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n"
    got: list[bytes] = []

    async def listen(url: str) -> None:
        async with (
            pool.send(HTTPRequest("POST", url), PATIENT) as response,
            aclosing(response.chunks()) as chunks,
        ):
            async for chunk in chunks:
                got.append(chunk)

    async with wire_server(plays(packet, close=True)) as server:
        with pytest.raises(ConnectionCut):
            await listen(server.url())
    assert b"".join(got) == b"short"


@pytest.mark.parametrize(
    "packet",
    [
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 200_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabc",
    ],
    ids=["not-http", "upgrade", "long-header", "endless-interim", "two-framings", "two-lengths", "coding"],
)
async def test_what_is_not_one_clear_answer_is_refused(pool: Pool, packet):
    async with wire_server(plays(packet)) as server:
        with pytest.raises(BadResponse) as caught:
            await ask(pool, server.url())
        assert caught.value.sent
        assert pool.stats().idle == 0


async def test_body_beyond_the_limit_is_refused(pool: Pool):
    async with wire_server(plays(answer(b"x" * 1000))) as server:
        with pytest.raises(BodyTooLarge):
            async with pool.send(HTTPRequest("GET", server.url()), PATIENT) as response:
                await response.body(999)


@pytest.mark.parametrize(
    ("packets", "timeouts", "fault"),
    [
        ((), Timeouts(5, 0.05, 9, 9), FirstByteTimeout),
        ((b"HTTP/1.1 200",), Timeouts(5, 0.05, 9, 9), FirstByteTimeout),
        ((b"HTTP/1.1 200 OK\r\n\r\nbegin",), Timeouts(5, 9, 0.05, 9), IdleTimeout),
        ((b"HTTP/1.1 200 OK\r\n\r\nbegin",), Timeouts(5, 9, 9, 0.05), TotalTimeout),
        ((), Timeouts(5, 9, 9, 0.05), TotalTimeout),
    ],
    ids=["no-answer", "half-a-head", "idle", "total-in-body", "total-before-head"],
)
async def test_silence_ends_in_the_timeout_of_its_phase(pool: Pool, packets, timeouts, fault):
    async with wire_server(plays(*packets)) as server:
        with pytest.raises(fault) as caught:
            await ask(pool, server.url(), timeouts=timeouts)
        assert caught.value.sent
        await asyncio.wait_for(server.all_gone.wait(), 5)


async def test_slow_but_steady_stream_outlives_the_idle_timeout(pool: Pool):
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.03)
            await peer.send(b".")

    async with wire_server(play) as server:
        assert await ask(pool, server.url(), timeouts=Timeouts(5, 5, 0.12, 5)) == (200, b"." * 8)


async def test_refused_connection_says_that_nothing_was_sent(pool: Pool):
    async with wire_server(plays()) as server:
        url = server.url("/geheim?key=geheim")
    with pytest.raises(ConnectFailed) as caught:
        await ask(pool, url)
    assert not caught.value.sent
    assert "geheim" not in str(caught.value)


async def test_large_request_body_arrives_whole(pool: Pool):
    body = bytes(range(256)) * 40_000
    seen = []

    async def play(peer: Peer) -> None:
        seen.append((await peer.request())[1])
        await peer.send(answer())
        await peer.gone()

    async with wire_server(play) as server:
        assert await ask(pool, server.url(), body) == (200, b"ok")
        assert seen == [body]
        assert pool.stats().idle == 1


async def test_answer_before_the_upload_ended_is_read_and_the_connection_is_closed(pool: Pool):
    async def play(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(answer(b"too large", status="413 Content Too Large"))
        await peer.gone()

    async with wire_server(play) as server:
        assert await ask(pool, server.url(), b"x" * 30_000_000) == (413, b"too large")
        await asyncio.wait_for(server.all_gone.wait(), 5)
        assert pool.stats().idle == 0


async def test_server_that_never_reads_the_upload_meets_the_timeout(pool: Pool):
    async def play(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await asyncio.sleep(30)

    async with wire_server(play) as server:
        with pytest.raises(FirstByteTimeout):
            await ask(pool, server.url(), b"x" * 30_000_000, timeouts=Timeouts(5, 0.1, 5, 5))


async def test_slow_reader_stops_the_server_and_loses_nothing(pool: Pool):
    size, sent, blocked = 24_000_000, 0, asyncio.Event()

    async def play(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        while sent < size:
            peer.writer.write(b"x" * 100_000)
            sent += 100_000
            try:
                await asyncio.wait_for(peer.writer.drain(), 0.2)
            except TimeoutError:
                blocked.set()
                await peer.writer.drain()
        await peer.gone()

    async with wire_server(play) as server:
        request = HTTPRequest("GET", server.url())
        async with pool.send(request, Timeouts(5, 5, 0.1, 20)) as response:
            await asyncio.wait_for(blocked.wait(), 10)  # longer than idle_s: our pause is not the server's
            assert response._exchange.buffered < 2_000_000
            assert len(await response.body(size)) == size
        assert pool.stats().idle == 1
