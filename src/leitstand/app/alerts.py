"""Alerts and rules for the pages, each step in a thread; and what the message bar says of open alerts."""

import asyncio
from collections.abc import Sequence
from typing import Any

from leitstand.app.house import House
from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.monitoring.desk import Board, Course, Preview, Sight, SilenceWish
from leitstand.monitoring.rule_desk import Comparison, RuleSight, SignalSight
from leitstand.monitoring.values import Alert
from leitstand.web import ports as web

PAGE = "/betrieb/meldungen"
_FELT = {"error_rate_critical", "model_failing", "database_away"}
_SLOW = {"response_time", "queue_long", "error_rate"}


class PageAlerts:
    """web.ports.Alerts."""

    def __init__(self, house: House) -> None:
        self._desk = house.monitoring.desk

    async def board(self) -> Board:
        return await asyncio.to_thread(self._desk.board)

    async def get(self, alert: str) -> tuple[Sight, Course]:
        sight = await asyncio.to_thread(self._desk.get, alert)
        return sight, await asyncio.to_thread(self._desk.course, alert)

    async def acknowledge(self, viewer: web.Viewer, alert: str) -> None:
        await asyncio.to_thread(self._desk.acknowledge, alert, viewer.name)

    async def preview(self, wish: SilenceWish) -> Preview:
        return await asyncio.to_thread(self._desk.preview, wish)

    async def silence(self, viewer: web.Viewer, wish: SilenceWish) -> None:
        await asyncio.to_thread(self._desk.silence, wish, viewer.name)

    async def end_silence(self, viewer: web.Viewer, silence: str) -> None:
        await asyncio.to_thread(self._desk.end_silence, silence, viewer.name)

    async def until_morning_us(self) -> int:
        return self._desk.until_morning_us()


class PageAlertRules:
    """web.ports.AlertRules."""

    def __init__(self, house: House) -> None:
        self._desk = house.monitoring.rule_desk

    async def rules(self, *, at_once: bool) -> Sequence[RuleSight]:
        if at_once:
            return await asyncio.to_thread(self._desk.rules, 0.0)
        return await asyncio.to_thread(self._desk.rules)

    async def get(self, name: str) -> RuleSight:
        return await asyncio.to_thread(self._desk.get, name)

    async def signals(self) -> Sequence[SignalSight]:
        return await asyncio.to_thread(self._desk.signals)

    async def compare(self, body: dict[str, Any]) -> Comparison:
        return await asyncio.to_thread(self._desk.compare, body)

    async def keep(self, viewer: web.Viewer, body: dict[str, Any]) -> None:
        await asyncio.to_thread(self._desk.keep, body, viewer.name)

    async def reset(self, viewer: web.Viewer, name: str) -> None:
        await asyncio.to_thread(self._desk.reset, name, viewer.name)


def bar_of(house: House, firing: Sequence[Alert], vitals: tuple[web.Vital, ...]) -> web.Bar | None:
    """The gravest open alert, for who runs the house; None without one."""
    if not firing:
        return None
    alert, badges = firing[0], {PAGE: len(firing)}
    critical = sum(each.severity == "critical" for each in firing)
    warnings = len(firing) - critical
    if critical:
        level: web.Level = "crit"
        said = _counted(
            critical, ("kritische Meldung", "kritische Meldungen"), ("critical alert", "critical alerts")
        )
    else:
        level, said = "warn", _counted(warnings, ("Warnung", "Warnungen"), ("warning", "warnings"))
    return web.Bar(level, said, _what(house, alert), f"{PAGE}/{alert.id}", vitals, badges)


def public_bar_of(firing: Sequence[Alert]) -> web.Bar | None:
    """What everybody may know: that something is slow or disturbed, and that somebody works on it."""
    rules = {alert.rule for alert in firing if alert.severity == "critical"}
    if rules & _FELT:
        return web.Bar(
            "warn", Bilingual("Antworten sind gestört", "Answers are disturbed"),
            Bilingual("wir kümmern uns darum", "we are on it"),
        )  # fmt: skip
    if {alert.rule for alert in firing} & _SLOW:
        return web.Bar(
            "warn", Bilingual("Antworten dauern zurzeit länger", "Answers take longer at the moment"),
            Bilingual("wir kümmern uns darum", "we are on it"),
        )  # fmt: skip
    return None


def _what(house: House, alert: Alert) -> Bilingual:
    rule = next((each for each in house.monitoring.rules() if each.name == alert.rule), None)
    title = rule.title if rule else Bilingual(alert.rule, alert.rule)
    subject = ", ".join(value for _, value in alert.labels)
    since = f"{from_us(alert.since_us).astimezone(house.zone):%H:%M}"
    names = f": {subject}" if subject else ""
    return Bilingual(f"{title.de}{names} seit {since}", f"{title.en}{names} since {since}")


def _counted(count: int, de: tuple[str, str], en: tuple[str, str]) -> Bilingual:
    return Bilingual(f"{count} {de[count != 1]}", f"{count} {en[count != 1]}")
