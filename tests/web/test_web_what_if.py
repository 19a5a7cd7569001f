"""The pages Was wäre wenn and Blindvergleich with a browser: ask, read, compare, judge without knowing whose answer it is."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

pytestmark = pytest.mark.browser
PAGE = "/kosten/was-waere-wenn"


def test_an_empty_page_says_how_to_begin(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator("main")).to_contain_text("Noch kein Szenario")
    check(page)


def test_the_form_asks_for_what_was_filled_in_and_nothing_else(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_label("Modell", exact=True).select_option("gross")
    page.get_by_label("Stattdessen").select_option("klein")
    page.get_by_label("mal", exact=True).fill("1,1")
    page.get_by_label("Längste Antwort in Tokens").fill("800")
    page.get_by_role("button", name="Nachrechnen", exact=True).click()
    expect(page).to_have_url(f"{desk.base}{PAGE}/wif_9")
    (scenario,) = desk.house.what_if.asked
    assert scenario.replace == {"gross": "klein"}
    assert scenario.price_factors == {"*": Decimal("1.1")}
    assert scenario.max_output_tokens == {"*": 800}
    assert (scenario.cache, scenario.exchange_rates, scenario.use_cases) == ({}, {}, ())


def test_a_file_asks_too_and_its_faults_stay_on_the_page(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas", expect_errors=True)
    page.get_by_label("Szenario (YAML)").fill("period: {begin: 2026-11-01, end: 2026-11-02}\nmodell: x")
    page.get_by_role("button", name="Datei nachrechnen").click()
    expect(page.get_by_role("alert")).to_contain_text("„modell“ ist unbekannt")
    expect(page.get_by_label("Szenario (YAML)")).to_have_value(
        "period: {begin: 2026-11-01, end: 2026-11-02}\nmodell: x"
    )
    assert desk.house.what_if.asked == []


def test_a_result_begins_with_the_answer_and_shows_interval_speed_and_switch(
    open_page: Any, desk: Any
) -> None:
    desk.house.what_if.fill()
    page = open_page(f"{PAGE}/wif_1", "jonas")
    expect(page.locator(".page-head")).to_contain_text(
        "Es hätte 512 € statt 1.204 € gekostet, erwartet werden 410 € bis 690 €."
    )
    main = page.locator("main")
    for text in (
        "Übrige, je weniger als 5 Personen", "4,2 s → 1,9 s", "nicht bekannt", "gemessen an 40 gleichen Fragen",
        "auf den Nanoeuro genau", "provider: anthropic-eu", "231: Richtlinie",
    ):  # fmt: skip
        expect(main).to_contain_text(text)
    check(page)


def test_the_switch_is_a_file(open_page: Any, desk: Any) -> None:
    desk.house.what_if.fill()
    page = open_page(f"{PAGE}/wif_1", "jonas")
    with page.expect_download() as download:
        page.get_by_role("link", name="Als Datei laden").click()
    assert download.value.path().read_text().startswith("# What the scenario would change.")


def test_a_running_scenario_shows_its_days_and_then_its_result(open_page: Any, desk: Any) -> None:
    what_if = desk.house.what_if
    what_if.fill()
    page = open_page(f"{PAGE}/wif_3", "jonas")
    expect(page.locator("#stand")).to_contain_text("4 von 30 Tagen")
    what_if.kept["wif_3"] = what_if.kept["wif_1"]
    expect(page.locator(".page-head")).to_contain_text("Es hätte 512", timeout=8000)


def test_scenarios_are_compared_side_by_side(open_page: Any, desk: Any) -> None:
    desk.house.what_if.fill()
    page = open_page(PAGE, "jonas")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Angekreuzte vergleichen").click()
    row = page.locator("tbody tr").filter(has_text="Mit dem Szenario")
    expect(row).to_contain_text("512 €")
    expect(row).to_contain_text("1.324 €")
    check(page)


def test_a_scenario_is_removed(open_page: Any, desk: Any) -> None:
    desk.house.what_if.fill()
    page = open_page(f"{PAGE}/wif_2", "jonas")
    page.get_by_text("Szenario löschen …").click()
    page.get_by_role("button", name="Szenario löschen").click()
    expect(page).to_have_url(f"{desk.base}{PAGE}")
    assert "wif_2" not in desk.house.what_if.kept


def test_people_without_the_right_do_not_see_it(open_page: Any) -> None:
    page = open_page(PAGE, "anna", expect_errors=True)
    expect(page.locator("main")).not_to_contain_text("Szenario")


def test_pairs_are_judged_blindly_and_the_score_comes_at_the_end(open_page: Any, desk: Any) -> None:
    blind = desk.house.blind
    trial = blind.prepare()
    page = open_page(f"/qualitaet/blindvergleich/{trial}", "jonas")
    main = page.locator("main")
    expect(main).to_contain_text("0 von 2 Paaren")
    expect(main).not_to_contain_text("klein")
    check(page)
    for _ in range(2):
        left = "Der Preis ist auf Anfrage" not in page.locator("#links").locator("xpath=../..").inner_text()
        page.get_by_role("button", name="A ist besser" if left else "B ist besser").click()
    expect(main).to_contain_text("2 von 2 Paaren")
    expect(main).to_contain_text("Stichprobe zu klein: 2 von mindestens 10 Urteilen")
    first = next(vote for vote in blind.rows.of(trial) if vote.case == "preis-bleibt")
    assert first.verdict == "baseline"
    check(page)
