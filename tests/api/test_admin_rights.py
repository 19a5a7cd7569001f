"""Every operation of `/api` has a right, checks it, and lets nobody reach more rights than they hold."""

from collections import defaultdict
from typing import Any

import pytest

from api.admin_desk import BY_ROLE, ROLES, Desk
from leitstand.core.classes import Role
from leitstand.identity.roles import RIGHTS, Permission

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLACES = defaultdict(lambda: "nobodys", {"kind": "user", "name": "niemand", "key_id": "key_of_nobody"})


async def operations(desk: Desk) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path with places filled in, its entry in the schema)"""
    schema = (await desk.ask("", "GET", "/api/openapi.json")).json()
    return [
        (method.upper(), path.format_map(PLACES), entry)
        for path, methods in schema["paths"].items()
        for method, entry in methods.items()
    ]


async def test_every_operation_names_a_known_right(desk: Desk) -> None:
    rights = {
        f"{method} {path}": entry["x-leitstand-permission"] for method, path, entry in await operations(desk)
    }
    assert len(rights) >= 11
    assert set(rights.values()) <= {"public", *map(str, Permission)}


async def test_every_operation_describes_itself_and_its_errors(desk: Desk) -> None:
    for method, path, entry in await operations(desk):
        assert entry["description"], (method, path)
        assert "422" not in entry["responses"], (method, path)
        assert "4XX" in entry["responses"], (method, path)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer lst_wrong"}, {"x-api-key": "lst_wrong"}])
async def test_every_operation_is_closed_without_a_good_key(desk: Desk, headers: dict[str, str]) -> None:
    for method, path, _ in await operations(desk):
        answer = await desk.ask("", method, path, {}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_key"), (method, path)


@pytest.mark.parametrize("role", ROLES)
async def test_every_operation_is_closed_to_roles_without_its_right(desk: Desk, role: str) -> None:
    for method, path, entry in await operations(desk):
        answer = await desk.ask(BY_ROLE[role], method, path, {})
        right = Permission(entry["x-leitstand-permission"])
        if right in RIGHTS[Role(role)]:
            assert answer.status_code not in (401, 403, 500), (method, path, answer.text)
        else:
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (403, "not_permitted"), (method, path)
            assert error["permission"] == str(right)


async def test_rights_are_checked_before_the_body_is_read(desk: Desk) -> None:
    answer = await desk.ask("", "POST", "/api/keys", content=b"{ no json")
    assert answer.status_code == 401
    assert (await desk.ask("anna", "POST", "/api/keys", content=b"{ no json")).status_code == 403


@pytest.mark.parametrize("role", ROLES)
async def test_me_tells_exactly_the_rights_of_the_role(desk: Desk, role: str) -> None:
    me = (await desk.ask(BY_ROLE[role], "GET", "/api/me")).json()
    assert me["name"] == BY_ROLE[role]
    assert me["permissions"] == sorted(RIGHTS[Role(role)])


async def test_the_table_of_roles_lists_all_four(desk: Desk) -> None:
    roles = (await desk.ask("petra", "GET", "/api/roles")).json()
    assert [row["role"] for row in roles] == list(ROLES)


ESCALATIONS = [
    ("creates an administrator", "PUT", "/api/configuration/user/neu1", {"role": "admin"}),
    ("creates a super administrator", "PUT", "/api/configuration/user/neu2", {"role": "super_admin"}),
    ("creates a power user", "PUT", "/api/configuration/user/neu3", {"role": "power_user"}),
    ("promotes a user", "PUT", "/api/configuration/user/anna", {"role": "admin"}),
    ("promotes herself", "PUT", "/api/configuration/user/petra", {"role": "super_admin"}),
    ("changes another administrator", "PUT", "/api/configuration/user/otto", {"role": "admin", "active": False}),
    ("demotes another administrator", "PUT", "/api/configuration/user/otto", {"role": "user"}),
    ("demotes a super administrator", "PUT", "/api/configuration/user/sina", {"role": "user"}),
    ("disables a super administrator", "PUT", "/api/configuration/user/sina", {"role": "super_admin", "active": False}),
    ("removes an administrator", "DELETE", "/api/configuration/user/otto", None),
    ("removes a super administrator", "DELETE", "/api/configuration/user/sina", None),
    ("resets a super administrator's password", "PUT", "/api/users/sina/password", {"password": "langes-kennwort"}),
    ("resets another administrator's password", "PUT", "/api/users/otto/password", {"password": "langes-kennwort"}),
    ("takes a super administrator's key", "POST", "/api/keys", {"user": "sina"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "method", "path", "body"), ESCALATIONS, ids=[case[0] for case in ESCALATIONS]
)
async def test_an_administrator_cannot_reach_more_rights(
    desk: Desk, act: str, method: str, path: str, body: Any
) -> None:
    before = (await desk.ask("sina", "GET", "/api/configuration/user")).json()
    answer = await desk.ask("petra", method, path, body)
    assert (answer.status_code, answer.json()["error"]["permission"]) == (403, "roles.grant"), act
    assert (await desk.ask("sina", "GET", "/api/configuration/user")).json() == before


async def test_a_super_administrators_key_cannot_be_rotated_into_an_administrators_hand(desk: Desk) -> None:
    keys = (await desk.ask("petra", "GET", "/api/keys", params={"user": "sina"})).json()
    answer = await desk.ask("petra", "POST", f"/api/keys/{keys[0]['id']}/rotate", {})
    assert answer.status_code == 403
    assert len((await desk.ask("petra", "GET", "/api/keys", params={"user": "sina"})).json()) == len(keys)


async def test_the_name_in_the_body_cannot_reach_another_person_than_the_address(desk: Desk) -> None:
    body = {"name": "sina", "role": "user"}
    answer = await desk.ask("petra", "PUT", "/api/configuration/user/anna", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "name"
    sina = (await desk.ask("sina", "GET", "/api/configuration/user/sina")).json()
    assert sina["role"] == "super_admin"


async def test_a_super_administrator_may_grant_and_take_roles(desk: Desk) -> None:
    path = "/api/configuration/user/neue"
    for role in ("admin", "super_admin", "user"):
        assert (await desk.ask("sina", "PUT", path, {"role": role})).status_code == 200
        assert (await desk.ask("sina", "GET", path)).json()["role"] == role


async def test_an_administrator_looks_after_users_and_power_users(desk: Desk) -> None:
    ask = desk.ask
    assert (
        await ask("petra", "PUT", "/api/configuration/user/nils", {"department": "it"})
    ).status_code == 200
    moved = await ask(
        "petra", "PUT", "/api/configuration/user/paul", {"role": "power_user", "department": "it"}
    )
    assert moved.status_code == 200
    password = {"password": "ein-langes-kennwort"}
    assert (await ask("petra", "PUT", "/api/users/paul/password", password)).status_code == 204
    assert (await ask("petra", "DELETE", "/api/configuration/user/nils")).status_code == 204


async def test_a_key_of_a_disabled_person_opens_nothing(desk: Desk) -> None:
    await desk.ask("sina", "PUT", "/api/configuration/user/udo", {"role": "admin"})
    desk.keys["udo"] = (await desk.ask("sina", "POST", "/api/keys", {"user": "udo"})).json()["key"]
    assert (await desk.ask("udo", "GET", "/api/me")).status_code == 200
    await desk.ask("sina", "PUT", "/api/configuration/user/udo", {"role": "admin", "active": False})
    assert (await desk.ask("udo", "GET", "/api/me")).status_code == 401


async def test_who_gets_a_removed_persons_name_gets_neither_keys_nor_password(desk: Desk) -> None:
    path = "/api/configuration/user/vera"
    await desk.ask("petra", "PUT", path, {"email": "vera@musterwerk.example"})
    desk.keys["vera"] = (await desk.ask("petra", "POST", "/api/keys", {"user": "vera"})).json()["key"]
    await desk.ask("petra", "PUT", "/api/users/vera/password", {"password": "das-alte-kennwort"})
    assert (await desk.ask("petra", "DELETE", path)).status_code == 204
    await desk.ask("petra", "PUT", path, {"email": "vera@musterwerk.example"})
    assert (await desk.ask("vera", "GET", "/api/me")).status_code == 401
    tried = desk.house.sessions.sign_in("vera@musterwerk.example", "das-alte-kennwort", "127.0.0.1")
    assert type(tried).__name__ == "NotSignedIn"
