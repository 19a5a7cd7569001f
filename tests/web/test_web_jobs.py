"""The page Hintergrundarbeiten with a browser: jobs, their runs, workers and backups."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

pytestmark = pytest.mark.browser
PAGE = "/betrieb/aufgaben"


def test_each_job_says_how_it_is_and_when_it_is_due(open_page: Any) -> None:
    rows = open_page(PAGE, "jonas").locator("#aufgaben tbody tr")
    expect(rows.nth(0)).to_contain_text("läuft, 25 %")
    expect(rows.nth(1)).to_contain_text("täglich um 02:00")
    expect(rows.nth(1)).to_contain_text("412,3 MB")
    expect(rows.nth(2)).to_contain_text("gescheitert")
    expect(rows.nth(3)).to_contain_text("nur auf Wunsch")


def test_a_run_shows_its_steps_and_their_faults(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_role("link", name="Aufbewahrung").click()
    expect(page.locator("#verlauf")).to_contain_text("disk I/O error")
    expect(page.locator("#verlauf")).to_contain_text("nach Plan")


def test_work_can_be_asked_for_ended_and_refused(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_role("button", name="Jetzt sichern").click()
    expect(page.get_by_role("status")).to_contain_text("vorgemerkt")
    page.get_by_role("button", name="Abbrechen Abgleich").click()
    expect(page.get_by_role("status")).to_contain_text("endet nach")
    assert [what for _, what in desk.house.jobs.asked] == ["backup", "abgleich/1"]


def test_backups_are_listed_with_their_verdict(open_page: Any) -> None:
    shelf = open_page(PAGE, "jonas").locator("#sicherung")
    expect(shelf).to_contain_text("gesichert und geprüft")
    expect(shelf.locator("tbody tr").nth(0)).to_contain_text("Probe bestanden")
    expect(shelf.locator("tbody tr").nth(1)).to_contain_text("ungeprüft")


def test_without_a_folder_and_a_worker_it_says_what_to_do(open_page: Any, desk: Any) -> None:
    desk.house.jobs.idle = True
    page = open_page(PAGE, "jonas")
    expect(page.locator("pre.code")).to_contain_text("backup:")
    expect(page.locator("main")).to_contain_text("leitstand worker")
    expect(page.locator("#sicherung")).to_contain_text("überfällig")
    check(page)


def test_the_page_is_accessible(open_page: Any) -> None:
    check(open_page(f"{PAGE}?aufgabe=retention", "jonas"))
