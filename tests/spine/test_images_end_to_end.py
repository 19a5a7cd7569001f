"""Images through the whole house: in every dialect what leaves is covered, and the answer names who was meant."""

import base64
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from PIL import Image

from leitstand.privacy.pictures import tesseract
from support.answers import PATHS, Heard, body_of, heard
from support.house import House, configuration
from support.scans import letter
from support.simulator import Simulator

LETTER = letter(["Frau Erika Sommerfeld", "70173 Stuttgart", "Drehmoment 25 Nm nach DIN 912"], size=30)
CLASS = "x-leitstand-data-class"


@dataclass(frozen=True)
class Desk:
    """A house that covers images, or refuses them."""

    simulator: Simulator
    client: httpx2.Client

    def ask(self, dialect: str, text: str, data: str, **headers: str) -> Heard:
        body = body_of(dialect, "nur-openai", text)
        body["messages"] = [
            {"role": "user", "content": [{"type": "text", "text": text}, _image(dialect, data)]}
        ]
        return heard(dialect, self.client.post(PATHS[dialect], json=body, headers=headers))

    def seen(self) -> Image.Image:
        """The one picture that the provider got."""
        (entry,) = self.simulator.log("openai-eu")
        found = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)", json.dumps(entry["body"]))
        assert found, entry["body"]
        return Image.open(io.BytesIO(base64.b64decode(found[1])))


def _url(data: str) -> str:
    return f"data:image/png;base64,{data}"


def _image(dialect: str, data: str) -> dict[str, Any]:
    if dialect == "chat":
        return {"type": "image_url", "image_url": {"url": _url(data)}}
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


@pytest.fixture(scope="module")
def covering(simulator: Simulator) -> Iterator[httpx2.Client]:
    yield from _client(configuration(simulator))


@pytest.fixture(scope="module")
def refusing(simulator: Simulator) -> Iterator[httpx2.Client]:
    yield from _client(configuration(simulator) + "privacy: {images: refuse}\n")


def _client(text: str) -> Iterator[httpx2.Client]:
    with House(text) as house:
        key, server = house.key(), house.serve()
        with httpx2.Client(
            base_url=server.url, timeout=60, headers={"authorization": f"Bearer {key}"}
        ) as client:
            yield client


@pytest.mark.parametrize("dialect", PATHS)
def test_what_leaves_is_covered_and_the_answer_is_restored(
    covering: httpx2.Client, simulator: Simulator, dialect: str
) -> None:
    simulator.reset("openai-eu")
    desk = Desk(simulator, covering)
    said = desk.ask(dialect, "echo: Frau Sommerfeld", LETTER.base64())
    assert said.status == 200, said.error
    assert (said.headers["x-leitstand-data-class"], said.text) == ("personal", "Frau Sommerfeld")
    assert int(said.headers["x-leitstand-pseudonymised"]) >= 3
    text = tesseract.read(desk.seen().convert("L"), 6, 2, 30).look.text
    assert "Sommerfeld" not in text
    assert "Erika" not in text
    assert "70173" not in text
    assert "Drehmoment" in text
    assert simulator.contains("openai-eu", "Sommerfeld") == []


def test_switched_off_an_image_stays_in_the_house_from_class_personal_on_and_says_why(
    refusing: httpx2.Client, simulator: Simulator
) -> None:
    simulator.reset("openai-eu")
    desk = Desk(simulator, refusing)
    refused = desk.ask("chat", "Was steht hier?", LETTER.base64(), **{CLASS: "personal"})
    assert (refused.status, refused.code) == (403, "policy_no_target")
    assert "abgeschaltet" in refused.error["message"]
    assert simulator.log("openai-eu") == []
    assert desk.ask("chat", "Was steht hier?", LETTER.base64()).status == 200  # as before: text names nobody


def test_an_image_at_an_address_stays_in_the_house_from_class_personal_on(
    covering: httpx2.Client, simulator: Simulator
) -> None:
    simulator.reset("openai-eu")
    parts = [
        {"type": "text", "text": "Ist das Frau Sommerfeld?"},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]
    body = body_of("chat", "nur-openai", "x") | {"messages": [{"role": "user", "content": parts}]}
    assert heard("chat", covering.post(PATHS["chat"], json=body)).code == "policy_no_target"


def test_what_cannot_be_read_is_refused_though_its_text_names_nobody(
    covering: httpx2.Client, simulator: Simulator
) -> None:
    simulator.reset("openai-eu")
    tilted = letter(
        ["Frau Erika Sommerfeld wohnt", "in der Lindenstraße zwölf", "seit vielen Jahren gerne"],
        size=30,
        tilt=14,
    )
    refused = Desk(simulator, covering).ask("chat", "Was steht hier?", tilted.base64())
    assert (refused.status, refused.code) == (403, "policy_no_target")
    assert "nicht lesen" in refused.error["message"]
    assert simulator.log("openai-eu") == []
