"""Model tests with a browser: keep a set, see its price, start, read the verdict, accept a standard."""

from typing import Any

import pytest
from memory_model_tests import SET
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_set_with_faults_is_kept_in_the_form_and_all_faults_are_told(open_page: Any, desk: Any) -> None:
    page = open_page("/qualitaet/modelltests", "jonas", expect_errors=True)
    page.get_by_label("Testset", exact=True).fill(
        "name: neu\ncases:\n  - {id: a, prompt: ''}\n  - {prompt: x}\n"
    )
    page.get_by_role("button", name="Testset speichern").click()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("2 Fehler")
    expect(notice).to_contain_text("prompt is missing")
    expect(page.get_by_label("Testset", exact=True)).to_have_value(
        "name: neu\ncases:\n  - {id: a, prompt: ''}\n  - {prompt: x}\n"
    )
    page.get_by_label("Testset", exact=True).fill(SET.replace("name: angebote", "name: neu"))
    page.get_by_role("button", name="Testset speichern").click()
    expect(page).to_have_url(f"{desk.base}/qualitaet/modelltests/neu")
    expect(page.get_by_role("heading", level=1)).to_have_text("Angebote schreiben")


def test_a_comparison_tells_its_price_before_it_starts(open_page: Any, desk: Any) -> None:
    page = open_page("/qualitaet/modelltests/angebote", "jonas")
    page.get_by_label("Neues Modell").select_option("klein")
    page.get_by_label("Modell von heute").select_option("standard")
    page.get_by_role("button", name="Kosten berechnen").click()
    expect(page.get_by_text("bei der doppelten Summe hält der Vergleich an")).to_be_visible()
    page.get_by_role("button", name="Vergleich starten").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("klein statt standard")
    trial = desk.house.model_tests.regression.trials()[0]
    desk.house.model_tests.answer_all(trial.id, worse="klein")
    expect(page.locator("#stand")).to_contain_text("nicht wechseln", timeout=6000)
    page.reload()
    expect(page.locator("#stand")).to_contain_text("Pflichtfragen nicht bestanden: preis-bleibt")
    page.get_by_text("preis-bleibt").last.click()
    expect(page.get_by_text("nicht bestanden: nennt alle Zahlen der Frage").first).to_be_visible()
    page.get_by_role("button", name="standard annehmen").click()
    expect(page.get_by_text("Maßstab für standard")).to_be_visible()


def test_who_may_only_read_finds_no_button_that_costs(open_page: Any, desk: Any) -> None:
    page = open_page("/qualitaet/modelltests", "anna", expect_errors=True)
    expect(page.get_by_role("heading", name="Kein Zugriff")).to_be_visible()


@pytest.mark.parametrize("path", ["/qualitaet/modelltests", "/qualitaet/modelltests/angebote"])
def test_nothing_is_wider_than_a_phone(open_page: Any, path: str) -> None:
    page = open_page(path, "jonas")
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
