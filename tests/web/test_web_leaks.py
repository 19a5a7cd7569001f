"""The page Leckwache with a browser: findings, who sees their words, decisions."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

from leitstand.privacy.leaks.values import State

pytestmark = pytest.mark.browser
PAGE = "/schutz/leckwache"


def test_each_finding_says_what_how_sure_and_in_which_request(open_page: Any) -> None:
    page = open_page(PAGE, "petra")
    first = page.locator("#leak_1")
    for text in (
        "Person",
        "sicher",
        "req_06f3kq0000abcd1",
        "kundenservice",
        "Steinfurt",
        "antworten Sie Person_001",
    ):
        expect(first).to_contain_text(text)
    expect(page.locator("#leak_3")).to_contain_text("verworfen")
    expect(page.locator("#leak_3")).to_contain_text("ein Produktname")


def test_administrators_see_the_finding_and_not_the_words(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator("#leak_1")).to_contain_text("sicher")
    expect(page.locator("main")).not_to_contain_text("Steinfurt")
    expect(page.get_by_role("button", name="Es ist ein Leck")).to_have_count(0)


def test_a_leak_is_confirmed_and_its_words_are_replaced_from_now_on(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "petra")
    finding = page.locator("#leak_1")
    finding.get_by_label("künftig immer ersetzen").check()
    finding.get_by_label("Bemerkung").fill("stand in einer Tabelle")
    finding.get_by_role("button", name="Es ist ein Leck").click()
    expect(page.get_by_role("status")).to_contain_text("gespeichert")
    assert desk.house.leaks.found[0].state is State.CONFIRMED
    assert desk.house.leaks.terms == ["Steinfurt"]


def test_a_false_alarm_is_dismissed(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "petra")
    page.locator("#leak_2").get_by_role("button", name="Kein Leck").click()
    expect(page.get_by_role("status")).to_contain_text("gespeichert")
    assert desk.house.leaks.found[1].state is State.DISMISSED


def test_without_findings_and_switched_off_it_says_so(open_page: Any, desk: Any) -> None:
    desk.house.leaks.found, desk.house.leaks.off, desk.house.leaks.images = [], True, False
    page = open_page(PAGE, "jonas")
    for text in ("abgeschaltet", "Keine Funde", "Tesseract mit deutschen Daten fehlt"):
        expect(page.locator("main")).to_contain_text(text)
    check(page)


def test_people_who_run_nothing_do_not_see_it(open_page: Any) -> None:
    expect(open_page(PAGE, "anna", expect_errors=True).locator("#leak_1")).to_have_count(0)


def test_the_page_is_accessible(open_page: Any) -> None:
    check(open_page(PAGE, "petra"))
