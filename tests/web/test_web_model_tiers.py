"""The page Modellstufen with a browser: shares, savings, reasons, and the box to try a text in."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

pytestmark = pytest.mark.browser
PAGE = "/kosten/modellstufen"


def test_it_says_what_the_tiers_saved_and_that_this_is_computed(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text("In 30 Tagen 46,00\u00a0€ gespart: 61,3\u00a0%")
    expect(page.locator("main")).to_contain_text("gerechnet, nicht gemessen")
    expect(page.locator("tr", has_text="sparsam").first).to_contain_text("60,0\u00a0%")


def test_each_decision_tells_its_weightiest_features_in_words(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    rows = page.locator("#entscheidungen").locator("xpath=../..").locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("Aufgabe: analysieren, vergleichen, bewerten; auch planen")
    expect(rows.nth(1)).to_contain_text("a_feature_of_old")
    expect(rows.nth(2)).to_contain_text("vom Anwendungsfall begrenzt")
    expect(rows.nth(3)).to_contain_text(
        "vom Anwendungsfall festgelegt; kein erlaubtes Ziel auf Stufe einfach"
    )


def test_a_text_can_be_tried_and_its_points_are_shown(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_label("Frage, wie jemand sie stellen würde").fill(
        "Analysiere die Ursachen und begründe die Wahl <b>."
    )
    page.get_by_role("button", name="Stufe bestimmen").click()
    expect(page.get_by_role("heading", name="Stufe: anspruchsvoll")).to_be_visible()
    expect(page.locator("main")).to_contain_text("unter 50 ist eine Frage einfach, ab 100 anspruchsvoll")
    expect(page.locator("tr", has_text="Aufgabe: analysieren").first).to_contain_text("+27")


def test_without_a_model_with_tiers_it_shows_how_to_set_one_up(open_page: Any, desk: Any) -> None:
    desk.house.model_tiers.configured = False
    page = open_page(PAGE, "jonas")
    expect(page.locator("pre.code")).to_contain_text("tiers: {simple: klein")


def test_before_the_first_request_it_says_so(open_page: Any, desk: Any) -> None:
    desk.house.model_tiers.empty = True
    expect(open_page(PAGE, "jonas").locator(".page-head")).to_contain_text("Noch keine Anfrage an auto")


def test_the_page_is_accessible_with_and_without_figures(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_label("Frage, wie jemand sie stellen würde").fill("Vergleiche drei Angebote.")
    page.get_by_role("button", name="Stufe bestimmen").click()
    expect(page.get_by_role("heading", name="Stufe:")).to_be_visible()
    check(page)
    desk.house.model_tiers.configured = False
    check(open_page(PAGE, "jonas"))
