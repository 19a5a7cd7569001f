"""The board of providers for pages: what the gateway knows of each now, and whether the policy lets it work."""

from datetime import timedelta

from leitstand.app import rules as compose
from leitstand.app.house import House
from leitstand.configuration.models import Provider
from leitstand.core.classes import Region
from leitstand.core.i18n import Bilingual
from leitstand.providers.base import Target
from leitstand.reports.operations import ProviderState, TargetState
from leitstand.web.ports import Vital

_DOWN_AFTER = 3  # failures in a row of all its models


class TargetBoard:
    """Asked by pages; reads snapshots only."""

    def __init__(self, house: House) -> None:
        self._house = house

    def targets(self) -> tuple[TargetState, ...]:
        """Every provider that a model uses, in the order of the configuration."""
        used: dict[str, list[Target]] = {}
        for route in self._house.gateway.rules.book.routes.values():
            for offer in route.offers:
                used.setdefault(offer.target.provider, []).append(offer.target)
        providers = self._house.configuration.providers
        return tuple(
            self._state(providers[name], targets) for name, targets in used.items() if name in providers
        )

    def _state(self, provider: Provider, targets: list[Target]) -> TargetState:
        health = [self._house.health.of(target) for target in targets]
        now = self._house.loop_time()
        until = max(entry.resting_until for entry in health)
        state: ProviderState = "running"
        if not self._has_contract(provider):
            state = "blocked"
        elif min(entry.resting_until for entry in health) > now:
            state = "down" if all(entry.failures_in_row >= _DOWN_AFTER for entry in health) else "cooling"
        at = self._house.clock.now() + timedelta(seconds=until - now) if until > now else None
        return TargetState(provider.name, provider.place, state, at, self._note(provider))

    def _has_contract(self, provider: Provider) -> bool:
        if provider.place is Region.LOCAL:
            return True
        today = self._house.today()
        dpa = provider.dpa
        return dpa is not None and dpa.signed <= today and (dpa.expires is None or today <= dpa.expires)

    def _note(self, provider: Provider) -> Bilingual:
        if provider.place is Region.LOCAL:
            return Bilingual("im Haus", "in the house")
        if not self._has_contract(provider):
            return Bilingual("kein gültiger AVV, nur öffentliche Daten", "no valid DPA, public data only")
        if provider.dpa is None or provider.dpa.expires is None:
            return Bilingual("AVV unbefristet", "DPA without end")
        return Bilingual(f"AVV bis {provider.dpa.expires:%m/%Y}", f"DPA until {provider.dpa.expires:%m/%Y}")

    def vital(self) -> Vital:
        """The message bar's count of providers; one without a contract is closed on purpose and not counted."""
        usable = [target for target in self.targets() if target.state != "blocked"]
        running = sum(1 for target in usable if target.state == "running")
        figure = Bilingual(f"{running} von {len(usable)}", f"{running} of {len(usable)}")
        level = "ok" if running == len(usable) else "warn"
        return Vital(Bilingual("Anbieter", "Providers"), figure, level)  # type: ignore[arg-type]  # one of two levels

    def month_limit_nano(self) -> int | None:
        """The company's limit for a month, in nano-euro; None without one."""
        for rule in compose.limit_rules(self._house.configuration):
            if rule.scope == "company" and rule.measure == "eur_per_month":
                return rule.units
        return None
