"""What the simulator says about the requests it received, and how it obeys its own interface."""

import http.client
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.simulator import schemas, tokens
from support.simulator import Simulator, start_simulator


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    more.setdefault("model", "m")
    answer: Any = client.chat.completions.create(messages=messages, **more)
    return list(answer) if more.get("stream") else answer


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_tokens_join_to_the_text_they_were_cut_from(text: str) -> None:
    assert "".join(tokens.split(text)) == text
    assert len(tokens.split(text)) == tokens.count(text)


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), ("Haus", 1), ("Getriebe liefern.", 5), (" a\n", 1), ("\n", 1)]
)
def test_token_rule(text: str, number: int) -> None:
    assert tokens.count(text) == number


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {"kind": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}}
    assert json.dumps(schemas.example(node))
    assert schemas.example({"type": "string", "maxLength": 3}, "Ulmer") == "Ulm"
    assert schemas.example({"type": "integer", "exclusiveMinimum": 4, "multipleOf": 5}) == 5
    assert schemas.example(
        {"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {}}}]}, "x"
    ) == {
        "a": 1,
        "b": "x",
    }


def test_log_tells_what_was_asked_produced_and_billed(
    simulator: Simulator, provider: str, openai_client: openai.OpenAI
) -> None:
    ask(openai_client, "echo: eins zwei", model="gpt")
    entry = simulator.log(provider)[0]
    assert json.loads(entry["body"])["messages"][0]["content"] == "echo: eins zwei"
    assert entry["path"] == f"/{provider}/v1/chat/completions"
    assert (entry["wire"], entry["model"], entry["status"]) == ("openai", "gpt", 200)
    assert (entry["outcome"], entry["disconnected"]) == ("answered", False)
    assert (entry["input_tokens"], entry["output_tokens"]) == (4, 2)
    assert (entry["billed_input"], entry["billed_output"]) == (4, 2)
    assert entry["started_s"] <= entry["ended_s"] <= time.time()
    assert entry["headers"]["authorization"] == "…1234"


def test_a_finished_stream_is_settled_when_its_client_has_read_it(
    simulator: Simulator, provider: str, openai_client: openai.OpenAI
) -> None:
    for number in range(1, 21):
        ask(openai_client, "count: 30", stream=True)
        summary = simulator.summary(provider)
        assert summary["outcomes"] == {"answered": number}
        assert summary["in_flight"] == 0
        assert summary["billed_output"] == 30 * number


def test_refusals_cost_nothing(simulator: Simulator, provider: str, openai_client: openai.OpenAI) -> None:
    simulator.faults(provider, "server_error")
    with pytest.raises(openai.InternalServerError):
        ask(openai_client, "Hallo")
    summary = simulator.summary(provider)
    assert summary["outcomes"] == {"refused": 1}
    assert summary["faults"] == {"server_error": 1}
    assert summary["billed_input"] == summary["billed_output"] == 0


def test_a_client_that_leaves_a_stream_pays_for_input_and_what_was_produced(
    simulator: Simulator, provider: str
) -> None:
    simulator.configure(provider, token_ms=20)
    messages: Any = [{"role": "user", "content": "count: 400"}]
    with openai.OpenAI(base_url=simulator.url(provider), api_key="k", max_retries=0) as client:
        stream = client.chat.completions.create(model="m", messages=messages, stream=True)
        read = 0
        for chunk in stream:
            read += bool(chunk.choices[0].delta.content)
            if read == 5:
                break
        stream.close()
    entry = simulator.log(provider, idle=True)[0]
    assert (entry["outcome"], entry["disconnected"]) == ("left", True)
    assert 5 <= entry["billed_output"] < 400
    assert entry["billed_output"] == entry["output_tokens"]
    assert entry["billed_input"] == entry["input_tokens"] == 3


def test_a_client_that_leaves_a_plain_answer_pays_in_full(simulator: Simulator, provider: str) -> None:
    simulator.configure(provider, first_token_ms=5000)
    messages: Any = [{"role": "user", "content": "count: 40"}]
    client = openai.OpenAI(base_url=simulator.url(provider), api_key="k", max_retries=0, timeout=0.2)
    with client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="m", messages=messages)
    entry = simulator.log(provider, idle=True)[0]
    assert entry["disconnected"]
    assert (entry["billed_input"], entry["billed_output"]) == (3, 40)


def test_speed_is_kept_by_setting_and_by_model_name(
    simulator: Simulator, provider: str, openai_client: openai.OpenAI
) -> None:
    simulator.configure(provider, first_token_ms=60, token_ms=10, chunk_tokens=2)
    started = time.monotonic()
    chunks = ask(openai_client, "count: 20", stream=True)
    assert 0.05 + 9 * 0.02 <= time.monotonic() - started < 2
    assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) == 10
    started = time.monotonic()
    ask(openai_client, "count: 10", model="m~100-10")
    assert 0.19 <= time.monotonic() - started < 2


def test_contains_searches_every_byte_in_every_spelling(
    simulator: Simulator, provider: str, openai_client: openai.OpenAI
) -> None:
    ask(openai_client, "Frau Jörg-Müller, „Gäste“", extra_headers={"x-note": "Akte 7"})
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=5)
    connection.request("POST", f"/{provider}/v1/chat/completions", json.dumps({"note": "Weiß 😀 \\ Ende"}))
    connection.getresponse().read()
    connection.close()
    assert simulator.contains(
        provider, "Jörg-Müller", "Akte 7", "sk-geheim1234", "Weiß 😀", "😀 \\ Ende", "Sommer"
    ) == ["Jörg-Müller", "Akte 7", "sk-geheim1234", "Weiß 😀", "😀 \\ Ende"]


def test_a_small_log_says_that_it_is_not_complete(
    simulator: Simulator, provider: str, openai_client: openai.OpenAI
) -> None:
    simulator.configure(provider, keep=2)
    simulator.control("DELETE", f"{provider}/log")
    for text in ("a", "b", "c"):
        ask(openai_client, f"echo: {text}")
    assert len(simulator.log(provider)) == 2
    assert simulator.summary(provider)["requests"] == 3
    assert simulator.control("POST", f"{provider}/contains", {"needles": ["x"]})["complete"] is False


def test_reset_forgets_settings_faults_and_requests(
    simulator: Simulator, provider: str, openai_client: openai.OpenAI
) -> None:
    simulator.configure(provider, api_key="k")
    simulator.faults(provider, "quota")
    simulator.reset(provider)
    assert ask(openai_client, "echo: da").choices[0].message.content == "da"
    assert simulator.summary(provider)["requests"] == 1


def test_overview_names_providers_and_explains_faults(simulator: Simulator, provider: str) -> None:
    simulator.configure(provider)
    overview = simulator.control("GET", "")
    assert provider in overview["providers"]
    assert all(row["name"] and row["de"] and row["en"] for row in overview["faults"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", [{"fault": "explode"}]),
        ("faults", [{"fault": "quota", "time": 3}]),
        ("", {"token_ms": -1}),
        ("", {"speed": 3}),
    ],
)
def test_a_wrong_script_is_refused_with_its_reason(
    simulator: Simulator, provider: str, path: str, body: Any
) -> None:
    with pytest.raises(AssertionError, match=r"explode|time|negative|speed"):
        simulator.control("PUT", f"{provider}/{path}", body)


def test_pipelined_requests_are_answered_in_order(simulator: Simulator, provider: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=5)
    connection.connect()
    for number in range(5):
        asked = {"model": "m", "messages": [{"role": "user", "content": f"echo: Nummer {number}"}]}
        body = json.dumps(asked)
        head = (
            f"POST /{provider}/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        connection.sock.sendall((head + body).encode())
    reader = connection.sock.makefile("rb")
    for number in range(5):
        length = 0
        while (line := reader.readline()) != b"\r\n":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        content = json.loads(reader.read(length))["choices"][0]["message"]["content"]
        assert content == f"Nummer {number}"
    reader.close()
    connection.close()


def test_process_ends_with_its_parent_and_on_sigterm() -> None:
    simulator = start_simulator()
    simulator.stop()
    assert simulator.process.returncode == 0
    process = subprocess.Popen([sys.executable, "-m", "leitstand.simulator"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["port"] > 0
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()


def test_a_client_that_leaves_before_the_first_token_of_a_stream_pays_for_its_input(
    simulator: Simulator, provider: str
) -> None:
    simulator.configure(provider, first_token_ms=5000)
    client = openai.OpenAI(base_url=simulator.url(provider), api_key="k", max_retries=0)
    with client:
        messages: Any = [{"role": "user", "content": "count: 40"}]
        client.chat.completions.create(model="m", messages=messages, stream=True).close()
    entry = simulator.log(provider, idle=True)[0]
    assert entry["disconnected"]
    assert (entry["billed_input"], entry["billed_output"]) == (3, 0)


def test_a_client_that_does_not_read_holds_the_production_back(simulator: Simulator, provider: str) -> None:
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "count: 200000"}]}
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=5)
    connection.request("POST", f"/{provider}/v1/chat/completions", json.dumps(asked))
    connection.getresponse().read(100)
    assert simulator.summary(provider, arrived=1)["in_flight"] == 1
    connection.close()
    entry = simulator.log(provider, idle=True)[0]
    assert entry["outcome"] == "left"
    assert 0 < entry["billed_output"] < 200_000


def test_everyone_gets_the_answer_to_the_own_request(simulator: Simulator, provider: str) -> None:
    def visit(visitor: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
        right = True
        for turn in range(10):
            word = f"v{visitor}t{turn}"
            asked = {
                "model": "m",
                "stream": turn % 2 == 0,
                "messages": [{"role": "user", "content": f"echo: {word}"}],
            }
            connection.request("POST", f"/{provider}/v1/chat/completions", json.dumps(asked))
            right = right and f'"content":"{word}"' in connection.getresponse().read().decode()
        connection.close()
        return right

    with ThreadPoolExecutor(20) as visitors:
        assert all(visitors.map(visit, range(40)))
    assert simulator.summary(provider)["outcomes"] == {"answered": 400}


def test_escapes_in_capital_hexadecimals_are_found(simulator: Simulator, provider: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=5)
    connection.request("POST", f"/{provider}/v1/messages", rb'{"a": "M\u00FCller", "b": "Stra\u00dfe"}')
    assert connection.getresponse().status == 400
    connection.close()
    assert simulator.contains(provider, "Müller", "Straße", "Köhler") == ["Müller", "Straße"]
