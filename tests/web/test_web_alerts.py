"""The pages Meldungen and Meldungsregeln with a browser: what is grave comes first, and acts reach the house."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

from leitstand.monitoring.desk import SilenceWish

pytestmark = pytest.mark.browser
PAGE = "/betrieb/meldungen"
RULES = "/betrieb/meldungen/regeln"


def test_the_gravest_alert_stands_on_top_with_what_to_do(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text("Offen: 2, davon kritisch: 1.")
    first = page.locator("section.panel").first
    expect(first).to_contain_text("openai-eu")
    expect(first).to_contain_text("angebote, mandantenbrief")
    expect(first.get_by_role("link", name="Anleitung öffnen")).to_have_attribute(
        "href", "/betrieb/anleitungen/anbieter-ausgefallen"
    )
    first.get_by_role("button", name="Übernehmen").click()
    expect(page.get_by_role("status").first).to_contain_text("Sie haben die Meldung übernommen")
    assert desk.house.alerts.acts == [("ack", "jonas", "alt_1")]


def test_muted_alerts_say_why(open_page: Any) -> None:
    muted = open_page(PAGE, "jonas").get_by_role("region", name="Stumme Meldungen")
    expect(muted).to_contain_text("erklärt sich durch die Meldung „Anbieter nicht erreichbar“")
    expect(muted).to_contain_text("stumm bis 18.11. 14:32: Umzug des Speichers")


def test_a_warning_is_silenced_with_one_click_and_a_critical_one_is_not(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    assert page.get_by_role("button", name="1 Stunde stumm").count() == 1
    page.get_by_role("button", name="1 Stunde stumm").click()
    (wish,) = desk.house.alerts.acts
    assert wish.matchers == {"rule": "error_rate"}
    assert not wish.maintenance


def test_a_silence_shows_what_it_would_mute_before_it_holds(open_page: Any, desk: Any) -> None:
    page = open_page(f"{PAGE}?stumm=alt_1", "jonas")
    form = page.locator("form[action$=stumm]")
    expect(form.get_by_label("Name")).to_have_value("openai-eu")
    form.get_by_label("Ende").fill("2026-11-18T07:00")
    form.get_by_label("Grund").fill("Wartung beim Anbieter")
    form.get_by_role("button", name="Wirkung ansehen").click()
    expect(page.get_by_role("status").first).to_contain_text("bleibt laut, weil kritisch")
    assert desk.house.alerts.acts == []
    page.get_by_role("button", name="Stummschalten").click()
    (wish,) = desk.house.alerts.acts
    assert isinstance(wish, SilenceWish)
    assert wish.matchers == {"rule": "provider_unreachable", "provider": "openai-eu"}
    assert wish.maintenance
    assert wish.ends_us == 1_794_981_600_000_000  # 07:00 in Berlin


def test_somebody_else_was_quicker(open_page: Any) -> None:
    page = open_page(f"{PAGE}/alt_2", "jonas", expect_errors=True)
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.get_by_role("alert")).to_contain_text("petra hat diese Meldung schon übernommen.")


def test_a_silence_ends_early(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_role("button", name="Beenden").click()
    expect(page.get_by_role("status").first).to_contain_text("beendet")
    assert page.get_by_role("region", name="Stummschaltungen, Tabelle").count() == 0


def test_a_quiet_page_says_since_when(open_page: Any, desk: Any) -> None:
    desk.house.alerts.quiet = True
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text("Alles in Ordnung seit 15.11.")
    expect(page.locator("main [data-status=crit]")).to_have_count(0)


def test_one_alert_tells_its_course_and_who_was_told(open_page: Any) -> None:
    page = open_page(f"{PAGE}/alt_2", "jonas")
    expect(page.locator(".plot[role=img]")).to_have_attribute(
        "aria-label", "Fehlerquote, höchster Wert 8,5\u00a0%"
    )
    expect(page.locator(".plot")).to_contain_text("Grenze 5,0\u00a0%")
    expect(page.get_by_role("region", name="Ablauf, Tabelle")).to_contain_text("leitung: gemeldet")
    check(page)


def test_rules_tell_their_limits_and_how_often_they_would_have_fired(open_page: Any) -> None:
    page = open_page(RULES, "jonas")
    row = page.locator("tr").filter(has_text="Fehlerquote erhöht")
    expect(row).to_contain_text("Warnung über 5,0\u00a0%, wenn 1\u00a0min lang; vorbei bei 3,0\u00a0%")
    expect(row).to_contain_text("nie in 30 Tagen")
    expect(page.get_by_role("region", name="Signale, Tabelle")).to_contain_text("7,1\u00a0% (openai-eu)")
    check(page)


def test_a_change_is_tried_on_the_past_and_then_kept(open_page: Any, desk: Any) -> None:
    page = open_page(f"{RULES}/error_rate", "jonas")
    page.get_by_label("Warnung über").fill("7")
    page.get_by_role("button", name="Auf die letzten 30 Tage anwenden").click()
    expect(page.locator("main")).to_contain_text("So wie jetzt, Meldungen in 30 Tagen: 2")
    expect(page.locator("main")).to_contain_text("Mit der Änderung, Meldungen in 30 Tagen: 1")
    expect(page.get_by_label("Warnung über")).to_have_value("7")
    assert desk.house.alert_rules.acts == []
    check(page)
    page.get_by_role("button", name="Regel speichern").click()
    expect(page.get_by_role("status").first).to_contain_text("Die Regel gilt.")
    (body,) = desk.house.alert_rules.acts
    assert body["warning"] == {"above": 0.07, "clears": 0.03, "for_minutes": 1.0}
    assert "critical" not in body
    page.goto(page.url.split("?")[0] + "/error_rate")
    page.get_by_role("button", name="Auf Auslieferung zurücksetzen").click()
    assert desk.house.alert_rules.acts[1:] == ["error_rate"]


def test_an_own_rule_needs_a_limit(open_page: Any, desk: Any) -> None:
    page = open_page(f"{RULES}/neu", "jonas", expect_errors=True)
    page.get_by_label("Kurzname").fill("platte_mehr")
    page.get_by_label("Titel").fill("Platte")
    page.get_by_label("Signal").select_option("disk_used")
    page.get_by_role("button", name="Auf die letzten 30 Tage").click()
    expect(page.get_by_role("alert")).to_contain_text("Setzen Sie eine Grenze")
    page.get_by_label("Kritisch über").fill("60")
    page.get_by_role("button", name="Regel speichern").click()
    (body,) = desk.house.alert_rules.acts
    assert (body["signal"], body["critical"]["above"], body["title"]) == ("disk_used", 0.6, "Platte")


def test_a_typing_error_is_told_and_nothing_is_kept(open_page: Any, desk: Any) -> None:
    page = open_page(f"{RULES}/error_rate", "jonas", expect_errors=True)
    page.get_by_label("Warnung über").fill("viel")
    page.get_by_role("button", name="Regel speichern").click()
    expect(page.get_by_role("alert")).to_contain_text("„viel“ ist keine Zahl.")
    assert desk.house.alert_rules.acts == []


def test_alerts_are_accessible(open_page: Any) -> None:
    check(open_page(PAGE, "jonas"))


def test_people_without_the_right_do_not_see_alerts(open_page: Any) -> None:
    page = open_page(PAGE, "anna", expect_errors=True)
    expect(page.locator("main")).not_to_contain_text("openai-eu")
