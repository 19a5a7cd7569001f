"""Plays a provider's part in one request: the answer at its speed, or the fault that the script asks for.

Order: key → read → fault → model → rate limit → answer. The log entry is settled before the last bytes go
out, so that whoever has read an answer finds it complete in the log.
"""

import re
from collections.abc import Iterator

from leitstand.simulator import answers, faults
from leitstand.simulator.faults import Fault
from leitstand.simulator.http import ClientGone, Reply, Request
from leitstand.simulator.log import Entry, Log
from leitstand.simulator.pacing import Batch, Pace
from leitstand.simulator.provider import CACHE_FROM_TOKENS, Provider
from leitstand.simulator.values import Answer, Asked, Usage
from leitstand.simulator.wire import (
    HTML_TYPE,
    JSON_TYPE,
    BadRequest,
    Event,
    HeaderList,
    Lookup,
    Problem,
    Wire,
    mint,
    stream_type,
)

SILENCE_S = 600.0
"""After this long a hanging provider closes the connection itself."""
_DRIP_MS = 1000.0
_PROMISED_BYTES = 512
_SPEED = re.compile(r"~(\d+)-(\d+)$")
_BEFORE_FIRST = frozenset({"stall_before_first", "cut_before_first"})
_AFTER_FIRST = frozenset({"stall_after_first", "cut_stream"})
_EITHER = frozenset({"malformed_chunk", "error_in_stream"})
_HTML = b"<html><head><title>%b</title></head><body><center><h1>%b</h1></center></body></html>\n"


async def play(provider: Provider, wire: Wire, request: Request, path: str, reply: Reply) -> None:
    """Serve one request of a provider's client. Raises ClientGone when the client left."""
    log = provider.log
    entry = log.arrived(request)
    entry.wire, entry.request_id = wire.name, mint("req_")
    provider.tell()
    try:
        await _Part(provider, wire, request, path, reply, log, entry).play()
    except ClientGone:
        if entry.ended_s is None:
            entry.disconnected, entry.outcome = True, "left"
        raise
    finally:
        provider.settle(log, entry)


class _Part:
    """One request while it is played."""

    def __init__(
        self,
        provider: Provider,
        wire: Wire,
        request: Request,
        path: str,
        reply: Reply,
        log: Log,
        entry: Entry,
    ) -> None:
        self.provider = provider
        self.wire = wire
        self.request = request
        self.path = path
        self.reply = reply
        self.log = log
        self.entry = entry

    async def play(self) -> None:
        """From key to answer."""
        key = self.provider.settings.api_key
        if key is not None and self.wire.key(self.request) != key:
            return self._refuse(Fault("unauthorized"))
        try:
            models = self.provider.models()
            asked = self.wire.read(self.request, self.path, models, self.entry.request_id)
        except BadRequest as refused:
            return self._send_problem(refused.problem)
        counted = isinstance(asked, Asked) or asked.billed
        self.entry.model, self.entry.input_tokens = asked.model, asked.input_tokens
        fault = self.provider.script.strike(asked.model, counted=counted)
        self.entry.fault = "" if fault.fault == "none" else fault.fault
        if await self._failed_as_a_whole(fault, streamed=isinstance(asked, Asked) and asked.stream):
            return None
        if counted and not self.provider.offers(asked.model):
            return self._refuse(Fault("not_found"))
        if counted and (wait_s := self.provider.admit(asked.input_tokens)) > 0:
            return self._refuse(Fault("rate_limit", retry_after=wait_s))
        if isinstance(asked, Lookup):
            self.entry.billed_units = asked.units
            return await self._answer_plainly(asked.body, asked.output_tokens, fault)
        return await self._answer(asked, fault)

    async def _answer(self, asked: Asked, fault: Fault) -> None:
        answer = answers.answer(asked)
        if self.provider.slips():
            answer = answers.halved(answer)
        if fault.fault == "content_filter":
            answer = answers.filtered(answer, fault.after_tokens)
        usage = self._usage(asked, answer)
        self.entry.cached_tokens, self.entry.stream = usage.cached, asked.stream
        if not asked.stream:
            return await self._answer_plainly(self.wire.plain(asked, answer, usage), answer.tokens, fault)
        events = self.wire.events(asked, answer, usage, self.provider.settings.chunk_tokens)
        return await self._stream(events, fault)

    def _usage(self, asked: Asked, answer: Answer) -> Usage:
        cached = self.provider.cached(asked)
        written = asked.cacheable - cached if asked.cacheable >= CACHE_FROM_TOKENS else 0
        return Usage(asked.input_tokens, answer.tokens, cached, written, len(answer.thinking))

    # -- plain answers

    async def _answer_plainly(self, body: bytes, output_tokens: int, fault: Fault) -> None:
        name = faults.FOR_PLAIN.get(fault.fault, fault.fault)
        self.entry.bill(output_tokens)  # computed in full, whether or not the client waits for it
        first_ms, each_ms = self._speed(fault)
        if delay_s := (first_ms + each_ms * output_tokens) / 1000:
            await self.reply.pause(delay_s)
        self.entry.first_byte(200)
        headers = self._headers(JSON_TYPE)
        if name == "cut_plain":
            self._settle("broken")
            self.reply.begin(headers, len(body))
            self.reply.write(body[: len(body) // 2])
            self.reply.cut()
        elif name == "malformed_plain":
            self._settle("broken")
            self.reply.send(200, headers, body[: len(body) * 2 // 3])
        else:
            self._settle("answered")
            self.reply.send(200, headers, body)

    # -- streams

    async def _stream(self, events: Iterator[Event], fault: Fault) -> None:
        name = faults.FOR_STREAM.get(fault.fault, fault.fault)
        strikes_at = _strikes_at(name, fault.after_tokens)
        self.entry.first_byte(200)
        self.reply.begin(self._headers(stream_type(self.wire)), None)
        self.entry.bill(0)  # the input is read before the first token
        pace = Pace(self.reply, *self._speed(fault))
        await pace.first()
        batch = Batch(self.reply)
        produced, outcome = 0, "answered"
        for event in events:
            data = event.data
            if strikes_at is not None and _is_due(strikes_at, produced, event):
                strikes_at = None
                outcome = "broken"
                if name != "malformed_chunk":
                    await batch.flush()
                    return await self._break_off(name)
                data = _broken(data)
            if event.kind == "close":
                await batch.flush()
                self._settle(outcome)
            if event.tokens:
                await pace.next(event.tokens, batch)
            produced += event.tokens
            await batch.add(data)
            self.entry.bill(produced)
        await batch.flush()
        return self.reply.end()

    async def _break_off(self, name: str) -> None:
        """What a fault does to a stream in place of going on."""
        match name:
            case "stall_before_first" | "stall_after_first":
                await self._be_silent()
            case "error_in_stream":
                self._settle("broken")
                self.reply.write(self.wire.error_event(self.entry.request_id))
                self.reply.end()
            case _:
                self._settle("broken")
                self.reply.cut()

    # -- faults of a whole answer

    async def _failed_as_a_whole(self, fault: Fault, *, streamed: bool) -> bool:
        """Act out a fault that leaves no answer; false when there is one to give."""
        name = fault.fault if streamed else faults.FOR_PLAIN.get(fault.fault, fault.fault)
        if name in faults.REFUSALS and not (name == "content_filter" and fault.after_tokens):
            self._refuse(Fault(name, retry_after=fault.retry_after))
            return True
        match name:
            case "bad_gateway":
                self._send_broken(502, HTML_TYPE, _HTML % (b"502 Bad Gateway", b"502 Bad Gateway"))
            case "html_body":
                self._send_broken(200, HTML_TYPE, _HTML % (b"Welcome", b"Welcome"))
            case "empty_body":
                self._send_broken(200, JSON_TYPE, b"")
            case "empty_stream":
                self._begin_broken(None)
                self._settle("broken")
                self.reply.end()
            case "refused_connection":
                self._settle("broken")
                self.reply.reset()
            case "hang_before_headers":
                await self._be_silent()
            case "hang_after_headers":
                self._begin_broken(None if streamed else _PROMISED_BYTES)
                await self._be_silent()
            case "cut_before_first" if not streamed:
                self._begin_broken(_PROMISED_BYTES)
                self._settle("broken")
                self.reply.cut()
            case _:
                return False
        return True

    def _refuse(self, fault: Fault) -> None:
        self._send_problem(self.wire.refusal(fault, self.entry.model, self.entry.request_id))

    def _send_problem(self, problem: Problem) -> None:
        self.entry.first_byte(problem.status)
        self._settle("refused")
        self.reply.send(problem.status, [*self._headers(JSON_TYPE), *problem.headers], problem.body)

    def _send_broken(self, status: int, content_type: str, body: bytes) -> None:
        self.entry.first_byte(status)
        self._settle("broken")
        self.reply.send(status, self._headers(content_type), body)

    def _begin_broken(self, length: int | None) -> None:
        self.entry.first_byte(200)
        self.reply.begin(self._headers(stream_type(self.wire) if length is None else JSON_TYPE), length)

    async def _be_silent(self) -> None:
        self.entry.outcome = "broken"
        await self.reply.pause(SILENCE_S)
        self.reply.cut()

    # -- what all of them need

    def _headers(self, content_type: str) -> HeaderList:
        pairs = self.wire.headers(self.entry.request_id, self.provider.limits())
        return [("content-type", content_type), *pairs]

    def _speed(self, fault: Fault) -> tuple[float, float]:
        """Milliseconds to the first token and for each further one."""
        if fault.fault == "slow_drip":
            return _DRIP_MS, _DRIP_MS
        if found := _SPEED.search(self.entry.model):
            return float(found.group(1)), float(found.group(2))
        return self.provider.settings.first_token_ms, self.provider.settings.token_ms

    def _settle(self, outcome: str) -> None:
        self.entry.outcome = outcome
        self.provider.settle(self.log, self.entry)


def _strikes_at(name: str, after_tokens: int) -> int | None:
    """After how many tokens a fault breaks a stream; None when it does not."""
    if name in _BEFORE_FIRST:
        return 0
    if name in _AFTER_FIRST:
        return max(1, after_tokens)
    return after_tokens if name in _EITHER else None


def _is_due(strikes_at: int, produced: int, event: Event) -> bool:
    """Whether the fault strikes in place of this event; at the latest before the answer's end."""
    return event.kind == "close" or (event.kind == "content" and produced >= strikes_at)


def _broken(event: bytes) -> bytes:
    """An event whose JSON ends in the middle."""
    body = event.rstrip(b"\n")
    return body[: len(body) * 2 // 3] + b"\n\n"
