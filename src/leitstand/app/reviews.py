"""Monthly reviews for pages."""

import asyncio

from leitstand.reports.review.desk import ReviewDesk
from leitstand.reports.review.repository import Kept
from leitstand.web.ports import Viewer


class PageReviews:
    """Reviews for the page, each step in a thread."""

    def __init__(self, desk: ReviewDesk) -> None:
        self._desk = desk

    async def months(self) -> list[str]:
        """The port's."""
        return await asyncio.to_thread(self._desk.months)

    async def get(self, month: str) -> Kept:
        """The port's."""
        return await asyncio.to_thread(self._desk.get, month)

    def last_month(self) -> str:
        """The port's."""
        return self._desk.last_month()

    async def generate(self, viewer: Viewer, month: str) -> None:
        """The port's."""
        await asyncio.to_thread(self._desk.generate, month, viewer.name)

    async def write(self, viewer: Viewer, month: str, notes: str) -> None:
        """The port's."""
        await asyncio.to_thread(self._desk.write, month, notes, viewer.name)
