"""Values that travel along the hot path."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from leitstand.core.classes import DataClass
from leitstand.core.conversation import Frame, Prompt
from leitstand.core.money import ZERO, NanoEuro


def _still_there() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """What came in, read and not yet judged.

    language: of error messages, `de` or `en`. cache: "", "off" or "only". scope: the client's own
    name for whose data this is (`x-leitstand-scope`). is_gone: whether the client has hung up.
    time_us: application time of arrival. mark_originals: restored originals come with their placeholder
    (privacy/restore.py: MARKED), for pages that show both.
    """

    id: str
    prompt: Prompt
    time_us: int
    use_case: str | None = None
    data_class: DataClass | None = None
    cache: str = ""
    scope: str = ""
    language: str = "de"
    is_gone: Callable[[], bool] = _still_there
    mark_originals: bool = False


class Head(msgspec.Struct, frozen=True):
    """What is known when the first content is about to go out; the response headers are made of it.

    cache: hit, miss or off. fallback: targets that failed before the one that answers.
    """

    request_id: str
    provider: str
    provider_model: str
    region: str
    data_class: DataClass
    cache: str
    pseudonymised: int
    fallback: int


class Piece(msgspec.Struct, frozen=True):
    """A frame on its way to the client. changed: an original was put back, so `frame.raw` no longer fits."""

    frame: Frame
    changed: bool = False


class Tail(msgspec.Struct, frozen=True):
    """The end: settled and journalled. cost_nano: what was booked."""

    cost_nano: NanoEuro
    saved_nano: NanoEuro = ZERO


@dataclass(slots=True)
class Attempt:
    """One try at one target, kept for the journal."""

    provider: str
    model: str
    fault: str = ""
    status: int | None = None
    started: float = 0.0
    ended: float = 0.0


@dataclass(slots=True)
class Trace:
    """Which targets were tried; filled by the router, read by the bookkeeper."""

    attempts: list[Attempt] = field(default_factory=list)
    fallback: int = 0
