"""The page Monatsrückblick with a browser: figures, advice, notes, exports."""

from typing import Any

import pytest
from memory_reviews import REVIEW
from playwright.sync_api import expect
from test_web_accessible import check
from web_client import fetch

from leitstand.core.money import euro

pytestmark = pytest.mark.browser
PAGE = "/kosten/monatsrueckblick"


def test_a_review_tells_cost_change_and_its_causes(open_page: Any) -> None:
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text(
        "1.284,00\u00a0€, +94,00\u00a0€ gegenüber dem Vormonat"
    )
    causes = page.locator("section[aria-labelledby=ursachen]")
    expect(causes).to_contain_text("mehr oder weniger Anfragen")
    expect(causes).to_contain_text("\u2212121,00\u00a0€")
    groups = page.locator("section[aria-labelledby=nach-use_case]")
    expect(groups).to_contain_text("angebote")
    expect(groups).to_contain_text("zu kleine Gruppen zusammen")
    expect(page.locator("section[aria-labelledby=grenzen]")).to_contain_text("7 von 61 haben sie erreicht")
    expect(page.locator("section[aria-labelledby=guenstiger]")).to_contain_text("89,00\u00a0€")


def test_notes_are_kept(open_page: Any, desk: Any) -> None:
    page = open_page(PAGE, "jonas")
    page.get_by_label("Was besprochen").fill("Grenze bleibt.")
    page.get_by_role("button", name="Notizen speichern").click()
    expect(page.get_by_role("status").first).to_contain_text("Die Notizen sind gespeichert")
    expect(page.get_by_label("Was besprochen")).to_have_value("Grenze bleibt.")
    assert desk.house.reviews.acts == [("2026-10", "Grenze bleibt.")]


def test_without_a_review_it_offers_to_make_one(open_page: Any, desk: Any) -> None:
    desk.house.reviews.kept = None
    page = open_page(PAGE, "jonas")
    expect(page.locator(".page-head")).to_contain_text("noch keinen Rückblick")
    page.get_by_role("button", name="Rückblick erstellen").click()
    expect(page.get_by_role("status").first).to_contain_text("Der Rückblick ist erstellt")
    assert desk.house.reviews.acts == [("generate", "2026-10")]


def test_it_leaves_as_csv_and_markdown_with_the_same_figures(desk: Any) -> None:
    session = desk.house.sessions.enter("jonas@musterwerk.example")
    table = fetch(desk.base, "GET", f"{PAGE}/2026-10.csv", session=session)
    assert table.headers["content-disposition"] == 'attachment; filename="monatsrueckblick-2026-10.csv"'
    assert f"2026-10;totals;;cost_eur;{euro(REVIEW.totals.cost_nano)}" in table.text
    text = fetch(desk.base, "GET", f"{PAGE}/2026-10.md", session=session).text
    assert text.startswith("# Monatsrückblick 2026-10")
    assert "1.284,00 €" in text
    assert "Grenze für Angebote auf 850 € erhöht." in text
    gone = fetch(desk.base, "GET", f"{PAGE}/1999-01.csv", session=session)
    assert gone.status == 303


def test_users_may_not_open_it(desk: Any) -> None:
    session = desk.house.sessions.enter("anna@musterwerk.example")
    for path in (PAGE, f"{PAGE}/2026-10.csv", f"{PAGE}/2026-10.md"):
        assert fetch(desk.base, "GET", path, session=session).status == 403


def test_it_is_accessible_full_and_empty(open_page: Any, desk: Any) -> None:
    check(open_page(PAGE, "jonas"))
    desk.house.reviews.kept = None
    check(open_page(PAGE, "jonas", language="en"))
