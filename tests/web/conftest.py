"""A real server per test, one browser for all."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from memory_house import House
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

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


@pytest.fixture
def desk() -> Iterator[Desk]:
    house = House()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        build_site(house.ports()), log_level="warning", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Desk(house, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
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
def open_page(desk: Desk, browser: Browser) -> Iterator[OpenPage]:
    """Opens a path in a fresh context; fails the test when the page misbehaved (`expect_errors` allows it)."""
    contexts: list[BrowserContext] = []
    watched = Watched(desk.base)
    tolerant = []

    def open_(path: str, who: str = "", *, width: int = 1440, height: int = 900, theme: str = "light",
              language: str = "de", expect_errors: bool = False, **options: object) -> Page:  # fmt: skip
        context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.set_default_timeout(8000)
        cookies = {THEME_COOKIE: theme, LANGUAGE_COOKIE: language}
        if who:
            cookies[SESSION_COOKIE] = desk.house.sessions.enter(f"{who}@musterwerk.example")
        context.add_cookies(
            [{"name": name, "value": value, "url": desk.base} for name, value in cookies.items() if value]
        )
        page = context.new_page()
        watched.follow(page)
        if expect_errors:
            tolerant.append(page)
        page.goto(desk.base + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert tolerant or not watched.faults
