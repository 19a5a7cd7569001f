"""Every page in both themes and two widths: axe finds nothing, nothing scrolls sideways."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PAGES = [
    ("/anmeldung", ""), ("/chat", "anna"), ("/betrieb/it", "jonas"), ("/start", "jonas"),
    ("/styleguide", "jonas"), ("/start", "anna"), ("/betrieb/notfalluebung", "jonas"), ("/gibt-es-nicht", ""),
]  # fmt: skip


WIDE, NARROW = (1440, 900), (360, 740)


def check(page: Page, sizes: tuple[tuple[int, int], ...] = (WIDE, NARROW)) -> None:
    """Both themes at both sizes on one loaded page."""
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        sideways = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sideways <= 0, f"{sideways} px too wide at {width}"
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{width} px {theme}: {found.generate_report()}"


@pytest.mark.parametrize(("path", "who"), PAGES)
def test_pages_are_accessible(open_page: Any, path: str, who: str) -> None:
    check(open_page(path, who, expect_errors=True))


def test_a_conversation_is_accessible(open_page: Any) -> None:
    page = open_page("/chat", "anna")
    page.fill("#frage", "Was kann ich Frau Sommer zusagen?")
    page.keyboard.press("Enter")
    expect(page.locator(".meta")).to_be_visible()
    check(page, (NARROW,))
    page.locator("#view-provider").check(force=True)
    check(page, (WIDE,))


def test_empty_operations_are_accessible(open_page: Any, desk: Any) -> None:
    desk.house.operations.empty = True
    check(open_page("/betrieb/it", "jonas"))


def test_a_failed_sign_in_is_accessible(open_page: Any) -> None:
    page = open_page("/anmeldung", expect_errors=True)
    page.get_by_role("button", name="Anmelden").click()
    check(page)


def test_what_floats_is_accessible(open_page: Any) -> None:
    page = open_page("/betrieb/it", "jonas")
    page.get_by_role("button", name="Konto: Jonas Keller").click()
    check(page, (WIDE,))
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.get_by_role("button", name="Menü öffnen").click()
    expect(page.get_by_role("link", name="System")).to_be_visible()
    check(page, (NARROW,))
