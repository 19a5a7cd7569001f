"""Builds the pages as one ASGI application, to be mounted at `/` behind everything with a name of its own."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from leitstand.core.i18n import load_translators
from leitstand.web import pages
from leitstand.web.assets import Assets
from leitstand.web.page import Page
from leitstand.web.ports import Ports
from leitstand.web.problems import Border, Problems
from leitstand.web.render import build_environments
from leitstand.web.security import SecurityHeaders
from leitstand.web.visit import Desk

LOCALES = Path(__file__).parent / "locale"
_MAX_BODY_BYTES = 1_000_000


def build_site(ports: Ports) -> Starlette:
    """All pages, static files and error pages. ports: see ports.py.

    A page is a file in `pages/` with a constant `PAGE`; nothing else needs to know it.
    """
    shelf = find_pages()
    translators = load_translators(LOCALES)
    assets = Assets()
    desk = Desk(
        ports=ports,
        environments=build_environments(translators, assets, {}),
        translators=translators,
        assets=assets,
        entries=tuple(entry for page in shelf for entry in page.entries),
    )
    problems = Problems(desk)
    routes: Sequence[BaseRoute] = [
        Route("/static/{version}/{name:path}", assets.serve, methods=["GET"]),
        *(route for page in shelf for route in page.routes(desk)),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders), Middleware(Border, problems=problems)],
        exception_handlers=problems.handlers(),
        max_body_size=_MAX_BODY_BYTES,
    )


def find_pages() -> tuple[Page, ...]:
    """Every page on the shelf, by file name; raises ValueError when two claim the same slug."""
    found: dict[str, Page] = {}
    for module in iter_modules(pages.__path__):
        page = getattr(import_module(f"{pages.__name__}.{module.name}"), "PAGE", None)
        if isinstance(page, Page) and found.setdefault(page.slug, page) is not page:
            raise ValueError(f"two pages are called {page.slug!r}")
    return tuple(found.values())
