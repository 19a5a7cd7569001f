"""IT-Betrieb and the set-up with a browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from leitstand.web.ports import Organisation

pytestmark = pytest.mark.browser


def test_figures_have_value_target_and_verdict_and_open_their_definition(open_page: Any) -> None:
    page = open_page("/betrieb/it", "jonas")
    figure = page.locator(".figure").first
    expect(figure.locator(".value")).to_have_text("1,4\u00a0s")
    expect(figure.locator(".verdict")).to_have_text(re.compile("im Ziel.*Ziel unter 2,0\u00a0s"))
    figure.get_by_role("button", name="Antwortzeit, Median").click()
    expect(page.locator("#def-antwortzeit")).to_contain_text("Die Hälfte der beantworteten Anfragen")


def test_protection_comes_before_the_cache(open_page: Any) -> None:
    page = open_page("/betrieb/it", "jonas")
    words = page.locator(".flow text").all_text_contents()
    order = [
        words.index(word)
        for word in ("Anfragen", "Richtlinie", "Schutz", "Zwischenspeicher", "Route", "azure-eu")
    ]
    assert order == sorted(order)
    expect(page.locator(".flow")).to_have_attribute(
        "aria-label", re.compile("14,2 Anfragen je Minute kommen an")
    )


def test_a_resting_provider_says_until_when(open_page: Any) -> None:
    page = open_page("/betrieb/it", "jonas")
    row = page.locator("tr", has_text="openai-eu").first
    expect(row).to_contain_text("ruht bis 14:32:48")
    expect(row.locator(".beat")).to_have_attribute(
        "aria-label", re.compile(r"Letzte 60 Minuten: \d+ Anfragen, \d+ fehl")
    )


def test_the_list_of_requests_renews_itself_and_names_nobody(open_page: Any, desk: Any) -> None:
    page = open_page("/betrieb/it", "jonas")
    with page.expect_response(re.compile("/betrieb/it/anfragen"), timeout=6000):
        pass
    assert desk.house.operations.counter >= 2
    text = page.locator("#anfragen").inner_text()
    assert "standard → azure-eu" in text
    assert "abgewiesen: Budget" in text
    assert not re.search("anna|jonas|Berger|Keller", text, re.IGNORECASE)


def test_the_list_holds_still_under_the_pointer(open_page: Any, desk: Any) -> None:
    page = open_page("/betrieb/it", "jonas")
    page.hover("#anfragen tbody tr:nth-child(2)")
    renewed = []
    page.on("response", lambda response: "anfragen" in response.url and renewed.append(response.url))
    held = page.evaluate("""() => new Promise(told => document.addEventListener("htmx:beforeRequest",
        event => event.target.id === "anfragen" && setTimeout(() => told(event.defaultPrevented))))""")
    assert held
    assert renewed == []


def test_the_time_range_is_in_the_address_and_marked(open_page: Any, desk: Any) -> None:
    page = open_page("/betrieb/it", "jonas")
    page.get_by_role("link", name="7 Tage").click()
    expect(page).to_have_url(desk.base + "/betrieb/it?zeitraum=7t")
    expect(page.locator(".segments a[aria-current]")).to_have_text("7 Tage")


def test_without_any_request_the_page_says_what_belongs_here(open_page: Any, desk: Any) -> None:
    desk.house.operations.empty = True
    page = open_page("/betrieb/it", "jonas")
    expect(page.get_by_role("heading", name="Noch keine Anfragen")).to_be_visible()
    expect(page.get_by_role("heading", name="Noch kein Anbieter eingerichtet")).to_be_visible()
    expect(page.get_by_role("heading", name="Noch keine Antwortzeiten")).to_be_visible()
    expect(page.locator(".figure .value").first).to_have_text("–")


def test_figures_are_written_the_english_way_in_english(open_page: Any) -> None:
    page = open_page("/betrieb/it", "jonas", language="en")
    expect(page.locator(".figure .value").nth(3)).to_have_text("1,284")
    expect(page.locator(".figure .value").nth(5)).to_have_text("€93.73")


def test_accepting_a_finding_sets_it_up_and_shows_the_next_step(open_page: Any, desk: Any) -> None:
    desk.house.first_run.done = False
    page = open_page("/", "jonas")
    expect(page).to_have_url(desk.base + "/start")
    page.get_by_role("button", name="Ollama einrichten").click()
    expect(page.locator(".notice")).to_have_text("Ollama ist eingerichtet.")
    expect(page.get_by_role("link", name="Im Chat fragen")).to_be_visible()
    expect(page.locator(".found", has_text="Ollama").locator(".status")).to_have_text("eingerichtet")


def test_a_finding_that_cannot_be_used_says_why(open_page: Any) -> None:
    page = open_page("/start", "jonas", expect_errors=True)
    page.get_by_role("button", name="OpenAI einrichten").click()
    expect(page.locator("main")).to_contain_text("Der Schlüssel wurde abgelehnt.")


def test_nothing_found_says_how_to_add_one(open_page: Any, desk: Any) -> None:
    desk.house.first_run.found_ = desk.house.first_run.found_[-1:]
    desk.house.first_run.done = False
    page = open_page("/start", "jonas")
    expect(page.locator("main")).to_contain_text("Es wurde kein Anbieter gefunden.")
    expect(page.locator("main")).to_contain_text("Umgebungsvariable")


def test_names_from_the_house_are_escaped(open_page: Any, desk: Any) -> None:
    desk.house.status.organisation_ = Organisation("<img src=x onerror=alert(1)> AG")
    page = open_page("/anmeldung")
    expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)> AG")
