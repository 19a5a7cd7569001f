"""What a file in `pages/` declares about itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.routing import Route

from leitstand.web.navigation import Entry
from leitstand.web.visit import Desk


@dataclass(frozen=True)
class Page:
    """slug: unique name. routes: makes the page's routes for a desk. entries: its places in the navigation."""

    slug: str
    routes: Callable[[Desk], Sequence[Route]]
    entries: tuple[Entry, ...] = ()
