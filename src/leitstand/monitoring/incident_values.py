"""What an incident is made of: what people work on until it is over, and learn from afterwards.

open ──all well──▶ observing ──a person──▶ closed
  ▲────bad again──────┘  ◀────reopened──────┘
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Alert, Labels, Severity

State = Literal["open", "observing", "closed"]
Classification = Literal["", "none", "breach"]
"""Whether personal data was breached (GDPR article 4 (12)): not decided, no, yes."""
CALM_S = 1800.0  # of calm after which closing is proposed


class PublicMessage(NamedTuple):
    """What employees are told. until_us: expected end. models: concerned ones; none: all."""

    de: str
    en: str
    made_us: int
    made_by: str
    until_us: int | None = None
    models: tuple[str, ...] = ()


class Effect(NamedTuple):
    """What it did, counted from the minutes. rescued: answered by a fallback. refused: by policy, budget or limits.

    extra_nano: what answers cost more than the same number of tokens did the day before; None: nothing to compare.
    """

    requests: int = 0
    failed: int = 0
    refused: int = 0
    rescued: int = 0
    extra_nano: int | None = None


@dataclass(frozen=True)
class Incident:
    """One incident. number: for people, V-2026-031. opened_by: `system` or a person.

    labels, rule: of the alert that opened it; empty where a person did. runbook: slug or "". lead: who works on it.
    calm_us: since when all its alerts are over. classified_us: the deadlines of the law run from here.
    effect: kept when it is closed; before that it is counted.
    """

    id: str
    number: str
    title: Bilingual
    severity: Severity
    state: State
    rule: str
    labels: Labels
    runbook: str
    opened_us: int
    opened_by: str
    calm_us: int | None = None
    closed_us: int | None = None
    closed_by: str = ""
    lead: str = ""
    lead_us: int | None = None
    classification: Classification = ""
    classified_us: int | None = None
    classified_by: str = ""
    reason: str = ""
    message: PublicMessage | None = None
    lessons: str = ""
    effect: Effect | None = None

    def label(self, name: str) -> str:
        """The value of a label, or ''."""
        return dict(self.labels).get(name, "")

    def may_close(self, now_us: int) -> bool:
        """Whether it has been calm for so long that closing is proposed."""
        return self.state == "observing" and now_us - (self.calm_us or now_us) >= CALM_S * 1_000_000


class Entry(NamedTuple):
    """One line of the timeline. id: unique, so that the same is written once. by: a person, or `system`.

    kind: fired, resolved, acknowledged, told, note, step, change, state. step: number of a runbook's step, from 1; 0: none.
    """

    id: str
    time_us: int
    kind: str
    by: str
    text: Bilingual
    step: int = 0


class Task(NamedTuple):
    """Something to do afterwards. due: a day, ISO 8601, or ""."""

    id: str
    text: str
    owner: str
    due: str
    made_us: int
    done_us: int | None = None
    done_by: str = ""


class PostMortem(NamedTuple):
    """One version of the post-mortem, Markdown."""

    version: int
    text: str
    made_us: int
    made_by: str


@dataclass(frozen=True)
class IncidentView:
    """An incident with all that belongs to it; entries newest first, post_mortem: the newest version or None."""

    incident: Incident
    alerts: tuple[Alert, ...]
    entries: tuple[Entry, ...]
    tasks: tuple[Task, ...]
    effect: Effect
    post_mortem: PostMortem | None

    @property
    def ticked(self) -> dict[int, Entry]:
        """The steps of the runbook that are done."""
        return {entry.step: entry for entry in self.entries if entry.kind == "step"}
