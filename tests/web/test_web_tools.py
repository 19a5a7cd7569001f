"""The page Werkzeuge with a browser: servers, their state, tools, calls, and the check."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

pytestmark = pytest.mark.browser
PAGE = "/betrieb/werkzeuge"


def test_each_server_says_how_it_is_and_who_may_use_what(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    wiki = page.locator("#wiki")
    expect(wiki).to_contain_text("läuft")
    expect(wiki).to_contain_text("alle Rollen in allen Anwendungsfällen")
    expect(wiki).to_contain_text("wiki__search_articles")
    expect(wiki).to_contain_text("1.204, davon 3 fehlgeschlagen und 12 abgewiesen")
    expect(page.locator("#tickets")).to_contain_text("Administrator in: service")
    expect(page.locator("#tickets")).to_contain_text("All connection attempts failed")
    expect(page.locator("#karten")).to_contain_text("darf dieser Server zurzeit gar nichts bekommen")


def test_calls_tell_why_they_failed_and_never_who_made_them(open_page: Any) -> None:
    rows = open_page(PAGE, "jonas").locator("table tbody tr")
    expect(rows.nth(1)).to_contain_text("Fehler im Werkzeug")
    expect(rows.nth(2)).to_contain_text("Lauf am Ende")
    expect(rows.nth(4)).to_contain_text("zu langsam")


def test_a_connection_can_be_checked(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_role("button", name="Verbindung prüfen Ticketsystem").click()
    page.wait_for_url("**#tickets")
    assert desk.house.tools.checked == ["tickets"]


def test_without_servers_it_shows_how_to_set_one_up(open_page: Any, desk: Any) -> None:
    desk.house.tools.empty = True
    expect(open_page(PAGE, "jonas").locator("pre.code")).to_contain_text("mcp_servers:")


def test_people_without_operations_do_not_see_it(open_page: Any) -> None:
    page = open_page(PAGE, "anna", expect_errors=True)
    expect(page.locator("#wiki")).to_have_count(0)


def test_the_page_is_accessible_with_and_without_servers(open_page: Any, desk: Any) -> None:
    check(open_page(PAGE, "jonas"))
    desk.house.tools.empty = True
    check(open_page(PAGE, "jonas"))
