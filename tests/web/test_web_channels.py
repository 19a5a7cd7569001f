"""The page Meldewege with a browser: channels with their state and a test, who hears of what, swaps on call."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

pytestmark = pytest.mark.browser
PAGE = "/betrieb/meldewege"


def test_each_channel_says_whether_it_delivers_and_why_not(open_page: Any) -> None:
    rows = open_page(PAGE, "jonas").locator("#wege tbody tr")
    expect(rows.nth(0)).to_contain_text("it@musterwerk.example")
    expect(rows.nth(0)).to_contain_text("stellt zu")
    expect(rows.nth(1)).to_contain_text("HTTP 503, seit")
    expect(rows.nth(3)).to_contain_text("noch nie benutzt")


def test_a_test_says_whether_it_arrived(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_role("button", name="Probe senden it", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("angenommen")
    page.get_by_role("button", name="Probe senden team").click()
    expect(page.get_by_role("alert")).to_contain_text("HTTP 503")
    assert [each.rpartition(" ")[0] for each in desk.house.channels.asked] == ["test it", "test team"]


def test_it_tells_who_would_be_called_now(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator("#antwort")).to_contain_text("Sofort: sms-anna.")
    expect(page.locator("#antwort")).to_contain_text("Nach 15 Minuten, wenn niemand übernommen hat: team.")
    page.get_by_label("Wenn jetzt dies geschieht").select_option("budget_low")
    page.get_by_label("Schwere").select_option("warning")
    page.get_by_role("button", name="Zeigen").click()
    expect(page.locator("#antwort")).to_contain_text("Mit Beginn der Arbeitszeit")


def test_turns_can_be_swapped_and_swapped_back(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator("#bereitschaft tbody").nth(0)).to_contain_text("statt Anna Berger")
    page.get_by_label("Wer übernimmt").select_option("Anna Berger")
    page.get_by_label("Erster Tag").fill("2026-11-24")
    page.get_by_label("Letzter Tag").fill("2026-11-25")
    page.get_by_role("button", name="Tauschen").click()
    expect(page.get_by_role("status")).to_contain_text("Der Tausch gilt")
    page.get_by_role("button", name="Aufheben Ben Kurz").click()
    expect(page.get_by_role("status")).to_contain_text("aufgehoben")
    assert desk.house.channels.asked == [
        "swap 2026-11-24 2026-11-25 Anna Berger", "undo 2026-11-19 2026-11-20 Ben Kurz",
    ]  # fmt: skip


def test_a_swap_that_makes_no_sense_is_refused_in_words(open_page: Any) -> None:
    page = open_page(PAGE, "jonas", expect_errors=True)
    page.get_by_label("Erster Tag").fill("2026-11-25")
    page.get_by_label("Letzter Tag").fill("2026-11-24")
    page.get_by_role("button", name="Tauschen").click()
    expect(page.get_by_role("alert")).to_contain_text("vor dem ersten")


def test_without_channels_it_says_how_to_set_them_up(open_page: Any, desk: Any) -> None:
    desk.house.channels.empty = True
    page = open_page(PAGE, "jonas")
    expect(page.locator("#wege pre.code")).to_contain_text("kind: email")
    expect(page.locator("#bereitschaft pre.code")).to_contain_text("on_call:")
    check(page)


def test_the_page_is_accessible(open_page: Any) -> None:
    check(open_page(PAGE, "jonas"))
