"""The board of providers for pages: what the gateway knows of each now, and whether the policy lets it work."""

from collections.abc import Mapping
from datetime import timedelta

from leitstand.app.house import House
from leitstand.configuration.models import Provider
from leitstand.core.classes import Region
from leitstand.core.i18n import Bilingual
from leitstand.providers.allowance import Measure
from leitstand.providers.base import Target
from leitstand.reports.operations import ProviderState, TargetState
from leitstand.web.ports import Vital

_DOWN_AFTER = 3  # failures in a row of all its models
_MEASURES: Mapping[Measure, Bilingual] = {
    "requests": Bilingual("Anfragen", "requests"),
    "tokens": Bilingual("Tokens", "tokens"),
    "input_tokens": Bilingual("Eingabe-Tokens", "input tokens"),
    "output_tokens": Bilingual("Ausgabe-Tokens", "output tokens"),
}


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
        watch = self._watch(provider.name, targets, now)
        return TargetState(provider.name, provider.place, state, at, self._note(provider), watch)

    def _watch(self, provider: str, targets: list[Target], now: float) -> Bilingual | None:
        """The last probe, and the scarcest of what the provider still allows."""
        told: list[Bilingual] = []
        if (probed := self._house.probes.last.get(provider)) is not None:
            age_s = max(0.0, now - probed.at)
            told.append(_probe_told(probed.fault, probed.took_s, age_s))
        shares = [
            (gauge.left(now) / gauge.allowance.limit, gauge)
            for target in targets
            for gauge in self._house.pacing.gauges(target)
            if gauge.allowance.limit and gauge.left(now) <= gauge.allowance.limit
        ]
        if shares:
            share, gauge = min(shares, key=lambda each: each[0])
            told.append(_allowance_told(gauge.allowance.measure, max(0.0, share)))
        if not told:
            return None
        return Bilingual(", ".join(each.de for each in told), ", ".join(each.en for each in told))

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


def _probe_told(fault: str, took_s: float, age_s: float) -> Bilingual:
    """The last probe in a few words."""
    if fault:
        return Bilingual(f"Probe vor {age_s:.0f} s ohne Antwort", f"probe {age_s:.0f} s ago unanswered")
    return Bilingual(
        f"Probe vor {age_s:.0f} s: {took_s * 1000:.0f} ms", f"probe {age_s:.0f} s ago: {took_s * 1000:.0f} ms"
    )


def _allowance_told(measure: Measure, share: float) -> Bilingual:
    """What is left, in per cent of the provider's limit."""
    words = _MEASURES[measure]
    return Bilingual(f"noch {share * 100:.0f} % der {words.de}", f"{share * 100:.0f} % of {words.en} left")
