"""Whose answer it is: caches, mixed-up answers, placeholders."""

import asyncio
import itertools
import secrets
import time
from typing import Any

import httpx2
import msgspec
import pytest

from leitstand.core.conversation import AnswerFormat, Message, Prompt, Text, Tool, ToolChoice
from leitstand.gateway.cache import PermissionScope, cache_key
from spine.peers.peer_desk import Desk, line, said
from support.answers import EVERY_PATH, body_of

SURNAMES = (
    "Altmann", "Brückner", "Czerny", "Dietrich", "Ebersbach", "Falkenhagen", "Gerlach", "Hoffmeister", "Ittner",
    "Jankowski", "Kirchhoff", "Lindemann", "Mühlbauer", "Nottebohm", "Ostermann", "Petersen", "Quandt", "Riedmüller",
    "Sommerfeld", "Tiedemann",
)  # fmt: skip
_numbers = itertools.count(1)


def test_peer_15_tenants_share_no_stored_answer(desk: Desk) -> None:
    """The cache knew the question and not who asked, so that one customer read the answer of another."""
    question = f"Nummer {next(_numbers)} von niemandem\necho: gut"
    for user in ("anna", "ben", "petra"):
        key = desk.key(user)["key"]
        states = [desk.ask(key, "gemerkt", question).headers["x-leitstand-cache"] for _ in range(2)]
        assert states == ["miss", "hit"], user
    assert desk.calls() == 3


def nonces_come_back(desk: Desk, requests: int, at_once: int) -> int:
    """Ask from so many connections, plain and streamed in turns; how many answers came, each to its sender."""
    key = desk.key()["key"]
    turns = itertools.count()

    async def converse() -> None:
        async with line(desk.server.port) as caller:
            while (number := next(turns)) < requests:
                nonce = secrets.token_hex(8)
                stream = number % 4 == 0
                body = body_of("chat", "nur-openai", f"echo: {nonce}", stream=stream, max_tokens=40)
                status, answer = await caller.ask(key, body)
                assert status == 200, answer
                if stream:
                    assert answer.endswith(b"[DONE]\n\n")
                    assert streamed_text(answer) == nonce
                else:
                    assert said(answer) == nonce

    async def crowd() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(converse())

    desk.simulator.configure("openai-eu", chunk_tokens=8, keep=10)
    asyncio.run(crowd())
    return int(desk.simulator.summary("openai-eu", idle=True)["requests"])


def streamed_text(answer: bytes) -> str:
    datas = [row[6:] for row in answer.decode().split("\n") if row.startswith("data: {")]
    deltas = [choice["delta"] for data in datas for choice in msgspec.json.decode(data)["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_peer_16_every_answer_returns_to_its_sender(desk: Desk) -> None:
    """Under load an answer reached somebody else. Short form: 3,000 requests of 200 at a time."""
    assert nonces_come_back(desk, 3_000, 200) == 3_000


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_peer_16_a_hundred_thousand_answers_return_to_their_senders(desk: Desk) -> None:
    """The full form: 100,000 requests of 200 at a time."""
    assert nonces_come_back(desk, 100_000, 200) == 100_000


PROMPT = Prompt("chat", "gemerkt", (Message("user", (Text("Wie?"),)),))
OTHER: dict[str, Any] = {
    "dialect": "messages",
    "model": "gemerkt-zwei",
    "messages": (Message("user", (Text("Wie ?"),)),),
    "stream": True,
    "max_tokens": 7,
    "temperature": 0.1,
    "top_p": 0.9,
    "stop": ("Ende",),
    "tools": (Tool("ablage", "", {}),),
    "tool_choice": ToolChoice("required"),
    "answer_format": AnswerFormat("json"),
    "reasoning_effort": "low",
    "choices": 2,
    "include_usage": True,
    "extra": {"seed": 7},
}


@pytest.mark.parametrize("field", Prompt.__struct_fields__)
def test_peer_17_every_field_of_a_request_is_part_of_its_key(field: str) -> None:
    """The key left fields out, so that a question got the answer of another one. A new field without a row in
    OTHER fails here, before it can be forgotten there."""
    scope = PermissionScope("angebote", "vertrieb", "", "")
    changed = msgspec.structs.replace(PROMPT, **{field: OTHER[field]})
    assert cache_key(scope, changed) != cache_key(scope, PROMPT)


def test_peer_17_a_stored_answer_names_who_really_gave_it(desk: Desk) -> None:
    """The answer of the fallback was stored, shown and priced as one of the first target."""
    model, made = desk.model("kept-fallback", "openai-eu", "anthropic-eu", cache=True), desk.key()
    desk.simulator.faults("openai-eu", {"fault": "not_found", "model": f"{model}-upstream"})
    first, second = (desk.ask(made["key"], model, "echo: gut") for _ in range(2))
    assert [answer.headers["x-leitstand-cache"] for answer in (first, second)] == ["miss", "hit"]
    assert (first.provider, second.provider) == ("anthropic-eu", "anthropic-eu")
    record = desk.house.record(second.headers["x-leitstand-request-id"])
    assert (record["provider"], record["cache"]) == ("anthropic-eu", "hit")


@pytest.mark.parametrize("dialect", EVERY_PATH)
def test_peer_24_equal_placeholders_of_parallel_requests_stay_apart(desk: Desk, dialect: str) -> None:
    """Placeholders were not restored, cut by the stream, or restored from the map of somebody else's request.
    Twenty people are Klient_001 at the same time, token by token."""
    desk.simulator.configure("openai-eu", token_ms=2, chunk_tokens=1)
    texts = [f"Guten Tag Frau {name}, Ihr Angebot an Frau {name} liegt bei.\necho-all" for name in SURNAMES]
    asked = [(dialect, body_of(dialect, "nur-openai", text, stream=True)) for text in texts]
    answers = asyncio.run(desk.ask_all(desk.key()["key"], asked))
    assert [answer.text for answer in answers] == texts
    assert desk.simulator.contains("openai-eu", *SURNAMES) == []
    bodies = [entry["body"] for entry in desk.simulator.log("openai-eu")]
    assert len({body.replace(" ", "") for body in bodies}) == 1, (
        "the provider saw the same words twenty times"
    )


def test_peer_24_restoring_does_not_wait_for_the_end(desk: Desk) -> None:
    """Streams were collected to be restored, so that the first word came with the last."""
    desk.simulator.configure("openai-eu", token_ms=25)
    body = body_of(
        "chat",
        "nur-openai",
        "Frau Altmann fragt an. " + "Bitte um Antwort. " * 10 + "\necho-all",
        stream=True,
    )
    began, arrivals = time.monotonic(), []
    with httpx2.stream(
        "POST", f"{desk.server.url}/v1/chat/completions", json=body, timeout=30,
        headers={"authorization": f"Bearer {desk.key()['key']}"},
    ) as stream:  # fmt: skip
        for row in stream.iter_lines():
            if '"content":"' in row:
                arrivals.append(time.monotonic() - began)
    assert len(arrivals) > 10
    assert arrivals[0] < arrivals[-1] / 2
