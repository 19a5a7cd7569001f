"""The page Notfallübung: choose, play, read what people would have seen."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from web_client import fetch

PATH = "/betrieb/notfalluebung"
pytestmark = pytest.mark.browser


def play(page: Page, target: str, fault: str = "server", moment: str = "0") -> None:
    page.select_option("#ziel", target)
    page.select_option("#stoerung", fault)
    page.select_option("#nach", moment)
    page.get_by_role("button", name="Übung starten").click()


def test_the_form_offers_targets_by_model_with_what_the_call_costs_at_most(open_page: Any) -> None:
    page = open_page(PATH, "jonas")
    groups = page.locator("#ziel optgroup")
    assert groups.count() == 2
    assert re.match(r"standard, unter 0,1\sct", groups.first.get_attribute("label"))
    assert groups.first.locator("option").all_inner_texts() == [
        "standard: openai-eu",
        "standard: azure-eu",
        "standard: alle Ziele",
    ]
    assert groups.last.locator("option").all_inner_texts() == ["haus: lokal-01"]
    assert page.locator("#ergebnis").count() == 0


def test_a_drill_shows_who_took_over_and_every_attempt(open_page: Any, desk: Any) -> None:
    page = open_page(PATH, "jonas")
    play(page, '["standard", "openai-eu"]')
    expect(page.locator("#ergebnis")).to_be_visible()
    expect(page.get_by_text("Alle haben eine ganze Antwort bekommen")).to_be_visible()
    steps = page.locator("ol.runbook > li")
    assert steps.count() == 2
    expect(steps.first).to_contain_text("gespielt")
    expect(steps.last).to_contain_text("antwortet")
    expect(page.get_by_text("zeigt, ob im Ernstfall")).to_be_visible()
    ((who, drill),) = desk.house.drills.played
    assert (who, drill.model, drill.provider, drill.fault) == ("jonas", "standard", "openai-eu", "server")
    assert page.locator("#stoerung").input_value() == "server"  # ready for the next one


def test_when_all_fail_the_message_stands_in_both_languages(open_page: Any) -> None:
    page = open_page(PATH, "jonas")
    play(page, '["standard", "*"]')
    expect(page.get_by_text("Niemand hat eine Antwort bekommen")).to_be_visible()
    expect(page.locator("blockquote[lang=de]")).to_contain_text("Kein Anbieter hat geantwortet")
    expect(page.locator("blockquote[lang=en]")).to_contain_text("No provider answered")


def test_an_answer_that_broke_off_shows_what_had_come(open_page: Any) -> None:
    page = open_page(PATH, "jonas")
    play(page, '["standard", "openai-eu"]', "cut", "3")
    expect(page.get_by_text("mitten im Satz abgebrochen")).to_be_visible()
    expect(page.locator("blockquote").first).to_have_text("Eine Notfallübung zeigt,")


def test_a_drill_that_cannot_be_played_says_why(open_page: Any) -> None:
    page = open_page(PATH, "jonas", expect_errors=True)
    play(page, '["standard", "openai-eu"]', "auth", "3")
    expect(page.get_by_role("alert")).to_contain_text("tritt nur vor der Antwort auf")


@pytest.mark.parametrize("target", ["", "kaputt", '["standard"]', "[1, 2, 3]", '{"a": 1}'])
def test_a_form_that_is_not_ours_is_refused(desk: Any, target: str) -> None:
    session = desk.house.sessions.enter("jonas@musterwerk.example")
    form = {
        "csrf": desk.house.sessions.open[session].csrf,
        "ziel": target,
        "stoerung": "auth",
        "nach_worten": "0",
    }
    assert fetch(desk.base, "POST", PATH, form=form, session=session).status == 422
    assert not desk.house.drills.played


def test_users_do_not_find_the_page(desk: Any) -> None:
    session = desk.house.sessions.enter("anna@musterwerk.example")
    assert fetch(desk.base, "GET", PATH, session=session).status == 403


def test_without_models_the_page_leads_to_the_set_up(open_page: Any, desk: Any) -> None:
    desk.house.drills.empty = True
    expect(open_page(PATH, "jonas").get_by_text("Noch kein Modell eingerichtet")).to_be_visible()
