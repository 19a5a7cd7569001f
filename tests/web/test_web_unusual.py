"""The page Auffälliger Verbrauch with a browser: what, how far, what to do; people see what is about themselves."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

pytestmark = pytest.mark.browser
PAGE = "/kosten/auffaelliges"


def test_a_finding_says_who_how_far_and_what_to_do(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text("1 Befund dauert an")
    panel = page.locator("#unu_1")
    expect(panel).to_contain_text("Schlüssel key_7")
    expect(panel).to_contain_text("4.812.000 Tokens in der letzten Stunde, 79-mal so viel wie üblich")
    expect(panel.get_by_role("link", name="Grenze setzen")).to_have_attribute(
        "href", "/kosten/budgets#setzen"
    )
    expect(page.locator("#unu_3")).to_contain_text("war erwartet, jonas am")


def test_a_key_is_revoked_from_its_finding(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.locator("#unu_1").get_by_role("button", name="Schlüssel sperren").click()
    expect(page.get_by_role("status").first).to_contain_text("Der Schlüssel ist gesperrt")
    assert desk.house.unusual.acts == [("revoke", "key_7")]


def test_a_verdict_reaches_the_house_with_its_note(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    panel = page.locator("#unu_2")
    panel.get_by_label("Bemerkung").fill("Jahresabschluss")
    panel.get_by_role("button", name="War erwartet").click()
    expect(page.get_by_role("status").first).to_contain_text("So viel gilt für 90 Tage als üblich")
    assert desk.house.unusual.acts == [("unu_2", "expected", "Jahresabschluss")]


def test_people_see_their_own_findings_and_cannot_judge_them(open_page: Any) -> None:
    page = open_page(PAGE, "anna")
    expect(page.locator("main")).to_contain_text("Person anna")
    expect(page.locator("main")).not_to_contain_text("key_7")
    expect(page.locator("main").get_by_role("button")).to_have_count(0)


def test_it_is_accessible_with_findings_and_without(open_page: Any, desk: Any) -> None:
    check(open_page(PAGE, "jonas"))
    desk.house.unusual.empty = True
    check(open_page(PAGE, "jonas", language="en"))


def test_a_watch_that_is_off_says_so(open_page: Any, desk: Any) -> None:
    desk.house.unusual.on = False
    expect(open_page(PAGE, "jonas").locator(".page-head")).to_contain_text("Die Überwachung ist abgeschaltet")
