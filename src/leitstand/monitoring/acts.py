"""What people can do with an incident, as values: a page, a program and a command line ask for the same."""

from dataclasses import dataclass
from typing import Literal

from leitstand.monitoring.values import Severity


@dataclass(frozen=True)
class Open:
    """A new one by hand."""

    title: str
    severity: Severity = "critical"
    runbook: str = ""


@dataclass(frozen=True)
class TakeOver:
    """Lead from now on; its alerts count as acknowledged, so nobody else is woken."""


@dataclass(frozen=True)
class Note:
    """A line of the timeline."""

    text: str


@dataclass(frozen=True)
class Tick:
    """A step of the runbook is done; from 1."""

    step: int


@dataclass(frozen=True)
class Close:
    """It is over. lessons: "" keeps those that are written."""

    lessons: str = ""


@dataclass(frozen=True)
class Reopen:
    """It is not over."""


@dataclass(frozen=True)
class Classify:
    """Whether personal data was breached, with reasons. `breach` starts the deadlines."""

    kind: Literal["none", "breach"]
    reason: str


@dataclass(frozen=True)
class Publish:
    """Tell employees. until_us: expected end. models: concerned ones; none: all."""

    de: str
    en: str = ""
    until_us: int | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdraw:
    """Tell employees nothing more."""


@dataclass(frozen=True)
class AddTask:
    """Something to do afterwards. due: a day, ISO 8601, or ""."""

    text: str
    owner: str
    due: str = ""


@dataclass(frozen=True)
class FinishTask:
    """It is done."""

    task: str


@dataclass(frozen=True)
class Write:
    """A new version of the post-mortem. version: the one that was read; 0: the draft."""

    text: str
    version: int = 0


Act = TakeOver | Note | Tick | Close | Reopen | Classify | Publish | Withdraw | AddTask | FinishTask | Write
