"""A model `auto` through the whole house: the tier in header and record, pins, policy, budgets, cache, explanation."""

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from support.answers import PATHS, Heard, body_of, heard
from support.house import COMMAND, House, configuration, wait_until
from support.simulator import Simulator

SIMPLE = "Was bedeutet MOQ?"
COMPLEX = "Vergleiche die drei Angebote nach Gesamtkosten über fünf Jahre und begründe eine Empfehlung."
_MODELS = """models:
  - {name: klein, cache: true, targets: [{provider: openai-eu, model: gpt-4o-mini}]}
  - {name: mittel, targets: [{provider: offen, model: qwen}]}
  - {name: gross, targets: [{provider: anthropic-eu, model: claude-sonnet-4-5}]}
  - {name: gross-fern, targets: [{provider: openai-us, model: gpt-4o}]}
  - {name: auto, description: je nach Aufgabe, tiers: {simple: klein, standard: mittel, complex: gross}}
  - {name: auto-fern, tiers: {simple: klein, complex: gross-fern}}
"""
_USE_CASES = """use_cases:
  - {name: fest, tier: complex}
  - {name: gedeckelt, max_tier: standard}
  - {name: sparsam, models: [auto]}
"""


class Desk:
    """A house, its client and its providers."""

    def __init__(self, house: House, simulator: Simulator, client: httpx2.Client) -> None:
        self.house, self.simulator, self.client = house, simulator, client

    def ask(self, text: str, model: str = "auto", dialect: str = "chat", **more: Any) -> Heard:
        headers = {name: str(more.pop(name)) for name in list(more) if "-" in name}
        body = body_of(dialect, model, text) | more
        return heard(dialect, self.client.post(PATHS[dialect], json=body, headers=headers))

    def tier_of(self, answer: Heard) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.row_of(answer)["detail"])["tier"]
        return found

    def row_of(self, answer: Heard) -> dict[str, Any]:
        """The row in the journal's table, as soon as it is there."""
        found: list[sqlite3.Row] = []

        def is_there() -> bool:
            with contextlib.closing(sqlite3.connect(self.house.data / "leitstand.sqlite")) as database:
                database.row_factory = sqlite3.Row
                wanted = (answer.headers["x-leitstand-request-id"],)
                found[:] = database.execute("SELECT * FROM journal WHERE id = ?", wanted).fetchall()
            return bool(found)

        wait_until(is_there)
        return dict(found[0])


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    text = configuration(simulator).replace("models:\n", _MODELS, 1).replace("use_cases:\n", _USE_CASES, 1)
    text = text.replace(
        "model: claude-sonnet-4-5, input: 1.00, output: 2.00",
        "model: claude-sonnet-4-5, input: 10.00, output: 20.00",
    )
    text += 'limits:\n  - {scope: "model:gross", requests_per_minute: 1000}\n  - {scope: "user:ben", eur_per_day: 0, at_limit: "downgrade:haus"}\n'
    with House(text) as house:
        key = house.key()
        server = house.serve()
        with httpx2.Client(
            base_url=server.url, timeout=20, headers={"authorization": f"Bearer {key}"}
        ) as client:
            yield Desk(house, simulator, client)


@pytest.mark.parametrize("dialect", ["chat", "messages"])
@pytest.mark.parametrize(
    ("text", "tier", "provider"), [(SIMPLE, "simple", "openai-eu"), (COMPLEX, "complex", "anthropic-eu")]
)
def test_the_task_chooses_the_model(desk: Desk, dialect: str, text: str, tier: str, provider: str) -> None:
    answer = desk.ask(text, dialect=dialect)
    assert (answer.status, answer.headers["x-leitstand-tier"], answer.provider) == (200, tier, provider)


def test_a_stream_tells_its_tier_too(desk: Desk) -> None:
    assert desk.ask(COMPLEX, stream=True).headers["x-leitstand-tier"] == "complex"


def test_the_record_tells_why_and_what_the_large_model_would_have_cost_without_a_word_of_the_prompt(
    desk: Desk,
) -> None:
    answer = desk.ask(f"{SIMPLE} Es geht um Angebote.", **{"x-leitstand-cache": "off"})
    tier = desk.tier_of(answer)
    assert (tier["taken"], tier["model"], tier["why"], tier["judged"]) == (
        "simple",
        "klein",
        "judged",
        "simple",
    )
    row = desk.row_of(answer)
    assert json.loads(row["detail"])["answered_as"] == "klein"
    assert tier["full_nano"] == pytest.approx(10 * row["cost_nano"], rel=0.01)
    assert all(len(pair) == 2 for pair in tier["features"].values())
    assert "MOQ" not in json.dumps(row)


def test_a_pinned_use_case_is_not_judged(desk: Desk) -> None:
    answer = desk.ask(SIMPLE, **{"x-leitstand-use-case": "fest"})
    tier = desk.tier_of(answer)
    assert answer.headers["x-leitstand-tier"] == "complex"
    assert tier["why"] == "pinned"
    assert "features" not in tier


def test_a_cap_holds(desk: Desk) -> None:
    answer = desk.ask(COMPLEX, **{"x-leitstand-use-case": "gedeckelt"})
    tier = desk.tier_of(answer)
    assert (answer.provider, tier["taken"], tier["judged"], tier["why"]) == (
        "offen",
        "standard",
        "complex",
        "capped",
    )


def test_a_use_case_that_lists_auto_is_served_by_its_tiers(desk: Desk) -> None:
    assert desk.ask(COMPLEX, **{"x-leitstand-use-case": "sparsam"}).provider == "anthropic-eu"
    assert desk.ask(COMPLEX, "gross", **{"x-leitstand-use-case": "sparsam"}).code == "not_permitted"


def test_where_policy_closes_the_large_tier_the_smaller_answers_and_the_record_says_so(desk: Desk) -> None:
    answer = desk.ask(COMPLEX, "auto-fern", **{"x-leitstand-data-class": "confidential"})
    assert answer.provider == "openai-eu"
    tier = desk.tier_of(answer)
    assert (tier["wanted"], tier["taken"], tier["passed"]) == ("complex", "simple", ["complex"])
    assert not desk.simulator.log("openai-us")


def test_a_conversation_keeps_its_model_when_a_simple_question_follows(desk: Desk) -> None:
    said = [
        {"role": "user", "content": COMPLEX},
        {"role": "assistant", "content": "Anbieter A."},
        {"role": "user", "content": "Danke."},
    ]
    assert desk.ask("", messages=said).provider == "anthropic-eu"


def test_an_identical_request_comes_from_the_cache_of_its_tier(desk: Desk) -> None:
    first, second = desk.ask("Was bedeutet Incoterms?"), desk.ask("Was bedeutet Incoterms?")
    assert (first.headers["x-leitstand-cache"], second.headers["x-leitstand-cache"]) == ("miss", "hit")
    assert second.headers["x-leitstand-tier"] == "simple"


def test_a_used_up_budget_still_downgrades(desk: Desk) -> None:
    key = desk.house.key("ben")
    sent = desk.client.post(
        PATHS["chat"], json=body_of("chat", "auto", COMPLEX), headers={"authorization": f"Bearer {key}"}
    )
    answer = heard("chat", sent)
    assert (answer.status, answer.provider) == (200, "lokal")
    assert "x-leitstand-tier" not in answer.headers
    assert desk.tier_of(answer)["judged"] == "complex"


def test_other_models_know_no_tier(desk: Desk) -> None:
    answer = desk.ask(COMPLEX, "klein")
    assert "x-leitstand-tier" not in answer.headers
    assert "tier" not in json.loads(desk.row_of(answer)["detail"])


def test_the_catalogue_offers_auto(desk: Desk) -> None:
    assert "auto" in {model["id"] for model in desk.client.get("/v1/models").json()["data"]}


def test_the_explanation_is_the_same_by_api_and_by_command(desk: Desk) -> None:
    by_api = desk.client.post("/api/tiers/explain", json={"text": COMPLEX}).json()
    assert by_api["tier"] == "complex"
    done = leitstand_explain(COMPLEX, "--json")
    assert json.loads(done) == by_api
    assert leitstand_explain(COMPLEX).startswith("complex")


def leitstand_explain(text: str, *options: str) -> str:
    command = [*COMMAND, "tiers", "explain", *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=True).stdout
