"""Unusual usage joined with the house: the watch that looks every minute, and what pages and programs do with findings."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

from leitstand.accounting.budgets.repository import UsageRows
from leitstand.accounting.periods import Calendar
from leitstand.accounting.unusual.calendar import Hours
from leitstand.accounting.unusual.findings import (
    UnusualUsage,
    Verdict,
    finding_id,
    followed,
    found_record,
    is_news,
    judged_record,
    known,
)
from leitstand.accounting.unusual.history import HISTORY_DAYS, Past, read_past
from leitstand.accounting.unusual.pattern import Patterns
from leitstand.accounting.unusual.repository import Finding, UnusualRows
from leitstand.accounting.unusual.values import (
    DAY_US,
    HOUR_US,
    KINDS,
    NOTHING,
    Amounts,
    Demand,
    HourUse,
    Kind,
    Known,
    Least,
    Now,
    Unusual,
)
from leitstand.configuration.current import Configuration
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.events import Events
from leitstand.core.ids import new_id
from leitstand.core.money import nano
from leitstand.identity.roles import Permission
from leitstand.journal.records import Record
from leitstand.store.lead import Lead
from leitstand.web.ports import HourBar, Sight, Viewer

WATCH_S = 60.0  # application time between two looks
_LEAST_S = 1.0  # real time between them, where application time runs fast
_FALSE_PER_WEEK = {"low": 0.5, "normal": 2.0, "high": 10.0}
_JUDGED_FOR_US = 120 * DAY_US
CHART_HOURS = 24
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnusualDesk:
    """What pages and programs do with findings. Blocking: call it in a thread.

    keys_of: the numbers of a person's keys.
    """

    rows: UnusualRows
    clock: Clock
    configuration: Callable[[], Configuration]
    record: Callable[[Record], None]
    keys_of: Callable[[str], Sequence[str]]

    def findings(self, most: int, only_of: str | None = None) -> list[Finding]:
        """The newest first. only_of: a person, who sees their own and those of their keys; None: all."""
        return self.rows.latest(most, None if only_of is None else self._own(only_of))

    def sights(self, most: int, only_of: str | None = None) -> list[Sight]:
        """The same with their pictures."""
        return [Sight(each, self._bars(each)) for each in self.findings(most, only_of)]

    def judge(self, name: str, verdict: Verdict, note: str, actor: str) -> Finding:
        """Say that a finding was seen, or was expected: then as much does not count as unusual for 90 days.

        Raises NotFound, InvalidRequest.
        """
        finding = self.rows.get(name)
        if finding is None:
            raise NotFound(
                f"Diesen Befund gibt es nicht: „{name}“. Die Liste zeigt alle.",
                f"There is no such finding: '{name}'. The list shows all.",
            )
        if len(note) > 300:
            raise InvalidRequest(
                "Die Bemerkung darf höchstens 300 Zeichen haben.", "The note may have 300 characters at most."
            )
        now_us = self.clock.time_us()
        judged = replace(finding, verdict=verdict, note=note.strip(), judged_us=now_us, judged_by=actor)
        self.rows.change(judged)
        self.record(judged_record(judged, new_id("evt", now_us)))
        return judged

    def _own(self, user: str) -> list[str]:
        return [f"user:{user}", *(f"key:{key}" for key in self.keys_of(user))]

    def _bars(self, finding: Finding) -> tuple[HourBar, ...]:
        kind, _, name = finding.scope.partition(":")
        until_us = (finding.ended_us or self.clock.time_us()) // HOUR_US * HOUR_US + HOUR_US
        until_us = min(until_us, finding.last_us // HOUR_US * HOUR_US + 2 * HOUR_US)
        since_us = until_us - HISTORY_DAYS * DAY_US
        uses = self.rows.hours(_kind(kind), name, since_us, until_us)
        zone = ZoneInfo(self.configuration().organisation.timezone)
        return picture(uses, finding, until_us, zone)


def picture(uses: Sequence[HourUse], finding: Finding, until_us: int, zone: ZoneInfo) -> tuple[HourBar, ...]:
    """The last 24 hours beside the mean of the same hours of the weeks before, of all weeks that are known."""
    amounts = {use.hour_us: int(getattr(use.amounts, finding.measure)) for use in uses}
    weeks = range(1, 1 + max(1, -(-(until_us - min(amounts, default=until_us)) // (7 * DAY_US)) - 1))
    bars = []
    for hour_us in range(until_us - CHART_HOURS * HOUR_US, until_us, HOUR_US):
        local = datetime.fromtimestamp(hour_us / 1e6, zone)
        before = [round((local - timedelta(weeks=week)).timestamp() * 1e6) for week in weeks]
        bars.append(HourBar(hour_us, amounts.get(hour_us, 0), fmean(amounts.get(each, 0) for each in before)))
    return tuple(bars)


@dataclass(frozen=True)
class _Learnt:
    """What holds for an hour: the patterns of each kind, what was used in the six days before today, growth."""

    key: tuple[int, object]
    patterns: Mapping[Kind, Patterns]
    before: Mapping[Kind, Mapping[str, Amounts]]
    growth: Mapping[Kind, float]
    known: Known


class UnusualWatch:
    """Looks at every user, key and use case each minute, in one process of the installation."""

    def __init__(self, desk: UnusualDesk, usage: UsageRows, events: Events, lead: Lead) -> None:
        """lead: of all processes one watches."""
        self._desk = desk
        self._usage = usage
        self._events = events
        self._lead = lead
        self._learnt: _Learnt | None = None

    def run(self, stop: threading.Event) -> None:
        """Look every minute until told to stop."""
        pause_s = max(_LEAST_S, WATCH_S / self._desk.clock.factor)
        try:
            while True:
                try:
                    if self._desk.configuration().unusual_usage.enabled and self._lead.is_mine():
                        self.look(stop)
                except Exception:  # noqa: BLE001 - a border: the next round tries again
                    _log.exception("unusual usage could not be watched")
                if stop.wait(pause_s):
                    return
        finally:
            self._lead.leave()

    def look(self, stop: threading.Event) -> None:
        """One round."""
        configuration, rows = self._desk.configuration(), self._desk.rows
        timezone = configuration.organisation.timezone
        while self._usage.advance(timezone) and not stop.is_set():
            pass
        now_us = self._desk.clock.time_us()
        midnight_us = int(Calendar(timezone).period("day", now_us / 1e6).begins_s * 1e6)
        hours = Hours(timezone)
        findings = rows.since(now_us - _JUDGED_FOR_US)
        learnt = self._learn(configuration, hours, findings, now_us, midnight_us)
        for kind in KINDS:
            for name, now in self._nows(kind, hours, learnt, now_us, midnight_us).items():
                unusual = learnt.patterns[kind].judge(
                    name, now, hours.place(now_us), learnt.known, learnt.growth[kind]
                )
                self._keep(f"{kind}:{name}", unusual, now, findings, now_us, midnight_us)

    def _keep(
        self, scope: str, unusual: Unusual | None, now: Now, findings: Sequence[Finding], now_us: int,
        midnight_us: int,
    ) -> None:  # fmt: skip
        own = [finding for finding in findings if finding.scope == scope]
        going_on = next((finding for finding in own if finding.ended_us is None), None)
        if going_on is not None:
            later = followed(going_on, unusual, now, now_us)
            if later != going_on:
                self._desk.rows.change(later)
            if later.rule != going_on.rule:
                self._tell(later, now_us)
        elif unusual is not None and is_news(unusual, own, midnight_us, now_us):
            self._tell(self._desk.rows.add(finding_id(scope, unusual.rule, now_us), unusual, now_us), now_us)

    def _tell(self, finding: Finding, now_us: int) -> None:
        self._desk.record(found_record(finding, now_us))
        self._events.say(UnusualUsage(finding))

    def _nows(
        self, kind: Kind, hours: Hours, learnt: _Learnt, now_us: int, midnight_us: int
    ) -> dict[str, Now]:
        """Everybody who used something today, or in the last hour, or whose finding may end."""
        last_hour = self._desk.rows.just_now(kind, now_us - HOUR_US, now_us)
        found: dict[str, Now] = {}
        today = dict(self._desk.rows.histories(kind, midnight_us, now_us + 1))
        going_on = [
            each.scope.partition(":")[2]
            for each in self._desk.rows.since(now_us)
            if each.scope.startswith(f"{kind}:")
        ]
        for name in {*last_hour, *today, *going_on}:
            uses = today.get(name, [])
            day = total(uses)
            off = total([use for use in uses if hours.place(use.hour_us).part != "work"])
            week = learnt.before[kind].get(name, NOTHING).plus(day)
            found[name] = Now(last_hour.get(name, NOTHING), day, off, week)
        return found

    def _learn(
        self, configuration: Configuration, hours: Hours, findings: Sequence[Finding], now_us: int, midnight_us: int
    ) -> _Learnt:  # fmt: skip
        """The patterns, taken anew each hour and when people or the configuration changed something."""
        judged = tuple(sorted((each.id, each.verdict) for each in findings))
        key = now_us // HOUR_US, (configuration.unusual_usage, judged, configuration.organisation.timezone)
        if self._learnt is not None and self._learnt.key == key:
            return self._learnt
        said, until_us = known(findings, now_us), now_us // HOUR_US * HOUR_US
        pasts: dict[Kind, dict[str, Past]] = {kind: {} for kind in KINDS}
        before: dict[Kind, dict[str, Amounts]] = {kind: {} for kind in KINDS}
        for kind in KINDS:
            for name, uses in self._desk.rows.histories(kind, until_us - HISTORY_DAYS * DAY_US, until_us):
                spans = said.left_out.get(f"{kind}:{name}", ())
                pasts[kind][name] = read_past(uses, hours, until_us, spans)
                recent = [use for use in uses if midnight_us - 6 * DAY_US <= use.hour_us < midnight_us]
                before[kind][name] = total(recent)
        scopes = sum(len(each) for each in pasts.values())
        demand = _demand(configuration)
        patterns = {kind: Patterns(kind, pasts[kind], until_us, demand, scopes) for kind in KINDS}
        growth = {
            kind: patterns[kind].growth({name: Now(week=used) for name, used in before[kind].items()})
            for kind in KINDS
        }
        self._learnt = _Learnt(key, patterns, before, growth, said)
        return self._learnt


def total(uses: Sequence[HourUse]) -> Amounts:
    """All together."""
    sums = NOTHING
    for use in uses:
        sums = sums.plus(use.amounts)
    return sums


def _demand(configuration: Configuration) -> Demand:
    wish = configuration.unusual_usage
    least = Least(nano(wish.least_eur), wish.least_tokens, wish.least_requests)
    return Demand(_FALSE_PER_WEEK[wish.sensitivity], least)


def _kind(word: str) -> Kind:
    return next(kind for kind in KINDS if kind == word)


class PageUnusual:
    """Findings for the page, each step in a thread."""

    def __init__(
        self, desk: UnusualDesk, revoke: Callable[[str, str], None], refresh: Callable[[], None]
    ) -> None:
        """revoke: ends a key in somebody's name. refresh: takes over a change now."""
        self._desk = desk
        self._revoke = revoke
        self._refresh = refresh

    async def sights(self, viewer: Viewer, most: int) -> Sequence[Sight]:
        """The port's."""
        only_of = None if Permission.BUDGETS_READ in viewer.permissions else viewer.name
        return await asyncio.to_thread(self._desk.sights, most, only_of)

    def watched(self) -> bool:
        """The port's."""
        return self._desk.configuration().unusual_usage.enabled

    async def judge(self, viewer: Viewer, finding: str, verdict: Verdict, note: str) -> None:
        """The port's."""
        await asyncio.to_thread(self._desk.judge, finding, verdict, note, viewer.name)

    async def revoke_key(self, viewer: Viewer, key: str) -> None:
        """The port's."""
        await asyncio.to_thread(self._revoke, key, viewer.name)
        await asyncio.to_thread(self._refresh)
