"""Gemini and Vertex AI through pool and door, against the simulator that Google's own SDK accepts."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from canned_server import answer, canned
from google_kit import Line, gemini_target, key_file, vertex_target

from leitstand.core.conversation import (
    AnswerFormat,
    Frame,
    Media,
    Message,
    Prompt,
    Started,
    Stopped,
    StopReason,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    ToolChoice,
    ToolResult,
    Usage,
    Used,
)
from leitstand.providers.base import Target
from leitstand.providers.faults import UpstreamFault

sys.path.append(str(Path(__file__).parents[1]))
from support.simulator import Simulator, start_simulator

SCHEMA = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
TOOLS = tuple(Tool(name, name, SCHEMA) for name in ("wetter", "lager"))
both = pytest.mark.parametrize("kind", ["gemini", "vertex"])
streamed_or_not = pytest.mark.parametrize("stream", [False, True])


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(simulator: Simulator) -> None:
    for name in ("google", "konto"):
        simulator.reset(name)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    yield made
    await made.pool.close()


def _target(simulator: Simulator, kind: str, model: str = "gemini-3.8-flash") -> Target:
    root = simulator.root("google")
    if kind == "gemini":
        return gemini_target(root, model)
    return vertex_target(root, key_file(simulator.root("konto")), model)


def _prompt(text: str, stream: bool = False, **fields: Any) -> Prompt:
    messages = fields.pop("messages", (Message("user", (Text(text),)),))
    return Prompt("chat", "m", messages, stream=stream, **fields)


def _chunks(frames: list[Frame], kind: type) -> list[Any]:
    return [chunk for frame in frames for chunk in frame.chunks if isinstance(chunk, kind)]


def _text(frames: list[Frame]) -> str:
    return "".join(chunk.text for chunk in _chunks(frames, TextDelta))


def _usage(frames: list[Frame]) -> Usage:
    usage: Usage = _chunks(frames, Used)[-1].usage
    return usage


@both
@streamed_or_not
async def test_an_answer_is_whole_with_reason_usage_and_system_prompt(
    simulator: Simulator, line: Line, kind: str, stream: bool
) -> None:
    messages = (Message("system", (Text("Grüß Gott, Ümit"),)), Message("user", (Text("echo-system"),)))
    frames = await line.ask(_prompt("", stream, messages=messages), _target(simulator, kind))
    assert _text(frames) == "Grüß Gott, Ümit"
    assert _chunks(frames, Stopped) == [Stopped(StopReason.END)]
    assert [started.model for started in _chunks(frames, Started)] == ["gemini-3.8-flash"]
    seen = simulator.log("google", idle=True)[0]
    assert (_usage(frames).input_tokens, _usage(frames).output_tokens) == (
        seen["billed_input"], seen["billed_output"],
    )  # fmt: skip


@both
@streamed_or_not
async def test_parallel_calls_and_their_results_make_the_round(
    simulator: Simulator, line: Line, kind: str, stream: bool
) -> None:
    """Generation 3 seals the first call; the seal travels as thinking and comes back to its call."""
    ask = Message("user", (Text("wetter und lager with: Ulm"),))
    frames = await line.ask(_prompt("", stream, messages=(ask,), tools=TOOLS), _target(simulator, kind))
    calls = _chunks(frames, ToolCallStarted)
    arguments = [json.loads(delta.arguments) for delta in _chunks(frames, ToolCallDelta)]
    (seal,) = _chunks(frames, ThinkingDelta)
    assert [(call.index, call.name) for call in calls] == [(0, "wetter"), (1, "lager")]
    assert len({call.id for call in calls} - {""}) == 2
    assert arguments == [{"ort": "Ulm"}, {"ort": "Ulm"}]
    assert _chunks(frames, Stopped) == [Stopped(StopReason.TOOL)]
    assert seal.signature.startswith("gemini:")
    said = tuple(ToolCall(call.id, call.name, '{"ort":"Ulm"}') for call in calls)
    results = tuple(
        Message("tool", (ToolResult(call.id, (Text(word),)),))
        for call, word in zip(calls, ("8 Grad", "9 Stück"), strict=True)
    )
    history = (ask, Message("assistant", (Thinking("", seal.signature), *said)), *results)
    done = await line.ask(_prompt("", stream, messages=history, tools=TOOLS), _target(simulator, kind))
    assert "8 Grad | 9 Stück" in _text(done)
    sent = json.loads(simulator.log("google")[-1]["body"])["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in sent] == [seal.signature.removeprefix("gemini:"), None]
    assert ("id" in sent[0]["functionCall"]) == (kind == "gemini")


@both
async def test_a_lost_or_foreign_seal_does_not_end_the_conversation(
    simulator: Simulator, line: Line, kind: str
) -> None:
    history = (
        Message("user", (Text("wetter"),)),
        Message(
            "assistant", (Thinking("hm", "EpoBCkgIAR-von-anderswo"), ToolCall("toolu_1", "wetter", "{}"))
        ),
        Message("tool", (ToolResult("toolu_1", (Text("Regen"),)),)),
    )
    frames = await line.ask(_prompt("", messages=history, tools=TOOLS), _target(simulator, kind))
    assert "Regen" in _text(frames)


@streamed_or_not
async def test_who_allows_one_call_at_a_time_gets_one(simulator: Simulator, line: Line, stream: bool) -> None:
    choice = ToolChoice("auto", parallel=False)
    prompt = _prompt("wetter und lager", stream, tools=TOOLS, tool_choice=choice)
    frames = await line.ask(prompt, _target(simulator, "gemini"))
    assert [call.name for call in _chunks(frames, ToolCallStarted)] == ["wetter"]


async def test_a_forced_tool_a_forbidden_tool_and_a_schema(simulator: Simulator, line: Line) -> None:
    target = _target(simulator, "gemini")
    forced = await line.ask(_prompt("Los", tools=TOOLS, tool_choice=ToolChoice("tool", "lager")), target)
    assert [call.name for call in _chunks(forced, ToolCallStarted)] == ["lager"]
    none = await line.ask(_prompt("wetter", tools=TOOLS, tool_choice=ToolChoice("none")), target)
    assert not _chunks(none, ToolCallStarted)
    answered = await line.ask(
        _prompt("with: Ulm", answer_format=AnswerFormat("json_schema", "n", SCHEMA)), target
    )
    assert json.loads(_text(answered)) == {"ort": "Ulm"}
    loose = await line.ask(_prompt("Hallo", answer_format=AnswerFormat("json_object")), target)
    assert "antwort" in json.loads(_text(loose))


async def test_images_go_as_data_and_as_address(simulator: Simulator, line: Line) -> None:
    parts = (
        Text("Was ist zu sehen?"), Media("image", "image/png", "iVBORw0KGgo="),
        Media("image", url="https://example.com/a.webp?x=1"), Media("audio", "audio/wav", "QUJD"),
        Media("file", "application/pdf", "JVBERi0="),
    )  # fmt: skip
    await line.ask(_prompt("", messages=(Message("user", parts),)), _target(simulator, "gemini"))
    sent = json.loads(simulator.log("google")[0]["body"])["contents"][0]["parts"]
    assert sent[1:] == [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.com/a.webp?x=1"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "QUJD"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
    ]


@streamed_or_not
async def test_caps_stops_and_the_filter_have_their_reasons(
    simulator: Simulator, line: Line, stream: bool
) -> None:
    target = _target(simulator, "gemini")
    short = await line.ask(_prompt("count: 20", stream, max_tokens=5), target)
    assert (_text(short), _chunks(short, Stopped)[0].reason) == ("w1 w2 w3 w4 w5", StopReason.LENGTH)
    stopped = await line.ask(_prompt("echo: eins HALT zwei", stream, stop=("HALT",)), target)
    assert (_text(stopped).strip(), _chunks(stopped, Stopped)[0].reason) == ("eins", StopReason.END)
    simulator.faults("google", "content_filter", {"fault": "content_filter", "after_tokens": 3})
    blocked = await line.ask(_prompt("count: 9", stream), target)
    assert (_text(blocked), _chunks(blocked, Stopped)[0].reason) == ("", StopReason.FILTER)
    assert _usage(blocked).input_tokens == 7
    broken = await line.ask(_prompt("count: 9", stream), target)
    assert (_text(broken), _chunks(broken, Stopped)[0].reason) == ("w1 w2 w3", StopReason.FILTER)


@streamed_or_not
async def test_thoughts_are_shown_and_counted_as_output(
    simulator: Simulator, line: Line, stream: bool
) -> None:
    frames = await line.ask(
        _prompt("echo: ja", stream, reasoning_effort="high"), _target(simulator, "gemini")
    )
    usage = _usage(frames)
    assert "Ich prüfe" in "".join(chunk.text for chunk in _chunks(frames, ThinkingDelta))
    assert _text(frames) == "ja"
    assert usage.reasoning_tokens > 5
    assert usage.output_tokens == usage.reasoning_tokens + 1


@streamed_or_not
async def test_several_choices_stay_apart(simulator: Simulator, line: Line, stream: bool) -> None:
    frames = await line.ask(_prompt("Angebot", stream, choices=3), _target(simulator, "gemini"))
    texts = ["".join(c.text for c in _chunks(frames, TextDelta) if c.choice == n) for n in range(3)]
    assert texts[1].endswith("(Variante 2)")
    assert texts[2].endswith("(Variante 3)")
    assert sorted(stop.choice for stop in _chunks(frames, Stopped)) == [0, 1, 2]


async def test_cached_input_is_part_of_the_input(simulator: Simulator, line: Line) -> None:
    text = " ".join(f"wort{number % 10}" for number in range(1300)) + "\ncount: 1"
    first, second = [_usage(await line.ask(_prompt(text), _target(simulator, "gemini"))) for _ in range(2)]
    assert first.cached_tokens == 0
    assert 1280 <= second.cached_tokens <= second.input_tokens == first.input_tokens


@both
@pytest.mark.parametrize(
    ("fault", "stream", "expected"),
    [
        ("rate_limit", True, "rate_limited"),
        ("rate_limit_bare", False, "rate_limited"),
        ("quota", True, "quota"),
        ("server_error", False, "server"),
        ("bad_gateway", False, "server"),
        ("unavailable", False, "overloaded"),
        ("overloaded", True, "overloaded"),
        ("forbidden", False, "forbidden"),
        ("not_found", False, "model_missing"),
        ("context_overflow", True, "context_too_long"),
        ("stall_before_first", True, "timeout_first"),
        ("stall_after_first", True, "timeout_idle"),
        ("cut_before_first", True, "cut"),
        ("cut_stream", True, "cut"),
        ("cut_plain", False, "cut"),
        ("malformed_chunk", True, "malformed"),
        ("malformed_plain", False, "malformed"),
        ("error_in_stream", True, "overloaded"),
        ("empty_body", False, "empty"),
        ("empty_stream", True, "empty"),
        ("html_body", True, "malformed"),
    ],
)
async def test_each_scripted_fault_is_named(
    simulator: Simulator, line: Line, kind: str, fault: str, stream: bool, expected: str
) -> None:
    simulator.faults("google", {"fault": fault, "after_tokens": 2, "retry_after": 7})
    with pytest.raises(UpstreamFault) as caught:
        await line.ask(_prompt("count: 9", stream), _target(simulator, kind))
    assert caught.value.kind == expected, caught.value
    assert caught.value.retry_after_s == (7 if fault == "rate_limit" else None)


async def test_a_wrong_api_key_is_a_wrong_key_although_google_says_400(
    simulator: Simulator, line: Line
) -> None:
    simulator.configure("google", api_key="AIza-richtig")
    with pytest.raises(UpstreamFault) as caught:
        await line.ask(_prompt("Hallo"), _target(simulator, "gemini"))
    assert (caught.value.kind, caught.value.status) == ("auth", 400)


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "OTHER", "EINES_VON_MORGEN"])
@streamed_or_not
async def test_an_end_that_is_no_answer_is_a_fault(line: Line, reason: str, stream: bool) -> None:
    body = b'{"candidates":[{"content":{},"finishReason":"%b"}]}' % reason.encode()
    kind = "text/event-stream" if stream else "application/json"
    async with canned(answer(b"data: " + body + b"\n\n" if stream else body, kind=kind)) as server:
        with pytest.raises(UpstreamFault, match=reason) as caught:
            await line.ask(_prompt("Hallo", stream), gemini_target(server.url))
    assert caught.value.kind == "server"


async def test_a_plain_answer_without_an_end_is_a_cut(line: Line) -> None:
    body = b'{"candidates":[{"content":{"parts":[{"text":"Guten"}]}}]}'
    async with canned(answer(body)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await line.ask(_prompt("Hallo"), gemini_target(server.url))
    assert caught.value.kind == "cut"


async def test_the_key_stands_in_its_header_only_and_never_in_a_message(line: Line) -> None:
    key = "AIzaSyA-geheim-0123456789"
    body = (
        b'{"error":{"code":403,"message":"Key %b is not allowed","status":"PERMISSION_DENIED"}}'
        % key.encode()
    )
    async with canned(answer(body, 403)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await line.ask(_prompt("Hallo"), gemini_target(server.url, secret=key))
        request = server.requests[0].decode()
    assert key not in f"{caught.value} {caught.value!r}"
    assert request.count(key) == 1
    assert f"x-goog-api-key: {key}" in request
