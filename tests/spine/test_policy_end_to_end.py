"""Where a request may go: data class, region, contract and media, with real providers behind the decision."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from support.answers import PATHS, Heard, body_of, heard
from support.house import House, configuration
from support.simulator import Simulator

BROKEN = "iVBORw0KGgpub3QgYW4gaW1hZ2U="  # begins like a PNG file and is none
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
CLASS = "x-leitstand-data-class"
USE_CASE = "x-leitstand-use-case"
_EXPIRED = (
    "  - {{name: abgelaufen, kind: openai, base_url: '{url}', api_key: sk-test-secret-old, region: eu, "
    "dpa: {{signed: 2020-01-15, expires: 2022-01-15}}}}\n"
)
_MODELS = """models:
  - {name: ohne-vertrag, targets: [{provider: abgelaufen, model: gpt-4o-mini}]}
  - {name: eu-dann-us, targets: [{provider: openai-eu, model: gpt-4o-mini}, {provider: openai-us, model: gpt-4o-mini}]}
  - {name: us-dann-eu, targets: [{provider: openai-us, model: gpt-4o-mini}, {provider: anthropic-eu, model: claude-sonnet-4-5}]}
  - {name: eu-oder-haus, targets: [{provider: openai-eu, model: gpt-4o-mini}, {provider: lokal, model: llama}]}
"""
ALL = ("openai-eu", "anthropic-eu", "openai-us", "lokal", "abgelaufen")


@dataclass(frozen=True)
class Desk:
    """A house, its client and its providers."""

    house: House
    simulator: Simulator
    client: httpx2.Client

    def ask(self, model: str, text: str = "echo: gut", dialect: str = "chat", **more: object) -> Heard:
        """One request; names with a hyphen among `more` are headers, the others fields of the body."""
        headers = {name: str(more.pop(name)) for name in list(more) if "-" in name}
        body = body_of(dialect, model, text) | more
        return heard(dialect, self.client.post(PATHS[dialect], json=body, headers=headers))

    def asked(self) -> list[str]:
        """The providers that received something since the test began."""
        return [name for name in ALL if self.simulator.log(name)]


@pytest.fixture(scope="module")
def house_and_client(simulator: Simulator) -> Iterator[tuple[House, httpx2.Client]]:
    expired = _EXPIRED.format(url=simulator.url("abgelaufen"))
    text = configuration(simulator).replace("models:\n", expired + _MODELS, 1)
    with House(text) as house:
        key = house.key()
        server = house.serve()
        with httpx2.Client(
            base_url=server.url, timeout=20, headers={"authorization": f"Bearer {key}"}
        ) as client:
            yield house, client


@pytest.fixture
def desk(house_and_client: tuple[House, httpx2.Client], simulator: Simulator) -> Desk:
    simulator.reset("abgelaufen")
    return Desk(house_and_client[0], simulator, house_and_client[1])


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize(
    ("stated", "used"),
    [
        ("public", "internal"),
        ("internal", "internal"),
        ("confidential", "confidential"),
        ("personal", "personal"),
    ],
)
def test_a_stated_class_raises_and_never_lowers(desk: Desk, dialect: str, stated: str, used: str) -> None:
    said = desk.ask("nur-openai", dialect=dialect, **{CLASS: stated})
    assert said.status == 200
    assert said.headers[CLASS] == used


def test_the_use_cases_class_is_the_least(desk: Desk) -> None:
    said = desk.ask("nur-openai", **{CLASS: "public", USE_CASE: "angebote"})
    assert said.headers[CLASS] == "confidential"


@pytest.mark.parametrize("dialect", PATHS)
def test_an_unknown_class_is_a_mistake_of_the_request(desk: Desk, dialect: str) -> None:
    said = desk.ask("nur-openai", dialect=dialect, **{CLASS: "geheim"})
    assert (said.status, said.code) == (400, "invalid_request")
    assert "geheim" in said.error["message"]
    assert desk.asked() == []


def test_detected_personal_data_raises_the_class(desk: Desk) -> None:
    said = desk.ask("nur-openai", "echo: an erika@firma-beispiel.example", **{USE_CASE: "werbung"})
    assert said.headers[CLASS] == "personal"
    assert desk.house.record(said.headers["x-leitstand-request-id"])["data_class"] == "personal"


@pytest.mark.parametrize("dialect", PATHS)
def test_special_data_is_answered_in_the_house_only(desk: Desk, dialect: str) -> None:
    said = desk.ask("eu-oder-haus", dialect=dialect, **{CLASS: "special"})
    assert (said.status, said.provider) == (200, "lokal")
    assert desk.asked() == ["lokal"]
    refused = desk.ask("nur-openai", dialect=dialect, **{CLASS: "special"})
    assert (refused.status, refused.code) == (403, "policy_no_target")
    assert desk.asked() == ["lokal"]


def test_a_special_use_case_is_answered_in_the_house_only(desk: Desk) -> None:
    assert desk.ask("eu-oder-haus", **{USE_CASE: "personalakte"}).provider == "lokal"
    assert desk.ask("nur-anthropic", **{USE_CASE: "personalakte"}).code == "policy_no_target"
    assert desk.asked() == ["lokal"]


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_us_target_without_contract_gets_nothing_that_is_not_public(
    desk: Desk, dialect: str, stream: bool
) -> None:
    german = desk.ask("fern", dialect=dialect, stream=stream)
    english = desk.ask("fern", dialect=dialect, stream=stream, **{"accept-language": "en"})
    assert (german.status, german.code) == (english.status, english.code) == (403, "policy_no_target")
    assert "Auftragsverarbeitungsvertrag" in german.error["message"]
    assert "data-processing agreement" in english.error["message"]
    assert german.error["dropped"] == {"openai-us": "contract"}
    assert german.headers["x-leitstand-request-id"].startswith("req_")
    assert desk.asked() == []


def test_what_policy_refused_is_in_the_journal(desk: Desk) -> None:
    refused = desk.ask("fern")
    record = desk.house.record(refused.headers["x-leitstand-request-id"])
    assert (record["outcome"], record["code"]) == ("refused", "policy_no_target")
    assert (record["user"], record["data_class"], record["provider"]) == ("anna", "internal", "")


def test_the_region_is_named_where_the_region_is_the_reason(desk: Desk) -> None:
    refused = desk.ask("fern", **{CLASS: "confidential", "accept-language": "en"})
    assert refused.error["dropped"] == {"openai-us": "region"}
    assert "region us is not allowed for confidential data" in refused.error["message"]


@pytest.mark.parametrize("dialect", PATHS)
def test_public_text_may_go_to_the_us(desk: Desk, dialect: str) -> None:
    said = desk.ask("fern", dialect=dialect, **{USE_CASE: "werbung"})
    assert (said.status, said.provider, said.headers[CLASS]) == (200, "openai-us", "public")


def test_public_use_cases_with_personal_data_do_not_go_to_the_us(desk: Desk) -> None:
    refused = desk.ask("fern", "echo: Frau Erika Sommerfeld", **{USE_CASE: "werbung"})
    assert refused.code == "policy_no_target"
    assert desk.asked() == []


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_fallback_never_leaves_the_allowed_targets(desk: Desk, dialect: str, stream: bool) -> None:
    desk.simulator.faults("openai-eu", {"fault": "bad_gateway", "times": None})
    said = desk.ask("eu-dann-us", dialect=dialect, stream=stream)
    assert (said.status, said.code) == (502, "upstream_failed")
    assert desk.asked() == ["openai-eu"]


def test_fallback_goes_to_the_us_for_public_text(desk: Desk) -> None:
    desk.simulator.faults("openai-eu", {"fault": "bad_gateway", "times": None})
    said = desk.ask("eu-dann-us", **{USE_CASE: "werbung"})
    assert (said.status, said.provider) == (200, "openai-us")


def test_a_forbidden_first_target_is_left_out_and_no_fallback(desk: Desk) -> None:
    said = desk.ask("us-dann-eu")
    assert (said.provider, said.headers["x-leitstand-fallback"]) == ("anthropic-eu", "0")
    assert desk.asked() == ["anthropic-eu"]
    record = desk.house.record(said.headers["x-leitstand-request-id"])
    assert record["detail"]["dropped"] == {"openai-us": "contract"}


def test_an_expired_contract_is_none(desk: Desk) -> None:
    refused = desk.ask("ohne-vertrag")
    assert (refused.status, refused.code) == (403, "policy_no_target")
    assert refused.error["dropped"] == {"abgelaufen": "contract"}
    assert desk.asked() == []
    assert desk.ask("ohne-vertrag", **{USE_CASE: "werbung"}).provider == "abgelaufen"


def _picture(dialect: str, text: str, picture: str = PIXEL) -> list[dict[str, object]]:
    if dialect == "chat":
        image: dict[str, object] = {
            "type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"},
        }  # fmt: skip
    else:
        source = {"type": "base64", "media_type": "image/png", "data": picture}
        image = {"type": "image", "source": source}
    return [{"role": "user", "content": [{"type": "text", "text": text}, image]}]


@pytest.mark.parametrize("dialect", PATHS)
def test_images_that_nobody_can_read_do_not_leave_the_house_with_personal_data(
    desk: Desk, dialect: str
) -> None:
    harmless = desk.ask("nur-openai", dialect=dialect, messages=_picture(dialect, "Was ist zu sehen?"))
    assert harmless.status == 200
    assert desk.simulator.contains("openai-eu", PIXEL) == [PIXEL]
    desk.simulator.reset("openai-eu")
    personal = _picture(dialect, "Ist das Frau Erika Sommerfeld?", BROKEN)
    refused = desk.ask("nur-openai", dialect=dialect, messages=personal)
    assert (refused.status, refused.code) == (403, "policy_no_target")
    assert refused.error["dropped"] == {"openai-eu": "media"}
    stated = desk.ask(
        "nur-openai", dialect=dialect, messages=_picture(dialect, "Was?", BROKEN), **{CLASS: "personal"}
    )
    assert stated.code == "policy_no_target"
    assert desk.asked() == []
    assert desk.ask("haus", dialect=dialect, messages=personal).status == 200
