"""Which way a request takes: TLS, proxies, tunnels, exemptions, and what may not be sent at all."""

import asyncio
import random
import socket

import pytest
from wire_server import Peer, WireServer, answer, server_tls, wire_server

from leitstand.providers.http import ConnectFailed, HTTPRequest, Pool, Proxies, Timeouts
from leitstand.providers.http.route import find_route, parse_proxy


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


PATIENT = Timeouts(connect_s=5, first_byte_s=10, idle_s=10, total_s=20)


async def ask(pool: Pool, url: str, ca_file: str | None = None) -> bytes:
    async with pool.send(HTTPRequest("POST", url, body=b"{}", ca_file=ca_file), PATIENT) as response:
        return await response.body(1_000_000)


async def echo_head(peer: Peer) -> None:
    while True:
        head, _ = await peer.request()
        await peer.send(answer(head))


async def test_tls_with_a_given_authority_keeps_the_connection(pool: Pool, tmp_path):
    tls, ca_file = server_tls(tmp_path)
    async with wire_server(echo_head, tls) as server:
        url = server.url("/x", "https", "localhost")
        for _ in range(3):
            assert (await ask(pool, url, ca_file)).startswith(b"POST /x HTTP/1.1\r\nhost: localhost:")
        assert pool.stats().opened <= 2  # a session ticket may cost one reuse, never an answer


async def test_large_tls_upload_arrives_whole(pool: Pool, tmp_path):
    tls, ca_file = server_tls(tmp_path)
    seen = []

    async def play(peer: Peer) -> None:
        seen.append((await peer.request())[1])
        await peer.send(answer())
        await peer.gone()

    body = random.Random(1).randbytes(3_000_000)
    async with wire_server(play, tls) as server:
        request = HTTPRequest("POST", server.url("/", "https"), body=body, ca_file=ca_file)
        async with pool.send(request, PATIENT) as response:
            assert await response.body(9) == b"ok"
    assert seen == [body]


async def test_certificate_of_an_unknown_authority_is_refused(pool: Pool, tmp_path):
    tls, _ = server_tls(tmp_path)
    async with wire_server(echo_head, tls) as server:
        with pytest.raises(ConnectFailed, match="certificate is not trusted") as caught:
            await ask(pool, server.url("/", "https"))
        assert not caught.value.sent


async def test_certificate_of_another_name_is_refused(pool: Pool, tmp_path):
    tls, ca_file = server_tls(tmp_path, "other.example")
    async with wire_server(echo_head, tls) as server:
        with pytest.raises(ConnectFailed):
            await ask(pool, server.url("/", "https"), ca_file)


async def test_connections_with_different_authorities_are_not_shared(pool: Pool, tmp_path):
    tls, ca_file = server_tls(tmp_path)
    async with wire_server(echo_head, tls) as server:
        await ask(pool, server.url("/", "https"), ca_file)
        with pytest.raises(ConnectFailed):
            await ask(pool, server.url("/", "https"))


async def test_missing_authority_file_is_a_connect_failure(pool: Pool, tmp_path):
    with pytest.raises(ConnectFailed, match="cannot be read"):
        await ask(pool, "https://127.0.0.1:1/", str(tmp_path / "missing.pem"))


async def test_connecting_can_be_cancelled_at_any_moment_of_the_handshake(pool: Pool, tmp_path):
    tls, ca_file = server_tls(tmp_path)
    dice = random.Random(3)
    async with wire_server(echo_head, tls) as server:
        for _ in range(60):
            task = asyncio.create_task(ask(pool, server.url("/", "https"), ca_file))
            await asyncio.sleep(dice.random() * 0.006)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert (pool.stats().busy, pool.stats().waiting) == (0, 0)
        await pool.close()
        await asyncio.wait_for(server.all_gone.wait(), 5)


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback address")
async def test_ipv6_address_is_reached(pool: Pool):
    async with wire_server(echo_head, host="::1") as server:
        head = await ask(pool, server.url("/x", host="[::1]"))
        assert f"host: [::1]:{server.port}".encode() in head


async def test_name_with_a_dead_first_address_is_reached_by_the_second(pool: Pool):
    """`localhost` is ::1 and 127.0.0.1 on many machines; the server listens on one of them only."""
    async with wire_server(echo_head) as server:
        assert b"host: localhost:" in await ask(pool, server.url("/", host="localhost"))


async def tunnel_to(peer: Peer, port: int) -> None:
    """What a proxy does after CONNECT: pass bytes both ways."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    try:
        await asyncio.gather(pump(peer.reader, writer), pump(reader, peer.writer))
    finally:
        writer.transport.abort()


async def test_https_goes_through_a_tunnel_and_the_proxy_never_sees_the_request(tmp_path):
    tls, ca_file = server_tls(tmp_path, "provider.example")
    heads = []

    async with wire_server(echo_head, tls) as server:

        async def proxy(peer: Peer) -> None:
            heads.append((await peer.request())[0])
            await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await tunnel_to(peer, server.port)

        async with wire_server(proxy) as front:
            pool = Pool(proxies=Proxies(https=f"http://anna:pass%20wort@127.0.0.1:{front.port}"))
            for _ in range(2):
                assert b"host: provider.example\r\n" in await ask(pool, "https://provider.example/x", ca_file)
            await pool.close()
    assert heads[0] == (
        b"CONNECT provider.example:443 HTTP/1.1\r\nhost: provider.example:443\r\n"
        b"proxy-authorization: Basic YW5uYTpwYXNzIHdvcnQ=\r\n\r\n"
    )


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\n\r\nx",
    ],
    ids=["refusal", "nonsense", "silence", "early-bytes"],
)
async def test_proxy_that_gives_no_clean_tunnel_is_a_connect_failure(reply):
    async def proxy(peer: Peer) -> None:
        await peer.request()
        await peer.send(reply)

    async with wire_server(proxy) as front:
        pool = Pool(proxies=Proxies(https=f"http://127.0.0.1:{front.port}"))
        with pytest.raises(ConnectFailed, match="the proxy") as caught:
            await ask(pool, "https://provider.example/")
        assert not caught.value.sent
        await pool.close()


async def test_plain_http_through_a_proxy_names_the_whole_address():
    async with wire_server(echo_head) as front:
        pool = Pool(proxies=Proxies(http=f"http://u:p@127.0.0.1:{front.port}"))
        head = await ask(pool, "http://local.example:8000/x?y=1")
        await pool.close()
    assert head.startswith(b"POST http://local.example:8000/x?y=1 HTTP/1.1\r\nhost: local.example:8000\r\n")
    assert b"proxy-authorization: Basic dTpw\r\n" in head


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("", "https://api.example/", False),
        ("*", "https://api.example/", True),
        ("example", "https://api.example/", True),
        (".example", "https://api.example/", True),
        ("*.example", "https://api.example/", True),
        ("other.example, api.example", "https://api.example/", True),
        ("pi.example", "https://api.example/", False),
        ("api.example:8443", "https://api.example/", False),
        ("api.example:443", "https://api.example/", True),
        ("10.0.0.0/8", "http://10.1.2.3:11434/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("fd00::/8", "http://[fd00::1]/", True),
        ("[fd00::1]:80", "http://[fd00::1]/", True),
        ("", "http://localhost:11434/", True),
        ("", "http://127.0.0.1:11434/", True),
        ("", "http://[::1]:11434/", True),
    ],
)
def test_no_proxy_names_who_is_reached_directly(no_proxy, url, direct):
    proxies = Proxies("http://proxy.example:3128", "http://proxy.example:3128", no_proxy)
    assert (find_route(url, None, proxies).origin.proxy is None) is direct


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/",
        "//a/",
        "http://",
        "http://u:p@a/",
        "http://a/#x",
        "http://a/ b",
        "http://a/\r\nx: y",
        "http://a/ä",
    ],
)
def test_unusable_urls_are_refused(url):
    with pytest.raises(ValueError):
        find_route(url, None, Proxies())


def test_wrong_proxy_is_refused_without_showing_its_password():
    with pytest.raises(ValueError) as caught:
        parse_proxy("socks5://u:geheim@a")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        (("x", "a\r\nhost: evil"),),
        (("x", "a\nb"),),
        (("x\r\n", "a"),),
        (("Host", "evil"),),
        (("Transfer-Encoding", "chunked"),),
        (("x", "ключ"),),
        (("x", "a\0"),),
    ],
)
async def test_headers_that_could_make_two_requests_of_one_are_refused(pool: Pool, headers):
    opened: list[WireServer] = []
    async with wire_server(echo_head) as server:
        opened.append(server)
        with pytest.raises(ValueError):
            async with pool.send(HTTPRequest("GET", server.url(), headers), PATIENT):
                pass
        assert server.accepted == 0
