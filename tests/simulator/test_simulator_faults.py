"""Each fault does on the wire what its sentence says."""

import json
import socket
from typing import Any, NamedTuple

import openai
import pytest

from leitstand.simulator.faults import FAULTS, Fault, Script
from support.simulator import Simulator

SILENCE_S = 0.4  # how long a test listens before it calls a provider silent


class Heard(NamedTuple):
    """What a client heard. end: `closed`, `reset`, `silent`, or `kept` (a complete answer)."""

    head: str
    body: bytes
    end: str

    @property
    def status(self) -> int:
        return int(self.head.split()[1]) if self.head else 0


def listen(simulator: Simulator, provider: str, *, stream: bool, text: str = "count: 9") -> Heard:
    """Ask on a raw socket and read until the answer is complete, the connection ends, or nothing more comes."""
    asked = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}
    payload = json.dumps(asked).encode()
    head = (
        f"POST /{provider}/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(payload)}\r\n\r\n"
    )
    received, end = b"", ""
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=SILENCE_S) as connection:
        connection.sendall(head.encode() + payload)
        while not end:
            try:
                more = connection.recv(65536)
                received += more
                end = "closed" if not more else "kept" if _is_complete(received) else ""
            except TimeoutError:
                end = "silent"
            except ConnectionResetError:
                end = "reset"
    front, _, body = received.partition(b"\r\n\r\n")
    return Heard(front.decode(), body, end)


def _is_complete(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    if b"chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    return len(body) == length


def words(heard: Heard) -> int:
    """How many counted words arrived in readable events."""
    return sum(f'"w{n}"'.encode() in heard.body or f'" w{n}"'.encode() in heard.body for n in range(1, 10))


STREAMED = [
    # fault, end, words, mark in the body
    ("none", "kept", 9, b"[DONE]"),
    ("stall_before_first", "silent", 0, b'"role":"assistant"'),
    ("stall_after_first", "silent", 3, b""),
    ("cut_before_first", "closed", 0, b""),
    ("cut_stream", "closed", 3, b""),
    ("cut_plain", "closed", 3, b""),
    ("error_in_stream", "kept", 3, b'data: {"error":'),
    ("malformed_chunk", "kept", 8, b"[DONE]"),
    ("empty_stream", "kept", 0, b""),
    ("hang_before_headers", "silent", 0, b""),
    ("hang_after_headers", "silent", 0, b""),
    ("content_filter", "kept", 3, b'"finish_reason":"content_filter"'),
    ("refused_connection", "reset", 0, b""),
    ("slow_drip", "silent", 0, b""),
    ("html_body", "kept", 0, b"<html>"),
    ("empty_body", "kept", 0, b""),
]


@pytest.mark.parametrize(("fault", "end", "number", "mark"), STREAMED, ids=[row[0] for row in STREAMED])
def test_fault_in_a_stream(
    simulator: Simulator, provider: str, fault: str, end: str, number: int, mark: bytes
) -> None:
    simulator.faults(provider, {"fault": fault, "after_tokens": 3})
    heard = listen(simulator, provider, stream=True)
    assert (heard.end, words(heard)) == (end, number)
    assert mark in heard.body


PLAIN = [
    # fault, status, end
    ("rate_limit", 429, "kept"),
    ("rate_limit_bare", 429, "kept"),
    ("quota", 429, "kept"),
    ("server_error", 500, "kept"),
    ("unavailable", 503, "kept"),
    ("overloaded", 503, "kept"),
    ("bad_gateway", 502, "kept"),
    ("unauthorized", 401, "kept"),
    ("forbidden", 403, "kept"),
    ("not_found", 404, "kept"),
    ("context_overflow", 400, "kept"),
    ("content_filter", 400, "kept"),
    ("error_in_stream", 500, "kept"),
    ("refused_connection", 0, "reset"),
    ("hang_before_headers", 0, "silent"),
    ("hang_after_headers", 200, "silent"),
    ("stall_before_first", 200, "silent"),
    ("stall_after_first", 200, "silent"),
    ("cut_before_first", 200, "closed"),
    ("cut_plain", 200, "closed"),
    ("cut_stream", 200, "closed"),
    ("malformed_plain", 200, "kept"),
    ("malformed_chunk", 200, "kept"),
    ("empty_body", 200, "kept"),
    ("empty_stream", 200, "kept"),
    ("html_body", 200, "kept"),
    ("slow_drip", 0, "silent"),
    ("none", 200, "kept"),
]


@pytest.mark.parametrize(("fault", "status", "end"), PLAIN, ids=[row[0] for row in PLAIN])
def test_fault_in_a_plain_answer(
    simulator: Simulator, provider: str, fault: str, status: int, end: str
) -> None:
    simulator.faults(provider, fault)
    heard = listen(simulator, provider, stream=False)
    assert (heard.status, heard.end) == (status, end)
    assert ("retry-after" in heard.head) == (fault == "rate_limit")
    assert is_readable(heard) == (fault == "none" or (heard.end == "kept" and status not in (200, 502)))
    assert listen(simulator, provider, stream=False).status == 200, "the fault struck once only"


def is_readable(heard: Heard) -> bool:
    try:
        return isinstance(json.loads(heard.body), dict)
    except ValueError:
        return False


def test_every_fault_of_the_catalogue_is_tested_and_explained() -> None:
    assert {row[0] for row in STREAMED} | {row[0] for row in PLAIN} == set(FAULTS)
    assert all(row.de.endswith(".") and row.en.endswith(".") for row in FAULTS.values())


@pytest.mark.parametrize("fault", ["malformed_chunk", "error_in_stream"])
def test_a_stream_can_break_before_its_first_content(simulator: Simulator, provider: str, fault: str) -> None:
    simulator.faults(provider, fault)
    heard = listen(simulator, provider, stream=True)
    assert b'"w1"' not in heard.body
    assert heard.end == "kept"


def test_an_answer_shorter_than_after_tokens_still_breaks_before_its_end(
    simulator: Simulator, provider: str
) -> None:
    simulator.faults(provider, {"fault": "cut_stream", "after_tokens": 500})
    heard = listen(simulator, provider, stream=True)
    assert (heard.end, words(heard)) == ("closed", 9)
    assert b"[DONE]" not in heard.body


def test_lines_strike_in_order_and_as_often_as_they_say() -> None:
    script = Script(
        [Fault("quota", times=2), Fault("overloaded", model="big", times=None), Fault("not_found")]
    )
    struck = [script.strike(model).fault for model in ("m", "big", "m", "big", "m")]
    assert struck == ["quota", "quota", "not_found", "overloaded", "none"]


def test_lookups_use_up_no_line_but_lasting_faults_hit_them(simulator: Simulator, provider: str) -> None:
    with openai.OpenAI(base_url=simulator.url(provider), api_key="k", max_retries=0) as client:
        simulator.faults(provider, "unavailable")
        assert client.models.list().data
        with pytest.raises(openai.InternalServerError):
            client.embeddings.create(model="m", input="x")
        simulator.faults(provider, {"fault": "unavailable", "times": None})
        with pytest.raises(openai.InternalServerError):
            client.models.list()


def test_openai_client_reads_the_error_codes(simulator: Simulator, provider: str) -> None:
    expected: dict[str, Any] = {
        "rate_limit": "rate_limit_exceeded",
        "quota": "insufficient_quota",
        "context_overflow": "context_length_exceeded",
        "content_filter": "content_filter",
        "not_found": "model_not_found",
        "unauthorized": "invalid_api_key",
    }
    simulator.faults(provider, *expected)
    messages: Any = [{"role": "user", "content": "Hallo"}]
    with openai.OpenAI(base_url=simulator.url(provider), api_key="k", max_retries=0) as client:
        for code in expected.values():
            with pytest.raises(openai.APIStatusError) as caught:
                client.chat.completions.create(model="m", messages=messages)
            assert caught.value.code == code
