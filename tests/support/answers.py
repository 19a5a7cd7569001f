"""What a client hears: answers of every dialect, plain and streamed, read strictly.

A stream is read to its last byte; whatever is not a well-formed event in a possible place is an error here,
so a test that gets a `Heard` knows that nothing was sent twice, out of order or after the end.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages"}
EVERY_PATH = {**PATHS, "responses": "/v1/responses"}


@dataclass
class Heard:
    """One answer. stop: the dialect's word for why it ended; error: the `error` object, if there is one."""

    status: int
    headers: httpx2.Headers
    text: str = ""
    stop: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    starts: int = 0
    ends: int = 0

    @property
    def code(self) -> str:
        return str(self.error.get("code", ""))

    @property
    def provider(self) -> str:
        return self.headers.get("x-leitstand-provider", "")


def body_of(dialect: str, model: str, text: str, *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """A request with one user message; `more` are fields of the dialect, `system` works in all."""
    system = more.pop("system", None)
    if dialect == "responses":
        cap = more.pop("max_tokens", 400)
        front = {} if system is None else {"instructions": system}
        return {"model": model, "max_output_tokens": cap, "stream": stream, "input": text, **front, **more}
    turns = [{"role": "user", "content": text}]
    if system is not None and dialect == "chat":
        turns.insert(0, {"role": "system", "content": system})
    body = {"model": model, "max_tokens": 400, "stream": stream, "messages": turns, **more}
    if system is not None and dialect == "messages":
        body["system"] = system
    return body


def heard(dialect: str, answer: httpx2.Response) -> Heard:
    """Read a whole response."""
    said = Heard(answer.status_code, answer.headers)
    if answer.headers["content-type"].startswith("text/event-stream"):
        assert answer.status_code == 200
        _EVENTS[dialect](said, answer.text)
        return said
    body = answer.json()
    if answer.status_code != 200:
        said.error = body["error"]
        assert dialect != "messages" or body["type"] == "error"
        return said
    _BODIES[dialect](said, body)
    return said


def _chat_body(said: Heard, body: dict[str, Any]) -> None:
    choice = body["choices"][0]
    said.text, said.stop = choice["message"]["content"] or "", choice["finish_reason"]
    said.calls = [
        {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
        for call in choice["message"].get("tool_calls") or ()
    ]
    said.starts = said.ends = 1


def _message_body(said: Heard, body: dict[str, Any]) -> None:
    said.text = "".join(block["text"] for block in body["content"] if block["type"] == "text")
    said.stop = body["stop_reason"]
    said.calls = [
        {"name": block["name"], "arguments": block["input"]}
        for block in body["content"]
        if block["type"] == "tool_use"
    ]
    said.starts = said.ends = 1


def events(stream: str) -> Iterator[tuple[str, str]]:
    """(event name, data) of every server-sent event; comments are left out."""
    assert stream.endswith("\n\n"), "the stream ends in the middle of an event"
    for block in stream[:-2].split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        fields = [line.partition(": ") for line in lines]
        assert all(name in ("event", "data") for name, _, _ in fields), block
        if fields:
            name = "".join(value for key, _, value in fields if key == "event")
            yield name, "\n".join(value for key, _, value in fields if key == "data")


def _chat_events(said: Heard, stream: str) -> None:
    arguments: dict[int, str] = {}
    for _, data in events(stream):
        assert not said.ends, "something follows the end"
        assert not said.error, "something follows the error"
        if data == "[DONE]":
            said.ends += 1
            continue
        event = json.loads(data)
        if "error" in event:
            said.error = event["error"]
            continue
        for choice in event["choices"]:
            delta = choice["delta"]
            said.starts += "role" in delta
            said.text += delta.get("content") or ""
            for call in delta.get("tool_calls") or ():
                if "id" in call:
                    said.calls.append({"name": call["function"]["name"]})
                arguments[call["index"]] = arguments.get(call["index"], "") + call["function"]["arguments"]
            if choice["finish_reason"]:
                assert not said.stop, "it ends twice"
                said.stop = choice["finish_reason"]
    if not said.error:
        for index, call in enumerate(said.calls):
            call["arguments"] = json.loads(arguments[index])


def _message_events(said: Heard, stream: str) -> None:
    arguments: dict[int, str] = {}
    calls: dict[int, dict[str, Any]] = {}
    opened = -1
    is_open = False
    for name, data in events(stream):
        assert not said.ends, "something follows the end"
        assert not said.error, "something follows the error"
        event = json.loads(data)
        assert event["type"] == name
        assert said.starts or name in ("message_start", "ping", "error")
        match name:
            case "message_start":
                said.starts += 1
            case "content_block_start":
                assert not is_open
                assert event["index"] == opened + 1
                opened, is_open = event["index"], True
                if event["content_block"]["type"] == "tool_use":
                    calls[opened] = {"name": event["content_block"]["name"]}
                    said.calls.append(calls[opened])
            case "content_block_delta":
                assert is_open
                assert event["index"] == opened
                said.text += event["delta"].get("text", "")
                arguments[opened] = arguments.get(opened, "") + event["delta"].get("partial_json", "")
            case "content_block_stop":
                assert is_open
                assert event["index"] == opened
                is_open = False
            case "message_delta":
                assert not said.stop, "it ends twice"
                said.stop = event["delta"]["stop_reason"]
            case "message_stop":
                assert not is_open
                said.ends += 1
            case "error":
                said.error = event["error"]
            case _:
                assert name == "ping", f"unknown event {name}"
    if not said.error:
        for index, call in calls.items():
            call["arguments"] = json.loads(arguments.get(index) or "{}")


def _response_body(said: Heard, body: dict[str, Any]) -> None:
    messages = [item for item in body["output"] if item["type"] == "message"]
    said.text = "".join(part["text"] for item in messages for part in item["content"])
    said.stop = (body["incomplete_details"] or {}).get("reason") or body["status"]
    said.calls = [
        {"name": item["name"], "arguments": json.loads(item["arguments"])}
        for item in body["output"]
        if item["type"] == "function_call"
    ]
    said.starts = said.ends = 1


def _response_events(said: Heard, stream: str) -> None:
    """Deltas, items and the final answer must tell the same."""
    grown: dict[int, str] = {}
    for number, (name, data) in enumerate(events(stream)):
        assert not said.ends, "something follows the end"
        assert not said.error, "something follows the error"
        event = json.loads(data)
        assert (event["type"], event["sequence_number"]) == (name, number)
        assert (name == "response.created") is (number == 0)
        match name:
            case "response.created":
                said.starts += 1
            case "response.output_item.added":
                assert event["output_index"] == len(grown)
                grown[event["output_index"]] = ""
            case "response.output_text.delta" | "response.function_call_arguments.delta":
                grown[event["output_index"]] += event["delta"]
                said.text += event["delta"] if "text" in name else ""
            case "response.output_text.done":
                assert event["text"] == grown[event["output_index"]]
            case "response.function_call_arguments.done":
                assert event["arguments"] == grown[event["output_index"]]
            case "error":
                said.error = event["error"]
            case "response.completed" | "response.incomplete":
                text = said.text
                _response_body(said, event["response"])
                assert said.text == text
                assert len(event["response"]["output"]) == len(grown)


_EVENTS = {"chat": _chat_events, "messages": _message_events, "responses": _response_events}
_BODIES = {"chat": _chat_body, "messages": _message_body, "responses": _response_body}
