"""Which incident an alert belongs to, and what becomes of incidents: pure functions of alerts and incidents.

A critical alert joins the open incident of the same cause, or opens one. A warning joins, and never opens one.
An incident is named after the provider at fault, once one is known.
Same cause: the same provider; or begun within ten minutes and one of the two rules makes the other superfluous.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.incident_values import Entry, Incident
from leitstand.monitoring.repository import Delivery
from leitstand.monitoring.values import GRAVITY, Alert, Rule

TOGETHER_US = 600_000_000
SYSTEM = "system"


@dataclass(frozen=True)
class Plan:
    """What a round does to incidents. joined: (alert, incident). entries: (incident, line of its timeline)."""

    opened: list[Incident] = field(default_factory=list)
    changed: list[Incident] = field(default_factory=list)
    joined: list[tuple[str, str]] = field(default_factory=list)
    entries: list[tuple[str, Entry]] = field(default_factory=list)


def follow(
    alerts: Sequence[Alert],
    running: Iterable[Incident],
    rules: Mapping[str, Rule],
    now_us: int,
    new_id: str,
) -> Plan:
    """Join alerts to incidents and move these on. running: those not closed. new_id: begin of the ids of new ones."""
    plan, incidents = Plan(), {each.id: each for each in running}
    members: dict[str, list[Alert]] = {name: [] for name in incidents}
    for alert in alerts:
        if alert.incident in members:
            members[alert.incident].append(alert)
    loose = [each for each in alerts if not each.incident and each.state == "firing"]
    for alert in sorted(loose, key=lambda each: (-GRAVITY[each.severity], each.since_us, each.id)):
        home = _home(alert, incidents, members, rules)
        if home is None and alert.severity == "critical":
            incident = _opened(alert, rules.get(alert.rule), f"{new_id}{len(plan.opened)}")
            plan.opened.append(incident)
            incidents[incident.id], members[incident.id], home = incident, [], incident.id
        if home is not None:
            plan.joined.append((alert.id, home))
            members[home].append(alert)
    fresh = {each.id for each in plan.opened}
    for name, theirs in members.items():
        for alert in theirs:
            plan.entries.extend((name, entry) for entry in told_of(alert, rules.get(alert.rule)))
        after = moved(_sharpened(incidents[name], theirs, rules), theirs, now_us)
        if name not in fresh and after != incidents[name]:
            plan.changed.append(after)
    return plan


def _home(
    alert: Alert,
    incidents: Mapping[str, Incident],
    members: Mapping[str, Sequence[Alert]],
    rules: Mapping[str, Rule],
) -> str | None:
    """The incident of the same cause, the newest first."""
    for incident in sorted(incidents.values(), key=lambda each: -each.opened_us):
        provider = alert.label("provider")
        if provider and provider == incident.label("provider"):
            return incident.id
        if (alert.rule, alert.labels) == (incident.rule, incident.labels):
            return incident.id
        if any(_related(alert, other, rules) for other in members[incident.id]):
            return incident.id
    return None


def _related(one: Alert, other: Alert, rules: Mapping[str, Rule]) -> bool:
    if abs(one.since_us - other.since_us) > TOGETHER_US:
        return False
    return _makes_superfluous(one, other, rules) or _makes_superfluous(other, one, rules)


def _makes_superfluous(grave: Alert, mild: Alert, rules: Mapping[str, Rule]) -> bool:
    rule = rules.get(mild.rule)
    if rule is None or grave.rule not in rule.inhibited_by:
        return False
    return all(grave.label(name) == mild.label(name) for name in rule.inhibit_on)


def _opened(alert: Alert, rule: Rule | None, incident_id: str) -> Incident:
    return Incident(
        incident_id, "", title(alert, rule), alert.severity, "open", alert.rule, alert.labels,
        rule.runbook if rule else "", alert.since_us, SYSTEM,
    )  # fmt: skip


def moved(incident: Incident, alerts: Sequence[Alert], now_us: int) -> Incident:
    """The incident as its alerts let it be; one without alerts stays as people have set it."""
    if not alerts:
        return incident
    if any(each.state == "firing" for each in alerts):
        after = replace(incident, state="open", calm_us=None)
    elif incident.state == "open":
        ended_us = max((each.resolved_us or now_us for each in alerts), default=now_us)
        after = replace(incident, state="observing", calm_us=ended_us)
    else:
        after = incident
    worked = [each for each in alerts if each.acknowledged_us is not None]
    if after.lead or not worked:
        return after
    first = min(worked, key=lambda each: each.acknowledged_us or 0)
    return replace(after, lead=first.acknowledged_by, lead_us=first.acknowledged_us)


def _sharpened(incident: Incident, alerts: Sequence[Alert], rules: Mapping[str, Rule]) -> Incident:
    """Named after the provider that is at fault, once that is known: many failed requests are seen first."""
    if not incident.rule or incident.label("provider"):
        return incident
    for alert in alerts:
        if alert.severity == "critical" and alert.label("provider"):
            rule = rules.get(alert.rule)
            return replace(
                incident, title=title(alert, rule), rule=alert.rule, labels=alert.labels,
                runbook=rule.runbook if rule else incident.runbook,
            )  # fmt: skip
    return incident


def title(alert: Alert, rule: Rule | None) -> Bilingual:
    """What happened to what."""
    subject = ", ".join(value for _, value in alert.labels)
    name = rule.title if rule and rule.title.de else Bilingual(alert.rule, alert.rule)
    if not subject:
        return name
    return Bilingual(f"{name.de}: {subject}", f"{name.en}: {subject}")


def told_of(alert: Alert, rule: Rule | None) -> list[Entry]:
    """What the timeline says of an alert."""
    name = title(alert, rule)
    found = [
        Entry(f"{alert.id}/since", alert.since_us, "since", SYSTEM,
              Bilingual(f"Erster schlechter Messwert – {name.de}", f"First bad reading – {name.en}")),
    ]  # fmt: skip
    if alert.fired_us is not None:
        word = (
            Bilingual("Kritische Meldung", "Critical alert")
            if alert.severity == "critical"
            else Bilingual("Warnung", "Warning")
        )
        text = Bilingual(f"{word.de} – {name.de}", f"{word.en} – {name.en}")
        found.append(Entry(f"{alert.id}/fired/{alert.severity}", alert.fired_us, "fired", SYSTEM, text))
    if alert.acknowledged_us is not None:
        text = Bilingual(f"Übernommen – {name.de}", f"Acknowledged – {name.en}")
        found.append(
            Entry(f"{alert.id}/ack", alert.acknowledged_us, "acknowledged", alert.acknowledged_by, text)
        )
    if alert.resolved_us is not None:
        text = Bilingual(f"Vorbei – {name.de}", f"Over – {name.en}")
        found.append(Entry(f"{alert.id}/resolved", alert.resolved_us, "resolved", SYSTEM, text))
    return found


def told_to(deliveries: Iterable[Delivery]) -> list[Entry]:
    """Who heard of it when."""
    return [
        Entry(
            each.notice.id, each.sent_us, "told", SYSTEM,
            Bilingual(f"Zugestellt über „{each.notice.channel}“", f"Delivered through '{each.notice.channel}'"),
        )
        for each in deliveries
        if each.sent_us is not None
    ]  # fmt: skip
