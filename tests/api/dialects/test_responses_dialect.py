"""The Responses dialect: nothing is lost on the way, untouched bytes pass, changed answers stay whole."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.api.dialects import chat, responses
from leitstand.api.dialects.responses_answer import Identity, encode_plain
from leitstand.api.dialects.responses_stream import StreamEncoder
from leitstand.core.conversation import (
    Frame,
    Prompt,
    Started,
    Stopped,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    Used,
    map_texts,
)
from leitstand.core.errors import InvalidRequest, UpstreamFailed
from leitstand.providers.wire import chat as chat_wire
from leitstand.providers.wire import messages as messages_wire
from leitstand.providers.wire import responses as wire
from leitstand.simulator.responses_request import read
from leitstand.simulator.responses_wire import ResponsesWire
from leitstand.simulator.values import Answer, Choice, ToolUse
from leitstand.simulator.values import Usage as Counted

_WORD = st.text(alphabet="abcäöß ", min_size=1, max_size=8).filter(str.strip)
_ID = st.text(alphabet="abc123_", min_size=1, max_size=6)
_VALUE = st.none() | st.booleans() | st.integers(-9, 9) | _WORD
_OBJECT = st.dictionaries(_WORD, _VALUE, max_size=2)
_STATUS = st.sampled_from(["completed", "incomplete"])
_IMAGE = st.fixed_dictionaries(
    {
        "type": st.just("input_image"),
        "image_url": st.sampled_from(["https://a.example/b.png", "data:image/png;base64,iVBORw0KGgo="]),
    },
    optional={"detail": st.sampled_from(["low", "auto"])},
)
_FILE = st.fixed_dictionaries(
    {
        "type": st.just("input_file"),
        "file_data": st.just("data:application/pdf;base64,JVBERi0="),
        "filename": _WORD,
    }
)
_CONTENT = (
    st.fixed_dictionaries({"type": st.just("input_text"), "text": _WORD})
    | _IMAGE
    | _FILE
    | st.fixed_dictionaries({"type": st.just("input_file"), "file_url": st.just("https://a.example/b.pdf")})
    | st.fixed_dictionaries({"type": st.just("input_image"), "file_id": _ID})
    | st.fixed_dictionaries({"type": st.just("x_part"), "value": _VALUE})
)
_SAID = st.fixed_dictionaries(
    {"type": st.just("output_text"), "text": _WORD, "annotations": st.just([])}
) | st.fixed_dictionaries({"type": st.just("refusal"), "refusal": _WORD})
_ITEM = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "developer", "assistant"]), "content": _WORD}),
    st.fixed_dictionaries(
        {"type": st.just("message"), "role": st.just("user"), "content": st.lists(_CONTENT, min_size=2, max_size=3)}
    ),
    st.fixed_dictionaries(
        {"type": st.just("message"), "id": _ID, "role": st.just("assistant"), "status": _STATUS,
         "content": st.lists(_SAID, min_size=1, max_size=2)},
        optional={"phase": st.just("commentary")},
    ),
    st.fixed_dictionaries(
        {"type": st.just("function_call"), "call_id": _ID, "name": _ID, "arguments": _WORD | st.just('{"a":1}')},
        optional={"id": _ID, "status": _STATUS},
    ),
    st.fixed_dictionaries(
        {"type": st.just("function_call_output"), "call_id": _ID, "output": _WORD | st.lists(_CONTENT, min_size=2, max_size=2)},
        optional={"id": _ID, "status": _STATUS},
    ),
    st.fixed_dictionaries(
        {"type": st.just("reasoning"), "id": _ID, "summary": st.just([]), "encrypted_content": st.just("gAAAAB==")},
        optional={"status": _STATUS},
    ),
    st.fixed_dictionaries({"type": st.just("web_search_call"), "id": _ID, "status": _STATUS, "action": _OBJECT}),
    st.fixed_dictionaries({"type": st.just("custom_tool_call_output"), "call_id": _ID, "output": _WORD}),
)  # fmt: skip
_TOOL = st.fixed_dictionaries(
    {"type": st.just("function"), "name": _ID},
    optional={
        "description": _WORD,
        "parameters": _OBJECT,
        "strict": st.booleans(),
        "defer_loading": st.just(True),
    },
) | st.fixed_dictionaries({"type": st.just("web_search"), "search_context_size": st.just("low")})
_FORMAT = st.just({"type": "json_object"}) | st.fixed_dictionaries(
    {"type": st.just("json_schema"), "name": _ID, "schema": _OBJECT},
    optional={"strict": st.booleans(), "description": _WORD},
)
_BODY = st.fixed_dictionaries(
    {"model": _ID, "input": st.lists(_ITEM, min_size=1, max_size=4), "tools": st.lists(_TOOL, min_size=1, max_size=2)},
    optional={
        "instructions": _WORD,
        "max_output_tokens": st.integers(16, 99),
        "temperature": st.sampled_from([0, 0.5, 2]),
        "top_p": st.just(0.9),
        "tool_choice": st.sampled_from(
            ["none", "required", {"type": "function", "name": "f"}, {"type": "allowed_tools", "mode": "auto", "tools": []}]
        ),
        "text": st.fixed_dictionaries({"format": _FORMAT}, optional={"verbosity": st.just("low")}),
        "reasoning": st.fixed_dictionaries({"effort": st.sampled_from(["low", "high"])}, optional={"summary": st.just("auto")}),
        "include": st.just(["message.output_text.logprobs"]),
        "metadata": _OBJECT, "truncation": st.just("auto"), "user": _ID, "service_tier": st.just("flex"),
        "stream": st.just(True), "top_logprobs": st.just(3), "x_new": _VALUE,
    },
)  # fmt: skip


def _sorted(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


@given(body=_BODY)
@settings(max_examples=150, deadline=None)
def test_a_request_reaches_a_provider_of_this_dialect_with_every_field(body: dict[str, Any]) -> None:
    prompt = responses.decode_request(json.dumps(body).encode())
    sent = wire.encode(prompt, body["model"])
    assert _sorted(json.loads(sent)) == _sorted({**body, "store": False})
    assert map_texts(prompt, lambda text: text) == prompt


@given(body=_BODY)
@settings(max_examples=100, deadline=None)
def test_what_another_provider_lacks_is_named_or_the_call_is_made(body: dict[str, Any]) -> None:
    body["tools"] = [tool for tool in body["tools"] if tool["type"] == "function"]
    prompt = responses.decode_request(json.dumps(body).encode())
    for other in (chat_wire, messages_wire):
        if other.lacks(prompt) is None:
            assert json.loads(other.encode(prompt, "m"))["messages"]


def test_items_become_turns_for_a_chat_provider() -> None:
    sent = _to_chat(
        instructions="Sei kurz.",
        max_output_tokens=50,
        input=[
            {"role": "user", "content": "Wetter?"},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
                {"type": "output_text", "text": "Ich sehe nach.", "annotations": []}]},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "wetter", "arguments": '{"ort":"Ulm"}'},
            {"type": "function_call", "call_id": "c2", "name": "wetter", "arguments": '{"ort":"Bonn"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "Sonne"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "Regen"}]},
        ],
    )  # fmt: skip
    assert sent["max_completion_tokens"] == 50
    calls = [
        {"id": n, "type": "function", "function": {"name": "wetter", "arguments": f'{{"ort":"{ort}"}}'}}
        for n, ort in (("c1", "Ulm"), ("c2", "Bonn"))
    ]
    assert sent["messages"] == [
        {"role": "system", "content": "Sei kurz."},
        {"role": "user", "content": "Wetter?"},
        {"role": "assistant", "content": "Ich sehe nach.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": "Sonne"},
        {"role": "tool", "tool_call_id": "c2", "content": "Regen"},
    ]


def _to_chat(**fields: Any) -> dict[str, Any]:
    prompt = responses.decode_request(json.dumps({"model": "m", **fields}).encode())
    return json.loads(chat_wire.encode(prompt, "gpt-4o"))


def test_a_chat_conversation_reaches_a_provider_of_this_dialect() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "wetter", "arguments": "{}"}}
    body = {
        "model": "m", "max_tokens": 50, "verbosity": "low", "reasoning_effort": "low", "seed": 1,
        "tools": [{"type": "function", "function": {"name": "wetter"}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True}},
        "messages": [
            {"role": "developer", "content": "Kurz."},
            {"role": "user", "content": [{"type": "text", "text": "Hier"}, {"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}}]},
            {"role": "assistant", "content": "Ich sehe nach.", "annotations": [], "refusal": None, "reasoning_content": "Hm", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "Regen"},
        ],
    }  # fmt: skip
    assert json.loads(wire.encode(chat.decode_request(json.dumps(body).encode()), "gpt-5")) == {
        "model": "gpt-5", "max_output_tokens": 50, "reasoning": {"effort": "low"}, "store": False,
        "tools": [{"type": "function", "name": "wetter", "strict": False, "parameters": {"type": "object", "properties": {}}}],
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}, "verbosity": "low"},
        "input": [
            {"role": "developer", "content": "Kurz."},
            {"role": "user", "content": [{"type": "input_text", "text": "Hier"}, {"type": "input_image", "image_url": "https://a.example/b.png", "detail": "low"}]},
            {"role": "assistant", "content": "Ich sehe nach."},
            {"type": "function_call", "call_id": "c1", "name": "wetter", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "Regen"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": 3}, "input"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": "x", "background": True}, "background"),
        ({"input": "x", "conversation": {"id": "conv_1"}}, "conversation"),
        ({"input": "x", "store": "ja"}, "store"),
        ({"input": "x", "previous_response_id": 7}, "previous_response_id"),
        ({"input": "x", "tool_choice": "vielleicht"}, "tool_choice"),
        ({"input": "x", "text": {"format": {"type": "json_schema"}}}, "text.format.name"),
    ],
)
def test_a_fault_in_a_request_names_its_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        responses.decode_request(json.dumps({"model": "m", **fields}).encode())
    assert refused.value.detail["param"] == param


# ---------------------------------------------------------------- answers

_ASKED = {"model": "m", "input": "Hallo", "reasoning": {"effort": "high", "summary": "auto"}, "stream": True}


def _simulated(**asked: Any) -> list[bytes]:
    """The events of a provider with reasoning, text and a call."""
    simulated = read(json.dumps({**_ASKED, "include": ["reasoning.encrypted_content"], **asked}).encode())
    said = Answer(
        (Choice(("Guten ", "Tag, ", "Person_001"), (ToolUse("wetter", ('{"ort":', '"Ulm"}')),), "tool"),),
        ("Ich ", "denke"),
    )
    return [event.data for event in ResponsesWire().events(simulated, said, Counted(9, 8, 0, 0, 2), 1)]


def _frames(events: list[bytes]) -> list[Frame]:
    decoder = wire.Decoder()
    frames = []
    for event in events:
        name, data = event.decode().strip().split("\n")
        frame = decoder.feed(name.removeprefix("event: "), data.removeprefix("data: ").encode())
        assert frame is not None
        frames.append(frame)
    assert decoder.complete(1)
    return frames


def _frame_of(event: dict[str, Any]) -> Frame:
    frame = wire.Decoder().feed(event["type"], json.dumps(event).encode())
    assert frame is not None
    return frame


def _events(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(block.split("\ndata: ", 1)[1]) for block in stream.decode().strip().split("\n\n")]


def test_a_stream_that_nobody_changed_passes_byte_for_byte() -> None:
    events = _simulated()
    encoder = StreamEncoder(_ASKED, Identity("resp_own", kept=False))
    assert b"".join(
        [encoder.frame(frame, changed=False) for frame in _frames(events)]
    ) + encoder.finish() == b"".join(events)


def test_a_kept_stream_differs_in_name_and_state_only() -> None:
    events = _simulated()
    encoder = StreamEncoder(_ASKED, Identity("resp_own", "resp_before", kept=True))
    passed = b"".join([encoder.frame(frame, changed=False) for frame in _frames(events)]) + encoder.finish()
    for ours, theirs in zip(_events(passed), _events(b"".join(events)), strict=True):
        if "response" in theirs:
            state = {"id": "resp_own", "previous_response_id": "resp_before", "store": True}
            theirs["response"].update(state)
        assert ours == theirs
    assert encoder.response["id"] == "resp_own"


@pytest.mark.parametrize("first_changed", range(18))
def test_a_stream_changed_in_the_middle_stays_well_formed(first_changed: int) -> None:
    """From the first changed event on all are ours; items, numbers and the final answer fit together."""
    encoder = StreamEncoder(_ASKED, Identity("resp_own", kept=True))
    stream = b""
    for place, frame in enumerate(_frames(_simulated())):
        changed = place >= first_changed and bool(frame.chunks)
        stream += encoder.frame(
            Frame(frame.chunks, None, "responses", frame.event) if changed else frame, changed
        )
    events = _events(stream + encoder.finish())
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds.count("response.created") == kinds.count("response.completed") == 1
    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "message", "function_call"]
    assert output[0]["encrypted_content"]
    assert output[0]["summary"][0]["text"] == "Ich denke"
    assert output[1]["content"][0]["text"] == "Guten Tag, Person_001"
    assert output[2]["arguments"] == '{"ort":"Ulm"}'
    added = [event["item"]["id"] for event in events if event["type"] == "response.output_item.added"]
    done = {
        event["output_index"]: event["item"]
        for event in events
        if event["type"] == "response.output_item.done"
    }
    assert len(added) == 3
    assert [done[place] for place in range(3)] == output
    deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert deltas == "Guten Tag, Person_001"


@pytest.mark.parametrize("passed_before", [0, 1, 2, 3])
def test_an_item_of_the_provider_alone_keeps_its_place_in_a_changed_stream(passed_before: int) -> None:
    search = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
    raw = [
        {"type": "response.output_item.added", "output_index": 0, "item": search},
        {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"},
        {"type": "response.output_item.done", "output_index": 0, "item": search},
    ]
    encoder = StreamEncoder(_ASKED, Identity("resp_own"))
    created = {"type": "response.created", "sequence_number": 0, "response": {"id": "x", "model": "m"}}
    stream = encoder.frame(_frame_of(created), changed=False)
    for place, event in enumerate(raw):
        if place == passed_before:
            stream += encoder.frame(Frame((Used(Usage()),)), changed=True)
        stream += encoder.frame(_frame_of({**event, "sequence_number": place + 1}), changed=False)
    stream += (
        encoder.frame(Frame((TextDelta("Gefunden"), Stopped(StopReason.END))), changed=True)
        + encoder.finish()
    )
    events = _events(stream)
    assert [event["type"] for event in events[1:4]] == [event["type"] for event in raw]
    assert [item["type"] for item in events[-1]["response"]["output"]] == ["web_search_call", "message"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


def test_an_answer_that_goes_on_elsewhere_begins_once() -> None:
    encoder = StreamEncoder(_ASKED, Identity("resp_own"))
    frames = _frames(_simulated())
    stream = b"".join([encoder.frame(frame, changed=False) for frame in frames[:12]])
    for frame in _frames(_simulated()):
        stream += encoder.frame(frame, changed=False)
    events = _events(stream + encoder.finish())
    assert [event["type"] for event in events].count("response.created") == 1
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


def test_plain_and_streamed_answers_say_the_same() -> None:
    chunks = (
        Started("chatcmpl-1", "gpt"), ThinkingDelta("Hm"), ThinkingDelta(signature="seal"), TextDelta("Ja"),
        ToolCallStarted(0, "c1", "f"), ToolCallStarted(1, "c2", "g"), ToolCallDelta(0, "{}"), ToolCallDelta(1, "{}"),
        Stopped(StopReason.TOOL), Used(Usage(3, 4, 1, 0, 2)),
    )  # fmt: skip
    identity = Identity("resp_own")
    plain = json.loads(encode_plain(_ASKED, identity, Frame(chunks), changed=False))
    encoder = StreamEncoder(_ASKED, identity)
    for chunk in chunks:
        encoder.frame(Frame((chunk,)), changed=False)
    encoder.finish()
    for answer in (plain, encoder.response):
        assert answer["output"][0]["encrypted_content"] == "anthropic:seal"
        assert [item.get("call_id") for item in answer["output"]] == [None, None, "c1", "c2"]
        assert [item.get("arguments") for item in answer["output"][2:]] == ["{}", "{}"]
        assert answer["usage"]["input_tokens_details"]["cached_tokens"] == 1
        assert answer["usage"]["output_tokens_details"]["reasoning_tokens"] == 2


def test_seals_come_back_to_their_maker_only() -> None:
    def prompt_with(content: str) -> Prompt:
        item = {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm"}],
            "encrypted_content": content,
        }
        body = {
            "model": "m",
            "input": [{"role": "user", "content": "Hallo"}, item, {"role": "user", "content": "Und"}],
        }
        return responses.decode_request(json.dumps(body).encode())

    def sealed_for(form: Any, content: str) -> str:
        sent = json.loads(form.encode(prompt_with(content), "claude-sonnet-4-5"))
        return json.dumps(sent.get("messages") or sent.get("input"))

    assert '"signature": "abc"' in sealed_for(messages_wire, "anthropic:abc")
    assert "abc" not in sealed_for(wire, "anthropic:abc")
    assert '"encrypted_content": "gAAA"' in sealed_for(wire, "gAAA")
    assert "Hm" not in sealed_for(wire, "gAAA")
    assert "gAAA" not in sealed_for(messages_wire, "gAAA")
    assert "abc" not in sealed_for(messages_wire, "gemini:abc")


def test_an_error_in_a_stream_is_one_event_and_the_last() -> None:
    encoder = StreamEncoder(_ASKED, Identity("resp_own"))
    encoder.frame(Frame((Started("x", "m"), TextDelta("Ha"))), changed=False)
    [event] = _events(encoder.error(UpstreamFailed("Aus", "Gone"), "de", "req_1"))
    assert (event["type"], event["code"], event["error"]["message"]) == ("error", "upstream_failed", "Aus")
    assert encoder.finish() == b""
    assert encoder.frame(Frame((TextDelta("lo"),)), changed=False) == b""
