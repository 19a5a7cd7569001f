"""Broken and slow answers rescued, through the whole house: continued, hedged, sent to a larger model."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from support.answers import PATHS, Heard, body_of, heard
from support.house import House, wait_until
from support.simulator import Simulator

TEXT = "Sehr geehrte Frau Muster, die Ware kommt am Montag in Ulm an."
DPA = "region: eu, dpa: {signed: 2026-01-15, expires: 2099-01-15}, api_key: sk-of-nobody"
CLAUDE, MISTRAL = "claude-sonnet-4-5", "mistral-small-latest"


def configuration(simulator: Simulator) -> str:
    def provider(name: str, kind: str) -> str:
        waits = "timeouts: {connect: 10, first_token: 20, idle: 1, total: 30}"
        return f"  - {{name: {name}, kind: {kind}, base_url: '{simulator.url(name)}', {waits}, {DPA}}}"

    kinds = {
        "claude": "anthropic", "claude-b": "anthropic", "mistral": "mistral", "vllm": "openai_compatible",
        "openai": "openai", "slow": "openai", "quick": "openai",
    }  # fmt: skip
    return "\n".join(
        [
            "providers:",
            *(provider(name, kind) for name, kind in kinds.items()),
            "models:",
            "  - {name: by-claude, continuation: true, targets: [{provider: claude, model: claude-sonnet-4-5}]}",
            "  - {name: by-new-claude, continuation: true, targets: [{provider: claude, model: claude-sonnet-4-6}]}",
            "  - {name: by-mistral, continuation: true, targets: [{provider: mistral, model: mistral-small-latest}]}",
            "  - {name: by-vllm, continuation: true, targets: [{provider: vllm, model: qwen3}]}",
            "  - name: by-another",
            "    continuation: true",
            "    targets: [{provider: openai, model: gpt-4o-mini}, {provider: claude-b, model: claude-sonnet-4-5}]",
            "  - name: hedged",
            "    hedge_after: 0.2",
            "    targets: [{provider: slow, model: gpt-4o-mini}, {provider: quick, model: gpt-4o-mini}]",
            "  - name: sized",
            "    targets:",
            "      - {provider: openai, model: gpt-4o-mini, context_tokens: 20}",
            "      - {provider: claude, model: claude-sonnet-4-5, context_tokens: 400}",
            "      - {provider: claude-b, model: claude-sonnet-4-5, context_tokens: 800}",
            "users:",
            "  - {name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}",
        ]
    )


class Desk:
    """A served house and a client."""

    def __init__(self, house: House, url: str, key: str) -> None:
        self._house = house
        self._client = httpx2.Client(base_url=url, timeout=60, headers={"authorization": f"Bearer {key}"})

    def close(self) -> None:
        self._client.close()

    def ask(self, dialect: str, model: str, text: str, *, stream: bool = True) -> Heard:
        body = body_of(dialect, model, text, stream=stream, max_tokens=60)
        return heard(dialect, self._client.post(PATHS[dialect], json=body))

    def record(self, said: Heard) -> dict[str, Any]:
        name, rows = said.headers["x-leitstand-request-id"], list[dict[str, Any]]()

        def is_written() -> bool:
            rows[:] = [row for row in self._house.export() if row["request_id"] == name]
            return bool(rows)

        wait_until(is_written)
        return rows[0]


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator)) as house:
        key = house.key()
        answering = Desk(house, house.serve().url, key)
        yield answering
        answering.close()


def cut(model: str, after: int = 6) -> dict[str, Any]:
    return {"fault": "cut_stream", "after_tokens": after, "times": 1, "model": model}


@pytest.mark.parametrize("dialect", ["chat", "messages"])
@pytest.mark.parametrize(
    ("model", "provider", "upstream"),
    [("by-claude", "claude", CLAUDE), ("by-mistral", "mistral", MISTRAL), ("by-vllm", "vllm", "qwen3")],
)
def test_a_cut_stream_is_continued_in_one_piece(
    desk: Desk, simulator: Simulator, dialect: str, model: str, provider: str, upstream: str
) -> None:
    simulator.faults(provider, cut(upstream))
    said = desk.ask(dialect, model, f"echo: {TEXT}")
    assert (said.text, said.error, said.starts, said.ends) == (TEXT, {}, 1, 1)
    record = desk.record(said)
    assert (record["outcome"], record["detail"]["continued"], record["estimated"]) == ("ok", 1, True)
    first, second = record["detail"]["attempts"]
    assert (first["fault"], second["fault"]) == ("cut", "")
    assert first["tokens"] > 0


def test_another_provider_goes_on_and_sees_the_same_placeholders(desk: Desk, simulator: Simulator) -> None:
    question = "echo: Guten Tag Frau Erika Muster, Ihre Mail an erika.muster@kunde.example kam an."
    simulator.faults("openai", cut("gpt-4o-mini", 12))
    said = desk.ask("chat", "by-another", question)
    assert said.text == question.removeprefix("echo: ")
    assert simulator.contains("claude-b", "Erika", "erika.muster@kunde.example") == []
    assert simulator.contains("claude-b", "Guten Tag Frau") != []


def test_a_model_that_refuses_a_beginning_is_not_asked_to_go_on(desk: Desk, simulator: Simulator) -> None:
    simulator.faults("claude", cut("claude-sonnet-4-6"))
    said = desk.ask("messages", "by-new-claude", f"echo: {TEXT}")
    assert said.code == "upstream_failed"
    assert said.text
    assert TEXT.startswith(said.text)


@pytest.mark.parametrize("stream", [True, False])
def test_the_rival_of_a_silent_target_answers_once(desk: Desk, simulator: Simulator, stream: bool) -> None:
    simulator.faults("slow", {"fault": "hang_before_headers", "times": 1})
    said = desk.ask("chat", "hedged", f"echo: {TEXT}", stream=stream)
    assert (said.text, said.provider, said.starts, said.ends) == (TEXT, "quick", 1, 1)
    record = desk.record(said)
    faults = {each["provider"]: each["fault"] for each in record["detail"]["attempts"]}
    assert faults == {"slow": "overtaken", "quick": ""}
    assert record["estimated"]
    simulator.log("slow", idle=True)  # the one overtaken was hung up on


def test_a_quick_target_is_asked_alone(desk: Desk, simulator: Simulator) -> None:
    before = len(simulator.log("quick"))
    assert desk.ask("chat", "hedged", f"echo: {TEXT}").provider == "slow"
    assert len(simulator.log("quick")) == before


def test_a_long_prompt_goes_to_the_first_target_that_is_large_enough(desk: Desk) -> None:
    assert desk.ask("chat", "sized", f"echo: {TEXT}").provider == "openai"
    said = desk.ask("chat", "sized", "wort " * 400 + f"\necho: {TEXT}")
    assert (said.text, said.provider) == (TEXT, "claude")
    assert desk.record(said)["detail"]["dropped"] == {"openai": "context"}


def test_a_target_that_says_the_prompt_is_too_long_is_followed_by_the_largest(
    desk: Desk, simulator: Simulator
) -> None:
    simulator.faults("openai", {"fault": "context_overflow", "times": 1})
    assert desk.ask("chat", "sized", f"echo: {TEXT}").provider == "claude-b"


def test_a_prompt_for_which_nobody_is_large_enough_is_refused_with_the_largest_named(desk: Desk) -> None:
    said = desk.ask("chat", "sized", "wort " * 2000)
    assert (said.status, said.code) == (400, "context_length_exceeded")
    assert "800" in said.error["message"]


def test_many_at_once_are_continued_without_mixing_them_up(desk: Desk, simulator: Simulator) -> None:
    simulator.faults("claude", *[cut(CLAUDE, after) for after in range(1, 13)])

    async def ask_all() -> list[Heard]:
        texts = [f"echo: Nummer {number} von zwölf, und noch einige Wörter dazu." for number in range(12)]
        return await asyncio.gather(
            *(asyncio.to_thread(desk.ask, "chat", "by-claude", text) for text in texts)
        )

    for number, said in enumerate(asyncio.run(ask_all())):
        assert said.text == f"Nummer {number} von zwölf, und noch einige Wörter dazu."
        assert said.starts == 1
