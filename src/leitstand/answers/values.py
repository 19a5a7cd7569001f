"""Conversations and what can be asked in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leitstand.answers.events import Citation, Done, Segment
from leitstand.core.classes import DataClass
from leitstand.core.i18n import Bilingual

State = Literal["complete", "stopped", "refused", "failed"]


@dataclass(frozen=True)
class UseCaseChoice:
    """A use case that a person may ask under. note: for example "nur EU-Anbieter"; None: nothing to say."""

    name: str
    label: str
    data_class: DataClass
    note: Bilingual | None = None


@dataclass(frozen=True)
class ModelChoice:
    """A public model name."""

    name: str
    label: str


@dataclass(frozen=True)
class ChatChoices:
    """What a person can choose, best first. examples: questions for the empty state, in both languages."""

    use_cases: tuple[UseCaseChoice, ...]
    models: tuple[ModelChoice, ...]
    examples: tuple[Bilingual, ...] = ()


@dataclass(frozen=True)
class ConversationSummary:
    """One line of the list."""

    id: str
    title: str
    changed: datetime


@dataclass(frozen=True)
class StoredAnswer:
    """One variant of an answer. state stopped: the reader stopped it. message: for refused and failed."""

    id: str
    request_id: str
    time: datetime
    segments: tuple[Segment, ...]
    state: State
    citations: tuple[Citation, ...] = ()
    done: Done | None = None
    message: Bilingual | None = None
    code: str = ""


@dataclass(frozen=True)
class Turn:
    """A question and its answers, oldest variant first; the last one is shown."""

    id: str
    time: datetime
    segments: tuple[Segment, ...]
    answers: tuple[StoredAnswer, ...]


@dataclass(frozen=True)
class Conversation:
    """A whole conversation of one person."""

    id: str
    title: str
    use_case: str
    model: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Ask:
    """A question. conversation None: begin one.

    regenerate_of: id of a question that gets one more answer (`text` is then its text, unchanged).
    replaces: id of the last question, which this one takes the place of together with its answers.
    """

    conversation: str | None
    text: str
    use_case: str
    model: str
    language: str
    regenerate_of: str | None = None
    replaces: str | None = None
