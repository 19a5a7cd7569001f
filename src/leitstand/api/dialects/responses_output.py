"""The output of an answer in the format of OpenAI Responses: items, and the events in which they grow.

Source: OpenAI API reference, "Streaming events". Plain and streamed answers are put together here alike; a
plain one does without the events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from leitstand.core.conversation import (
    Chunk,
    Cited,
    Frame,
    Json,
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
from leitstand.core.ids import new_id
from leitstand.core.reasoning_items import item_of

_OURS = frozenset({"message", "reasoning", "function_call"})


@dataclass(slots=True)
class _Open:
    """An item that may still grow. place: in the output. pieces: of the text that is being written."""

    place: int
    item: Json
    pieces: list[str] = field(default_factory=list)
    seal: str = ""
    redacted: bool = False

    @property
    def kind(self) -> str:
        return str(self.item["type"])

    @property
    def at(self) -> Json:
        return {"item_id": self.item["id"], "output_index": self.place}


class Output:
    """The items of one answer. Events come without their number, to be written before the next call."""

    def __init__(self) -> None:
        self.items: list[Json] = []
        self.started = Started("", "")
        self.stopped = Stopped(StopReason.END)
        self.usage: Usage | None = None
        self._open: _Open | None = None  # a message or a thought; calls are in `_calls`
        self._calls: dict[int, _Open] = {}
        self._foreign: dict[int, int] = {}  # place of an unknown item there -> here

    @property
    def status(self) -> str:
        """`completed`, or `incomplete` where something ended the answer early."""
        early = self.stopped.reason in (StopReason.LENGTH, StopReason.FILTER)
        return "incomplete" if early else "completed"

    def add(self, chunk: Chunk) -> list[Json]:
        """Take a piece of the answer; returns the events that tell it. Only the first choice counts."""
        if getattr(chunk, "choice", 0):
            return []
        match chunk:
            case TextDelta():
                return self._text(chunk.text) if chunk.text else []
            case ThinkingDelta():
                return self._thought(chunk)
            case ToolCallStarted():
                return self._call(chunk)
            case ToolCallDelta() if chunk.arguments and chunk.index in self._calls:
                call = self._calls[chunk.index]
                call.pieces.append(chunk.arguments)
                return [_event("function_call_arguments.delta", {**call.at, "delta": chunk.arguments})]
            case Cited():
                return self._citation(chunk)
        self._note(chunk)
        return []

    def finish(self) -> list[Json]:
        """Close what is open."""
        events = self._close()
        for call in self._calls.values():
            events += self._close_call(call)
        self._calls = {}
        return events

    def follow(self, frame: Frame) -> None:
        """Keep up with an event that passes to the client as it came."""
        for chunk in frame.chunks:
            self._keep_up(chunk)
        if "output_item." in frame.event or "content_part." in frame.event:
            event = msgspec.json.decode(frame.raw or b"{}")
            match frame.event:
                case "response.output_item.added":
                    self._adopt(event["item"], event.get("output_index"), frame.chunks)
                case "response.output_item.done":
                    self._replace(event["item"])
                case "response.content_part.added" if self._open is not None:
                    self._open.item["content"].append(event["part"])
                    self._open.pieces = []

    def pass_on(self, raw: bytes) -> list[Json]:
        """An event of an item that only its provider's format knows, at its place here; nothing for others."""
        event = msgspec.json.decode(raw)
        theirs, item, events = event.get("output_index"), event.get("item") or {}, []
        if event.get("type") == "response.output_item.added" and item.get("type") not in _OURS:
            events = self._close()
            self._foreign[theirs] = len(self.items)
            self.items.append(item)
        if theirs not in self._foreign:
            return []
        place = self._foreign[theirs]
        if event.get("type") == "response.output_item.done":
            self.items[place] = item
        return [*events, {**event, "output_index": place}]

    # ------------------------------------------------------------ text, thoughts, calls

    def _text(self, text: str) -> list[Json]:
        events, message = self._message()
        message.pieces.append(text)
        index = len(message.item["content"]) - 1
        delta = {**message.at, "content_index": index, "delta": text, "logprobs": []}
        return [*events, _event("output_text.delta", delta)]

    def _message(self) -> tuple[list[Json], _Open]:
        """The open message, opened where there is none."""
        events: list[Json] = []
        if self._open is None or self._open.kind != "message":
            item: Json = {
                "id": new_id("msg"),
                "type": "message",
                "status": "in_progress",
                "role": "assistant",
            }
            events, self._open = self._begin({**item, "content": []})
        message = self._open
        if not message.item["content"]:
            part: Json = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            events.append(
                _event("content_part.added", {**message.at, "content_index": 0, "part": dict(part)})
            )
            message.item["content"].append(part)
        return events, message

    def _thought(self, chunk: ThinkingDelta) -> list[Json]:
        events: list[Json] = []
        if self._open is None or self._open.kind != "reasoning" or chunk.redacted:
            events, self._open = self._begin(item_of((), ""))
        thought = self._open
        at = {**thought.at, "summary_index": 0}
        if chunk.text and not thought.pieces:
            part = {"type": "summary_text", "text": ""}
            events.append(_event("reasoning_summary_part.added", {**at, "part": part}))
        if chunk.text:
            thought.pieces.append(chunk.text)
            events.append(_event("reasoning_summary_text.delta", {**at, "delta": chunk.text}))
        if chunk.signature:
            thought.seal, thought.redacted = chunk.signature, chunk.redacted
            events += self._close()
        return events

    def _call(self, chunk: ToolCallStarted) -> list[Json]:
        item: Json = {
            "id": new_id("fc"),
            "type": "function_call",
            "status": "in_progress",
            "call_id": chunk.id,
            "name": chunk.name,
            "arguments": "",
        }
        events, self._calls[chunk.index] = self._begin(item)
        return events

    def _citation(self, chunk: Cited) -> list[Json]:
        events, message = self._message()
        content = message.item["content"]
        annotations = content[-1].setdefault("annotations", [])
        name = f"{chunk.document}, {chunk.place}" if chunk.place else chunk.document
        annotation = {
            "type": "file_citation",
            "file_id": chunk.document,
            "filename": name,
            "index": sum(map(len, message.pieces)),
        }
        annotations.append(annotation)
        place = {"content_index": len(content) - 1, "annotation_index": len(annotations) - 1}
        told = {**message.at, **place, "annotation": annotation}
        return [*events, _event("output_text.annotation.added", told)]

    # ------------------------------------------------------------ items begin and end

    def _begin(self, item: Json) -> tuple[list[Json], _Open]:
        events = self._close()
        begun = _Open(len(self.items), item)
        self.items.append(item)
        copy = {**item, "content": []} if "content" in item else dict(item)
        events.append(_event("output_item.added", {"output_index": begun.place, "item": copy}))
        return events, begun

    def _close(self) -> list[Json]:
        """End the open message or thought."""
        closing, self._open = self._open, None
        if closing is None:
            return []
        return self._close_message(closing) if closing.kind == "message" else self._close_thought(closing)

    def _close_message(self, message: _Open) -> list[Json]:
        message.item["status"] = self.status
        events: list[Json] = []
        if message.item["content"]:
            index, part = len(message.item["content"]) - 1, message.item["content"][-1]
            name = "refusal" if part["type"] == "refusal" else "text"
            part[name] = "".join(message.pieces)
            at = {**message.at, "content_index": index}
            done = "refusal.done" if name == "refusal" else "output_text.done"
            events.append(_event(done, {**at, name: part[name], "logprobs": []}))
            events.append(_event("content_part.done", {**at, "part": part}))
        return [*events, _item_done(message)]

    def _close_thought(self, thought: _Open) -> list[Json]:
        text = "".join(thought.pieces)
        own_id = thought.item["id"]
        thought.item.clear()
        thought.item.update(item_of((text,), thought.seal, thought.redacted))
        thought.item["id"] = own_id if not thought.seal else thought.item["id"]
        at = {"item_id": own_id, "output_index": thought.place, "summary_index": 0}
        events: list[Json] = []
        if text:
            events.append(_event("reasoning_summary_text.done", {**at, "text": text}))
            part = {"type": "summary_text", "text": text}
            events.append(_event("reasoning_summary_part.done", {**at, "part": part}))
        return [*events, _item_done(thought)]

    def _close_call(self, call: _Open) -> list[Json]:
        arguments = "".join(call.pieces)
        call.item["arguments"], call.item["status"] = arguments, self.status
        done = {**call.at, "name": call.item["name"], "arguments": arguments}
        return [_event("function_call_arguments.done", done), _item_done(call)]

    # ------------------------------------------------------------ following

    def _note(self, chunk: Chunk) -> None:
        match chunk:
            case Started():
                self.started = chunk
            case Stopped():
                self.stopped = chunk
            case Used():
                self.usage = chunk.usage

    def _keep_up(self, chunk: Chunk) -> None:
        if isinstance(chunk, TextDelta | ThinkingDelta) and self._open is not None:
            self._open.pieces.append(chunk.text)
        elif isinstance(chunk, ToolCallDelta) and chunk.index in self._calls:
            self._calls[chunk.index].pieces.append(chunk.arguments)
        else:
            self._note(chunk)

    def _adopt(self, item: Json, theirs: int | None, chunks: Sequence[Chunk]) -> None:
        adopted = _Open(len(self.items), item)
        self.items.append(item)
        call = next((chunk for chunk in chunks if isinstance(chunk, ToolCallStarted)), None)
        if call is not None:
            self._calls[call.index] = adopted
        elif item.get("type") in _OURS:
            self._open = adopted
        elif theirs is not None:
            self._foreign[theirs] = adopted.place

    def _replace(self, item: Json) -> None:
        """A provider's item is whole; its own words count."""
        for place, known in enumerate(self.items):
            if known.get("id") == item.get("id"):
                self.items[place] = item
        if self._open is not None and self._open.item.get("id") == item.get("id"):
            self._open = None
        self._calls = {n: call for n, call in self._calls.items() if call.item.get("id") != item.get("id")}


def _event(name: str, fields: Json) -> Json:
    return {"type": f"response.{name}", **fields}


def _item_done(done: _Open) -> Json:
    return _event("output_item.done", {"output_index": done.place, "item": done.item})
