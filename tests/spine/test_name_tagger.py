"""The name tagger in a whole house: names without a cue stay inside; without the tagger nothing leaves, unless told so."""

from collections.abc import Iterator

import httpx2
import pytest

from support.house import House, configuration
from support.simulator import Simulator

QUESTION = "frag mal grüblmoser ob er morgen kann"
_PSEUDONYMISED = (
    "use_cases:\n  - {name: vertraulich, department: vertrieb, data_class: internal, pseudonymise: always}\n"
)


def asked(house: House, key: str) -> httpx2.Response:
    url = house.running[-1].url
    return httpx2.post(
        f"{url}/v1/chat/completions",
        json={"model": "nur-openai", "messages": [{"role": "user", "content": QUESTION}]},
        headers={"authorization": f"Bearer {key}", "x-leitstand-use-case": "vertraulich"},
        timeout=60,
    )


@pytest.fixture
def house(simulator: Simulator) -> Iterator[House]:
    with House(configuration(simulator).replace("use_cases:\n", _PSEUDONYMISED)) as house:
        yield house


def test_a_name_that_no_rule_knows_stays_in_the_house(house: House, simulator: Simulator) -> None:
    key = house.key()
    house.serve()
    assert asked(house, key).status_code == 200
    assert len(simulator.log("openai-eu")) == 1
    assert simulator.contains("openai-eu", "grüblmoser") == []


def test_rules_alone_are_used_where_the_administrator_says_so(house: House, simulator: Simulator) -> None:
    house.apply("privacy: {detection: rules}")
    key = house.key()
    house.serve()
    assert asked(house, key).status_code == 200
    assert simulator.contains("openai-eu", "grüblmoser") == ["grüblmoser"]
