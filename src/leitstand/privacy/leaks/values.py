"""What is kept of a request for the night, and what the night finds in it."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from leitstand.core.conversation import Masked
from leitstand.privacy.placeholders import Mapping


class Certainty(StrEnum):
    """How sure it is that something personal left the house."""

    CERTAIN = "certain"  # it is a value that the house knows: of this request, or out of a client's file
    LIKELY = "likely"  # the detectors find it today
    POSSIBLE = "possible"  # only a more sensitive reading finds it


class State(StrEnum):
    """What people have decided."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Spot(msgspec.Struct, frozen=True):
    """Characters start to end of text number `text`."""

    text: int
    start: int
    end: int
    type: str


class Sample(msgspec.Struct, frozen=True):
    """What is sealed of a request. texts: as they left. known: its own originals that still stand in them."""

    texts: tuple[str, ...]
    known: tuple[Spot, ...] = ()


@dataclass(frozen=True)
class Sent:
    """Event: a masked request went to a provider, or to a tool server. mapping: what was replaced in it."""

    request_id: str
    time_us: int
    masked: Masked
    mapping: Mapping
    department: str = ""
    use_case: str = ""
    provider: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Suspicion:
    """Something that may be personal and left the house."""

    spot: Spot
    certainty: Certainty


class Shown(msgspec.Struct, frozen=True):
    """What is sealed of a finding: the words, and the masked text before and after them."""

    words: str
    before: str
    after: str


@dataclass(frozen=True)
class Finding:
    """A suspicion as stored. shown: None once its time is over."""

    id: str
    request_id: str
    sent_us: int
    found_us: int
    type: str
    certainty: Certainty
    use_case: str
    provider: str
    state: State
    decided_by: str = ""
    decided_us: int = 0
    note: str = ""
    shown: Shown | None = None


@dataclass(frozen=True)
class LeakFound:
    """Event: the night found something."""

    finding: Finding
