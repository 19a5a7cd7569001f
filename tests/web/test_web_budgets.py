"""The page Budgets und Grenzen with a browser: what is urgent comes first, people stay private, acts reach the house."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

from leitstand.accounting.budgets.changes import ExtensionWish, GraceWish, LimitWish

pytestmark = pytest.mark.browser
PAGE = "/kosten/budgets"


def rows(page: Any) -> Any:
    return page.locator("#grenzen").locator("xpath=../..").locator("tbody tr")


def test_the_most_urgent_limits_stand_on_top_with_their_day(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text(
        "Erreicht: 2. Voraussichtlich noch in diesem Zeitraum: 1."
    )
    vertrieb = rows(page).filter(has_text="Abteilung vertrieb")
    expect(vertrieb).to_contain_text("wird erreicht")
    expect(vertrieb).to_contain_text("am 23.11. (21.11. bis 26.11.)")
    expect(vertrieb).to_contain_text("610,00\u00a0€ von 800,00\u00a0€")
    expect(rows(page).nth(0)).to_contain_text("Modell gross")
    expect(rows(page).filter(has_text="werbung")).to_contain_text("darin Erweiterung 20,00\u00a0€")


def test_people_below_the_first_threshold_are_counted_and_not_named(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator("main")).to_contain_text("2 unter 70 %, ohne Einzelwerte")
    expect(rows(page).filter(has_text="Person anna")).to_contain_text("151.200 Tokens von 200.000 Tokens")
    expect(page.locator("main")).not_to_contain_text("carla")


def test_a_limit_is_extended_from_its_row(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    rows(page).filter(has_text="Abteilung vertrieb").get_by_role("link", name="Erweitern").click()
    form = page.locator("form[action$=erweitern]")
    form.get_by_label("Grund").fill("Messe in der Woche 48")
    form.get_by_role("button", name="Erweitern").click()
    expect(page.get_by_role("status").first).to_contain_text("Die Grenze ist erweitert")
    assert desk.house.budgets.acts == [
        ExtensionWish("department:vertrieb", "eur_per_month", "Messe in der Woche 48", None, Decimal(20))
    ]


def test_a_refused_extension_says_why(open_page: Any, desk: Any) -> None:
    page = open_page(f"{PAGE}?grenze=user:anna%20tokens_per_day", "jonas", expect_errors=True)
    form = page.locator("form[action$=erweitern]")
    form.get_by_label("Grund").fill("Test")
    form.get_by_role("button", name="Erweitern").click()
    expect(page.get_by_role("alert")).to_contain_text("Diese Grenze gibt es nicht.")


def test_grace_is_given_and_ended(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    form = page.locator("form[action$=kulanz]")
    form.get_by_label("Name oder Schlüsselnummer").fill("anna")
    form.get_by_label("Bis einschließlich").fill("2026-12-01")
    form.get_by_label("Euro darüber hinaus").fill("12,50")
    form.get_by_label("Grund").fill("Jahresabschluss")
    form.get_by_role("button", name="Kulanz geben").click()
    page.get_by_role("button", name="Beenden").click()
    expect(page.get_by_role("status").first).to_contain_text("beendet")
    assert desk.house.budgets.acts == [
        GraceWish("user:anna", date(2026, 12, 1), "Jahresabschluss", Decimal("12.50"), 0), "user:jonas",
    ]  # fmt: skip


def test_a_limit_is_set_and_removed(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    for button in ("Grenze setzen", "Grenze entfernen"):
        form = page.locator("form[action$=grenze]")
        form.get_by_label("Für").select_option("user")
        form.get_by_label("Name").fill("*")
        form.get_by_label("Betrag").fill("50")
        form.get_by_role("button", name=button).click()
        expect(page.get_by_role("status").first).to_contain_text("Die Grenze ist")
    assert desk.house.budgets.acts == [
        LimitWish("user:*", "eur_per_month", Decimal(50)), LimitWish("user:*", "eur_per_month", None),
    ]  # fmt: skip


def test_a_limit_without_an_amount_is_not_taken_for_a_block(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas", expect_errors=True)
    page.get_by_role("button", name="Grenze setzen").click()
    expect(page.get_by_role("alert")).to_contain_text("Geben Sie einen Betrag an")
    assert desk.house.budgets.acts == []


def test_without_limits_the_page_says_what_that_means(open_page: Any, desk: Any) -> None:
    desk.house.budgets.empty = True
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text("Noch keine Grenze gesetzt")
    check(page)


def test_people_without_the_right_do_not_see_it(open_page: Any) -> None:
    page = open_page(PAGE, "anna", expect_errors=True)
    expect(page.locator("main")).not_to_contain_text("Grenze")


def test_the_page_is_accessible(open_page: Any) -> None:
    check(open_page(PAGE, "jonas"))
