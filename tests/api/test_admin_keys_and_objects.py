"""Keys, configuration objects, passwords: what administration does, and what the journal says of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.admin_desk import SECRET, Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def new_key(desk: Desk, **wish: Any) -> dict[str, Any]:
    answer = await desk.ask("petra", "POST", "/api/keys", {"user": "ben", **wish})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def listed(desk: Desk, key_id: str) -> dict[str, Any]:
    rows = (await desk.ask("petra", "GET", "/api/keys")).json()
    return next(row for row in rows if row["id"] == key_id)


async def works(desk: Desk, key: str) -> bool:
    answer = await desk.client.get("/api/me", headers={"x-api-key": key})
    return answer.status_code == 200


async def test_a_new_key_works_at_once_and_is_never_shown_again(desk: Desk) -> None:
    made = await new_key(desk, label="Skript", use_cases=["angebote"], models=["standard"])
    assert await works(desk, made["key"])
    row = await listed(desk, made["id"])
    assert (row["label"], row["use_cases"], row["models"]) == ("Skript", ["angebote"], ["standard"])
    assert made["key"] not in str(row)
    assert made["key"].startswith(row["hint"])


async def test_a_key_ends_on_its_day(desk: Desk) -> None:
    made = await new_key(desk, valid_days=30)
    ends = datetime.fromisoformat(made["expires"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)


async def test_a_key_of_another_network_is_refused_with_a_reason(desk: Desk) -> None:
    made = await new_key(desk, networks=["10.0.0.0/8"])
    answer = await desk.client.get("/api/me", headers={"x-api-key": made["key"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_permitted")
    assert "127.0.0.1" in answer.json()["error"]["message"]


async def test_rotation_keeps_the_old_key_for_the_overlap(desk: Desk) -> None:
    old = await new_key(desk, use_cases=["angebote"])
    answer = await desk.ask("petra", "POST", f"/api/keys/{old['id']}/rotate", {"overlap_days": 1})
    new = answer.json()
    assert answer.status_code == 201
    assert await works(desk, old["key"])
    assert await works(desk, new["key"])
    assert (await listed(desk, old["id"]))["replaced_by"] == new["id"]
    assert (await listed(desk, new["id"]))["use_cases"] == ["angebote"]


async def test_rotation_without_overlap_ends_the_old_key_at_once(desk: Desk) -> None:
    old = await new_key(desk)
    new = (await desk.ask("petra", "POST", f"/api/keys/{old['id']}/rotate", {"overlap_days": 0})).json()
    assert not await works(desk, old["key"])
    assert await works(desk, new["key"])


async def test_a_revoked_key_ends_at_once_and_cannot_be_rotated(desk: Desk) -> None:
    made = await new_key(desk)
    assert (await desk.ask("petra", "DELETE", f"/api/keys/{made['id']}")).status_code == 204
    assert not await works(desk, made["key"])
    again = await desk.ask("petra", "POST", f"/api/keys/{made['id']}/rotate")
    assert again.status_code == 400


async def test_keys_can_be_listed_for_one_person(desk: Desk) -> None:
    rows = (await desk.ask("petra", "GET", "/api/keys", params={"user": "anna"})).json()
    assert {row["user"] for row in rows} == {"anna"}


async def test_each_act_on_a_key_is_an_audit_event_of_the_actor(desk: Desk) -> None:
    made = await new_key(desk)
    await desk.ask("petra", "POST", f"/api/keys/{made['id']}/rotate")
    await desk.ask("petra", "DELETE", f"/api/keys/{made['id']}")
    for verb in ("created", "rotated", "revoked"):
        events = await desk.events(f"identity.virtual_key.{verb}")
        assert [event["user"] for event in events if event["key_id"] == made["id"]] == ["petra"], verb


OBJECTS = [
    ("provider", "lokal", {"kind": "openai_compatible", "base_url": "http://127.0.0.1:9/v1", "region": "local"}),
    ("model", "klein", {"targets": [{"provider": "openai-eu", "model": "gpt-4o-mini"}]}),
    ("use_case", "werbung", {"data_class": "public"}),
    ("user", "karl", {"department": "lager"}),
    ("limit", "company eur_per_month", {"scope": "company", "eur_per_month": "4000"}),
    ("limit", "user:* requests_per_minute", {"scope": "user:*", "requests_per_minute": 60}),
    ("price", "openai-eu / gpt-4o-mini", {"provider": "openai-eu", "model": "gpt-4o-mini", "input": "1", "output": "2"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "body"), OBJECTS, ids=[f"{kind} {name}" for kind, name, _ in OBJECTS]
)
async def test_an_object_is_put_read_listed_and_removed(desk: Desk, kind: str, name: str, body: Any) -> None:
    path = f"/api/configuration/{kind}/{name}"
    put = await desk.ask("petra", "PUT", path, body)
    assert put.status_code == 200, put.text
    assert put.json()["version"] == desk.house.configuration.version
    read = (await desk.ask("petra", "GET", path)).json()
    assert read["key"] == name
    assert read in (await desk.ask("petra", "GET", f"/api/configuration/{kind}")).json()
    assert (await desk.ask("petra", "DELETE", path)).status_code == 204
    assert (await desk.ask("petra", "GET", path)).status_code == 404
    for verb, count in (("created", 1), ("removed", 1)):
        events = await desk.events(f"configuration.{kind}.{verb}")
        mine = [event for event in events if event["user"] == "petra" and f'"{name}"' in event["detail"]]
        assert len(mine) == count, verb


async def test_the_policy_of_a_class_is_one_object(desk: Desk) -> None:
    path = "/api/configuration/policy/public"
    body = {"regions": ["eu", "local"], "pseudonymise": False, "dpa": False}
    assert (await desk.ask("petra", "PUT", path, body)).status_code == 200
    assert (await desk.ask("petra", "GET", path)).json() == {"key": "public", **body}
    assert (await desk.ask("petra", "PUT", "/api/configuration/policy/geheim", body)).status_code == 400


async def test_an_object_that_another_one_names_stays(desk: Desk) -> None:
    answer = await desk.ask("petra", "DELETE", "/api/configuration/provider/openai-eu")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_the_whole_configuration_comes_as_yaml_without_secrets(desk: Desk) -> None:
    whole = (await desk.ask("petra", "GET", "/api/configuration")).json()
    assert "openai-eu" in whole["yaml"]
    assert SECRET not in whole["yaml"]


async def test_a_secret_goes_in_and_is_never_seen_again(desk: Desk) -> None:
    path, secret = "/api/configuration/provider/zweiter", "sk-another-secret-for-the-test"
    await desk.ask("petra", "PUT", path, {"kind": "openai", "region": "eu", "api_key": secret})
    shown = [
        (await desk.ask("sina", "GET", path)).text,
        (await desk.ask("sina", "GET", "/api/configuration/provider")).text,
        (await desk.ask("sina", "GET", "/api/configuration")).text,
        await desk.whole_journal(),
    ]
    assert [secret in text for text in shown] == [False] * 4


async def test_the_journal_holds_no_key_no_password_and_no_mail_address(desk: Desk) -> None:
    password = "ein-kennwort-das-niemand-liest"
    await desk.ask("petra", "PUT", "/api/configuration/user/kurt", {"email": "kurt@musterwerk.example"})
    await desk.ask("petra", "PUT", "/api/users/kurt/password", {"password": password})
    key = (await new_key(desk, user="kurt"))["key"]
    journal = await desk.whole_journal()
    for hidden in (password, key, key[4:], "kurt@musterwerk.example", SECRET):
        assert hidden not in journal


async def test_setting_a_password_is_journalled_and_signs_the_person_in(desk: Desk) -> None:
    answer = await desk.ask("petra", "PUT", "/api/users/ben/password", {"password": "kennwort-von-ben"})
    assert answer.status_code == 204
    events = await desk.events("identity.session.password_set")
    assert [event["user"] for event in events if '"ben"' in event["detail"]] == ["petra"]
    done = desk.house.sessions.sign_in("ben@musterwerk.example", "kennwort-von-ben", "127.0.0.1")
    assert type(done).__name__ == "SignedIn"
