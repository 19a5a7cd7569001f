"""Virtual keys through the whole house: made, rotated, revoked and limited while the server runs."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support.answers import PATHS, Heard, body_of, heard
from support.house import House, Running, configuration, issue_key, leitstand, wait_until
from support.simulator import Simulator

ENDS_S = 1.7
ENDS_DAYS = ENDS_S / 86_400


@dataclass(frozen=True)
class Desk:
    """A running house. office: the key of the super administrator, for `/api/keys`."""

    house: House
    server: Running
    client: httpx2.Client
    office: str

    def ask(self, key: str, dialect: str = "chat", model: str = "nur-openai", **headers: str) -> Heard:
        sent = {"authorization": f"Bearer {key}", **headers} if key else headers
        answer = self.client.post(PATHS[dialect], json=body_of(dialect, model, "echo: gut"), headers=sent)
        return heard(dialect, answer)

    def status(self, key: str) -> int:
        return self.ask(key).status

    def issue(self, user: str = "anna", **wish: Any) -> dict[str, str]:
        return issue_key(self.server, self.office, user, **wish)

    def rotate(self, key_id: str, overlap_days: float) -> dict[str, str]:
        made = self.client.post(
            f"/api/keys/{key_id}/rotate", json={"overlap_days": overlap_days}, headers=self._as_office()
        )
        assert made.status_code == 201, made.text
        issued: dict[str, str] = made.json()
        return issued

    def command(self, *arguments: str) -> dict[str, Any]:
        """`leitstand key …`, in a process of its own."""
        done: dict[str, Any] = json.loads(leitstand("key", *arguments, "--json", data=self.house.data).stdout)
        return done

    def _as_office(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.office}"}


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    with House(configuration(simulator)) as house:
        office = house.key("sina")
        server = house.serve()
        with httpx2.Client(base_url=server.url, timeout=20) as client:
            yield Desk(house, server, client, office)


def _within_two_seconds(is_so: Any) -> None:
    wait_until(is_so, timeout_s=2.0)


def test_keys_made_and_revoked_beside_the_server_count_within_two_seconds(desk: Desk) -> None:
    made = desk.command("create", "--user", "anna")
    _within_two_seconds(lambda: desk.status(made["key"]) == 200)
    successor = desk.command("rotate", made["id"], "--overlap-days", "1")
    _within_two_seconds(lambda: desk.status(successor["key"]) == 200)
    assert desk.status(made["key"]) == 200
    desk.command("revoke", made["id"])
    _within_two_seconds(lambda: desk.status(made["key"]) == 401)
    assert desk.status(successor["key"]) == 200


def test_a_rotated_key_works_until_its_overlap_ends(desk: Desk) -> None:
    old = desk.issue()
    rotated_at = time.monotonic()
    new = desk.rotate(old["id"], ENDS_DAYS)
    assert (desk.status(old["key"]), desk.status(new["key"])) == (200, 200)
    wait_until(lambda: desk.status(old["key"]) == 401, timeout_s=ENDS_S + 5)
    assert time.monotonic() - rotated_at >= ENDS_S * 0.9
    assert desk.status(new["key"]) == 200
    assert "expired" in desk.ask(old["key"], **{"accept-language": "en"}).error["message"]


def test_a_rotation_keeps_what_the_key_may(desk: Desk) -> None:
    old = desk.issue(models=["nur-openai"], use_cases=["angebote"])
    new = desk.rotate(old["id"], 1)["key"]
    assert desk.ask(new).headers["x-leitstand-data-class"] == "confidential"
    assert desk.ask(new, model="nur-anthropic").code == "not_permitted"


def test_a_key_expires(desk: Desk) -> None:
    key = desk.issue(valid_days=ENDS_DAYS)["key"]
    assert desk.status(key) == 200
    wait_until(lambda: desk.status(key) == 401, timeout_s=ENDS_S + 5)


@pytest.mark.parametrize(
    ("networks", "status"),
    [
        (["127.0.0.0/8"], 200),
        (["10.0.0.0/8"], 403),
        (["10.0.0.0/8", "127.0.0.1/32"], 200),
        (["::1/128"], 403),
    ],
)
def test_a_key_is_good_in_its_networks_only(desk: Desk, networks: list[str], status: int) -> None:
    said = desk.ask(desk.issue(networks=networks)["key"])
    assert said.status == status
    assert said.code == ("" if status == 200 else "not_permitted")


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip", "forwarded"])
def test_a_header_does_not_move_the_caller_into_a_network(desk: Desk, header: str) -> None:
    key = desk.issue(networks=["10.0.0.0/8"])["key"]
    address = "for=10.0.0.5" if header == "forwarded" else "10.0.0.5"
    assert desk.ask(key, **{header: address}).status == 403


def test_a_key_of_one_use_case_works_for_that_one_without_saying_so(desk: Desk) -> None:
    key = desk.issue(use_cases=["angebote"])["key"]
    said = desk.ask(key)
    assert desk.house.record(said.headers["x-leitstand-request-id"])["use_case"] == "angebote"
    assert desk.ask(key, **{"x-leitstand-use-case": "angebote"}).status == 200
    other = desk.ask(key, **{"x-leitstand-use-case": "werbung"})
    assert (other.status, other.code) == (403, "not_permitted")


def test_a_key_of_several_use_cases_wants_one_named(desk: Desk) -> None:
    key = desk.issue(use_cases=["angebote", "werbung"])["key"]
    unclear = desk.ask(key)
    assert (unclear.status, unclear.code) == (400, "invalid_request")
    assert desk.ask(key, **{"x-leitstand-use-case": "werbung"}).status == 200
    outside = desk.ask(key, **{"x-leitstand-use-case": "personalakte"})
    assert (outside.status, outside.code) == (403, "not_permitted")


def test_a_use_case_that_does_not_exist_is_a_mistake_of_the_request(desk: Desk) -> None:
    said = desk.ask(desk.issue()["key"], **{"x-leitstand-use-case": "erfunden"})
    assert (said.status, said.code) == (400, "invalid_request")


@pytest.mark.parametrize("dialect", PATHS)
def test_a_key_of_one_model_opens_no_other(desk: Desk, dialect: str) -> None:
    key = desk.issue(models=["nur-openai"])["key"]
    assert desk.ask(key, dialect).status == 200
    other = desk.ask(key, dialect, "nur-anthropic")
    assert (other.status, other.code) == (403, "not_permitted")
    listed = desk.client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).json()
    assert [model["id"] for model in listed["data"]] == ["nur-openai"]


@pytest.mark.parametrize("dialect", PATHS)
def test_a_key_may_come_in_either_header(desk: Desk, dialect: str) -> None:
    key = desk.issue()["key"]
    for headers in (
        {"x-api-key": key},
        {"authorization": f"bearer {key}"},
        {"authorization": f"BEARER   {key}"},
    ):
        assert desk.ask("", dialect, **headers).status == 200
    assert desk.ask("lst_falsch", dialect, **{"x-api-key": key}).status == 401, "the bearer decides"


WRONG = {
    "none": {},
    "unknown": {"authorization": "Bearer lst_" + "x" * 43},
    "another kind": {"authorization": "Basic YW5uYTphbm5h"},
    "empty": {"authorization": "Bearer"},
    "unknown as x-api-key": {"x-api-key": "lst_falsch"},
    "very long": {"x-api-key": "l" * 20_000},
}


def test_wrong_keys_are_refused_and_journalled_without_the_key(desk: Desk, simulator: Simulator) -> None:
    said = {(name, dialect): desk.ask("", dialect, **WRONG[name]) for name in WRONG for dialect in PATHS}
    assert {(each.status, each.code) for each in said.values()} == {(401, "invalid_key")}
    assert simulator.log("openai-eu") == []
    ids = {each.headers["x-leitstand-request-id"] for each in said.values()}
    rows: list[dict[str, Any]] = []

    def all_there() -> bool:
        rows[:] = [row for row in desk.house.export() if row["request_id"] in ids]
        return len(rows) == len(said)

    wait_until(all_there)
    assert {(row["outcome"], row["code"], row["user"]) for row in rows} == {("refused", "invalid_key", "")}
    assert "lst_" not in json.dumps(rows)


def test_bytes_that_are_no_text_are_a_wrong_key(desk: Desk) -> None:
    answer = desk.client.post(
        PATHS["chat"], json=body_of("chat", "nur-openai", "x"), headers=[(b"x-api-key", b"lst_\xff\xfe\xc3")]
    )
    assert answer.status_code == 401


def test_keys_of_somebody_who_left_open_nothing(desk: Desk) -> None:
    key = desk.issue("ben")["key"]
    assert desk.status(key) == 200
    gone = desk.client.delete(
        "/api/configuration/user/ben", headers={"authorization": f"Bearer {desk.office}"}
    )
    assert gone.status_code == 204, gone.text
    _within_two_seconds(lambda: desk.status(key) == 401)


def test_acts_on_keys_are_in_the_journal_and_the_keys_are_nowhere(desk: Desk) -> None:
    made = desk.issue()
    desk.client.delete(f"/api/keys/{made['id']}", headers={"authorization": f"Bearer {desk.office}"})

    def kinds() -> list[str]:
        return [
            row["kind"] for row in desk.house.export("--all") if row.get("key_id") == made["id"]
        ]  # fmt: skip

    wait_until(lambda: len(kinds()) == 2)
    assert kinds() == ["identity.virtual_key.created", "identity.virtual_key.revoked"]
    for path in desk.house.data.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert made["key"].encode() not in raw, path
            assert desk.office.encode() not in raw, path
