"""Ways out and turns on call for the pages, each step in a thread."""

import asyncio
from datetime import date

from leitstand.app.house import House
from leitstand.monitoring.channel_desk import ChannelBoard, Hearing, Tested
from leitstand.monitoring.values import Severity
from leitstand.web import ports as web


class PageChannels:
    """web.ports.Channels."""

    def __init__(self, house: House) -> None:
        self._desk = house.monitoring.channels

    async def board(self) -> ChannelBoard:
        return await asyncio.to_thread(self._desk.board)

    async def hearing(self, rule: str, severity: Severity) -> Hearing:
        return await asyncio.to_thread(self._desk.hearing, rule, severity)

    async def test(self, viewer: web.Viewer, name: str) -> Tested:
        return await asyncio.to_thread(self._desk.test, name, viewer.name)

    async def swap(self, viewer: web.Viewer, begins: date, ends: date, person: str) -> None:
        await asyncio.to_thread(self._desk.swap, begins, ends, person, viewer.name)

    async def undo_swap(self, viewer: web.Viewer, begins: date, ends: date, person: str) -> None:
        await asyncio.to_thread(self._desk.undo_swap, begins, ends, person, viewer.name)
