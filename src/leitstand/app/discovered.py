"""The first-run page: what was found on this machine, and taking it on as a provider with its models."""

import asyncio

from leitstand.app.house import House
from leitstand.core import settings
from leitstand.core.classes import Region
from leitstand.core.i18n import Bilingual
from leitstand.providers.discovery import Found, discover
from leitstand.web import ports as web

BUILT_IN = "haus"


class PageFirstRun:
    """Looks again whenever the page asks."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def needed(self) -> bool:
        """True while nothing but the built-in answerer is set up."""
        return all(
            provider.kind.value == "extractive" for provider in self._house.configuration.providers.values()
        )

    async def found(self) -> tuple[web.Found, ...]:
        """What lies in the environment, answers on this machine, and is built in."""
        known = self._house.configuration.providers
        finds = await discover(settings.all_variables(), self._house.pool, self._house.own_ports)
        built_in = web.Found(
            BUILT_IN, "Leitstand", "builtin", "", Region.LOCAL, ("hauswissen",), BUILT_IN in known,
            Bilingual(
                "Zitiert aus Ihren Dokumenten, formuliert nicht selbst. Alles bleibt im Haus.",
                "Quotes your documents and writes nothing itself. Everything stays in the house.",
            ),
        )  # fmt: skip
        return (*(_shown(find, find.name in known) for find in finds), built_in)

    async def accept(self, viewer: web.Viewer, name: str) -> None:
        """Set it up; raises Refusal, or KeyError for a name that was not found."""
        finds = await discover(settings.all_variables(), self._house.pool, self._house.own_ports)
        found = {find.name: find for find in finds}[name]
        await asyncio.to_thread(self._take_on, found, viewer.name)

    def _take_on(self, found: Found, actor: str) -> None:
        editor = self._house.editor
        editor.set_object("provider", found.provider, actor)
        for model in found.models:
            editor.set_object("model", model, actor)
        self._house.refresh()


def _shown(found: Found, accepted: bool) -> web.Found:
    models = tuple(str(model["name"]) for model in found.models)
    return web.Found(
        found.name, found.label, found.origin, found.evidence, found.region, models, accepted,
        None if found.note is None else Bilingual(*found.note),
    )  # fmt: skip
