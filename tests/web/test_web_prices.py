"""The pages Preise and Abgleich with a browser: what is missing stands on top, files are compared before they count."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

from leitstand.accounting.invoices.desk import Wish

pytestmark = pytest.mark.browser
PRICES, RECONCILIATION = "/kosten/preise", "/kosten/abgleich"


def file(name: str, text: str) -> Any:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def test_a_model_without_a_price_and_an_old_rate_are_named_first(open_page: Any) -> None:
    page = open_page(PRICES, "jonas")
    expect(page.locator(".page-head")).to_contain_text("Ohne Preis: 1 von 5 Modellen im Einsatz.")
    expect(page.locator(".notice").first).to_contain_text("31.12.2024 und damit 686 Tage alt")
    rows = page.locator("section[aria-labelledby=gelten] tbody tr")
    expect(rows.first).to_contain_text("unbekannt-70b")
    expect(rows.first).to_contain_text("ohne Preis")
    mistral = rows.filter(has_text="mistral-large-latest")
    expect(mistral).to_contain_text("1,0389 USD je Euro")
    expect(mistral).to_contain_text("darin 10\u00a0% Zuschlag für die Region")
    expect(mistral).to_contain_text("08.10.2026")
    expect(page.locator("main")).to_contain_text("497 der letzten 500 gebuchten Vorgänge")


def test_a_list_is_compared_and_then_taken(open_page: Any, desk: Any) -> None:
    page = open_page(PRICES, "jonas")
    page.get_by_label("Datei", exact=True).set_input_files(file("neu.json", "[1]"))
    page.get_by_role("button", name="Vergleichen").click()
    expect(page.locator("section[aria-labelledby=vergleich]")).to_contain_text("+5,23\u00a0€")
    expect(page.locator("section[aria-labelledby=vergleich] tbody tr").first).to_contain_text("steigt")
    page.get_by_role("button", name="Preise in Kraft setzen").click()
    expect(page.get_by_role("status").first).to_contain_text("gelten ab der nächsten Anfrage")
    assert desk.house.prices.acts == [("propose", "neu.json", 3), "jonas", ("take", "prl_neu"), "jonas"]


def test_a_file_that_is_no_list_says_so_and_no_file_too(open_page: Any, desk: Any) -> None:
    page = open_page(PRICES, "jonas", expect_errors=True)
    page.get_by_label("Datei", exact=True).set_input_files(file("bild.csv", "x"))
    page.get_by_role("button", name="Vergleichen").click()
    expect(page.get_by_role("alert")).to_contain_text("„bild.csv“ ist keine Preisliste.")
    page.locator("form").evaluate_all("forms => forms.forEach(form => { form.noValidate = true; })")
    page.get_by_role("button", name="Kurse importieren").click()
    expect(page.get_by_role("alert")).to_contain_text("Wählen Sie eine Datei.")
    assert desk.house.prices.acts == []


def test_rates_are_imported(open_page: Any, desk: Any) -> None:
    page = open_page(PRICES, "jonas")
    page.get_by_label("Kursdatei der EZB").set_input_files(file("eurofxref.csv", "Date, USD"))
    page.get_by_role("button", name="Kurse importieren").click()
    expect(page.get_by_role("status").first).to_contain_text("Die Wechselkurse gelten.")
    assert desk.house.prices.acts == [("rates", "eurofxref.csv", b"Date, USD"), "jonas"]


def test_without_anything_missing_the_page_is_quiet(open_page: Any, desk: Any) -> None:
    desk.house.prices.priced, desk.house.prices.versions = True, ()
    page = open_page(PRICES, "jonas")
    expect(page.locator(".page-head")).to_contain_text("Jedes Modell im Einsatz hat einen Preis (4).")
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Noch nichts importiert")


def test_differences_of_people_are_shown_without_name_and_sums(open_page: Any) -> None:
    page = open_page(RECONCILIATION, "jonas")
    rows = page.locator("section[aria-labelledby=grenzen] tbody tr")
    expect(rows.nth(0)).to_contain_text("Person · 2026-11-17")
    expect(rows.nth(0)).to_contain_text("Zähler zu hoch")
    expect(rows.nth(0)).to_contain_text("800")
    expect(page.locator("main")).not_to_contain_text("anna")
    expect(rows.nth(1)).to_contain_text("Unternehmen · 2026-11")
    expect(rows.nth(1)).to_contain_text("behoben")


def test_the_proof_runs_at_once_when_it_is_wanted(open_page: Any, desk: Any) -> None:
    page = open_page(RECONCILIATION, "jonas")
    page.get_by_role("button", name="Jetzt prüfen").click()
    expect(page.get_by_role("status").first).to_contain_text("Der Abgleich der Grenzen ist gelaufen.")
    assert desk.house.reconciliation.acts == ["verify", "jonas"]


def test_an_invoice_is_compared_and_shows_what_differs_and_why(open_page: Any, desk: Any) -> None:
    page = open_page(RECONCILIATION, "jonas", expect_errors=True)
    page.get_by_label("CSV-Datei").set_input_files(file("rechnung.csv", "Datum;x"))
    page.get_by_role("button", name="Vergleichen").click()
    expect(page.get_by_role("alert")).to_contain_text("Zeile 2: „x“ ist kein Tag.")
    page.get_by_label("Anbieter der Rechnung").select_option("mistral")
    page.get_by_label("CSV-Datei").set_input_files(file("rechnung.csv", "Datum;x"))
    page.get_by_text("Spalten selbst zuordnen").click()
    page.get_by_label("Spalten", exact=True).fill("day=Datum, model=Modell, amount=Betrag")
    page.get_by_label("Tage der Datei").select_option("local")
    page.get_by_role("button", name="Vergleichen").click()
    result = page.locator("section[aria-labelledby=ergebnis]")
    expect(result).to_contain_text(
        "Berechnet 38,51\u00a0€, hier gebucht 31,20\u00a0€, Unterschied +7,31\u00a0€."
    )
    expect(result.locator("tbody tr").filter(has_text="gpt-4o").nth(1)).to_contain_text(
        "mit anderen Schlüsseln"
    )
    columns = {"day": "Datum", "model": "Modell", "amount": "Betrag"}
    assert desk.house.reconciliation.acts == [
        Wish("mistral", "rechnung.csv", b"Datum;x", "", columns, "EUR", "local"), "jonas",
    ]  # fmt: skip


def test_before_the_first_night_the_page_says_when(open_page: Any, desk: Any) -> None:
    desk.house.reconciliation.empty = True
    page = open_page(RECONCILIATION, "jonas")
    expect(page.locator("main")).to_contain_text("Der erste Lauf ist in der kommenden Nacht um 03:10.")
    expect(page.locator("main")).to_contain_text("Noch keine Rechnung verglichen")


def test_people_without_the_right_see_neither(open_page: Any) -> None:
    for path in (PRICES, RECONCILIATION):
        page = open_page(path, "anna", expect_errors=True)
        expect(page.locator("main")).not_to_contain_text("Eingabe")


@pytest.mark.parametrize("path", [f"{PRICES}?vergleich=prl_neu", f"{RECONCILIATION}?abgleich=inv_eins"])
def test_the_pages_are_accessible(open_page: Any, path: str) -> None:
    check(open_page(path, "jonas"))
