"""The pages of data protection with a browser: test bench, terms, policy, agreements, erasure."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check
from web_client import fetch

pytestmark = pytest.mark.browser
BENCH, TERMS, POLICY = "/schutz/pruefstand", "/schutz/begriffe", "/schutz/richtlinie"
CONTRACTS, ERASURE = "/schutz/auftragsverarbeiter", "/schutz/loeschung"


def test_the_bench_shows_finds_with_reasons_what_leaves_and_where_to(open_page: Any) -> None:
    page = open_page(BENCH, "jonas")
    page.get_by_label("Text zum Prüfen").fill("Frau Anna Sommer, IBAN DE89370400440532013000")
    page.get_by_role("button", name="Text prüfen").click()
    expect(page.get_by_role("region", name="Funde, Tabelle")).to_contain_text("Prüfsumme stimmt")
    expect(page.locator(".bench-text.mono")).to_have_text("Frau Vorname_001 Person_001, IBAN Konto_001")
    targets = page.get_by_role("region", name="Ziele des Modells, Tabelle")
    expect(targets).to_contain_text("kein gültiger Auftragsverarbeitungsvertrag")
    expect(targets).to_contain_text("1. erlaubt")
    check(page)


def test_an_own_past_question_can_be_chosen_and_users_may_use_the_bench(open_page: Any) -> None:
    page = open_page(BENCH, "anna")
    page.get_by_label("oder eine eigene frühere Frage").select_option("0")
    page.get_by_role("button", name="Text prüfen").click()
    expect(page.locator("mark").first).to_contain_text("Sommer")


def test_the_effect_of_a_term_is_shown_before_it_is_kept(open_page: Any, desk: Any) -> None:
    page = open_page(TERMS, "jonas")
    page.get_by_label("Begriff", exact=True).fill("Teil")
    page.locator("#b-abteilung").fill("einkauf")
    page.get_by_role("button", name="Wirkung zeigen").first.click()
    expect(page.locator("#wirkung ~ *, section:has(#wirkung)").first).to_contain_text("ohne Anlass")
    assert desk.house.privacy.kept == {}
    check(page)
    page.get_by_role("button", name="Begriff speichern").click()
    expect(page.get_by_role("status")).to_contain_text("Gespeichert")
    expect(page.get_by_role("region", name="Begriffe, Tabelle")).to_contain_text("einkauf")
    page.get_by_role("button", name="Entfernen Teil").click()
    expect(page.get_by_text("Noch kein Begriff")).to_be_visible()


def test_a_dangerous_pattern_is_refused_and_stays_in_the_form(open_page: Any, desk: Any) -> None:
    page = open_page(TERMS, "jonas", expect_errors=True)
    page.get_by_label("Name", exact=True).fill("alles")
    page.get_by_label("Regulärer Ausdruck").fill(r"\w+")
    page.get_by_label("Beispiele", exact=True).fill("PRJ-1234")
    page.get_by_role("button", name="Muster speichern").click()
    expect(page.get_by_role("alert")).to_contain_text("ordinary letter")
    expect(page.get_by_label("Regulärer Ausdruck")).to_have_value(r"\w+")
    assert desk.house.privacy.patterns_ == {}


def test_a_list_of_terms_is_read_and_downloaded(open_page: Any, desk: Any) -> None:
    page = open_page(TERMS, "jonas")
    page.get_by_label("CSV mit Semikolon").fill("text;treat\n=Nordlicht;never")
    page.get_by_role("button", name="Liste einlesen").click()
    expect(page.get_by_role("status")).to_contain_text("eingelesen")
    session = desk.house.sessions.enter("jonas@musterwerk.example")
    assert "'=Nordlicht;never" in fetch(desk.base, "GET", f"{TERMS}.csv", session=session).text


def test_the_policy_is_changed_by_whoever_may(open_page: Any, desk: Any) -> None:
    page = open_page(POLICY, "jonas")
    check(page)
    form = page.locator("form", has=page.locator("#regel-special"))
    form.get_by_label("EU", exact=True).check()
    form.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("Die Regel ist geändert")
    expect(page.locator("form", has=page.locator("#regel-special"))).to_contain_text("verlässt das Haus")


def test_a_decision_is_explained_also_of_a_past_request(open_page: Any) -> None:
    page = open_page(POLICY, "jonas")
    page.get_by_label("Modell").select_option("fern")
    page.get_by_label("Klasse der Daten").select_option("personal")
    page.get_by_role("button", name="Entscheidung erklären").click()
    expect(page.get_by_text("erlaubt die Richtlinie beim Modell „fern“ kein Ziel")).to_be_visible()
    page.get_by_text("Warum nicht ein anderer Anbieter?").click()
    expect(page.get_by_role("region", name="Andere Ziele, Tabelle")).to_contain_text(
        "die Richtlinie ließe es zu"
    )
    check(page)
    page.get_by_label("oder Nummer einer Anfrage").fill("req_1")
    page.get_by_role("button", name="Entscheidung erklären").click()
    expect(page.locator("section", has=page.locator("#damals"))).to_contain_text(
        "durch das, was gefunden wurde"
    )


def test_the_register_names_what_is_blocked_and_takes_a_contract(open_page: Any, desk: Any) -> None:
    page = open_page(CONTRACTS, "jonas")
    expect(page.locator(".lead")).to_contain_text("Abgelaufen: azure-eu")
    panel = page.locator("section", has=page.get_by_role("heading", name="openai-us"))
    expect(panel).to_contain_text("Gesperrt für: intern, vertraulich, personenbezogen, besonders geschützt.")
    panel.get_by_text("Vertrag eintragen").click()
    panel.get_by_label("Unterschrieben am").fill("2026-11-01")
    check(page)
    panel.get_by_role("button", name="Vertrag speichern").click()
    expect(page.get_by_role("status")).to_contain_text("Der Vertrag ist eingetragen")
    assert desk.house.policy.providers["openai-us"].dpa is not None
    session = desk.house.sessions.enter("jonas@musterwerk.example")
    assert "| openai-us |" in fetch(desk.base, "GET", f"{CONTRACTS}.md", session=session).text


def test_an_erasure_is_shown_first_and_leaves_a_receipt(open_page: Any, desk: Any) -> None:
    page = open_page(ERASURE, "jonas")
    page.get_by_label("Name, E-Mail-Adresse oder Akte").fill("Anna Kowalczyk")
    page.get_by_role("button", name="Zeigen, was gelöscht würde").click()
    expect(page.get_by_role("heading", name="3 Einträge in 2 Akten würden gelöscht.")).to_be_visible()
    check(page)
    page.get_by_label("Grund").fill("Antrag nach Art. 17")
    page.get_by_role("button", name="Unwiderruflich löschen").click()
    expect(page.get_by_role("status")).to_contain_text("Gelöscht: 3 Einträge")
    expect(page.get_by_role("region", name="Quittungen, Tabelle")).to_contain_text("Antrag nach Art. 17")
    assert [each.original for each in desk.house.erasing.held] == ["Wagner"]
    check(page)


@pytest.mark.parametrize("path", [TERMS, POLICY, CONTRACTS, ERASURE])
def test_people_without_the_right_see_none_of_it(open_page: Any, path: str) -> None:
    page = open_page(path, "anna", expect_errors=True)
    expect(page.locator("form.body")).to_have_count(0)


def test_changes_need_the_token_of_the_session(desk: Any) -> None:
    session = desk.house.sessions.enter("jonas@musterwerk.example")
    form = {"was": "person", "name": "Anna", "grund": "ohne Zeichen"}
    assert fetch(desk.base, "POST", ERASURE, form=form, session=session).status == 403
    assert desk.house.erasing.done == []
