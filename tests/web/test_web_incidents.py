"""Incidents, runbooks and the status page with a browser: the next step, ticks, duties, and what employees are told."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check
from web_client import fetch

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.public_status import Disturbance
from leitstand.web.incident_ports import HeartState

pytestmark = pytest.mark.browser
HOME = "/betrieb/vorfaelle"
NUMBER = "V-2026-031"
PAGE = f"{HOME}/{NUMBER}"


def test_the_list_names_what_is_open_with_its_state_and_the_heartbeat(open_page: Any) -> None:
    page = open_page(HOME, "jonas")
    expect(page.get_by_role("region", name="Offene Vorfälle")).to_contain_text(
        "Anbieter nicht erreichbar: openai-eu"
    )
    expect(page.get_by_role("region", name="Geschlossene Vorfälle")).to_contain_text("Platte läuft voll")
    expect(page.locator("main")).to_contain_text("schlägt")
    check(page)


def test_without_incidents_it_is_quiet_and_a_silent_heart_is_told(open_page: Any, desk: Any) -> None:
    desk.house.incidents.kept.clear()
    desk.house.incidents.heart_ = HeartState(True, None, 1, "no alert channel delivers")
    page = open_page(HOME, "jonas")
    expect(page.locator("main")).to_contain_text("Nichts zu tun")
    expect(page.locator("main")).to_contain_text("no alert channel delivers")


def test_the_page_leads_from_taking_over_through_the_runbook(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator(".panel.next")).to_contain_text("Übernehmen Sie den Vorfall")
    page.get_by_role("button", name="Ich übernehme").click()
    expect(page.locator(".panel.next")).to_contain_text("Nächster Schritt, 1 von 5")
    page.locator(".panel.next").get_by_role("button", name="Erledigt").click()
    expect(page.locator(".panel.next")).to_contain_text("Nächster Schritt, 2 von 5")
    expect(page.locator(".runbook li.done")).to_have_count(1)
    assert desk.house.incidents.kept[NUMBER].incident.lead == "jonas"


def test_notes_tasks_and_the_post_mortem_are_kept(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_label("Notiz").fill("Statusseite des Anbieters: Störung in der Region")
    page.get_by_role("button", name="Notieren").click()
    expect(page.locator(".timeline")).to_contain_text("Störung in der Region")
    page.get_by_label("Neue Aufgabe").fill("Drittes Ziel aufnehmen")
    page.get_by_label("Wer", exact=True).fill("jonas")
    page.get_by_role("button", name="Aufgabe anlegen").click()
    page.get_by_role("button", name="Erledigt Drittes Ziel aufnehmen").click()
    page.get_by_role("button", name="Fassung speichern").click()
    expect(page.locator("main")).to_contain_text("Fassung 1")
    view = desk.house.incidents.kept[NUMBER]
    assert view.tasks[0].done_by == "jonas"
    assert "# Nachbereitung V-2026-031" in view.post_mortem.text


def test_a_breach_shows_its_deadlines_and_the_draft(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_text("Einstufung ändern").click()
    page.get_by_label("Waren personenbezogene Daten").select_option("breach")
    page.get_by_label("Begründung").fill("Namen im Klartext")
    page.get_by_role("button", name="Einstufen").click()
    duties = page.get_by_role("region", name="Meldepflichten")
    for text in (
        "Meldung nach Art. 33 DSGVO",
        "noch 72 Stunden",
        "NIS2: Frühwarnung",
        "NIS2: Abschlussbericht",
    ):
        expect(duties).to_contain_text(text)
    duties.get_by_text("Entwurf der Meldung").click()
    assert "Namen im Klartext" in page.locator("#meldung").input_value()
    check(page)


def test_closing_while_an_alert_fires_says_why_not(open_page: Any) -> None:
    page = open_page(PAGE, "jonas", expect_errors=True)
    page.get_by_role("button", name="Vorfall schließen").click()
    expect(page.get_by_role("alert")).to_contain_text("noch offen")


def test_employees_read_the_message_on_the_status_page_and_in_the_chat(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_label("Auf Deutsch").fill("Antworten dauern zurzeit länger")
    page.get_by_label("Voraussichtlich bis").fill("2026-11-18T06:30")
    page.get_by_role("button", name="Veröffentlichen").click()
    expect(page.locator("main")).to_contain_text("voraussichtlich bis 18.11.")
    status = open_page("/status", "anna")
    for text in (
        "Es gibt eine Störung",
        "Antworten dauern zurzeit länger",
        "Voraussichtlich bis 18.11. 06:30",
    ):
        expect(status.locator("main")).to_contain_text(text)
    expect(status.locator("main")).not_to_contain_text("openai-eu")
    check(status)
    chat = open_page("/chat", "anna")
    expect(chat.locator(".chat-status")).to_contain_text("Antworten dauern zurzeit länger")
    check(chat)


def test_the_chat_is_silent_about_models_that_the_person_does_not_have(open_page: Any, desk: Any) -> None:
    desk.house.incidents.told = (Disturbance(Bilingual("Stillstand", "Down"), 1, None, ("geheim",), True),)
    page = open_page("/status", "anna")
    expect(page.get_by_role("heading", level=1)).to_have_text("Alle Dienste laufen.")


def test_an_incident_is_opened_by_hand(open_page: Any) -> None:
    page = open_page(HOME, "jonas")
    page.get_by_label("Was ist geschehen?").fill("Wartung beim Anbieter")
    page.get_by_role("button", name="Vorfall eröffnen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wartung beim Anbieter")
    expect(page.locator(".panel.next")).to_contain_text("Beschreiben Sie, was Sie beobachten")


def test_runbooks_are_listed_read_and_added_to(open_page: Any, desk: Any) -> None:
    page = open_page("/betrieb/anleitungen", "jonas")
    check(page)
    page.get_by_role("link", name="Anbieter nicht erreichbar", exact=True).first.click()
    expect(page.locator(".runbook li")).to_have_count(5)
    expect(page.locator("main")).to_contain_text("Rhein-Neckar IT")
    page.get_by_label("Telefonnummern").fill("Leitung 7: Frau Vogel")
    page.get_by_role("button", name="Ergänzung speichern").click()
    expect(page.get_by_role("status")).to_contain_text("gespeichert")
    assert desk.house.incidents.written["anbieter-ausgefallen"].text == "Leitung 7: Frau Vogel"
    check(page)


def test_a_runbook_is_there_in_english_too(open_page: Any) -> None:
    page = open_page("/betrieb/anleitungen/verstoss", "jonas", language="en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Security or compliance violation")


def test_the_incident_page_is_accessible(open_page: Any) -> None:
    check(open_page(PAGE, "jonas"))


def test_who_runs_nothing_sees_none_of_it_and_nothing_happens_without_the_token(desk: Any) -> None:
    anna = desk.house.sessions.enter("anna@musterwerk.example")
    jonas = desk.house.sessions.enter("jonas@musterwerk.example")
    for path in (HOME, PAGE, "/betrieb/anleitungen"):
        assert fetch(desk.base, "GET", path, session=anna).status == 403
    assert fetch(desk.base, "POST", f"{PAGE}/uebernehmen", form={}, session=jonas).status == 403
    assert desk.house.incidents.kept[NUMBER].incident.lead == ""
    assert fetch(desk.base, "GET", f"{HOME}/V-2026-999", session=jonas).status == 404
    assert fetch(desk.base, "GET", "/betrieb/anleitungen/unbekannt", session=jonas).status == 404
    exported = fetch(desk.base, "GET", f"{PAGE}/nachbereitung.md", session=jonas)
    assert exported.headers["content-disposition"] == 'attachment; filename="V-2026-031.md"'
    assert exported.text.startswith("# Nachbereitung V-2026-031")
