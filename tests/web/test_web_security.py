"""Headers, cookies, tokens, static files, error pages: over HTTP, without a browser."""

import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from memory_house import PASSWORD
from web_client import fetch

from leitstand.core.classes import Role
from leitstand.web.assets import FOLDER, Assets
from leitstand.web.ports import Organisation
from leitstand.web.render import island
from leitstand.web.security import HEADERS, local_path
from leitstand.web.site import find_pages

ANNA, JONAS, EVA = (f"{name}@musterwerk.example" for name in ("anna", "jonas", "eva"))


@pytest.mark.parametrize("path", ["/anmeldung", "/", "/gibt-es-nicht", "/static/alt/tokens.css", "/chat"])
def test_every_response_carries_all_security_headers(desk: Any, path: str) -> None:
    reply = fetch(desk.base, "GET", path)
    assert {name: reply.headers.get(name) for name in HEADERS} == dict(HEADERS)


def test_pages_are_never_stored_and_assets_are_kept_for_a_year(desk: Any) -> None:
    page = fetch(desk.base, "GET", "/anmeldung")
    assert page.headers["cache-control"] == "no-store"
    for path in re.findall(r'(?:href|src)="(/static/[^"#]+)"', page.text):
        asset = fetch(desk.base, "GET", path)
        assert (asset.status, asset.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


def test_an_asset_of_an_older_version_is_served_but_not_kept(desk: Any) -> None:
    reply = fetch(desk.base, "GET", "/static/0123/tokens.css")
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize("name", ["../site.py", "..%2fsite.py", "vendor/README", "nichts.js"])
def test_only_known_static_files_are_served(desk: Any, name: str) -> None:
    assert fetch(desk.base, "GET", f"/static/x/{name}").status == 404


def test_the_address_of_assets_changes_with_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    before = Assets(tmp_path).url("a.css")
    (tmp_path / "a.css").write_text("b{}")
    assert Assets(tmp_path).url("a.css") != before


def test_vendored_files_are_those_that_the_readme_names() -> None:
    readme = (FOLDER / "vendor" / "README").read_text()
    for path in (FOLDER / "vendor").glob("*.js"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in readme


def test_no_template_or_style_needs_what_the_policy_forbids() -> None:
    for path in FOLDER.parent.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r'\sstyle="|\son\w+="|<style|javascript:', text), path
        scripts = re.findall(r"<script(?![^>]*(?:src=|application/json))", text)
        assert not scripts, path
    for path in FOLDER.rglob("*.css"):
        assert "@import" not in path.read_text(), path
        assert "url(" not in path.read_text(), path


def test_own_scripts_never_turn_text_into_html() -> None:
    for path in (FOLDER / "js").glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|eval\(", path.read_text()
        )


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(desk: Any) -> None:
    page = fetch(desk.base, "GET", "/anmeldung?weiter=/chat")
    token = page.cookies[0].split(";")[0]
    form = {"csrf": page.csrf, "email": ANNA, "kennwort": PASSWORD, "weiter": "/chat"}
    reply = fetch(desk.base, "POST", "/anmeldung", form=form, headers={"cookie": token})
    assert (reply.status, reply.headers["location"]) == (303, "/chat")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(reply.cookies[0].split("; "))
    assert "Secure" not in reply.cookies[0]


def test_a_sign_in_form_of_another_site_is_refused(desk: Any) -> None:
    form = {"csrf": "geraten", "email": ANNA, "kennwort": PASSWORD}
    assert fetch(desk.base, "POST", "/anmeldung", form=form).status == 403
    form["csrf"] = ""
    assert (
        fetch(desk.base, "POST", "/anmeldung", form=form, headers={"cookie": "leitstand_form="}).status == 403
    )


def posting_routes() -> list[str]:
    """Every address that takes a form, but the sign-in, which has a token of its own; places filled with a name."""

    class NoDesk:
        ports = type("P", (), {"conversations": None})

    posting = {r.path for page in find_pages() for r in page.routes(NoDesk()) if "POST" in (r.methods or ())}
    return sorted(re.sub(r"{\w+}", "x", path) for path in posting - {"/anmeldung"})


@pytest.mark.parametrize("path", posting_routes())
def test_every_post_needs_the_token_of_its_session(desk: Any, path: str) -> None:
    desk.house.sessions.people[EVA] = ("Eva Lang", Role.SUPER_ADMIN)  # nothing else may keep her out
    session = desk.house.sessions.enter(EVA)
    foreign = desk.house.sessions.open[desk.house.sessions.enter(ANNA)].csrf
    for token in ({}, {"csrf": foreign}):
        assert fetch(desk.base, "POST", path, form=token, session=session).status == 403
    assert session in desk.house.sessions.open


@pytest.mark.parametrize(
    ("target", "result"),
    [("/chat?a=1", "/chat?a=1"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/"),
     ("javascript:alert(1)", "/"), ("", "/"), ("/\tx", "/"), ("chat", "/")],
)  # fmt: skip
def test_after_sign_in_only_paths_of_this_host_are_followed(target: str, result: str) -> None:
    assert local_path(target) == result


def test_signing_out_ends_the_session_on_the_server(desk: Any) -> None:
    session = desk.house.sessions.enter(ANNA)
    csrf = desk.house.sessions.open[session].csrf
    assert (
        fetch(desk.base, "POST", "/abmelden", form={"csrf": csrf}, session=session).headers["location"]
        == "/anmeldung"
    )
    assert fetch(desk.base, "GET", "/chat", session=session).status == 303


def test_the_missing_permission_is_named_with_who_grants_it(desk: Any) -> None:
    reply = fetch(desk.base, "GET", "/betrieb/it", session=desk.house.sessions.enter(ANNA))
    assert reply.status == 403
    assert "IT-Betrieb ansehen" in reply.text
    assert "Super-Administrator" in reply.text
    assert "IT, Durchwahl 140" in reply.text


def test_an_unknown_address_says_so_and_escapes_it(desk: Any) -> None:
    reply = fetch(desk.base, "GET", "/%3Cimg%20src=x%3E")
    assert reply.status == 404
    assert "<img" not in reply.text


def test_an_inner_error_is_logged_and_shown_with_the_same_id(
    desk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    desk.house.operations.snapshot = None
    with caplog.at_level(logging.ERROR):
        reply = fetch(desk.base, "GET", "/betrieb/it", session=desk.house.sessions.enter(JONAS))
    shown = re.search(r"req_\w{26}", reply.text)
    assert reply.status == 500
    assert shown
    assert shown.group() in caplog.text
    assert "NoneType" not in reply.text


def test_an_error_page_survives_that_the_sessions_fail(desk: Any) -> None:
    desk.house.sessions.lookup = None
    reply = fetch(desk.base, "GET", "/chat", session="egal")
    assert reply.status == 500
    assert "req_" in reply.text


def test_scripts_get_json_and_htmx_is_led_to_the_sign_in(desk: Any) -> None:
    reply = fetch(desk.base, "GET", "/leiste", headers={"hx-request": "true"})
    assert (reply.status, reply.headers["hx-redirect"]) == (401, "/anmeldung")
    assert json.loads(reply.text) == {"code": "signed_out"}


def test_json_in_a_page_cannot_end_its_element() -> None:
    assert "<" not in island({"title": "</script><script>alert(1)</script>"})


@pytest.mark.parametrize(
    ("organisation", "accept", "cookie", "language"),
    [("de", "en", "", "de"), ("auto", "fr, en;q=0.8", "", "en"), ("auto", "fr", "", "de"), ("en", "de", "", "en"),
     ("de", "", "leitstand_language=en", "en"), ("auto", "de", "leitstand_language=xx", "de")],
)  # fmt: skip
def test_the_chosen_language_comes_before_the_organisations_and_the_browsers(
    desk: Any, organisation: Any, accept: str, cookie: str, language: str
) -> None:
    desk.house.status.organisation_ = Organisation("Musterwerk GmbH", organisation)
    reply = fetch(desk.base, "GET", "/anmeldung", headers={"accept-language": accept, "cookie": cookie})
    assert f'<html lang="{language}"' in reply.text
    assert reply.headers["content-language"] == language


@pytest.mark.parametrize(
    ("who", "needed", "target"),
    [(ANNA, False, "/chat"), (JONAS, False, "/betrieb/it"), (JONAS, True, "/start"), (ANNA, True, "/chat")],
)
def test_the_start_page_suits_the_role(desk: Any, who: str, needed: bool, target: str) -> None:
    desk.house.first_run.done = not needed
    assert fetch(desk.base, "GET", "/", session=desk.house.sessions.enter(who)).headers["location"] == target


def test_nobody_reads_or_changes_the_conversation_of_another_person(desk: Any) -> None:
    from leitstand.answers.values import Conversation

    desk.house.conversations.put("anna", Conversation("con_1", "Geheim", "angebote", "auto", ()))
    session = desk.house.sessions.enter(JONAS)
    csrf = {"csrf": desk.house.sessions.open[session].csrf}
    assert fetch(desk.base, "GET", "/chat/con_1", session=session).status == 404
    assert (
        fetch(desk.base, "POST", "/chat/con_1/titel", form=csrf | {"titel": "x"}, session=session).status
        == 404
    )
    assert fetch(desk.base, "POST", "/chat/con_1/loeschen", form=csrf, session=session).status == 404
    assert "con_1" in desk.house.conversations.kept
