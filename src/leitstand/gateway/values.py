"""Values that travel along the hot path."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from leitstand.core.classes import DataClass
from leitstand.core.conversation import Frame, Prompt, Usage
from leitstand.core.money import ZERO, NanoEuro
from leitstand.gateway.pacing import Load, Turn
from leitstand.gateway.tally import Tally
from leitstand.policy.admit import Candidate


def _still_there() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """What came in, read and not yet judged.

    language: of error messages, `de` or `en`. cache: "", "off" or "only". scope: the client's own
    name for whose data this is (`x-leitstand-scope`). is_gone: whether the client has hung up.
    time_us: application time of arrival. mark_originals: restored originals come with their placeholder
    (privacy/restore.py: MARKED), for pages that show both. purpose: why the house itself asks, e.g. `trial`;
    empty for a person's or program's own request. run: id of the agent run that it is a step of, empty for none.
    Both are written into the record.
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
    purpose: str = ""
    run: str = ""


class Head(msgspec.Struct, frozen=True):
    """What is known when the first content is about to go out; the response headers are made of it.

    cache: hit, semantic, miss or off. fallback: targets that failed before the one that answers. tier: the one that
    was taken, empty for a model without tiers.
    """

    request_id: str
    provider: str
    provider_model: str
    region: str
    data_class: DataClass
    cache: str
    pseudonymised: int
    fallback: int
    tier: str = ""


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
    """One try at one target. tally: what came of it. lost: what is booked though it brought no (whole) answer.

    fault: a kind of fault, or `overtaken` by a second candidate that was asked beside it.
    """

    turn: Turn
    tally: Tally
    started: float
    ended: float = 0.0
    fault: str = ""
    status: int | None = None
    lost: Usage | None = None

    @property
    def candidate(self) -> Candidate:
        return self.turn.candidate

    @property
    def provider(self) -> str:
        return self.candidate.target.provider

    @property
    def model(self) -> str:
        return self.candidate.target.model


@dataclass(slots=True)
class Trace:
    """Which targets were tried; filled by the router, read by the bookkeeper. load: what pacing must know.

    continued: how often an answer that broke off was continued. lost: what attempts without an answer used.
    """

    attempts: list[Attempt] = field(default_factory=list)
    fallback: int = 0
    load: Load = field(default_factory=Load)
    continued: int = 0
    lost: Usage = field(default_factory=Usage)

    @property
    def answer(self) -> Attempt | None:
        """The attempt that brought the answer or its end, or was left in the middle of it."""
        begun = (each for each in reversed(self.attempts) if not each.fault and each.tally.has_begun)
        return next(begun, None)
