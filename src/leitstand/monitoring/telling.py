"""Who hears of which alert now: a pure function of what is open and what was told.

An alert that is muted is simply not told yet. The round in which nothing mutes it any more tells it, so none is lost
when a silence or a night ends.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from leitstand.monitoring.values import Alert, Notice, NoticeKind, Rule, Severity, Silence

GATHER_S = (
    30.0  # a warning waits so long for others of the same cause, and for a critical one that inhibits it
)
_S = 1_000_000


class Recipient(NamedTuple):
    """A channel that is to hear of an alert. gathers: people read it, so several alerts come as one message."""

    channel: str
    gathers: bool


class Routes(Protocol):
    """Which channels an alert goes to (routes.py)."""

    def recipients(self, alert: Alert, now_us: int) -> Sequence[Recipient]:
        """None: the alert is shown on the page only."""
        ...

    def escalations(self, alert: Alert, now_us: int) -> Sequence[Recipient]:
        """Who else is told since nobody has acknowledged it."""
        ...

    def reminders(self, alert: Alert, now_us: int) -> Sequence[tuple[Recipient, int]]:
        """Who is told again since nobody has acknowledged it, and for which time."""
        ...

    def existing(self, channels: Iterable[str]) -> Sequence[Recipient]:
        """Those of these channels that still exist."""
        ...


class Hours(Protocol):
    """When people work (calendar.py)."""

    def is_open(self, alert: Alert, now_us: int) -> bool:
        """Whether warnings like this may be told to people now."""
        ...


class Muted(NamedTuple):
    """Why an alert is not told. by: the inhibiting rule, the silence's comment; empty for the night."""

    why: str  # inhibited, silenced, hours
    by: str = ""


def notice_id(alert: Alert, kind: NoticeKind, channel: str) -> str:
    """The same alert is told once per severity and channel."""
    return f"{alert.id}/{kind}/{alert.severity}/{channel}"


def muted(
    alert: Alert, firing: Iterable[Alert], rules: dict[str, Rule], silences: Iterable[Silence], now_us: int
) -> Muted | None:
    """Whether something other than the hour keeps an alert quiet."""
    rule = rules.get(alert.rule)
    for other in firing:
        if rule is None or other.rule not in rule.inhibited_by or other.id == alert.id:
            continue
        if all(other.label(name) == alert.label(name) for name in rule.inhibit_on):
            return Muted("inhibited", other.rule)
    for silence in silences:
        if silence.mutes(alert, now_us):
            return Muted("silenced", silence.comment)
    return None


def tell(
    alerts: Sequence[Alert],
    told: Collection[str],
    rules: dict[str, Rule],
    silences: Sequence[Silence],
    hours: Hours,
    routes: Routes,
    now_us: int,
) -> list[Notice]:
    """What goes out in this round.

    alerts: firing ones, and resolved ones whose end may be news. told: ids of the notices that exist of them.
    """
    firing = [alert for alert in alerts if alert.state == "firing"]
    waiting: dict[tuple[str, Severity], list[Alert]] = {}
    notices = []
    for alert in firing:
        if muted(alert, firing, rules, silences, now_us) or not _is_ripe(alert, now_us):
            continue
        for channel, gathers in routes.recipients(alert, now_us):
            if _knows(alert, channel, told):
                continue
            if not gathers or alert.severity == "critical":
                notices.append(_notice(alert, "firing", channel, now_us))
            elif hours.is_open(alert, now_us):
                waiting.setdefault((channel, alert.severity), []).append(alert)
        for channel, _ in routes.escalations(alert, now_us):
            if not _knows(alert, channel, told) and notice_id(alert, "escalated", channel) not in told:
                notices.append(_notice(alert, "escalated", channel, now_us))
        notices += _reminders(alert, told, routes, now_us)
    for (channel, _), together in waiting.items():
        notices.append(_together(together, channel, now_us))
    return notices + _ends(alerts, told, routes, hours, now_us)


def _is_ripe(alert: Alert, now_us: int) -> bool:
    return alert.severity == "critical" or now_us - (alert.fired_us or now_us) >= GATHER_S * _S


def _knows(alert: Alert, channel: str, told: Collection[str]) -> bool:
    return notice_id(alert, "firing", channel) in told


def _notice(alert: Alert, kind: NoticeKind, channel: str, now_us: int) -> Notice:
    return Notice(notice_id(alert, kind, channel), kind, channel, (alert.id,), alert.severity, now_us)


def _together(alerts: Sequence[Alert], channel: str, now_us: int) -> Notice:
    """One message; its id names the first alert, and the others are told by it, too (`Notice.alerts`)."""
    first = alerts[0]
    if len(alerts) == 1:
        return _notice(first, "firing", channel, now_us)
    return Notice(
        notice_id(first, "digest", channel), "digest", channel, tuple(each.id for each in alerts),
        first.severity, now_us,
    )  # fmt: skip


def _reminders(alert: Alert, told: Collection[str], routes: Routes, now_us: int) -> Iterable[Notice]:
    """Once per time and channel; only to those who know of it."""
    for (channel, _), time in routes.reminders(alert, now_us):
        name = f"{alert.id}/reminder{time}/{alert.severity}/{channel}"
        if _knows(alert, channel, told) and name not in told:
            yield Notice(name, "reminder", channel, (alert.id,), alert.severity, now_us)


def _ends(
    alerts: Sequence[Alert], told: Collection[str], routes: Routes, hours: Hours, now_us: int
) -> list[Notice]:
    """The end of an alert is news to all who know of it, also in place of others; of a warning, to people in
    business hours only."""
    ended = [alert for alert in alerts if alert.state == "resolved"]
    knowing = _knowing(told) if ended else {}
    found = []
    for alert in ended:
        for channel, gathers in routes.existing(sorted(knowing.get(alert.id, ()))):
            if notice_id(alert, "resolved", channel) in told:
                continue
            if not gathers or alert.severity == "critical" or hours.is_open(alert, now_us):
                found.append(_notice(alert, "resolved", channel, now_us))
    return found


def _knowing(told: Collection[str]) -> dict[str, set[str]]:
    """The channels that have heard of each alert's begin."""
    found: dict[str, set[str]] = {}
    for name in told:
        alert, kind, _, channel = name.split("/", 3)
        if kind in ("firing", "escalated"):
            found.setdefault(alert, set()).add(channel)
    return found
