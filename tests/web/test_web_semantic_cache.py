"""The page Zwischenspeicher with a browser: hits, savings, reasons; no texts."""

from typing import Any

import pytest
from playwright.sync_api import expect
from test_web_accessible import check

from leitstand.gateway.agreement import KINDS
from leitstand.reports.semantic import SemanticSnapshot
from leitstand.web.pages.zwischenspeicher import REASONS

pytestmark = pytest.mark.browser
PAGE = "/kosten/zwischenspeicher"


def test_it_says_what_the_semantic_cache_saved_and_why_it_refused(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text("In 30 Tagen 217 Fragen")
    row = page.locator("tr", has_text="angebote").first
    expect(row).to_contain_text("214")
    expect(row).to_contain_text("anderes Wort 31, Zahl, Einheit oder Datum 12")
    expect(row).to_contain_text("Vergleich ausgelastet 2")
    expect(page.locator("#abgelehnt")).to_be_visible()
    check(page)


def test_where_no_use_case_wishes_it_the_page_shows_how_to_switch_it_on(open_page: Any, desk: Any) -> None:
    desk.house.semantic_cache.shown = SemanticSnapshot()
    page = open_page(PAGE, "jonas")
    expect(page.locator("main")).to_contain_text("semantic_cache: true")


def test_where_it_cannot_run_the_page_says_so(open_page: Any, desk: Any) -> None:
    desk.house.semantic_cache.installed = False
    expect(open_page(PAGE, "jonas").locator("main")).to_contain_text("braucht Linux auf x86-64")


def test_every_reason_has_words() -> None:
    assert {*KINDS, "people", "policy"} == set(REASONS)
