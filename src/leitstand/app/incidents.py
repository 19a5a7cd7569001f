"""Incidents, runbooks and the status page for pages and programs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leitstand.configuration.models import Incidents as Settings
from leitstand.core.clock import from_us
from leitstand.monitoring.acts import Act, Open
from leitstand.monitoring.duties import Duty, duties, notification
from leitstand.monitoring.incident_desk import IncidentDesk, Surroundings
from leitstand.monitoring.incident_repository import IncidentRows
from leitstand.monitoring.incident_values import Incident, IncidentView
from leitstand.monitoring.post_mortem import draft
from leitstand.monitoring.public_status import Disturbance, disturbances
from leitstand.monitoring.repository import AlertRows
from leitstand.web.incident_ports import HeartState, IncidentPapers, RunbookNote
from leitstand.web.viewer import Viewer

if TYPE_CHECKING:
    from leitstand.app.house import House


def open_incidents(house: "House", alerts: AlertRows) -> IncidentDesk:
    """The desk of a house."""
    surroundings = Surroundings(
        house.clock, house.spool.write_now,
        lambda: {rule.name: rule for rule in house.monitoring.rules()},
        lambda moment: moment.astimezone(house.zone),
        lambda: house.configuration.organisation.language,
    )  # fmt: skip
    return IncidentDesk(IncidentRows(house.engine), alerts, surroundings)


class PageIncidents:
    """Everything in a thread: it reads many tables."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._desk = house.monitoring.incidents

    async def newest(self) -> Sequence[Incident]:
        """The port's."""
        return await asyncio.to_thread(self._desk.newest)

    async def view(self, name: str) -> IncidentView:
        """The port's."""
        return await asyncio.to_thread(self._desk.view, name)

    async def open(self, viewer: Viewer, wish: Open) -> str:
        """The port's."""
        return (await asyncio.to_thread(self._desk.open, wish, viewer.name)).number

    async def act(self, viewer: Viewer, name: str, act: Act) -> None:
        """The port's."""
        await asyncio.to_thread(self._desk.act, name, act, viewer.name)

    def settings(self) -> Settings:
        """The port's."""
        return self._house.configuration.incidents

    def duties(self, view: IncidentView) -> Sequence[Duty]:
        """The port's."""
        return duties(view, nis2=self.settings().nis2)

    def papers(self, view: IncidentView, language: str) -> IncidentPapers:
        """The port's."""
        return papers(self._house, view, language)

    async def notes(self) -> Mapping[str, RunbookNote]:
        """The port's."""
        found = await asyncio.to_thread(self._desk.rows.notes)
        return {slug: RunbookNote(*note) for slug, note in found.items()}

    async def set_note(self, viewer: Viewer, slug: str, text: str) -> None:
        """The port's."""
        await asyncio.to_thread(self._desk.set_note, slug, text, viewer.name)

    async def disturbances(self) -> Sequence[Disturbance]:
        """The port's."""
        running = await asyncio.to_thread(self._desk.rows.running)
        return disturbances(running, _providers_of(self._house))

    async def heart(self) -> HeartState:
        """The port's."""
        sent_us, tried_us, silent = await asyncio.to_thread(self._desk.rows.beats)
        return HeartState(self._house.configuration.heartbeat is not None, sent_us, tried_us, silent)


def papers(house: "House", view: IncidentView, language: str) -> IncidentPapers:
    """The drafts that belong to an incident."""

    def stamp(time_us: int) -> str:
        return f"{from_us(time_us).astimezone(house.zone):%d.%m.%Y %H:%M}"

    settings, company = house.configuration.incidents, house.configuration.organisation.name
    notice = notification(view, company, settings.officer, settings.authority, stamp, language)
    return IncidentPapers(draft(view, stamp, language), notice)


def _providers_of(house: "House") -> dict[str, tuple[str, ...]]:
    return {
        name: tuple({target.provider for target in model.targets})
        for name, model in house.configuration.models.items()
        if model.targets
    }
