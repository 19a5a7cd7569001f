"""One server and one browser for all tests; every test finds the house as new."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from memory_house import House
from playwright.sync_api import BrowserContext, Page, sync_playwright

from leitstand.web.security import LANGUAGE_COOKIE, SESSION_COOKIE, THEME_COOKIE
from leitstand.web.site import build_site

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Desk:
    """A running site. base: its address without a path."""

    house: House
    base: str


@pytest.fixture(scope="session")
def server() -> Iterator[Desk]:
    house = House()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        build_site(house.ports()), log_level="warning", lifespan="off", timeout_graceful_shutdown=1
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Desk(house, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        running.should_exit = True
        thread.join(10)
        listener.close()
    assert not thread.is_alive()


@pytest.fixture
def desk(server: Desk) -> Desk:
    server.house.renew()
    return server


@pytest.fixture(scope="session")
def browser_context() -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(reduced_motion="reduce")
        context.set_default_timeout(10_000)
        yield context
        browser.close()


@dataclass
class Watched:
    """What a page did that it should not: console errors, exceptions, requests to other hosts."""

    base: str
    faults: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on(
            "console",
            lambda message: message.type in ("error", "warning") and self.faults.append(message.text),
        )
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._request(request.url))

    def _request(self, url: str) -> None:
        if not url.startswith((self.base, "data:")):
            self.faults.append(f"foreign request {url}")


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(desk: Desk, browser_context: BrowserContext) -> Iterator[OpenPage]:
    """Opens a path, signed in as `who`; fails the test when the page misbehaved (`expect_errors` allows it)."""
    watched = Watched(desk.base)
    tolerated: list[Page] = []
    opened: list[Page] = []

    def open_(
        path: str, who: str = "", *, width: int = 1440, height: int = 900, theme: str = "light",
        language: str = "de", expect_errors: bool = False,
    ) -> Page:  # fmt: skip
        cookies = {THEME_COOKIE: theme, LANGUAGE_COOKIE: language}
        if who:
            cookies[SESSION_COOKIE] = desk.house.sessions.enter(f"{who}@musterwerk.example")
        browser_context.add_cookies(
            [{"name": name, "value": value, "url": desk.base} for name, value in cookies.items() if value]
        )
        page = browser_context.new_page()
        opened.append(page)
        page.set_viewport_size({"width": width, "height": height})
        watched.follow(page)
        tolerated.extend([page] if expect_errors else [])
        page.goto(desk.base + path)
        return page

    yield open_
    for page in opened:
        page.close()
    browser_context.clear_cookies()
    assert tolerated or not watched.faults
