"""What flows along the alert path (alertpath.py):

Reading ─▶ Alert (pending ▸ firing ▸ resolved) ─▶ Notice per channel ─▶ delivered; a critical one opens an incident
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from leitstand.core.i18n import Bilingual

Severity = Literal["critical", "warning"]
State = Literal["pending", "firing", "resolved"]
NoData = Literal["resolve", "keep", "fire"]
Labels = tuple[tuple[str, str], ...]  # sorted by name
GRAVITY: dict[Severity, int] = {"warning": 1, "critical": 2}


def labels(**named: str) -> Labels:
    """Labels in their order; empty ones are left out."""
    return tuple(sorted((name, value) for name, value in named.items() if value))


@dataclass(frozen=True)
class Reading:
    """What a signal says of one subject at a moment.

    value: in the signal's unit; None: nothing could be measured. sample: how many observations it rests on.
    affected: who feels it, for people; empty where nobody can be named.
    """

    labels: Labels
    value: float | None
    sample: int = 0
    affected: Bilingual = field(default=Bilingual("", ""))


@dataclass(frozen=True)
class Level:
    """One threshold. fires: from this value on (exclusive). clears: at or below it again (hysteresis; <= fires).

    for_s: how long the value must stay above before people hear of it.
    """

    severity: Severity
    fires: float
    clears: float
    for_s: float = 0.0


@dataclass(frozen=True)
class Rule:
    """When somebody must be told. All times in application seconds.

    name: stable, `snake_case`. signal: its name on the shelf monitoring/signals. levels: one per severity.
    window_s: what the signal looks back over. min_sample: fewer observations count as no data. clear_for_s: how long
    all must be well before the alert is resolved. no_data: what then happens with a firing alert; `fire`: silence
    itself is the fault. runbook: slug of the page that says what to do. inhibited_by: rules whose alert with the same
    value of every label in `inhibit_on` makes this one superfluous.
    """

    name: str
    title: Bilingual
    why: Bilingual
    signal: str
    levels: tuple[Level, ...]
    window_s: float
    min_sample: int = 1
    clear_for_s: float = 120.0
    no_data: NoData = "resolve"
    runbook: str = ""
    inhibited_by: tuple[str, ...] = ()
    inhibit_on: tuple[str, ...] = ("provider",)
    enabled: bool = True
    shipped: bool = True

    def level(self, severity: Severity) -> Level | None:
        """The threshold of a severity."""
        return next((each for each in self.levels if each.severity == severity), None)


@dataclass(frozen=True)
class Alert:
    """One episode of one rule on one subject, from the first bad reading to the last.

    id: of the episode. since_us: when its value first was bad; fired_us: when people had to hear of it; None: pending.
    well_us: since when all has been well again, while it has not been for long enough. grave_us: since when the
    value has been bad enough for `critical`. peak: the worst value. sample, value: of the last reading.
    """

    id: str
    rule: str
    labels: Labels
    severity: Severity
    state: State
    since_us: int
    fired_us: int | None = None
    resolved_us: int | None = None
    well_us: int | None = None
    grave_us: int | None = None
    value: float | None = None
    peak: float = 0.0
    sample: int = 0
    affected: Bilingual = field(default=Bilingual("", ""))
    acknowledged_by: str = ""
    acknowledged_us: int | None = None
    incident: str = ""

    @property
    def key(self) -> tuple[str, Labels]:
        """What it is an alert of."""
        return (self.rule, self.labels)

    def label(self, name: str) -> str:
        """The value of a label, or ''."""
        return dict(self.labels).get(name, "")

    def with_incident(self, incident: str) -> "Alert":
        """The same, with the incident that people work on."""
        return replace(self, incident=incident)


@dataclass(frozen=True)
class Silence:
    """Somebody wants to hear nothing of some alerts for a while.

    matchers: label -> value that must be equal; `rule` and `severity` count as labels; empty: everything.
    maintenance: a planned window; only these mute critical alerts, too. begins_us <= now < ends_us: in force.
    """

    id: str
    matchers: Labels
    begins_us: int
    ends_us: int
    author: str
    comment: str
    maintenance: bool = False

    def mutes(self, alert: Alert, now_us: int) -> bool:
        """Whether it silences the alert now."""
        if not self.begins_us <= now_us < self.ends_us:
            return False
        if alert.severity == "critical" and not self.maintenance:
            return False
        known = dict(alert.labels) | {"rule": alert.rule, "severity": alert.severity}
        return all(known.get(name) == value for name, value in self.matchers)


NoticeKind = Literal["firing", "resolved", "escalated", "reminder", "digest", "test"]


@dataclass(frozen=True)
class Notice:
    """One message on its way to one channel; kept until it is delivered or given up (table `alert_notice`).

    id: `ALERT/KIND/SEVERITY/CHANNEL`, so that the same is put in once; it goes along, and receivers may drop a second
    one. alerts: ids, several in a digest. due_us: not before. attempts: failed ones so far. made_us: since when it
    is on its way; 0 for one that is not kept yet.
    """

    id: str
    kind: NoticeKind
    channel: str
    alerts: tuple[str, ...]
    severity: Severity
    due_us: int
    attempts: int = 0
    made_us: int = 0


@dataclass(frozen=True)
class Message:
    """What a channel delivers: already worded, in one language. The webhook's JSON has the same names.

    id: of the notice, so that a second delivery can be told; alert: of the episode, the same from its begin to its
    end. started, ended: ISO 8601 with offset; since: the first for people. measured: value and limit, for people.
    url: of the alert in Leitstand. labels: as in Alert.
    """

    id: str
    rule: str
    severity: Severity
    state: Literal["firing", "resolved"]
    started: str
    ended: str
    title: str
    summary: str
    affected: str
    runbook: str
    url: str
    labels: dict[str, str]
    alert: str = ""
    since: str = ""
    measured: str = ""
