"""What happens while a question is answered, as a conversation tells it to whoever shows it.

Order: Started, QuestionShown, (Delta | Citation)*, then exactly one of Done, Refused, Failed. When the reader
stops, the generator is closed and nothing more is said; what was said before stays in the conversation.
"""

from dataclasses import dataclass
from datetime import datetime

from leitstand.core.classes import DataClass, Region
from leitstand.core.i18n import Bilingual


@dataclass(frozen=True)
class Segment:
    """A piece of text. placeholder: what the provider saw in its place; None: the text itself."""

    text: str
    placeholder: str | None = None


@dataclass(frozen=True)
class Started:
    """The question was taken. conversation: its id, new when the first question made it.

    question, answer: ids under which both can be edited or answered again. title: of the conversation.
    """

    request_id: str
    conversation: str
    title: str
    question: str
    answer: str
    time: datetime


@dataclass(frozen=True)
class QuestionShown:
    """The question as both sides see it: originals and placeholders."""

    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Delta:
    """More of the answer, restored; each segment is whole (a placeholder is never cut)."""

    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Citation:
    """A passage behind the answer. number: as `[1]` in the text. place: page, paragraph or version."""

    number: int
    document: str
    passage: str
    place: str = ""


@dataclass(frozen=True)
class Done:
    """The answer is complete.

    tier: a `core.tiers.Tier` when one was chosen automatically, else empty. protected: entities replaced.
    cache: hit, semantic, miss or off, as in the journal. cost_nano: booked, in nano-euro.
    """

    provider: str
    region: Region
    model: str
    latency_s: float
    cost_nano: int
    protected: int
    cache: str
    data_class: DataClass
    tier: str = ""


@dataclass(frozen=True)
class Refused:
    """A rule said no (budget, right, policy): not a fault. code: stable, see core/errors.py."""

    message: Bilingual
    code: str
    request_id: str


@dataclass(frozen=True)
class Failed:
    """Something broke (provider, time-out) before or while answering; trying again may help."""

    message: Bilingual
    code: str
    request_id: str


ChatEvent = Started | QuestionShown | Delta | Citation | Done | Refused | Failed
