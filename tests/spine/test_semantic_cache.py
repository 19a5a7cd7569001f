"""The semantic cache through the whole house: the same question in other words is asked once, look-alikes are not."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from leitstand.providers.local_encoder import is_installed
from support.answers import PATHS, Heard, body_of, heard
from support.house import House, configuration, issue_key, wait_until
from support.simulator import Simulator

pytestmark = pytest.mark.skipif(not is_installed(), reason="the encoder exists for Linux on x86-64 only")
CACHE = "x-leitstand-cache"
_CASES = """use_cases:
  - {name: wissen, department: vertrieb, data_class: confidential, semantic_cache: true}
"""
_MODELS = """models:
  - {name: gemerkt-beide, cache: true, targets: [{provider: openai-eu, model: gpt-4o-mini}, {provider: lokal, model: llama}]}
"""
_USERS = """users:
  - {name: clara, email: clara@musterwerk.example, department: vertrieb, role: user}
"""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Desk:
    """A house in which the use case `wissen` shares answers. system: of one test alone, so nothing is stored yet."""

    house: House
    simulator: Simulator
    client: httpx2.Client
    keys: dict[str, str]
    system: str

    def ask(
        self, text: str, who: str = "anna", use_case: str = "wissen", model: str = "gemerkt",
        dialect: str = "chat", before: tuple[dict[str, Any], ...] = (), stream: bool = False, **headers: str,
    ) -> Heard:  # fmt: skip
        body = body_of(dialect, model, text, system=self.system, stream=stream)
        if before:
            body["messages"] = [*body["messages"][:-1], *before, body["messages"][-1]]
        sent = {"authorization": f"Bearer {self.keys[who]}", "x-leitstand-use-case": use_case, **headers}
        return heard(dialect, self.client.post(PATHS[dialect], json=body, headers=sent))

    def until_kept(self, first: str, other: str, **how: Any) -> Heard:
        """Ask `first`, then `other` until it is answered from memory: keeping happens in the background."""
        assert self.ask(first, **how).headers[CACHE] == "miss"
        said: list[Heard] = []

        def served() -> bool:
            said.append(self.ask(other, **how, **{CACHE: "only"}))
            return said[-1].status == 200

        wait_until(served)
        return said[-1]

    def calls(self) -> int:
        return len(self.simulator.log("openai-eu", idle=True))


@pytest.fixture(scope="module")
def running(simulator: Simulator) -> Iterator[tuple[House, httpx2.Client, dict[str, str]]]:
    text = configuration(simulator).replace("models:\n", _MODELS, 1).replace("users:\n", _USERS, 1)
    with House(text.replace("use_cases:\n", _CASES, 1)) as house:
        office = house.key("sina")
        server = house.serve()
        keys = {name: issue_key(server, office, name)["key"] for name in ("anna", "ben", "clara")}
        with httpx2.Client(base_url=server.url, timeout=20) as client:
            yield house, client, keys | {"sina": office}


@pytest.fixture
def desk(running: tuple[House, httpx2.Client, dict[str, str]], simulator: Simulator) -> Desk:
    house, client, keys = running
    return Desk(house, simulator, client, keys, f"Antworte sachlich. Fassung {next(_numbers)}.")


ASKED = "Wie lange müssen wir Rechnungen aufbewahren?"
SAME = "Wie lange müssen Rechnungen aufbewahrt werden?"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("dialect", PATHS)
def test_the_same_question_in_other_words_is_asked_once(desk: Desk, dialect: str, stream: bool) -> None:
    served = desk.until_kept(ASKED, SAME, dialect=dialect, stream=stream)
    assert served.headers[CACHE] == "semantic"
    assert served.provider == "openai-eu"
    assert (served.starts, served.ends) == (1, 1)
    assert desk.calls() == 1


def test_a_semantic_hit_costs_nothing_and_is_journalled_with_its_similarity(desk: Desk) -> None:
    served = desk.until_kept(ASKED, SAME)
    assert float(served.headers["x-leitstand-cost"]) == 0
    record = desk.house.record(served.headers["x-leitstand-request-id"])
    assert (record["outcome"], record["cache"], record["cost"]) == ("cached", "semantic", 0)
    assert record["saved"] > 0
    assert 0.9 <= record["detail"]["similarity"] <= 1


@pytest.mark.parametrize(
    "other",
    [
        "Wie lange müssen wir Verträge aufbewahren?",
        "Wie lange dürfen wir Rechnungen aufbewahren?",
        "Wie lange müssen wir Rechnungen nicht aufbewahren?",
        "Wie lange müssen wir 10 Rechnungen aufbewahren?",
        "Wie lange müssen wir heute Rechnungen aufbewahren?",
    ],
)
def test_a_look_alike_is_asked_upstream(desk: Desk, other: str) -> None:
    desk.until_kept(ASKED, SAME)
    assert desk.ask(other).headers[CACHE] == "miss"
    assert desk.calls() == 2


def test_scopes_do_not_share(desk: Desk) -> None:
    desk.until_kept(ASKED, SAME)
    assert desk.ask(SAME, who="clara").headers[CACHE] == "semantic", "the same department"
    assert desk.ask(SAME, who="ben").headers[CACHE] == "miss", "another department"
    assert desk.ask(SAME, **{"x-leitstand-scope": "Akte 7"}).headers[CACHE] == "miss", "another client file"
    assert desk.ask(SAME, use_case="angebote").headers[CACHE] == "miss", "a use case that did not wish it"


def test_off_neither_takes_nor_keeps(desk: Desk) -> None:
    desk.until_kept(ASKED, SAME)
    assert desk.ask(SAME, **{CACHE: "off"}).headers[CACHE] == "off"
    assert desk.calls() == 2


def test_a_model_without_a_cache_takes_no_part(desk: Desk) -> None:
    assert [desk.ask(text, model="nur-openai").headers[CACHE] for text in (ASKED, SAME)] == ["off", "off"]


def test_another_conversation_before_the_question_is_another_question(desk: Desk) -> None:
    before = ({"role": "user", "content": "Es geht um Bau."}, {"role": "assistant", "content": "Gut."})
    other = ({"role": "user", "content": "Es geht um Pflege."}, {"role": "assistant", "content": "Gut."})
    desk.until_kept(ASKED, SAME, before=before)
    assert desk.ask(SAME, before=before).headers[CACHE] == "semantic"
    assert desk.ask(SAME, before=other).headers[CACHE] == "miss"


def test_a_stored_answer_is_used_only_where_its_provider_might_answer(desk: Desk) -> None:
    desk.until_kept(ASKED, SAME, model="gemerkt-beide")
    special = desk.ask(SAME, model="gemerkt-beide", **{"x-leitstand-data-class": "special"})
    assert (special.provider, special.headers[CACHE]) == ("lokal", "miss")


def test_an_answer_about_one_person_is_restored_for_the_other_one(desk: Desk) -> None:
    """The model saw a placeholder both times: whoever asks gets their own client's name, never the other's."""
    served = desk.until_kept(
        "Schreibe eine Absage an Frau Sommerfeld.", "Bitte schreibe eine Absage an Frau Winterstein."
    )
    assert served.headers[CACHE] == "semantic"
    assert "Frau Winterstein" in served.text
    assert "Sommerfeld" not in served.text
    assert served.headers["x-leitstand-pseudonymised"] == "1"
    assert desk.calls() == 1


def test_a_person_of_another_gender_is_another_question(desk: Desk) -> None:
    desk.until_kept(
        "Schreibe eine Absage an Frau Sommerfeld.", "Bitte schreibe eine Absage an Frau Sommerfeld."
    )
    assert desk.ask("Schreibe eine Absage an Herrn Sommerfeld.").headers[CACHE] == "miss"


def test_two_people_in_each_others_place_are_another_question(desk: Desk) -> None:
    desk.until_kept(
        "Schreibe an Frau Sommerfeld wegen Frau Winterstein.",
        "Bitte schreibe an Frau Sommerfeld wegen Frau Winterstein.",
    )
    assert desk.ask("Schreibe wegen Frau Winterstein an Frau Sommerfeld.").headers[CACHE] == "miss"


def test_many_at_once_are_all_answered_from_memory_or_not(desk: Desk) -> None:
    desk.until_kept(ASKED, SAME)
    said: list[Heard] = []
    threads = [threading.Thread(target=lambda: said.append(desk.ask(SAME))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [each.status for each in said] == [200] * 12
    assert {each.headers[CACHE] for each in said} <= {"semantic", "miss", "hit"}


def test_a_change_of_rules_forgets_what_was_remembered(desk: Desk) -> None:
    desk.until_kept(ASKED, SAME)
    office = {"authorization": f"Bearer {desk.keys['sina']}"}
    case = {
        "department": "vertrieb",
        "data_class": "confidential",
        "semantic_cache": True,
        "title": desk.system,
    }
    changed = desk.client.put("/api/configuration/use_case/wissen", json=case, headers=office)
    assert changed.status_code < 300, changed.text
    assert desk.ask(SAME).headers[CACHE] == "miss"
