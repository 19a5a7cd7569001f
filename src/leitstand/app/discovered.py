"""The first-run page: what was found on this machine, and taking it on as a provider with its models."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from leitstand.app.house import House
from leitstand.core import settings
from leitstand.core.classes import Region
from leitstand.core.i18n import Bilingual
from leitstand.providers.discovery import Found, discover
from leitstand.web import ports as web

BUILT_IN_PROVIDER: Mapping[str, Any] = {"name": "haus", "kind": "extractive"}
BUILT_IN_MODEL: Mapping[str, Any] = {
    "name": "hauswissen", "targets": [{"provider": "haus", "model": "zitate"}]
}  # fmt: skip
_NEEDS_DPA_EN = "Before first use: enter a data-processing agreement (dpa), else it gets public data only."


def set_up_built_in(house: House) -> None:
    """A new installation answers at once: with the built-in answerer, if nothing else is configured. Blocking."""
    if not house.configuration.providers and not house.configuration.models:
        house.editor.set_object("provider", dict(BUILT_IN_PROVIDER), "system")
        house.editor.set_object("model", dict(BUILT_IN_MODEL), "system")
        house.refresh()


class PageFirstRun:
    """Looks again whenever the page asks; on this machine only."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def needed(self) -> bool:
        """True while nothing but the built-in answerer is set up."""
        providers = self._house.configuration.providers.values()
        return all(provider.kind.value == "extractive" for provider in providers)

    async def found(self) -> tuple[web.Found, ...]:
        """What lies in the environment, answers on this machine, and is built in."""
        known = self._house.configuration.providers
        finds = await self._discover()
        built_in = web.Found(
            "haus", "Leitstand", "builtin", "", Region.LOCAL, ("hauswissen",), "haus" in known,
            Bilingual(
                "Zitiert aus Ihren Dokumenten, formuliert nicht selbst. Alles bleibt im Haus.",
                "Quotes your documents and writes nothing itself. Everything stays in the house.",
            ),
        )  # fmt: skip
        return (*(_shown(find, _name(find) in known) for find in finds), built_in)

    async def accept(self, viewer: web.Viewer, name: str) -> None:
        """Set it up; raises Refusal, or KeyError for a name that is not found now."""
        entry = (
            BUILT_IN_ENTRY
            if name == "haus"
            else {_name(find): find.entry for find in await self._discover()}[name]
        )
        await asyncio.to_thread(self._take_on, entry, viewer.name)

    async def _discover(self) -> list[Found]:
        own_port = next(iter(self._house.own_ports), None)
        return await discover(settings.all_variables(), lambda: self._house.pool, own_port=own_port)

    def _take_on(self, entry: Mapping[str, Any], actor: str) -> None:
        """Providers first, then models; a public name that is taken gets the provider's name before it."""
        editor, taken = self._house.editor, self._house.configuration.models
        for provider in entry["providers"]:
            editor.set_object("provider", dict(provider), actor)
        for model in entry["models"]:
            first = model["targets"][0]["provider"]
            name = model["name"] if model["name"] not in taken else f"{first}-{model['name']}"
            editor.set_object("model", {**model, "name": name}, actor)
        self._house.refresh()


BUILT_IN_ENTRY: Mapping[str, Any] = {"providers": [BUILT_IN_PROVIDER], "models": [BUILT_IN_MODEL]}


def _name(find: Found) -> str:
    return str(find.entry["providers"][0]["name"])


def _shown(find: Found, accepted: bool) -> web.Found:
    provider = find.entry["providers"][0]
    origin: Literal["environment", "local"] = "environment" if find.how == "environment" else "local"
    evidence = (
        str(provider["api_key"]).removeprefix("env:") if origin == "environment" else provider["base_url"]
    )
    return web.Found(
        _name(find), find.title, origin, evidence, Region(provider["region"]),
        tuple(model["name"] for model in find.entry["models"]), accepted,
        Bilingual(find.hint, _NEEDS_DPA_EN) if find.hint else None,
    )  # fmt: skip
