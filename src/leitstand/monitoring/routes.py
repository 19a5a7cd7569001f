"""Who hears of an alert: the configured routes, with one promise: a critical alert always reaches somebody."""

from collections.abc import Iterable, Mapping, Sequence

from leitstand.configuration.alerts import AlertRoute
from leitstand.configuration.channels import ON_CALL, AlertChannel
from leitstand.core.clock import from_us
from leitstand.monitoring.on_call import Rota
from leitstand.monitoring.telling import Recipient
from leitstand.monitoring.values import Alert

MOST_REMINDERS = 12
_MINUTE_US = 60_000_000
MACHINES = frozenset({"webhook", "pagerduty", "opsgenie"})
"""Kinds of channels behind which a program sorts by itself: they get each alert alone and at any hour."""


class ConfiguredRoutes:
    """The routes in force; see telling.Routes."""

    def __init__(
        self,
        channels: Mapping[str, AlertChannel],
        routes: Mapping[str, AlertRoute],
        rota: Rota | None = None,
    ) -> None:
        self._channels = channels
        self._routes = tuple(routes.values())
        self._rota = rota

    def recipients(self, alert: Alert, now_us: int) -> Sequence[Recipient]:
        """At once. Without routes all channels; a critical alert that no route fits goes to all, too."""
        at_once = [each for each in self._routes if not each.after_minutes]
        found = self._named((each for each in at_once if _fits(each, alert)), now_us)
        if not found and (not at_once or alert.severity == "critical"):
            return self.existing(self.everybody(now_us))
        return found

    def escalations(self, alert: Alert, now_us: int) -> Sequence[Recipient]:
        """Who else has to hear of a critical alert that nobody has acknowledged by now."""
        waited_us = _unheeded_us(alert, now_us)
        late = (
            each
            for each in self._routes
            if each.after_minutes and waited_us >= each.after_minutes * _MINUTE_US and _fits(each, alert)
        )
        return self._named(late, now_us)

    def reminders(self, alert: Alert, now_us: int) -> Sequence[tuple[Recipient, int]]:
        """Who is to hear of it again, and for which time; the shortest pause where several routes name a channel."""
        waited_us = _unheeded_us(alert, now_us)
        found: dict[str, tuple[Recipient, int]] = {}
        for route in self._routes:
            if not route.remind_minutes or not _fits(route, alert):
                continue
            late_us = waited_us - route.after_minutes * _MINUTE_US
            time = min(MOST_REMINDERS, int(late_us // (route.remind_minutes * _MINUTE_US)))
            for recipient in self._named([route], now_us) if time > 0 else ():
                if time > found.get(recipient.channel, (recipient, 0))[1]:
                    found[recipient.channel] = (recipient, time)
        return list(found.values())

    def others(self, channel: str, now_us: int) -> Sequence[Recipient]:
        """Who is told in place of a channel that fails: all others that are meant for it now."""
        return [each for each in self.existing(self.everybody(now_us)) if each.channel != channel]

    def everybody(self, now_us: int) -> Sequence[str]:
        """All channels, but of those that belong to people on call alone only those of who is on duty."""
        routed = {name for route in self._routes for name in route.channels}
        people = self._rota.plan.people if self._rota else ()
        own = {name for person in people for name in person.channels} - routed
        duty = self.on_duty(now_us)
        found = [name for name in self._channels if name not in own or name in duty]
        return found or list(self._channels)

    def on_duty(self, now_us: int) -> Sequence[str]:
        """The channels of whoever is on duty; before the first turn those of all, so that somebody hears it."""
        if self._rota is None:
            return ()
        turn = self._rota.on_duty(from_us(now_us))
        people = [turn.person] if turn else self._rota.plan.people
        return [name for person in people for name in person.channels]

    def existing(self, channels: Iterable[str]) -> Sequence[Recipient]:
        """See telling.Routes."""
        return [
            Recipient(name, self._channels[name].kind not in MACHINES)
            for name in channels
            if name in self._channels
        ]

    def _named(self, routes: Iterable[AlertRoute], now_us: int) -> Sequence[Recipient]:
        names = (name for route in routes for name in route.channels)
        resolved = (each for name in names for each in (self.on_duty(now_us) if name == ON_CALL else (name,)))
        return self.existing(dict.fromkeys(resolved))


def _unheeded_us(alert: Alert, now_us: int) -> int:
    """For how long a critical alert has been waiting for somebody; -1 for every other."""
    if alert.severity != "critical" or alert.acknowledged_us is not None or alert.fired_us is None:
        return -1
    return now_us - alert.fired_us


def _fits(route: AlertRoute, alert: Alert) -> bool:
    if route.severity not in ("any", alert.severity):
        return False
    if route.rules and alert.rule not in route.rules:
        return False
    return not route.providers or alert.label("provider") in route.providers
