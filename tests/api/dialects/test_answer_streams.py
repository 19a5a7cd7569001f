"""Clients of each dialect read the answers of both, whole and streamed, with their official SDKs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anthropic
import openai
import pytest
from anthropic.types import Message
from openai.types.chat import ChatCompletion

from leitstand.api.dialects import chat, messages
from leitstand.core.conversation import (
    Cited,
    Frame,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    Used,
)
from leitstand.core.errors import BudgetExhausted, InvalidKey, UpstreamFailed
from leitstand.providers.adapters import anthropic as anthropic_adapter
from leitstand.providers.adapters import openai as openai_adapter
from leitstand.providers.sse import Parser
from leitstand.providers.wire import chat as chat_wire
from leitstand.providers.wire import messages as messages_wire

_USAGE = Usage(30, 12, cached_tokens=10, cache_write_tokens=5, reasoning_tokens=4)
_ANSWER = (
    Started("id1", "modell"),
    ThinkingDelta("Erst "),
    ThinkingDelta("denken."),
    ThinkingDelta(signature="siegel"),
    TextDelta("Guten "),
    TextDelta("Tag"),
    Cited(1, "Handbuch", "Passage", "Seite 3"),
    ToolCallStarted(0, "c0", "wetter"),
    ToolCallDelta(0, '{"ort":'),
    ToolCallDelta(0, '"Ulm"}'),
    ToolCallStarted(1, "c1", "zeit"),
    Stopped(StopReason.TOOL),
    Used(_USAGE),
)
_OPENAI, _ANTHROPIC = openai_adapter.ADAPTER.sample, anthropic_adapter.ADAPTER.sample
_REFUSED = UpstreamFailed("Kein Anbieter hat geantwortet.", "No provider answered.")


@asynccontextmanager
async def _serving(body: bytes, kind: str = "text/event-stream", status: int = 200) -> AsyncIterator[str]:
    """A server that answers every request with these bytes; yields its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _chat_chunks(body: bytes):
    async with _serving(body) as url, openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
        stream = await client.chat.completions.create(model="m", messages=[], stream=True)
        return [chunk async for chunk in stream]


async def _message(body: bytes) -> Message:
    async with (
        _serving(body) as url,
        anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0) as client,
        client.messages.stream(model="m", max_tokens=9, messages=[]) as stream,
    ):
        return await stream.get_final_message()


def _streamed(encoder, chunks=_ANSWER) -> bytes:
    return b"".join(encoder.frame(Frame((chunk,)), False) for chunk in chunks) + encoder.finish()


def _passed(
    encoder, decoder, stream: bytes, change: Callable[[Frame], tuple[Frame, bool]] = lambda f: (f, False)
) -> bytes:
    frames = [decoder.feed(name, data) for name, data in Parser().feed(stream)]
    return b"".join(encoder.frame(*change(frame)) for frame in frames if frame is not None) + encoder.finish()


def test_a_plain_answer_has_the_shape_of_a_chat_completion() -> None:
    answer = ChatCompletion.model_validate_json(chat.encode_plain(Frame(_ANSWER), False), strict=True)
    said = answer.choices[0].message
    assert (said.content, answer.choices[0].finish_reason, answer.usage.total_tokens) == (
        "Guten Tag",
        "tool_calls",
        42,
    )
    assert [call.function.arguments for call in said.tool_calls] == ['{"ort":"Ulm"}', ""]
    assert (answer.usage.prompt_tokens_details.cached_tokens, said.reasoning_content) == (10, "Erst denken.")


def test_a_plain_answer_has_the_shape_of_a_message() -> None:
    answer = Message.model_validate_json(messages.encode_plain(Frame(_ANSWER), False))
    assert [block.type for block in answer.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert (answer.content[0].thinking, answer.content[0].signature) == ("Erst denken.", "siegel")
    assert (answer.content[1].text, answer.content[1].citations[0].cited_text) == ("Guten Tag", "Passage")
    assert [block.input for block in answer.content[2:]] == [{"ort": "Ulm"}, {}]
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (15, 10)
    assert answer.stop_reason == "tool_use"


async def test_the_openai_sdk_reads_a_streamed_answer() -> None:
    chunks = await _chat_chunks(_streamed(chat.StreamEncoder(include_usage=True)))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Guten Tag"
    assert sum(delta.role is not None for delta in deltas) == 1
    assert chunks[-1].usage.prompt_tokens == 30
    assert chunks[-2].choices[0].finish_reason == "tool_calls"
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    assert "".join(call.function.arguments for call in calls if call.index == 0) == '{"ort":"Ulm"}'


async def test_the_anthropic_sdk_reads_a_streamed_answer() -> None:
    whole = Message.model_validate_json(messages.encode_plain(Frame(_ANSWER), False))
    streamed = await _message(_streamed(messages.StreamEncoder()))
    assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in whole.content]
    assert (streamed.stop_reason, streamed.usage.output_tokens, streamed.usage.input_tokens) == (
        "tool_use",
        12,
        15,
    )


async def test_an_anthropic_client_reads_an_openai_provider_and_the_reverse() -> None:
    said = await _message(_passed(messages.StreamEncoder(), chat_wire.Decoder(), _OPENAI.stream))
    assert (said.content[0].text, said.stop_reason, said.usage.input_tokens) == (_OPENAI.text, "end_turn", 19)
    encoder = chat.StreamEncoder(include_usage=True)
    chunks = await _chat_chunks(_passed(encoder, messages_wire.Decoder(), _ANTHROPIC.stream))
    assert (
        "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == _ANTHROPIC.text
    )
    assert chunks[-1].usage.prompt_tokens == 19


def test_an_untouched_stream_of_the_same_dialect_passes_byte_for_byte() -> None:
    encoder = chat.StreamEncoder(include_usage=True)
    assert _passed(encoder, chat_wire.Decoder(), _OPENAI.stream) == _OPENAI.stream
    assert _passed(messages.StreamEncoder(), messages_wire.Decoder(), _ANTHROPIC.stream) == _ANTHROPIC.stream


def test_usage_is_withheld_from_a_client_that_did_not_ask() -> None:
    encoder = chat.StreamEncoder(include_usage=False)
    passed = _passed(encoder, chat_wire.Decoder(), _OPENAI.stream)
    assert b"prompt_tokens" not in passed
    assert passed.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("make", [lambda: chat.StreamEncoder(include_usage=True), messages.StreamEncoder])
def test_an_error_is_one_event_and_the_last(make) -> None:
    encoder = make()
    encoder.frame(Frame(_ANSWER[:6]), False)
    event = encoder.error(_REFUSED, "de", "req_1")
    assert event.count(b"\n\n") == 1
    assert b"Kein Anbieter" in event
    assert b"upstream_failed" in event
    rest = (
        encoder.frame(Frame(_ANSWER[6:]), False) + encoder.finish() + encoder.error(_REFUSED, "de", "req_1")
    )
    assert rest == b""


async def test_sdks_raise_at_an_error_event() -> None:
    encoder = chat.StreamEncoder(include_usage=False)
    body = encoder.frame(Frame(_ANSWER[:6]), False) + encoder.error(_REFUSED, "en", "req_1")
    with pytest.raises(openai.APIError, match="No provider answered"):
        await _chat_chunks(body)
    other = messages.StreamEncoder()
    body = other.frame(Frame(_ANSWER[:6]), False) + other.error(_REFUSED, "en", "req_1")
    with pytest.raises(anthropic.APIStatusError, match="No provider answered"):
        await _message(body)


@pytest.mark.parametrize(
    ("refusal", "name"),
    [(InvalidKey("d", "e"), "AuthenticationError"), (BudgetExhausted("d", "e"), "RateLimitError"), (_REFUSED, "InternalServerError")],
)  # fmt: skip
async def test_sdks_raise_the_class_of_the_refusal(refusal, name: str) -> None:
    body = chat.error_body(refusal, "de", "req_1")
    async with _serving(body, "application/json", refusal.status) as url:
        async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
            with pytest.raises(getattr(openai, name)) as caught:
                await client.chat.completions.create(model="m", messages=[])
        assert caught.value.code == refusal.code
    body = messages.error_body(refusal, "de", "req_1")
    async with _serving(body, "application/json", refusal.status) as url:
        async with anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0) as client:
            with pytest.raises(getattr(anthropic, name)) as seen:
                await client.messages.create(model="m", max_tokens=1, messages=[])
        assert seen.value.body["error"]["code"] == refusal.code


def _held_back(frames_late: int):
    """A change as restoring placeholders makes it: text is held back and comes with a later frame."""
    held: list[str] = []

    def change(frame: Frame) -> tuple[Frame, bool]:
        texts = [chunk for chunk in frame.chunks if isinstance(chunk, TextDelta)]
        if texts:
            held.extend(chunk.text.upper() for chunk in texts)
            return Frame((), frame.raw, frame.dialect, frame.event), True
        if held and any(isinstance(chunk, Stopped | ToolCallStarted) for chunk in frame.chunks):
            flushed = TextDelta("".join(held))
            held.clear()
            return Frame((flushed, *frame.chunks), frame.raw, frame.dialect, frame.event), True
        return frame, False

    return change


async def test_text_that_was_held_back_still_stands_in_its_place() -> None:
    message = await _message(
        _passed(messages.StreamEncoder(), messages_wire.Decoder(), _ANTHROPIC.stream, _held_back(1))
    )
    assert [block.text for block in message.content] == [_ANTHROPIC.text.upper()]
    encoder = chat.StreamEncoder(include_usage=True)
    chunks = await _chat_chunks(_passed(encoder, chat_wire.Decoder(), _OPENAI.stream, _held_back(1)))
    assert (
        "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        == _OPENAI.text.upper()
    )


async def test_text_flushed_before_a_tool_call_stays_in_the_text_block() -> None:
    events = [
        ("message_start", {"message": json.loads(_ANTHROPIC.plain) | {"content": []}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "abc"}}),
        ("content_block_stop", {"index": 0}),
        (
            "content_block_start",
            {"index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}},
        ),
        (
            "content_block_delta",
            {"index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a":1}'}},
        ),
        ("content_block_stop", {"index": 1}),
        ("message_delta", {"delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
        ("message_stop", {}),
    ]
    stream = b"".join(
        f"event: {name}\ndata: {json.dumps({'type': name, **rest})}\n\n".encode() for name, rest in events
    )
    message = await _message(
        _passed(messages.StreamEncoder(), messages_wire.Decoder(), stream, _held_back(1))
    )
    assert [block.type for block in message.content] == ["text", "tool_use"]
    assert (message.content[0].text, message.content[1].input) == ("ABC", {"a": 1})


async def test_text_flushed_at_the_very_end_gets_a_block_of_its_own() -> None:
    encoder, decoder = messages.StreamEncoder(), messages_wire.Decoder()
    frames = [decoder.feed(name, data) for name, data in Parser().feed(_ANTHROPIC.stream)]
    body = b"".join(encoder.frame(frame, False) for frame in frames if frame is not None)
    body += encoder.frame(Frame((ThinkingDelta("spät"),)), True) + encoder.frame(
        Frame((TextDelta("!"),)), True
    )
    message = await _message(body + encoder.finish())
    assert [block.type for block in message.content] == ["text", "thinking", "text"]


def test_a_changed_plain_answer_keeps_its_unknown_fields() -> None:
    change = _held_back(0)
    changed, _ = change(chat_wire.decode_plain(_OPENAI.plain))
    texts = Frame((*changed.chunks, TextDelta("NEU")), _OPENAI.plain, "chat")
    body = json.loads(chat.encode_plain(texts, True))
    expected = json.loads(_OPENAI.plain)
    expected["choices"][0]["message"]["content"] = "NEU"
    assert body == expected
    frame = messages_wire.decode_plain(_ANTHROPIC.plain)
    chunks = tuple(TextDelta("NEU") if isinstance(chunk, TextDelta) else chunk for chunk in frame.chunks)
    body = json.loads(messages.encode_plain(Frame(chunks, frame.raw, "messages"), True))
    assert body == json.loads(_ANTHROPIC.plain) | {"content": [{"type": "text", "text": "NEU"}]}


def test_a_second_beginning_is_not_shown() -> None:
    for encoder, decoder, stream, start in (
        (chat.StreamEncoder(include_usage=True), chat_wire.Decoder, _OPENAI.stream, b'"role":"assistant"'),
        (messages.StreamEncoder(), messages_wire.Decoder, _ANTHROPIC.stream, b"event: message_start"),
    ):
        body = b""
        for reading in (decoder(), decoder()):
            frames = [reading.feed(name, data) for name, data in Parser().feed(stream)]
            body += b"".join(encoder.frame(frame, False) for frame in frames[:-3] if frame is not None)
        assert body.count(start) == 1
