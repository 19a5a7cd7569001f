"""Sessions on `/api`, and the one shape in which everything that goes wrong is said."""

import asyncio
from typing import Any

import pytest

from api.admin_desk import Desk
from leitstand.identity.sessions import SignedIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "kennwort-fuer-den-test"


async def signed_in(desk: Desk, name: str) -> tuple[str, str]:
    """(token of the cookie, token for what changes something)"""
    sessions = desk.house.sessions
    await asyncio.to_thread(sessions.set_password, name, PASSWORD, "test")
    done = await asyncio.to_thread(sessions.sign_in, name, PASSWORD, "127.0.0.1")
    assert isinstance(done, SignedIn)
    session = sessions.lookup(done.token)
    assert session is not None
    return done.token, session.csrf


def cookie(token: str, **more: str) -> dict[str, str]:
    return {"cookie": f"leitstand_session={token}", **more}


async def test_a_session_reads_without_a_token(desk: Desk) -> None:
    token, _ = await signed_in(desk, "otto")
    me = await desk.ask("", "GET", "/api/me", headers=cookie(token))
    assert (me.status_code, me.json()["name"]) == (200, "otto")


@pytest.mark.parametrize("sent", ["", "wrong", "ä"])
async def test_a_session_changes_nothing_without_its_token(desk: Desk, sent: str) -> None:
    token, _ = await signed_in(desk, "otto")
    headers = cookie(token) | ({"x-csrf-token": sent} if sent.isascii() and sent else {})
    answer = await desk.ask("", "POST", "/api/keys", {"user": "anna"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_key")


async def test_a_session_changes_things_with_its_token(desk: Desk) -> None:
    token, csrf = await signed_in(desk, "otto")
    headers = cookie(token, **{"x-csrf-token": csrf})
    answer = await desk.ask("", "POST", "/api/keys", {"user": "anna"}, headers=headers)
    assert answer.status_code == 201


async def test_the_token_of_another_session_does_not_count(desk: Desk) -> None:
    token, _ = await signed_in(desk, "otto")
    _, other = await signed_in(desk, "sven")
    headers = cookie(token, **{"x-csrf-token": other})
    assert (await desk.ask("", "POST", "/api/keys", {"user": "anna"}, headers=headers)).status_code == 401


async def test_an_ended_session_is_told_to_sign_in_again(desk: Desk) -> None:
    token, _ = await signed_in(desk, "otto")
    desk.house.sessions.sign_out(token)
    answer = await desk.ask("", "GET", "/api/me", headers=cookie(token, **{"accept-language": "de"}))
    assert answer.status_code == 401
    assert "Melden Sie sich neu an" in answer.json()["error"]["message"]


async def test_a_key_counts_before_a_cookie(desk: Desk) -> None:
    token, _ = await signed_in(desk, "otto")
    me = await desk.ask("anna", "GET", "/api/me", headers=cookie(token))
    assert me.json()["name"] == "anna"


BAD_INPUT: list[tuple[str, str, str, Any, str]] = [
    ("a missing field", "POST", "/api/keys", {}, "user"),
    ("a wrong type", "POST", "/api/keys", {"user": "anna", "use_cases": "angebote"}, "use_cases"),
    ("a wrong type deep inside", "POST", "/api/keys", {"user": "anna", "models": [7]}, "models[0]"),
    ("a negative number", "POST", "/api/keys", {"user": "anna", "valid_days": -1}, "valid_days"),
    ("an endless number", "POST", "/api/keys", {"user": "anna", "valid_days": 1e308}, "valid_days"),
    ("an unknown field", "POST", "/api/keys", {"user": "anna", "admin": True}, "admin"),
    ("an unknown person", "POST", "/api/keys", {"user": "niemand"}, "user"),
    ("an unknown use case", "POST", "/api/keys", {"user": "anna", "use_cases": ["nie"]}, "use_cases"),
    ("an unknown model", "POST", "/api/keys", {"user": "anna", "models": ["nie"]}, "models"),
    ("no network", "POST", "/api/keys", {"user": "anna", "networks": ["hier"]}, "networks"),
    ("a short password", "PUT", "/api/users/anna/password", {"password": "kurz"}, "password"),
    ("no object", "PUT", "/api/configuration/user/anna", [], "body"),
    ("an unknown role", "PUT", "/api/configuration/user/anna", {"role": "chef"}, "role"),
    ("a role that is a list", "PUT", "/api/configuration/user/anna", {"role": ["admin"]}, "role"),
    ("an unknown key of an object", "PUT", "/api/configuration/user/anna", {"rolle": "user"}, "rolle"),
    ("another name", "PUT", "/api/configuration/limit/company tokens_per_day", {"scope": "company", "eur_per_day": 1}, "name"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "method", "path", "body", "param"), BAD_INPUT, ids=[c[0] for c in BAD_INPUT]
)
@pytest.mark.parametrize("language", ["de", "en"])
async def test_bad_input_is_a_400_that_names_the_field(
    desk: Desk, case: str, method: str, path: str, body: Any, param: str, language: str
) -> None:
    answer = await desk.ask("petra", method, path, body, headers={"accept-language": language})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_request", param), error
    assert set(answer.json()) == {"error"}
    assert error["message"]
    assert error["message"] != (await desk.ask("petra", method, path, body)).json()["error"]["message"] or (
        language == "de"
    )


async def test_a_body_that_is_no_json_is_a_400(desk: Desk) -> None:
    for content in (b"{ nothing", b"\xff\xfe", b""):
        answer = await desk.ask("petra", "POST", "/api/keys", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request"), content


async def test_a_refused_value_is_not_repeated(desk: Desk) -> None:
    answer = await desk.ask("petra", "PUT", "/api/users/anna/password", {"password": {"x": "geheimes-wort"}})
    assert answer.status_code == 400
    assert "geheimes-wort" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nichts", 404, "not_found"),
        ("GET", "/api/keys/", 404, "not_found"),
        ("PATCH", "/api/keys", 405, "method_not_allowed"),
        ("GET", "/api/configuration/geheim", 404, "not_found"),
        ("GET", "/api/configuration/user/niemand", 404, "not_found"),
        ("DELETE", "/api/configuration/user/niemand", 404, "not_found"),
    ],
)
async def test_an_unknown_address_or_method_has_the_same_shape(
    desk: Desk, method: str, path: str, status: int, code: str
) -> None:
    answer = await desk.ask("petra", method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_every_answer_has_a_request_id_and_is_kept_nowhere(desk: Desk) -> None:
    answers = [
        await desk.ask("petra", "GET", "/api/me"),
        await desk.ask("", "GET", "/api/me"),
        await desk.ask("petra", "GET", "/api/nichts"),
        await desk.ask("petra", "POST", "/api/keys", {}),
        await desk.ask("", "GET", "/api/openapi.json"),
    ]
    ids = [answer.headers["x-leitstand-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    for answer, request_id in zip(answers, ids, strict=True):
        assert answer.headers["cache-control"] == "no-store"
        if answer.status_code >= 400:
            assert answer.json()["error"]["request_id"] == request_id


async def test_a_fault_of_ours_tells_no_internals(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise RuntimeError("the table journal_secret is gone")

    office = desk.client._transport.app.state.office  # type: ignore[attr-defined]  # the ASGI transport's application
    monkeypatch.setattr(type(office), "export", lambda _self: broken())
    answer = await desk.ask("petra", "GET", "/api/configuration")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "journal_secret" not in answer.text
    assert answer.json()["error"]["request_id"] == answer.headers["x-leitstand-request-id"]
