"""Streamed answers in the format of OpenAI Responses, for clients.

Source: OpenAI API reference, "Streaming events".
"""

import msgspec

from leitstand.api.dialects.problems import chat_error_body
from leitstand.api.dialects.responses_answer import Identity, response_json
from leitstand.api.dialects.responses_output import Output
from leitstand.core.conversation import Frame, Json, Started
from leitstand.core.errors import Refusal

_encode = msgspec.json.encode
_BEGINS = frozenset({"response.created", "response.in_progress", "response.queued"})
_ENDS = frozenset({"response.completed", "response.incomplete"})


class StreamEncoder:
    """The events of one streamed answer. Call `frame` for each frame, then `finish` or `error` once.

    Invariant: one `response.created`; items open and close; one terminal event, sent by `finish`. A
    provider's own events pass as they are until one of them was changed; from then on all are ours, with
    the items that it has opened. response: the whole answer, after `finish`.
    """

    def __init__(self, asked: Json, identity: Identity) -> None:
        """asked: the request. identity: what the answer is called."""
        self.response: Json = {}
        self._asked = asked
        self._identity = identity
        self._output = Output()
        self._number = 0
        self._started = False
        self._ended = False
        self._own = False
        self._ending = b""  # the provider's terminal event

    def frame(self, frame: Frame, changed: bool) -> bytes:
        """The events for one frame; b"" when the client is to see nothing of it."""
        if self._ended:
            return b""
        if changed or frame.raw is None or frame.dialect != "responses" or self._begins_again(frame):
            self._own = True
        return self._told(frame) if self._own else self._passed(frame, frame.raw or b"")

    def finish(self) -> bytes:
        """The end of the stream: what is still open is closed, then the terminal event."""
        if self._ended:
            return b""
        self._ended = True
        if self._ending and not self._own:
            event = msgspec.json.decode(self._ending)
            self.response = (
                self._identity.on(event["response"]) if self._identity.differs else event["response"]
            )
            return _sse(
                event["type"], self._ending if not self._identity.differs else _with(event, self.response)
            )
        begun = self._begin()
        closed = b"".join([self._write(event) for event in self._output.finish()])
        self.response = response_json(self._asked, self._identity, self._output, self._output.status)
        return (
            begun
            + closed
            + self._write({"type": f"response.{self._output.status}", "response": self.response})
        )

    def error(self, refusal: Refusal, language: str, request_id: str) -> bytes:
        """Exactly one error event; nothing follows it. SDKs raise for its `error`."""
        if self._ended:
            return b""
        self._ended = True
        error = msgspec.json.decode(chat_error_body(refusal, language, request_id))["error"]
        flat = {name: error.get(name) for name in ("code", "message", "param")}
        return self._write({"type": "error", **flat, "error": error})

    def _begins_again(self, frame: Frame) -> bool:
        """Another answer goes on with ours: its beginning is not a second beginning."""
        return self._started and frame.event == "response.created"

    def _passed(self, frame: Frame, raw: bytes) -> bytes:
        """A provider's event, as it came."""
        self._output.follow(frame)
        if frame.event in _ENDS:
            self._ending = raw
            return b""
        self._number += 1
        if frame.event in _BEGINS:
            self._started = True
            if self._identity.differs:
                event = msgspec.json.decode(raw)
                raw = _with(event, self._identity.on(event["response"]))
        return _sse(frame.event, raw)

    def _told(self, frame: Frame) -> bytes:
        """Events of our own making."""
        if not frame.chunks and frame.raw is not None and frame.dialect == "responses":
            return b"".join([self._write(event) for event in self._output.pass_on(frame.raw)])
        events = b""
        for chunk in frame.chunks:
            told = self._output.add(chunk)
            if told or isinstance(chunk, Started):
                events += self._begin() + b"".join([self._write(event) for event in told])
        return events

    def _begin(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        response = response_json(self._asked, self._identity, self._output, "in_progress")
        return b"".join(
            [
                self._write({"type": f"response.{name}", "response": response})
                for name in ("created", "in_progress")
            ]
        )

    def _write(self, event: Json) -> bytes:
        event["sequence_number"] = self._number
        self._number += 1
        return _sse(str(event["type"]), _encode(event))


def _with(event: Json, response: Json) -> bytes:
    return _encode({**event, "response": response})


def _sse(name: str, raw: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (
        name.encode(),
        raw.replace(b"\n", b"\ndata: ") if b"\n" in raw else raw,
    )
