"""`/status`: for everybody who is signed in: what works, what is disturbed since when and until when, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from leitstand.core.clock import from_us
from leitstand.identity.roles import Permission
from leitstand.monitoring.public_status import Disturbance
from leitstand.web.navigation import N_, WORK, Entry
from leitstand.web.page import Page
from leitstand.web.ports import Level
from leitstand.web.viewer import Viewer
from leitstand.web.visit import Desk, Visit

_HOME = "/status"


@dataclass(frozen=True)
class Trouble:
    """One disturbance. since, until: in words; until "" where nobody knows. models: "" for all."""

    text: str
    since: str
    until: str
    models: str


@dataclass(frozen=True)
class Service:
    """Something that people use."""

    name: str
    level: Level
    word: str


@dataclass(frozen=True)
class StatusPage:
    """headline: in a sentence. help: whom to ask."""

    headline: str
    level: Level
    troubles: tuple[Trouble, ...]
    services: tuple[Service, ...]
    help: str


def _routes(desk: Desk) -> Sequence[Route]:
    async def show(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        return await visit.page("status.html", await _page(desk, visit, viewer))

    async def notice(request: Request) -> Response:
        visit, viewer = await desk.enter(request, Permission.CHAT_USE)
        return await visit.part("status_hinweis.html", await _page(desk, visit, viewer))

    return [
        Route(_HOME, show, methods=["GET"], name="status"),
        Route(f"{_HOME}/hinweis", notice, methods=["GET"]),
    ]


async def _page(desk: Desk, visit: Visit, viewer: Viewer) -> StatusPage:
    models = [choice.name for choice in (await desk.ports.chat.choices(viewer)).models]
    concerning = [
        each
        for each in await desk.ports.incidents.disturbances()
        if not each.models or set(each.models) & set(models)
    ]
    whole = any(not each.models for each in concerning)
    broken = {name for each in concerning for name in each.models}
    services = (
        Service(visit.say("Leitstand"), "ok", visit.say("läuft")),
        *(
            Service(name, "warn", visit.say("gestört"))
            if whole or name in broken
            else Service(name, "ok", visit.say("läuft"))
            for name in models
        ),
    )
    headline = visit.say("Alle Dienste laufen.") if not concerning else visit.say("Es gibt eine Störung.")
    return StatusPage(
        headline,
        "warn" if concerning else "ok",
        tuple(_trouble(visit, each) for each in concerning),
        services,
        visit.tell(visit.organisation.help),
    )


def _trouble(visit: Visit, each: Disturbance) -> Trouble:
    since = from_us(each.since_us)
    until = ""
    if each.until_us is not None:
        moment = from_us(each.until_us)
        until = visit.say(
            "Voraussichtlich bis %(day)s %(at)s.",
            day=visit.form.short_date(moment),
            at=visit.form.time(moment),
        )
    return Trouble(
        visit.tell(each.text),
        visit.say("Seit %(day)s %(at)s.", day=visit.form.short_date(since), at=visit.form.time(since)),
        until,
        ", ".join(each.models),
    )


PAGE = Page("status", _routes, (Entry(WORK, N_("Status"), "activity", _HOME, Permission.CHAT_USE, 90),))
