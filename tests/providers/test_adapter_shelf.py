"""Every adapter on the shelf answers its sample exchange and maps failures to the same words."""

from contextlib import aclosing
from itertools import takewhile

import pytest
from canned_server import answer, canned

from leitstand.core import registry
from leitstand.core.classes import Region
from leitstand.core.conversation import Frame, Masked, Message, Prompt, Started, Text, TextDelta, Used
from leitstand.providers import adapters
from leitstand.providers.base import Adapter, Patience, Target
from leitstand.providers.door import ClearTextOutside, Door
from leitstand.providers.faults import UpstreamFault
from leitstand.providers.http.pool import Pool
from leitstand.simulator import eventstream

_WHOLE_SHELF = registry.load(adapters, "ADAPTER", "kind", Adapter)
# An adapter without an address answers inside the process and has tests of its own.
_SHELF = {kind: adapter for kind, adapter in _WHOLE_SHELF.items() if adapter.base_url}
_PATIENT = Patience()
_EVENT_STREAM = eventstream.STREAM_TYPE
_SECRET = "sk-very-secret-4711"
every_adapter = pytest.mark.parametrize("adapter", _SHELF.values(), ids=list(_SHELF))


@pytest.fixture
async def pool():
    pool = Pool()
    yield pool
    await pool.close()


def _masked(stream: bool, **fields: object) -> Masked:
    return Masked(
        Prompt("chat", "standard", (Message("user", (Text("Guten Tag"),)),), stream=stream, **fields)
    )


def _target(adapter: Adapter, url: str, patience: Patience = _PATIENT) -> Target:
    return Target("p", adapter.kind, "m", Region.EU, url, _SECRET, patience)


async def _ask(pool: Pool, masked: Masked, target: Target) -> list[Frame]:
    async with aclosing(Door(pool, _SHELF).send(masked, target)) as frames:
        return [frame async for frame in frames]


def _text(frames: list[Frame]) -> str:
    return "".join(chunk.text for frame in frames for chunk in frame.chunks if isinstance(chunk, TextDelta))


def _events(adapter: Adapter) -> list[bytes]:
    """The events of the sample stream, each with its framing."""
    stream = adapter.sample.stream
    if adapter.sample.media_type == _EVENT_STREAM:
        events, start = [], 0
        while start < len(stream):
            end = start + int.from_bytes(stream[start : start + 4])
            events.append(stream[start:end])
            start = end
        return events
    return [event + b"\n\n" for event in stream.replace(b"\r\n", b"\n").rstrip().split(b"\n\n")]


def _until(adapter: Adapter, word: bytes) -> bytes:
    """The sample stream up to the event that holds the word."""
    return b"".join(takewhile(lambda event: word not in event, _events(adapter)))


def _overload(adapter: Adapter) -> bytes:
    """An event that says: overloaded."""
    if adapter.sample.media_type == _EVENT_STREAM:
        return eventstream.message("exception", "serviceUnavailableException", b'{"message":"Overloaded"}')
    error = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    return b"event: error\ndata: " + error + b"\n\n"


@every_adapter
@pytest.mark.parametrize("stream", [False, True])
async def test_the_sample_exchange_is_read(adapter: Adapter, stream: bool, pool: Pool) -> None:
    sample = adapter.sample
    kind = sample.media_type if stream else "application/json"
    async with canned(answer(sample.stream if stream else sample.plain, kind=kind)) as server:
        frames = await _ask(pool, _masked(stream), _target(adapter, server.url))
    chunks = [chunk for frame in frames for chunk in frame.chunks]
    usage = [chunk for chunk in chunks if isinstance(chunk, Used)][-1].usage
    assert _text(frames) == sample.text
    assert sum(isinstance(chunk, Started) for chunk in chunks) == 1
    assert (usage.input_tokens, usage.output_tokens) == (sample.input_tokens, sample.output_tokens)
    assert b"Guten Tag" in server.requests[0]
    assert _SECRET.encode() in server.requests[0]


@every_adapter
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "auth"), (403, "forbidden"), (404, "model_missing"), (429, "rate_limited"), (500, "server")],
)
async def test_a_refusal_becomes_its_fault(adapter: Adapter, status: int, kind: str, pool: Pool) -> None:
    body = b'{"error":{"type":"x","message":"key ' + _SECRET.encode() + b' is wrong"}}'
    async with canned(answer(body, status, extra="retry-after: 3\r\n")) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(True), _target(adapter, server.url))
    assert (caught.value.kind, caught.value.status, caught.value.answered) == (kind, status, False)
    assert caught.value.retry_after_s == 3
    assert _SECRET not in f"{caught.value} {caught.value!r}"


@every_adapter
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b"<html>Hello</html>", "malformed"),
        (b"data: {broken\n\n", "malformed"),
        (b": hi\n\n", "malformed"),
    ],
)
async def test_a_stream_without_an_answer_is_no_answer(
    adapter: Adapter, body: bytes, kind: str, pool: Pool
) -> None:
    async with canned(answer(body, kind=adapter.sample.media_type)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(True), _target(adapter, server.url))
    assert (caught.value.kind, caught.value.answered) == (kind, False)


@every_adapter
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b"<html>Hello</html>", "malformed"),
        (b"{}", "empty"),
        (b'{"error":{"message":"no"}}', "server"),
    ],
)
async def test_a_plain_body_without_an_answer_is_no_answer(
    adapter: Adapter, body: bytes, kind: str, pool: Pool
) -> None:
    async with canned(answer(body)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(False), _target(adapter, server.url))
    assert caught.value.kind == kind


@every_adapter
@pytest.mark.parametrize("clean_end", [False, True])
async def test_a_stream_that_ends_early_is_a_cut(adapter: Adapter, clean_end: bool, pool: Pool) -> None:
    body, kind = _until(adapter, b"Berta"), adapter.sample.media_type
    promised = body if clean_end else body + bytes(40)
    response = answer(promised, kind=kind, cut=len(promised) - len(body))
    async with canned(response) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(True), _target(adapter, server.url))
    assert (caught.value.kind, caught.value.answered) == ("cut", True)


@every_adapter
async def test_a_cut_plain_answer_is_a_cut(adapter: Adapter, pool: Pool) -> None:
    async with canned(answer(adapter.sample.plain, cut=20)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(False), _target(adapter, server.url))
    assert caught.value.kind == "cut"


@every_adapter
async def test_an_error_event_after_content_says_that_content_was_there(adapter: Adapter, pool: Pool) -> None:
    body = _until(adapter, b"Berta") + _overload(adapter)
    async with canned(answer(body, kind=adapter.sample.media_type)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(True), _target(adapter, server.url))
    assert (caught.value.kind, caught.value.answered) == ("overloaded", True)


@every_adapter
@pytest.mark.parametrize(
    ("until", "kind"), [(b"", "timeout_first"), (b"Guten", "timeout_first"), (b"Berta", "timeout_idle")]
)
async def test_silence_is_a_time_out_of_its_phase(
    adapter: Adapter, until: bytes, kind: str, pool: Pool
) -> None:
    sent = _until(adapter, until).replace(b'"reasoning_content":"Kurz."', b"") if until else b""
    opening = f"HTTP/1.1 200 OK\r\ncontent-type: {adapter.sample.media_type}\r\n\r\n"
    head = opening.encode() if until else b""
    async with canned(head + sent, hang=True) as server:
        patience = Patience(connect_s=2, first_token_s=0.15, idle_s=0.15, total_s=5)
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(True), _target(adapter, server.url, patience))
    assert (caught.value.kind, caught.value.answered) == (kind, kind == "timeout_idle")


@every_adapter
async def test_a_silent_plain_call_ends_after_first_token_and_idle_time(adapter: Adapter, pool: Pool) -> None:
    async with canned(hang=True) as server:
        patience = Patience(connect_s=2, first_token_s=0.1, idle_s=0.1, total_s=30)
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(False), _target(adapter, server.url, patience))
    assert caught.value.kind == "timeout_first"


@every_adapter
async def test_a_plain_call_is_held_to_its_total_time(adapter: Adapter, pool: Pool) -> None:
    async with canned(hang=True) as server:
        patience = Patience(connect_s=2, first_token_s=5, idle_s=5, total_s=0.2)
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(False), _target(adapter, server.url, patience))
    assert caught.value.kind == "timeout_total"


@every_adapter
async def test_a_closed_port_is_a_connect_fault_that_cost_nothing(adapter: Adapter, pool: Pool) -> None:
    async with canned() as server:
        pass
    with pytest.raises(UpstreamFault) as caught:
        await _ask(pool, _masked(False), _target(adapter, server.url))
    assert (caught.value.kind, caught.value.sent) == ("connect", False)


async def test_pings_alone_do_not_keep_a_stream_alive(pool: Pool) -> None:
    adapter = _SHELF["anthropic"]
    stream = adapter.sample.stream.partition(b" Berta")[0].rpartition(b"\n\n")[0] + b"\n\n"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    ping = b'event: ping\ndata: {"type":"ping"}\n\n'
    async with canned(head + stream, beat=ping) as server:
        patience = Patience(connect_s=2, first_token_s=1, idle_s=0.2, total_s=1.5)
        with pytest.raises(UpstreamFault) as caught:
            await _ask(pool, _masked(True), _target(adapter, server.url, patience))
    assert caught.value.kind == "timeout_idle"


async def test_a_clear_prompt_never_leaves_the_house(pool: Pool) -> None:
    clear = Masked(_masked(False).prompt, clear=True)
    adapter = _SHELF["openai_compatible"]
    async with canned(answer(adapter.sample.plain)) as server:
        with pytest.raises(ClearTextOutside):
            await _ask(pool, clear, _target(adapter, server.url))
        assert server.requests == []
        inside = Target("ollama", adapter.kind, "m", Region.LOCAL, server.url)
        assert _text(await _ask(pool, clear, inside)) == adapter.sample.text


async def test_a_secret_that_no_header_can_carry_is_a_fault_and_not_shown(pool: Pool) -> None:
    adapter = _SHELF["openai"]
    target = Target("p", adapter.kind, "m", Region.EU, "http://127.0.0.1:9/v1", "line\nbreak")
    with pytest.raises(UpstreamFault) as caught:
        await _ask(pool, _masked(False), target)
    assert (caught.value.kind, caught.value.sent) == ("invalid", False)
    assert "break" not in repr(target)


async def test_a_server_that_ignores_stream_still_answers(pool: Pool) -> None:
    adapter = _SHELF["openai_compatible"]
    async with canned(answer(adapter.sample.plain)) as server:
        frames = await _ask(pool, _masked(True), _target(adapter, server.url))
    assert _text(frames) == adapter.sample.text
    assert frames[0].raw is None


async def test_a_stream_with_finish_reason_needs_no_done_marker(pool: Pool) -> None:
    adapter = _SHELF["openai"]
    async with canned(answer(b"".join(_events(adapter)[:-1]), kind="text/event-stream")) as server:
        assert _text(await _ask(pool, _masked(True), _target(adapter, server.url))) == adapter.sample.text
