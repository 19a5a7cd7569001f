"""What pictures, recordings and rankings cost: the header, the record and the budget say the same."""

import io
import wave
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from spine.conftest import Spine
from support.house import House, configuration
from support.simulator import Simulator

RULES = """
models:
  - {name: bild, targets: [{provider: openai-eu, model: dall-e-3}]}
  - {name: bild-ohne-preis, targets: [{provider: openai-eu, model: dall-e-2}]}
  - {name: gehoer, targets: [{provider: openai-eu, model: whisper-1}]}
prices:
  - {provider: openai-eu, model: dall-e-3, input: 0, output: 0, per_image: 0.04}
  - {provider: openai-eu, model: whisper-1, input: 0, output: 0, per_minute: 0.60}
limits:
  - {scope: "user:anna", eur_per_month: 0.30}
"""


@pytest.fixture(scope="module")
def built(simulator: Simulator) -> Iterator[Spine]:
    with House(configuration(simulator)) as house:
        house.apply(RULES)
        yield Spine(simulator, house, house.serve(), house.key())


def post(built: Spine, path: str, **sent: Any) -> httpx2.Response:
    return httpx2.post(
        f"{built.base_url}/{path}", timeout=20, headers={"authorization": f"Bearer {built.key}"}, **sent
    )


def test_pictures_cost_by_the_piece(built: Spine) -> None:
    answer = post(built, "images/generations", json={"model": "bild", "prompt": "Ein Baum", "n": 2})
    assert answer.headers["x-leitstand-cost"] == "0.08"
    record = built.house.record(answer.headers["x-leitstand-request-id"])
    assert (float(record["cost"]), record["unpriced"]) == (0.08, False)
    assert record["detail"]["units"] == {"image": 2}


def test_recordings_cost_by_the_second(built: Spine) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 12_000)
    form = {"files": {"file": ("a.wav", file.getvalue(), "audio/wav")}, "data": {"model": "gehoer"}}
    answer = post(built, "audio/transcriptions", **form)
    assert answer.headers["x-leitstand-cost"] == "0.02"


@pytest.mark.parametrize(("model", "pictures"), [("bild", 10), ("bild-ohne-preis", 1)])
def test_what_the_budget_cannot_pay_is_not_drawn(built: Spine, model: str, pictures: int) -> None:
    answer = post(built, "images/generations", json={"model": model, "prompt": "Ein Wald", "n": pictures})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "budget_exhausted")
    assert built.simulator.contains("openai-eu", "Ein Wald") == []
