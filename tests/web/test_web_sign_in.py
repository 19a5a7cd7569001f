"""Signing in with a browser."""

import re
from typing import Any

import pytest
from memory_house import PASSWORD
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
ANNA = "anna@musterwerk.example"


def _submit(page: Any, email: str, password: str) -> None:
    page.fill("#mail", email)
    page.fill("#wort", password)
    page.keyboard.press("Enter")


def test_a_wrong_password_is_told_at_the_field_with_the_tries_left(open_page: Any) -> None:
    page = open_page("/anmeldung", expect_errors=True)
    _submit(page, ANNA, "falsch")
    expect(page.locator("#wort-fehler")).to_have_text("E-Mail oder Kennwort stimmt nicht. Noch 4 Versuche.")
    expect(page.locator("#wort")).to_be_focused()
    expect(page.locator("#wort")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#mail")).to_have_value(ANNA)


def test_after_five_tries_the_page_says_until_when_it_is_locked(open_page: Any) -> None:
    page = open_page("/anmeldung", expect_errors=True)
    for _ in range(5):
        _submit(page, ANNA, "falsch")
    expect(page.locator("#wort-fehler")).to_have_text(
        "Zu viele Versuche. Die Anmeldung ist bis 14:47\u00a0Uhr gesperrt."
    )


def test_empty_fields_are_told_one_by_one_without_using_up_a_try(open_page: Any, desk: Any) -> None:
    page = open_page("/anmeldung", expect_errors=True)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.locator("#mail-fehler")).to_have_text("Bitte Ihre E-Mail-Adresse eingeben.")
    expect(page.locator("#wort-fehler")).to_have_text("Bitte Ihr Kennwort eingeben.")
    assert desk.house.sessions.failures == {}


def test_the_right_password_leads_to_the_page_that_was_asked_for(open_page: Any) -> None:
    page = open_page("/chat/con_unbekannt", expect_errors=True)
    expect(page).to_have_url(re.compile("weiter=%2Fchat%2Fcon_unbekannt"))
    _submit(page, ANNA, PASSWORD)
    expect(page.locator("h1")).to_have_text("Gespräch nicht gefunden")


def test_signing_out_leads_back_to_the_sign_in(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna")
    page.get_by_role("button", name="Konto: Anna Berger").click()
    page.get_by_role("button", name="Abmelden").click()
    expect(page).to_have_url(desk.base + "/anmeldung")


def test_the_language_can_be_switched_before_signing_in(open_page: Any) -> None:
    page = open_page("/anmeldung")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_language_and_theme_are_kept_and_bring_back_to_the_same_page(open_page: Any, desk: Any) -> None:
    page = open_page("/chat", "anna", theme="", language="")
    page.get_by_role("button", name="Konto: Anna Berger").click()
    page.get_by_role("button", name="dunkel").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Konto: Anna Berger").click()
    page.get_by_role("button", name="English").click()
    expect(page).to_have_url(desk.base + "/chat")
    expect(page.locator("h1")).to_have_text("New conversation")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
