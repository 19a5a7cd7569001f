"""What-if scenarios and blind verdicts for the pages (web/ports.py), each step in a thread."""

import asyncio
from collections.abc import Sequence
from datetime import date

from leitstand.answers.blind import BlindState, BlindVotes, Side
from leitstand.answers.quality import Quality
from leitstand.app.house import House
from leitstand.prompts.regression.repository import VoteRows
from leitstand.reports.what_if.scenario import Scenario
from leitstand.reports.what_if.scenarios import Told
from leitstand.web import ports as web


class PageWhatIf:
    """web.ports.WhatIf."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desk = house.what_if

    async def list(self, most: int) -> Sequence[Told]:
        return await asyncio.to_thread(self._desk.scenarios.list, most)

    async def get(self, scenario: str) -> Told:
        return await asyncio.to_thread(self._desk.get, scenario)

    async def ask(self, viewer: web.Viewer, scenario: Scenario) -> str:
        return await asyncio.to_thread(self._desk.ask, scenario, viewer.name)

    async def remove(self, viewer: web.Viewer, scenario: str) -> None:
        await asyncio.to_thread(self._desk.scenarios.remove, scenario, viewer.name)

    async def quality(self, told: Told) -> Sequence[Quality]:
        return await asyncio.to_thread(self._desk.quality, told)

    def choices(self) -> web.WhatIfChoices:
        known = self._house.configuration
        return web.WhatIfChoices(
            tuple(sorted(known.models)), tuple(sorted(known.use_cases)), tuple(sorted(known.providers))
        )

    def usual_period(self) -> tuple[date, date]:
        return self._desk.scenarios.usual_period()


class PageBlind:
    """web.ports.Blind."""

    def __init__(self, house: House) -> None:
        rows = VoteRows(house.engine)
        self._votes = BlindVotes(house.regression, rows, house.clock, house.spool.write_now)

    async def state(self, viewer: web.Viewer, trial: str) -> BlindState:
        return await asyncio.to_thread(self._votes.state, trial, viewer.name)

    async def vote(self, viewer: web.Viewer, trial: str, case: str, repetition: int, side: Side) -> None:
        await asyncio.to_thread(self._votes.vote, trial, viewer.name, case, repetition, side)
