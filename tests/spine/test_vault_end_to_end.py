"""A client's file through the whole house: the same placeholders over time, restored for their caller, erased for good."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from support.answers import Heard, body_of, heard
from support.house import House, Running, configuration, leitstand, wait_until
from support.simulator import Simulator


@dataclass
class Desk:
    """A house that can be restarted. key: Anna's."""

    house: House
    simulator: Simulator
    server: Running
    key: str

    def ask(self, text: str, scope: str) -> tuple[Heard, str]:
        """What the caller heard, and what the provider was sent."""
        before = len(self.simulator.log("openai-eu"))
        headers = {"authorization": f"Bearer {self.key}", "x-leitstand-scope": scope}
        with httpx2.Client(base_url=self.server.url, timeout=30, headers=headers) as client:
            said = heard(
                "chat", client.post("/v1/chat/completions", json=body_of("chat", "nur-openai", text))
            )
        (seen,) = self.simulator.log("openai-eu")[before:]
        return said, str(seen["body"])


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator)) as house:
        yield Desk(house, simulator, house.serve(), house.key())


def test_a_file_keeps_its_placeholders_and_an_erased_person_gets_a_new_one(desk: Desk) -> None:
    said, seen = desk.ask("echo: Frau Aydın grüßt.", "akte 1")
    assert (said.status, said.text) == (200, "Frau Aydın grüßt.")
    assert "Person_001" in seen

    desk.server.kill()
    desk.server = desk.house.serve()
    said, seen = desk.ask("echo: Herr Kowalczyk dankt Frau Aydın.", "akte 1")
    assert said.text == "Herr Kowalczyk dankt Frau Aydın."
    assert "Herr Person_002 dankt Frau Person_001." in seen

    receipt = leitstand("privacy", "erase", "--person", "Aydın", "--json", data=desk.house.data)
    assert '"entries": 1' in receipt.stdout
    wait_until(lambda: "Frau Person_003" in desk.ask("echo: Frau Aydın fragt.", "akte 1")[1], timeout_s=10)
    assert "Herr Person_002" in desk.ask("echo: Herr Kowalczyk fragt.", "akte 1")[1]
    assert "Herr Person_001" in desk.ask("echo: Herr Kowalczyk fragt.", "andere")[1]


def test_invented_placeholders_are_left_and_stand_in_the_record(desk: Desk) -> None:
    desk.ask("echo: Frau Aydın grüßt.", "akte 2")
    said, _ = desk.ask("Herr Kowalczyk fragt.\necho: Person_001, Person_002 und Person_099", "akte 2")
    record = desk.house.record(said.headers["x-leitstand-request-id"])
    assert "Aydın" not in said.text
    assert record["detail"]["unknown_placeholders"] >= 1


def test_administrators_erase_by_api_and_others_do_not(desk: Desk) -> None:
    desk.ask("echo: Frau Aydın grüßt.", "akte 3")

    def erase(key: str, **wish: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key}"}
        return httpx2.post(f"{desk.server.url}/api/privacy/erasures", json=wish, headers=headers, timeout=20)

    assert erase(desk.key, scope="akte 3").status_code == 403
    office = desk.house.key("petra")
    assert erase(office).status_code == 400
    answer = erase(office, scope="akte 3")
    assert (answer.status_code, answer.json()["entries"]) == (201, 1)
    assert "Frau Person_002" in desk.ask("echo: Frau Aydın fragt.", "akte 3")[1]


def test_nothing_of_a_file_stands_in_journal_log_or_data_folder(desk: Desk) -> None:
    desk.ask("echo: Frau Aydın, Mail aydin.zwirnow@beispiel.example", "Mandant Zwickerl 4711")
    exported = str(desk.house.export())
    stored = b"".join(path.read_bytes() for path in desk.house.data.rglob("*") if path.is_file())
    for secret in ("zwirnow", "Zwickerl 4711"):
        assert secret not in exported
        assert secret not in desk.server.log()
        assert secret.encode() not in stored
