"""The response cache through the whole house: who shares an answer, who does not, and what a hit is worth."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support.answers import PATHS, Heard, body_of, heard
from support.house import House, configuration, issue_key
from support.simulator import Simulator

CACHE = "x-leitstand-cache"
USE_CASE = "x-leitstand-use-case"
_MODELS = """models:
  - {name: gemerkt-anthropic, cache: true, targets: [{provider: anthropic-eu, model: claude-sonnet-4-5}]}
  - {name: gemerkt-haus, cache: true, targets: [{provider: lokal, model: llama}]}
  - {name: gemerkt-beide, cache: true, targets: [{provider: openai-eu, model: gpt-4o-mini}, {provider: lokal, model: llama}]}
"""
_USERS = """users:
  - {name: clara, email: clara@musterwerk.example, department: vertrieb, role: user}
"""
_numbers = itertools.count(1)


def fresh(text: str = "echo: gut") -> str:
    """A question that nobody has asked yet."""
    return f"Nummer {next(_numbers)} zu den Schrauben\n{text}"


@dataclass(frozen=True)
class Desk:
    """A house with the keys of three people: Anna and Clara in sales, Ben in marketing."""

    house: House
    simulator: Simulator
    client: httpx2.Client
    keys: dict[str, str]

    def ask(
        self, body: dict[str, Any] | bytes, dialect: str = "chat", who: str = "anna", **headers: str
    ) -> Heard:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.keys[who]}", "content-type": "application/json", **headers}
        return heard(dialect, self.client.post(PATHS[dialect], content=content, headers=sent))

    def state(self, body: dict[str, Any] | bytes, *rest: Any, **headers: str) -> str:
        """hit, miss or off."""
        return str(self.ask(body, *rest, **headers).headers[CACHE])

    def calls(self, provider: str = "openai-eu") -> int:
        return len(self.simulator.log(provider, idle=True))


@pytest.fixture(scope="module")
def running(simulator: Simulator) -> Iterator[tuple[House, httpx2.Client, dict[str, str]]]:
    text = configuration(simulator).replace("models:\n", _MODELS, 1).replace("users:\n", _USERS, 1)
    with House(text) as house:
        office = house.key("sina")
        server = house.serve()
        keys = {name: issue_key(server, office, name)["key"] for name in ("anna", "ben", "clara")}
        with httpx2.Client(base_url=server.url, timeout=20) as client:
            yield house, client, keys


@pytest.fixture
def desk(running: tuple[House, httpx2.Client, dict[str, str]], simulator: Simulator) -> Desk:
    house, client, keys = running
    return Desk(house, simulator, client, keys)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("model", "provider"), [("gemerkt", "openai-eu"), ("gemerkt-anthropic", "anthropic-eu")]
)
@pytest.mark.parametrize("dialect", PATHS)
def test_the_same_question_is_asked_once(
    desk: Desk, dialect: str, model: str, provider: str, stream: bool
) -> None:
    body = body_of(dialect, model, fresh("echo: eins zwei drei"), stream=stream)
    first, second = desk.ask(body, dialect), desk.ask(body, dialect)
    assert (first.headers[CACHE], second.headers[CACHE]) == ("miss", "hit")
    assert (first.text, first.stop) == (second.text, second.stop)
    assert second.text == "eins zwei drei"
    assert (second.starts, second.ends) == (1, 1)
    assert second.provider == provider
    assert second.headers["x-leitstand-fallback"] == "0"
    assert desk.calls(provider) == 1


def test_a_hit_costs_nothing_and_journals_what_it_saved(desk: Desk) -> None:
    body = body_of("chat", "gemerkt", fresh("count: 40"))
    first, second = desk.ask(body), desk.ask(body)
    assert float(first.headers["x-leitstand-cost"]) > 0
    assert float(second.headers["x-leitstand-cost"]) == 0
    assert second.headers["x-leitstand-model"] == "gpt-4o-mini"
    record = desk.house.record(second.headers["x-leitstand-request-id"])
    assert (record["outcome"], record["cache"], record["provider"]) == ("cached", "hit", "openai-eu")
    assert (record["cost"], record["input_tokens"], record["output_tokens"]) == (0, 0, 0)
    assert record["saved"] == pytest.approx(float(first.headers["x-leitstand-cost"]))


def test_the_order_of_keys_in_a_request_does_not_matter(desk: Desk) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "ablage", "parameters": schema}}
    body = body_of("chat", "gemerkt", fresh(), tools=[tool], metadata={"x": "1", "y": "2"})
    assert desk.state(body) == "miss"
    assert desk.state(json.dumps(_reversed(body), indent=2).encode()) == "hit"


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(inner) for inner in value] if isinstance(value, list) else value


CHANGES: dict[str, dict[str, Any]] = {
    "temperature": {"temperature": 0.5},
    "length": {"max_tokens": 399},
    "top_p": {"top_p": 0.9},
    "stop": {"stop": ["Ende"]},
    "stream": {"stream": True},
    "seed": {"seed": 7},
    "user": {"user": "jemand"},
    "metadata": {"metadata": {"x": "1"}},
    "format": {"response_format": {"type": "json_object"}},
    "tools": {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}}]},
    "model": {"model": "gemerkt-beide"},
    "system": {"system": "Antworte kurz."},
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_field_makes_another_question(desk: Desk, change: str) -> None:
    text = fresh()
    assert desk.state(body_of("chat", "gemerkt", text)) == "miss"
    model = CHANGES[change].get("model", "gemerkt")
    fields = {name: value for name, value in CHANGES[change].items() if name != "model"}
    changed = body_of("chat", model, text, system=fields.pop("system", None)) | fields
    assert desk.state(changed) == "miss"
    assert desk.state(changed) == "hit"


def test_off_asks_and_keeps_nothing(desk: Desk) -> None:
    body = body_of("chat", "gemerkt", fresh())
    assert desk.state(body, **{CACHE: "off"}) == "off"
    assert desk.state(body) == "miss"
    assert desk.state(body, **{CACHE: "off"}) == "off"
    assert desk.calls() == 3


def test_models_without_a_cache_say_off(desk: Desk) -> None:
    body = body_of("chat", "nur-openai", fresh())
    assert [desk.state(body), desk.state(body)] == ["off", "off"]
    assert desk.calls() == 2


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("dialect", PATHS)
def test_only_takes_what_is_stored_and_asks_nobody(desk: Desk, dialect: str, stream: bool) -> None:
    body = body_of(dialect, "gemerkt", fresh(), stream=stream)
    missing = desk.ask(body, dialect, **{CACHE: "only"})
    assert (missing.status, missing.code) == (404, "not_cached")
    assert desk.calls() == 0
    desk.ask(body, dialect)
    assert desk.state(body, dialect, **{CACHE: "only"}) == "hit"
    assert desk.calls() == 1
    uncached = desk.ask(body | {"model": "nur-openai"}, dialect, **{CACHE: "only"})
    assert (uncached.status, uncached.code) == (404, "not_cached")


def test_an_unknown_wish_is_a_mistake_of_the_request(desk: Desk) -> None:
    said = desk.ask(body_of("chat", "gemerkt", fresh()), **{CACHE: "immer"})
    assert (said.status, said.code) == (400, "invalid_request")


def test_people_of_one_department_share_within_a_use_case_only(desk: Desk) -> None:
    body = body_of("chat", "gemerkt", fresh())
    assert desk.state(body, who="anna") == "miss"
    assert desk.state(body, who="clara") == "miss", "without a use case everybody is alone"
    assert desk.state(body, who="anna", **{USE_CASE: "angebote"}) == "miss"
    assert desk.state(body, who="clara", **{USE_CASE: "angebote"}) == "hit"
    assert desk.state(body, who="ben", **{USE_CASE: "angebote"}) == "miss", "another department"
    assert desk.state(body, who="anna", **{USE_CASE: "werbung"}) == "miss", "another use case"
    assert desk.state(body, who="clara", **{USE_CASE: "angebote", "x-leitstand-scope": "Akte 7"}) == "miss"
    assert desk.state(body, who="anna", **{USE_CASE: "angebote", "x-leitstand-scope": "Akte 7"}) == "hit"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("dialect", PATHS)
def test_a_hit_is_restored_for_its_own_caller(desk: Desk, dialect: str, stream: bool) -> None:
    lead = fresh("")
    texts = {
        "anna": f"{lead}echo: Frau Sommerfeld, erika@firma-beispiel.example, schreibt",
        "clara": f"{lead}echo: Frau Winterstein, wally@haus-muster.example, schreibt",
    }
    said = {
        who: desk.ask(
            body_of(dialect, "gemerkt", text, stream=stream), dialect, who, **{USE_CASE: "angebote"}
        )
        for who, text in texts.items()
    }
    assert [answer.headers[CACHE] for answer in said.values()] == ["miss", "hit"]
    for who, text in texts.items():
        assert said[who].text == text.partition("echo: ")[2]
    assert said["clara"].headers["x-leitstand-pseudonymised"] == "2"


def test_answers_made_from_clear_text_in_the_house_are_not_kept(desk: Desk) -> None:
    body = body_of("chat", "gemerkt-haus", fresh("echo: Frau Sommerfeld"))
    assert [desk.state(body), desk.state(body)] == ["miss", "miss"]
    harmless = body_of("chat", "gemerkt-haus", fresh())
    assert [desk.state(harmless), desk.state(harmless)] == ["miss", "hit"]


def test_a_stored_answer_is_used_only_where_its_provider_might_answer(desk: Desk) -> None:
    body = body_of("chat", "gemerkt-beide", fresh())
    assert desk.ask(body).provider == "openai-eu"
    special = desk.ask(body, **{"x-leitstand-data-class": "special"})
    assert (special.provider, special.headers[CACHE]) == ("lokal", "miss")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("dialect", PATHS)
def test_answers_cut_by_their_length_are_not_kept(desk: Desk, dialect: str, stream: bool) -> None:
    body = body_of(dialect, "gemerkt", fresh("count: 30"), stream=stream, max_tokens=9)
    first = desk.ask(body, dialect)
    assert first.stop in ("length", "max_tokens")
    assert desk.state(body, dialect) == "miss"


@pytest.mark.parametrize("fault", ["cut_stream", "error_in_stream", "content_filter", "malformed_chunk"])
def test_incomplete_answers_are_not_kept(desk: Desk, fault: str) -> None:
    body = body_of("chat", "gemerkt", fresh("count: 30"), stream=True)
    desk.simulator.faults("openai-eu", {"fault": fault, "after_tokens": 5})
    broken = desk.ask(body)
    assert broken.error or broken.stop == "content_filter"
    assert desk.state(body) == "miss"
    assert desk.state(body) == "hit"


def test_an_answer_whose_client_left_is_not_taken_for_another_one(desk: Desk) -> None:
    desk.simulator.configure("openai-eu", token_ms=10)
    body = body_of("chat", "gemerkt", fresh("count: 30"), stream=True)
    headers = {"authorization": f"Bearer {desk.keys['anna']}"}
    with desk.client.stream("POST", PATHS["chat"], json=body, headers=headers) as stream:
        next(stream.iter_lines())
    desk.house.record(stream.headers["x-leitstand-request-id"])
    whole = " ".join(f"w{number}" for number in range(1, 31))
    assert desk.ask(body).text == whole


def test_refusals_are_not_kept(desk: Desk) -> None:
    body = body_of("chat", "gemerkt", fresh())
    desk.simulator.faults("openai-eu", {"fault": "unauthorized"})
    assert desk.ask(body).code == "upstream_failed"
    assert desk.state(body) == "miss"
