"""Cohere, Mistral and Together through the real pool and door, against simulators that are as strict as they are."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from canned_server import answer, canned

from leitstand.api.dialects import chat as chat_dialect
from leitstand.api.dialects import messages as messages_dialect
from leitstand.core.classes import Region
from leitstand.core.conversation import (
    Chunk,
    Frame,
    Masked,
    Prompt,
    Stopped,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    Used,
)
from leitstand.providers.adapters.cohere import ADAPTER as COHERE
from leitstand.providers.adapters.mistral import ADAPTER as MISTRAL
from leitstand.providers.adapters.together import ADAPTER as TOGETHER
from leitstand.providers.base import Patience, Target
from leitstand.providers.door import Door
from leitstand.providers.faults import FaultKind, Unsupported, UpstreamFault
from leitstand.providers.http.pool import Pool
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.wire import cohere, mistral, together

sys.path.append(str(Path(__file__).parents[1]))
from support.simulator import Simulator, start_simulator

ADAPTERS = {"cohere": COHERE, "mistral": MISTRAL, "together": TOGETHER}
WIRES: dict[str, Any] = {"cohere": cohere, "mistral": mistral, "together": together}
FRONTS = {"cohere": "v2", "mistral": "mistral/v1", "together": "together/v1"}
SECRET = "key-4711-geheim"
PIXEL = "iVBORw0KGgo="
WEATHER = {"type": "object", "properties": {"ort": {"type": "string"}}, "required": ["ort"]}
SCHEMA = {"type": "object", "properties": {"art": {"enum": ["Angebot"]}}, "required": ["art"]}
_PATIENCE = Patience(connect_s=2, first_token_s=0.4, idle_s=0.4, total_s=1.5)

every_kind = pytest.mark.parametrize("kind", list(ADAPTERS))
both_ways = pytest.mark.parametrize("stream", [False, True])


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator() as running:
        yield running


@dataclass
class Desk:
    """Asks the simulated provider of a kind as a client of a dialect would."""

    simulator: Simulator
    pool: Pool

    def target(self, kind: str, model: str = "modell-1", url: str = "") -> Target:
        base = url or f"{self.simulator.root(kind)}/{FRONTS[kind]}"
        return Target(kind, kind, model, Region.EU, base, SECRET, _PATIENCE)

    async def frames(self, kind: str, prompt: Prompt, target: Target | None = None) -> list[Frame]:
        door = Door(self.pool, ADAPTERS)
        async with aclosing(door.send(Masked(prompt), target or self.target(kind))) as frames:
            return [frame async for frame in frames]

    async def ask(self, kind: str, prompt: Prompt, target: Target | None = None) -> "Heard":
        return Heard([chunk for frame in await self.frames(kind, prompt, target) for chunk in frame.chunks])

    def sent(self, kind: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.simulator.log(kind)[-1]["body"])
        return body


@dataclass
class Heard:
    """An answer, read as a whole."""

    chunks: list[Chunk]

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, TextDelta))

    @property
    def thinking(self) -> str:
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, ThinkingDelta))

    @property
    def reasons(self) -> list[StopReason]:
        return [chunk.reason for chunk in self.chunks if isinstance(chunk, Stopped)]

    @property
    def usage(self) -> Usage:
        return [chunk for chunk in self.chunks if isinstance(chunk, Used)][-1].usage

    @property
    def calls(self) -> list[tuple[str, Any]]:
        names = [chunk.name for chunk in self.chunks if isinstance(chunk, ToolCallStarted)]
        spelled = ["" for _ in names]
        for chunk in self.chunks:
            if isinstance(chunk, ToolCallDelta):
                spelled[chunk.index] += chunk.arguments
        return [(name, json.loads(text)) for name, text in zip(names, spelled, strict=True)]


@pytest.fixture
async def desk(simulator: Simulator) -> AsyncIterator[Desk]:
    for kind in ADAPTERS:
        simulator.reset(kind)
    pool = Pool()
    yield Desk(simulator, pool)
    await pool.close()


def from_chat(text: str = "echo: Guten Tag, Frau Ümit", **fields: Any) -> Prompt:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    return chat_dialect.decode_request(json.dumps(body).encode())


def from_messages(text: str = "echo: Guten Tag", **fields: Any) -> Prompt:
    body = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": text}], **fields}
    return messages_dialect.decode_request(json.dumps(body).encode())


def tools(*names: str) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": name, "description": name, "parameters": WEATHER}}
        for name in names
    ]


# ------------------------------------------------------------ answers


@every_kind
@both_ways
async def test_an_answer_is_whole_with_its_usage(desk: Desk, kind: str, stream: bool) -> None:
    heard = await desk.ask(kind, from_chat(stream=stream))
    entry = desk.simulator.log(kind)[-1]
    assert heard.text == "Guten Tag, Frau Ümit"
    assert heard.reasons == [StopReason.END]
    assert (heard.usage.input_tokens, heard.usage.output_tokens) == (
        entry["input_tokens"],
        entry["output_tokens"],
    )
    assert entry["wire"] == kind


@every_kind
@both_ways
async def test_parallel_tool_calls_are_read(desk: Desk, kind: str, stream: bool) -> None:
    prompt = from_chat("wetter und lager with: Ulm", tools=tools("wetter", "lager"), stream=stream)
    heard = await desk.ask(kind, prompt)
    assert heard.calls == [("wetter", {"ort": "Ulm"}), ("lager", {"ort": "Ulm"})]
    assert heard.reasons == [StopReason.TOOL]


@every_kind
@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", ["wetter"]),
        ({"type": "function", "function": {"name": "lager"}}, ["lager"]),
        ("none", []),
        ("auto", []),
    ],
)
async def test_a_tool_is_forced_or_forbidden(desk: Desk, kind: str, choice: Any, expected: list[str]) -> None:
    prompt = from_chat("with: Ulm", tools=tools("wetter", "lager"), tool_choice=choice)
    assert [name for name, _ in (await desk.ask(kind, prompt)).calls] == expected


@every_kind
@pytest.mark.parametrize("dialect", ["chat", "messages"])
async def test_tool_results_of_either_dialect_arrive(desk: Desk, kind: str, dialect: str) -> None:
    heard = await desk.ask(kind, _tool_conversation(dialect))
    assert "12 Grad | Error: Halle zu" in heard.text


def _tool_conversation(dialect: str) -> Prompt:
    if dialect == "chat":
        calls = [
            {"id": f"call_{name}_4711", "type": "function", "function": {"name": name, "arguments": '{"ort":"Ulm"}'}}
            for name in ("wetter", "lager")
        ]  # fmt: skip
        turns: list[dict[str, Any]] = [
            {"role": "developer", "content": "Kurz."},
            {"role": "user", "content": "Fragen Sie nach.", "name": "anna"},
            {"role": "assistant", "content": "Ich frage.", "tool_calls": calls, "reasoning_content": "Hm."},
            {"role": "tool", "tool_call_id": "call_wetter_4711", "content": "12 Grad"},
            {"role": "tool", "tool_call_id": "call_lager_4711", "content": "Error: Halle zu"},
        ]
        return from_chat(messages=turns, tools=tools("wetter", "lager"))
    use = [
        {"type": "tool_use", "id": f"toolu_{n}", "name": n, "input": {"ort": "Ulm"}}
        for n in ("wetter", "lager")
    ]
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_wetter", "content": "12 Grad"},
        {"type": "tool_result", "tool_use_id": "toolu_lager", "content": "Halle zu", "is_error": True},
    ]
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "abc"}
    turns = [
        {"role": "user", "content": "Fragen Sie nach."},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Ich frage."}, *use]},
        {"role": "user", "content": results},
    ]
    offered = [{"name": name, "input_schema": WEATHER} for name in ("wetter", "lager")]
    return from_messages(messages=turns, tools=offered)


@every_kind
async def test_what_follows_a_tool_result_is_accepted(desk: Desk, kind: str) -> None:
    use = [{"type": "tool_use", "id": "toolu_1", "name": "wetter", "input": {}}]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "12 Grad"}
    turns = [
        {"role": "user", "content": "wetter?"},
        {"role": "assistant", "content": use},
        {"role": "user", "content": [result, {"type": "text", "text": "echo: danke"}]},
    ]
    offered = [{"name": "wetter", "input_schema": WEATHER}]
    assert (await desk.ask(kind, from_messages(messages=turns, tools=offered))).text == "danke"


@every_kind
async def test_system_prompts_and_images_arrive(desk: Desk, kind: str) -> None:
    parts = [
        {"type": "text", "text": "echo-system"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"}},
    ]
    turns = [{"role": "system", "content": "Sie sind Sachbearbeiter."}, {"role": "user", "content": parts}]
    assert (await desk.ask(kind, from_chat(messages=turns))).text == "Sie sind Sachbearbeiter."
    assert desk.simulator.contains(kind, PIXEL) == [PIXEL]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
    question = [image, {"type": "text", "text": "echo-system"}]
    prompt = from_messages(system="Kurz.", messages=[{"role": "user", "content": question}])
    assert (await desk.ask(kind, prompt)).text == "Kurz."
    assert desk.simulator.contains(kind, "data:image/png;base64,QUJD") != []


@every_kind
@both_ways
async def test_json_by_a_schema_is_obeyed(desk: Desk, kind: str, stream: bool) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "beleg", "schema": SCHEMA, "strict": True}}
    heard = await desk.ask(kind, from_chat("Beleg", response_format=form, stream=stream))
    assert json.loads(heard.text) == {"art": "Angebot"}
    free = await desk.ask(kind, from_chat("Beleg", response_format={"type": "json_object"}, stream=stream))
    assert "Simulierte Antwort" in json.loads(free.text)["antwort"]


@every_kind
@both_ways
async def test_caps_and_stop_words_end_the_answer(desk: Desk, kind: str, stream: bool) -> None:
    capped = await desk.ask(kind, from_chat("count: 50", max_completion_tokens=7, stream=stream))
    assert (capped.reasons, capped.usage.output_tokens) == ([StopReason.LENGTH], 7)
    stopped = await desk.ask(kind, from_chat("echo: eins HALT zwei", stop=["HALT"], stream=stream))
    assert stopped.text == "eins "
    expected = StopReason.STOP_SEQUENCE if kind == "cohere" else StopReason.END
    assert stopped.reasons == [expected]


@every_kind
@both_ways
async def test_a_stop_by_the_content_filter_is_told(desk: Desk, kind: str, stream: bool) -> None:
    desk.simulator.faults(kind, {"fault": "content_filter", "after_tokens": 3})
    heard = await desk.ask(kind, from_chat("count: 50", stream=stream))
    assert (heard.text.strip(), heard.reasons) == ("w1 w2 w3", [StopReason.FILTER])


@every_kind
@both_ways
async def test_thinking_is_kept_apart_and_counted_as_output(desk: Desk, kind: str, stream: bool) -> None:
    model = {
        "cohere": "command-a-reasoning",
        "mistral": "mistral-small-latest",
        "together": "openai/gpt-oss-20b",
    }[kind]
    for prompt in (
        from_chat("echo: ja", reasoning_effort="high", stream=stream),
        from_messages("echo: ja", thinking={"type": "enabled", "budget_tokens": 9000}, stream=stream),
    ):
        heard = await desk.ask(kind, prompt, desk.target(kind, model))
        assert heard.text == "ja"
        assert "prüfe die Frage" in heard.thinking
        assert heard.usage.output_tokens > 1


@every_kind
async def test_a_prefix_cache_hit_is_part_of_the_input(desk: Desk, kind: str) -> None:
    history = " ".join(f"wort{number % 10}" for number in range(1500))
    await desk.ask(kind, from_chat(f"{history}\necho: a"))
    for stream in (False, True):
        usage = (await desk.ask(kind, from_chat(f"{history}\necho: b", stream=stream))).usage
        assert usage.cached_tokens == 1408
        assert usage.input_tokens > 1500


@every_kind
async def test_the_same_prompt_is_the_same_bytes(desk: Desk, kind: str) -> None:
    for _ in range(2):
        await desk.ask(kind, _tool_conversation("chat"))
    first, second = (entry["body"] for entry in desk.simulator.log(kind)[-2:])
    assert first == second


@every_kind
async def test_the_secret_travels_in_its_header_only(desk: Desk, kind: str) -> None:
    desk.simulator.configure(kind, api_key=SECRET)
    assert (await desk.ask(kind, from_chat())).text
    entry = desk.simulator.log(kind)[-1]
    assert SECRET not in entry["body"]
    assert SECRET not in entry["path"]
    desk.simulator.configure(kind, api_key="another")
    with pytest.raises(UpstreamFault) as caught:
        await desk.ask(kind, from_chat())
    assert caught.value.kind == "auth"
    assert SECRET not in f"{caught.value!r} {caught.value}"


# ------------------------------------------------------------ what a format cannot say


@every_kind
async def test_a_client_may_send_all_that_only_hints(desk: Desk, kind: str) -> None:
    hints = {
        "user": "u-1", "store": False, "metadata": {"a": "b"}, "service_tier": "auto", "seed": 7,
        "frequency_penalty": 0.5, "presence_penalty": 0.5, "temperature": 1.9, "top_p": 1,
        "verbosity": "low", "max_completion_tokens": 50, "stream_options": {"include_usage": True},
    }  # fmt: skip
    assert (await desk.ask(kind, from_chat(stream=True, **hints))).text
    marked = [{"type": "text", "text": "Kurz.", "cache_control": {"type": "ephemeral"}}]
    asked = from_messages(system=marked, metadata={"user_id": "u"}, top_k=5, temperature=1)
    assert (await desk.ask(kind, asked)).text


@pytest.mark.parametrize(
    ("kind", "fields", "feature"),
    [
        ("cohere", {"n": 2}, "n"),
        ("cohere", {"logit_bias": {"1": 5}}, "logit_bias"),
        ("cohere", {"logprobs": True}, "logprobs"),
        ("cohere", {"stop": list("abcdef")}, "stop (at most 5)"),
        ("cohere", {"tools": tools("a"), "response_format": {"type": "json_object"}}, "response_format with tools"),
        ("mistral", {"logit_bias": {"1": 5}}, "logit_bias"),
        ("mistral", {"web_search_options": {"a": 1}}, "web_search_options"),
        ("together", {"logprobs": True}, "logprobs"),
        *((kind, {"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tool type custom") for kind in ADAPTERS),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_named_before_any_call(
    kind: str, fields: dict[str, Any], feature: str
) -> None:
    prompt = from_chat(**fields)
    assert ADAPTERS[kind].lacks(prompt) == feature
    with pytest.raises(Unsupported):
        ADAPTERS[kind].stream(Masked(prompt), Target("p", kind, "m", Region.EU), lambda _: None)  # type: ignore[arg-type]  # never called


@pytest.mark.parametrize(
    ("kind", "media", "feature"),
    [
        ("cohere", "audio", "audio"), ("cohere", "file", "file"), ("mistral", "audio", None),
        ("mistral", "file", None), ("together", "audio", None), ("together", "file", "file"),
    ],
)  # fmt: skip
def test_media_are_taken_as_far_as_the_provider_takes_them(
    kind: str, media: str, feature: str | None
) -> None:
    part = {
        "audio": {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
        "file": {
            "type": "file",
            "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"},
        },
    }[media]
    prompt = from_chat(messages=[{"role": "user", "content": [part]}])
    assert ADAPTERS[kind].lacks(prompt) == feature


@every_kind
def test_thinking_of_earlier_turns_is_not_sent(kind: str) -> None:
    thought = {"type": "thinking", "thinking": "Frau Sommer", "signature": "abc"}
    turns = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "c"},
    ]
    assert b"Sommer" not in WIRES[kind].encode(from_messages(messages=turns), "m")


# ------------------------------------------------------------ faults


@every_kind
@pytest.mark.parametrize(
    ("fault", "stream", "expected"),
    [
        ("rate_limit", True, "rate_limited"),
        ("rate_limit_bare", False, "rate_limited"),
        ("quota", True, "quota"),
        ("server_error", False, "server"),
        ("bad_gateway", False, "server"),
        ("overloaded", True, "overloaded"),
        ("unavailable", False, "overloaded"),
        ("unauthorized", True, "auth"),
        ("forbidden", False, "forbidden"),
        ("not_found", False, "model_missing"),
        ("context_overflow", True, "context_too_long"),
        ("content_filter", False, "content_filter"),
        ("hang_before_headers", True, "timeout_first"),
        ("stall_before_first", True, "timeout_first"),
        ("stall_after_first", True, "timeout_idle"),
        ("cut_before_first", True, "cut"),
        ("cut_stream", True, "cut"),
        ("cut_plain", False, "cut"),
        ("malformed_chunk", True, "malformed"),
        ("malformed_plain", False, "malformed"),
        ("error_in_stream", True, "server"),
        ("empty_body", False, "empty"),
        ("empty_stream", True, "empty"),
        ("html_body", True, "malformed"),
    ],
)
async def test_each_scripted_fault_is_named(
    desk: Desk, kind: str, fault: str, stream: bool, expected: str
) -> None:
    after = 0 if fault == "content_filter" else 2
    desk.simulator.faults(kind, {"fault": fault, "after_tokens": after, "retry_after": 7})
    with pytest.raises(UpstreamFault) as caught:
        await desk.ask(kind, from_chat(stream=stream))
    assert caught.value.kind == expected, caught.value
    assert caught.value.retry_after_s == (7 if fault == "rate_limit" else None)
    begun = fault in ("stall_after_first", "cut_stream", "error_in_stream", "malformed_chunk")
    assert caught.value.answered is begun


async def test_a_field_that_mistral_refuses_is_named_to_the_operator(desk: Desk) -> None:
    detail = {"type": "extra_forbidden", "loc": ["body", "user"], "msg": "Extra inputs are not permitted"}
    nested = {"object": "error", "message": {"detail": [detail]}, "type": "invalid_request_error"}
    for body in ({"detail": [detail]}, nested):
        async with canned(answer(json.dumps(body).encode(), 422)) as server:
            with pytest.raises(UpstreamFault) as caught:
                await desk.ask("mistral", from_chat(), desk.target("mistral", url=server.url))
        assert caught.value.kind == "invalid"
        assert "body.user: Extra inputs" in str(caught.value)


async def test_a_trial_month_that_is_used_up_is_a_quota(desk: Desk) -> None:
    said = "You are using a Trial key, which is limited to 1000 API calls / month."
    async with canned(answer(json.dumps({"message": said}).encode(), 429)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await desk.ask("cohere", from_chat(), desk.target("cohere", url=server.url))
    assert caught.value.kind == "quota"


@pytest.mark.parametrize("reason", ["ERROR", "TIMEOUT"])
async def test_a_generation_that_failed_at_cohere_is_no_answer(desk: Desk, reason: str) -> None:
    body = COHERE.sample.plain.replace(b"COMPLETE", reason.encode())
    async with canned(answer(body)) as server:
        with pytest.raises(UpstreamFault, match=reason):
            await desk.ask("cohere", from_chat(), desk.target("cohere", url=server.url))


async def test_a_generation_that_failed_at_mistral_is_no_answer(desk: Desk) -> None:
    body = MISTRAL.sample.plain.replace(b'"finish_reason":"stop"', b'"finish_reason":"error"')
    async with canned(answer(body)) as server:
        with pytest.raises(UpstreamFault) as caught:
            await desk.ask("mistral", from_chat(), desk.target("mistral", url=server.url))
    assert caught.value.kind == "server"


# ------------------------------------------------------------ each provider's own ways


@both_ways
async def test_the_beginning_that_an_anthropic_client_wrote_is_not_repeated(desk: Desk, stream: bool) -> None:
    turns = [
        {"role": "user", "content": "echo: wort für wort"},
        {"role": "assistant", "content": "Also wort "},
    ]
    heard = await desk.ask("mistral", from_messages(messages=turns, stream=stream))
    assert desk.sent("mistral")["messages"][-1]["prefix"] is True
    assert heard.text == "wort für wort"


@both_ways
async def test_a_prefix_asked_for_in_mistrals_words_is_repeated(desk: Desk, stream: bool) -> None:
    turns = [
        {"role": "user", "content": "echo: b"},
        {"role": "assistant", "content": "a", "prefix": True},
    ]
    assert (await desk.ask("mistral", from_chat(messages=turns, stream=stream))).text == "ab"


async def test_an_answer_that_does_not_repeat_the_prefix_is_left_alone(desk: Desk) -> None:
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "Guten Morgen"}]
    for stream, body in ((False, MISTRAL.sample.plain), (True, MISTRAL.sample.stream)):
        kind = "text/event-stream" if stream else "application/json"
        async with canned(answer(body, kind=kind)) as server:
            target = desk.target("mistral", url=server.url)
            heard = await desk.ask("mistral", from_messages(messages=turns, stream=stream), target)
        assert heard.text == "Guten Tag, Berta."


async def test_mistral_gets_several_choices_and_tells_them_apart(desk: Desk) -> None:
    for kind in ("mistral", "together"):
        heard = await desk.ask(kind, from_chat("echo: ja", n=2, stream=True))
        assert sorted(c.choice for c in heard.chunks if isinstance(c, Stopped)) == [0, 1]


@pytest.mark.parametrize("kind", ["mistral", "together"])
@both_ways
async def test_what_passes_to_an_openai_client_as_it_is_has_openais_words(
    desk: Desk, kind: str, stream: bool
) -> None:
    target = desk.target(kind, "mistral-small-latest")
    frames = await desk.frames(kind, from_chat("echo: ja", reasoning_effort="high", stream=stream), target)
    passed = [json.loads(frame.raw) for frame in frames if frame.raw is not None]
    assert passed or (kind, stream) == ("together", True)  # its events repeat the role, so none passes
    for event in passed:
        for choice in event["choices"]:
            said = choice.get("message") or choice["delta"]
            assert isinstance(said.get("content", ""), str | None)
            assert choice["finish_reason"] in (None, "stop")


async def test_thinking_is_asked_of_models_that_know_the_word(desk: Desk) -> None:
    wish = from_messages("echo: ja", thinking={"type": "enabled", "budget_tokens": 2000})
    for kind, model in (("mistral", "ministral-8b"), ("cohere", "command-r"), ("together", "llama")):
        assert (await desk.ask(kind, wish, desk.target(kind, model))).text == "ja"
        assert not {"reasoning_effort", "thinking"} & desk.sent(kind).keys()
    await desk.ask("mistral", wish, desk.target("mistral", "mistral-medium-3-5"))
    assert desk.sent("mistral")["reasoning_effort"] == "none"
    await desk.ask("together", from_chat(reasoning_effort="none"))
    assert desk.sent("together")["reasoning"] == {"enabled": False}


@pytest.mark.parametrize(
    ("region", "host"),
    [
        (Region.EU, "https://api.eu.mistral.ai/v1"),
        (Region.US, "https://api.us.mistral.ai/v1"),
        (Region.OTHER, "https://api.mistral.ai/v1"),
    ],
)
async def test_mistral_is_asked_where_the_region_says(region: Region, host: str) -> None:
    asked: list[str] = []

    def call(request: HTTPRequest) -> Any:
        asked.append(request.url)
        raise UpstreamFault(FaultKind.CONNECT, "no network here")

    with pytest.raises(UpstreamFault):
        async with aclosing(
            MISTRAL.stream(Masked(from_chat()), Target("p", "mistral", "m", region), call)
        ) as frames:
            await anext(frames)
    assert asked == [f"{host}/chat/completions"]


async def test_cohere_bills_what_it_says_it_bills(desk: Desk) -> None:
    usage = (await desk.ask("cohere", from_chat("echo: ja"))).usage
    assert usage.raw is not None
    assert (
        usage.input_tokens == usage.raw["billed_units"]["input_tokens"] < usage.raw["tokens"]["input_tokens"]
    )
