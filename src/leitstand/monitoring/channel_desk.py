"""What people do with the ways out: see how each one is, send a test, see who hears of what, swap a turn on call."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from leitstand.configuration.alerts import AlertRoute
from leitstand.configuration.apply import Editor
from leitstand.configuration.channels import AlertChannel
from leitstand.configuration.current import Configuration
from leitstand.configuration.kinds import plain
from leitstand.configuration.on_call import Swap
from leitstand.configuration.secrets import is_literal
from leitstand.core.clock import Clock, from_us
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.ids import new_id
from leitstand.journal.records import Record
from leitstand.monitoring.delivery import Delivery, Ways
from leitstand.monitoring.notifiers import NotDelivered
from leitstand.monitoring.on_call import Turn, ics
from leitstand.monitoring.repository import AlertRows, ChannelState
from leitstand.monitoring.routes import ConfiguredRoutes
from leitstand.monitoring.values import Alert, Rule, Severity
from leitstand.monitoring.ways import business_hours, rota_of, routes_of

SPAN_DAYS = 30  # what was given up longer ago is no news
TURNS_DAYS = 8 * 7
ICS_DAYS = 180
_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000


@dataclass(frozen=True)
class ChannelSight:
    """A channel as people see it. target: what may be shown of where it leads. reason: why it fails; else empty."""

    channel: AlertChannel
    state: ChannelState
    target: str
    reason: str = ""


@dataclass(frozen=True)
class Hearing:
    """Who would hear of an alert. held_until_us: those in `at_once` hear of a warning then; None: at once.

    later: (minutes, channels) that are told if nobody has acknowledged it by then.
    """

    rule: str
    severity: Severity
    at_once: tuple[str, ...]
    held: tuple[str, ...] = ()
    held_until_us: int | None = None
    later: tuple[tuple[float, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class ChannelBoard:
    """Everything at one moment. turns: who is on duty now and in the next weeks."""

    channels: tuple[ChannelSight, ...]
    routes: tuple[AlertRoute, ...]
    open_now: bool
    rules: tuple[Rule, ...] = ()
    turns: tuple[Turn, ...] = ()
    people: tuple[str, ...] = ()
    swaps: tuple[Swap, ...] = ()
    now: datetime | None = None


@dataclass(frozen=True)
class Tested:
    """What came of a test. reason: why it did not arrive; empty where it did."""

    channel: str
    reason: str = ""


@dataclass(frozen=True)
class ChannelDesk:
    """What pages and programs do with channels. Blocking: call it in a thread.

    ways, rules, configuration: those in force. refresh: takes over a change now. record: keeps an audit event durably.
    """

    rows: AlertRows
    delivery: Delivery
    ways: Callable[[], Ways]
    rules: Callable[[], Iterable[Rule]]
    configuration: Callable[[], Configuration]
    editor: Editor
    refresh: Callable[[], None]
    clock: Clock
    record: Callable[[Record], None]

    def board(self) -> ChannelBoard:
        """All channels, routes and turns."""
        configuration, now_us = self.configuration(), self.clock.time_us()
        states, failing = self.rows.channels(now_us - SPAN_DAYS * _DAY_US), self.delivery.failing
        sights = (
            _sight(channel, states.get(name, ChannelState()), failing)
            for name, channel in configuration.alert_channels.items()
        )
        now, rota = from_us(now_us), rota_of(configuration)
        return ChannelBoard(
            tuple(sights),
            tuple(configuration.alert_routes.values()),
            business_hours(configuration).is_open(now),
            tuple(self.rules()),
            tuple(rota.turns(now, now + timedelta(TURNS_DAYS))) if rota else (),
            tuple(person.name for person in rota.plan.people) if rota else (),
            rota.plan.swaps if rota else (),
            now,
        )

    def hearing(self, rule: str, severity: Severity, provider: str = "") -> Hearing:
        """Who would hear now if a rule fired; raises NotFound."""
        if rule not in {each.name for each in self.rules()}:
            raise NotFound(f"Eine Regel „{rule}“ gibt es nicht.", f"There is no rule '{rule}'.")
        now_us, configuration = self.clock.time_us(), self.configuration()
        labels = (("provider", provider),) if provider else ()
        alert = Alert("", rule, labels, severity, "firing", now_us, now_us)
        routes = routes_of(configuration)
        opens_us = int(business_hours(configuration).opens(from_us(now_us)).timestamp() * 1_000_000)
        waits = severity == "warning" and opens_us > now_us
        told = routes.recipients(alert, now_us)
        at_once = tuple(each.channel for each in told if not (waits and each.gathers))
        held = tuple(each.channel for each in told if waits and each.gathers)
        later = tuple(_later(configuration.alert_routes.values(), routes, alert, now_us))
        return Hearing(rule, severity, at_once, held, opens_us if held else None, later)

    def test(self, name: str, actor: str) -> Tested:
        """Send a test on a channel now, and journal it; raises NotFound."""
        ways = self.ways()
        if name not in ways.channels:
            raise NotFound(
                f"Einen Meldeweg „{name}“ gibt es nicht. „GET /api/alerts/channels“ zeigt alle.",
                f"There is no alert channel '{name}'. 'GET /api/alerts/channels' shows all.",
            )
        try:
            self.delivery.test(ways, name)
        except NotDelivered as failure:
            tested = Tested(name, str(failure))
        else:
            tested = Tested(name)
        now_us = self.clock.time_us()
        detail = {"channel": name, "kind": ways.channels[name].kind, "arrived": not tested.reason}
        self.record(
            Record(
                id=new_id("evt", now_us),
                kind="monitoring.alert_channel.tested",
                time_us=now_us,
                user=actor,
                detail=detail,
            )
        )
        return tested

    # ------------------------------------------------------------ on call

    def turns(self, days: int) -> list[Turn]:
        """Who is on duty from now on; raises NotFound without a rota."""
        rota, now = rota_of(self.configuration()), self.clock.now()
        if rota is None:
            raise _no_rota()
        return list(rota.turns(now, now + timedelta(days)))

    def calendar(self) -> str:
        """The turns of the next half year as iCalendar."""
        configuration = self.configuration()
        summary = "On call: {name}" if configuration.organisation.language == "en" else "Bereitschaft: {name}"
        return ics(iter(self.turns(ICS_DAYS)), self.clock.now(), summary)

    def swap(self, begins: date, ends: date, person: str, actor: str) -> None:
        """Somebody takes these days; raises InvalidRequest or ConfigurationRefused. Swaps of the past are dropped."""
        plan = self.configuration().on_call
        if plan is None:
            raise _no_rota()
        today = self.clock.now().date()
        if ends < today - timedelta(1):
            raise InvalidRequest("Diese Tage sind vorbei.", "These days are over.")
        body = plain(plan)
        kept = [plain(each) for each in plan.swaps if each.ends >= today - timedelta(7)]
        new = {"begins": begins.isoformat(), "ends": ends.isoformat(), "person": person}
        self._change({**body, "swaps": [*kept, new]}, actor)

    def undo_swap(self, begins: date, ends: date, person: str, actor: str) -> None:
        """Whoever's turn it is takes these days again; raises NotFound."""
        plan = self.configuration().on_call
        gone = (begins, ends, person)
        kept = [each for each in plan.swaps if (each.begins, each.ends, each.person) != gone] if plan else []
        if plan is None or len(kept) == len(plan.swaps):
            raise NotFound("Diesen Tausch gibt es nicht mehr.", "This swap does not exist any more.")
        self._change({**plain(plan), "swaps": [plain(each) for each in kept]}, actor)

    def _change(self, body: Mapping[str, object], actor: str) -> None:
        self.editor.set_object("on_call", dict(body), actor)
        self.refresh()


def _sight(channel: AlertChannel, state: ChannelState, failing: Mapping[str, str]) -> ChannelSight:
    reason = failing.get(channel.name, "") or (state.error if state.failing_since_us is not None else "")
    return ChannelSight(channel, state, _target(channel), reason)


def _target(channel: AlertChannel) -> str:
    """Receivers, or the host; never a part of an address that lets somebody in."""
    if channel.to:
        return ", ".join(channel.to)
    if channel.url is None:
        return channel.region.upper()
    if not is_literal(channel.url):
        return channel.url if not channel.url.startswith("sealed:") else ""
    return urlsplit(channel.url).hostname or ""


def _later(
    configured: Iterable[AlertRoute], routes: ConfiguredRoutes, alert: Alert, now_us: int
) -> Iterable[tuple[float, tuple[str, ...]]]:
    """Each step of the escalation with those who had not been told before."""
    told = {each.channel for each in routes.recipients(alert, now_us)}
    for minutes in sorted({each.after_minutes for each in configured if each.after_minutes}):
        then_us = now_us + int(minutes * _MINUTE_US)
        fresh = [each.channel for each in routes.escalations(alert, then_us) if each.channel not in told]
        if fresh:
            told.update(fresh)
            yield minutes, tuple(fresh)


def _no_rota() -> NotFound:
    return NotFound(
        "Es ist keine Bereitschaft eingerichtet. Der Abschnitt „on_call“ der Konfiguration legt sie fest.",
        "No on-call rota is set up. The section 'on_call' of the configuration does that.",
    )
