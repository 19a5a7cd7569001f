"""Fire drills: a fault played against the real route for one request, to see what people would see.

Everything is real but the fault: rules, masking, route, the call to the target that takes over, its price. What
the drill finds out about targets is written on a copy of the board, nothing is cached, and the journal knows
the request as a drill and not as somebody's work.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from msgspec.structs import replace

from leitstand.core.conversation import Frame, Masked, Message, Prompt, Text, TextDelta
from leitstand.core.errors import InvalidRequest
from leitstand.core.i18n import Bilingual
from leitstand.core.money import NanoEuro
from leitstand.gateway.bookkeeping import Journal
from leitstand.gateway.routing import Sender
from leitstand.gateway.values import Request
from leitstand.journal.records import Record
from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind, UpstreamFault

PLAYED = "gateway.drill.played"
"""The kind of a drill's journal record."""
EVERYBODY = "*"
MAX_TOKENS = 200
INPUT_TOKENS = 60  # what the question takes at most; for the price that is shown before
QUESTION = Bilingual(
    "Erklären Sie in zwei kurzen Sätzen, wozu eine Notfallübung dient.",
    "Explain in two short sentences what a fire drill is for.",
)
_K = FaultKind


@dataclass(frozen=True)
class DrillFault:
    """A fault that can be played. late: what it is after the first words; None: it cannot happen there."""

    kind: FaultKind
    label: Bilingual
    status: int | None = None
    late: FaultKind | None = None


FAULTS: Mapping[str, DrillFault] = {
    "timeout": DrillFault(
        _K.TIMEOUT_FIRST, Bilingual("antwortet nicht", "does not answer"), late=_K.TIMEOUT_IDLE
    ),
    "connect": DrillFault(_K.CONNECT, Bilingual("ist nicht erreichbar", "cannot be reached")),
    "cut": DrillFault(_K.CUT, Bilingual("bricht die Verbindung ab", "cuts the connection"), late=_K.CUT),
    "server": DrillFault(_K.SERVER, Bilingual("meldet einen Serverfehler", "reports a server error"), 500, _K.SERVER),
    "overloaded": DrillFault(_K.OVERLOADED, Bilingual("ist überlastet", "is overloaded"), 503, _K.OVERLOADED),
    "rate_limited": DrillFault(_K.RATE_LIMITED, Bilingual("drosselt uns", "limits our rate"), 429),
    "quota": DrillFault(_K.QUOTA, Bilingual("meldet: Guthaben erschöpft", "reports: quota used up"), 429),
    "auth": DrillFault(_K.AUTH, Bilingual("lehnt unseren Schlüssel ab", "rejects our key"), 401),
    "model_missing": DrillFault(
        _K.MODEL_MISSING, Bilingual("kennt das Modell nicht mehr", "no longer knows the model"), 404
    ),
    "context_too_long": DrillFault(
        _K.CONTEXT_TOO_LONG, Bilingual("findet die Anfrage zu lang", "finds the request too long"), 400
    ),
    "content_filter": DrillFault(
        _K.CONTENT_FILTER, Bilingual("lehnt den Inhalt ab", "rejects the content"), 400
    ),
    "malformed": DrillFault(
        _K.MALFORMED, Bilingual("antwortet unlesbar", "answers unreadably"), 200, _K.MALFORMED
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Drill:
    """What is played: the fault, at which provider of which model; `*`: at all of them at once.

    after_words: 0: before the answer begins; else after so many words of it.
    """

    model: str
    provider: str
    fault: str
    after_words: int = 0
    use_case: str | None = None
    language: str = "de"

    def check(self) -> None:
        """Raise InvalidRequest for a fault that does not exist, or not at this place."""
        if self.fault not in FAULTS:
            raise InvalidRequest(
                f"Die Störung „{self.fault}“ gibt es nicht. Es gibt: {', '.join(FAULTS)}.",
                f"There is no fault '{self.fault}'. There are: {', '.join(FAULTS)}.",
                detail={"param": "fault"},
            )
        if self.after_words and FAULTS[self.fault].late is None:
            late = ", ".join(name for name, fault in FAULTS.items() if fault.late)
            raise InvalidRequest(
                f"„{self.fault}“ tritt nur vor der Antwort auf. Mitten in der Antwort gibt es: {late}.",
                f"'{self.fault}' happens before the answer only. Within an answer there are: {late}.",
                detail={"param": "after_words"},
            )

    def hits(self, provider: str) -> bool:
        """Whether it is played at this provider."""
        return self.provider in (EVERYBODY, provider)

    def request(self, request_id: str, time_us: int) -> Request:
        """The harmless standard question, streamed as in the chat."""
        message = Message("user", (Text(QUESTION.in_(self.language)),))
        prompt = Prompt("chat", self.model, (message,), stream=True, max_tokens=MAX_TOKENS)
        return Request(request_id, prompt, time_us, self.use_case, cache="off", language=self.language)


class Sabotaged:
    """A Sender whose chosen target fails as the drill says; every other one is asked for real."""

    def __init__(self, door: Sender, drill: Drill) -> None:
        self._door = door
        self._drill = drill

    async def send(
        self, masked: Masked, target: Target, *, again: bool = False
    ) -> AsyncGenerator[Frame, None]:
        """See routing.Sender. A time-out takes as long as the target's patience really is."""
        said, is_hit, after = "", self._drill.hits(target.provider), self._drill.after_words
        if is_hit and not after:
            raise await self._fault(target)
        async with aclosing(self._door.send(masked, target, again=again)) as frames:
            async for frame in frames:
                said += "".join(chunk.text for chunk in frame.chunks if isinstance(chunk, TextDelta))
                if is_hit and len(said.split()) > after:
                    raise await self._fault(target)
                yield frame

    async def _fault(self, target: Target) -> UpstreamFault:
        fault = FAULTS[self._drill.fault]
        is_late = self._drill.after_words > 0
        kind = fault.late if is_late and fault.late else fault.kind
        if kind is FaultKind.TIMEOUT_FIRST:
            await asyncio.sleep(target.patience.first_token_s)
        elif kind is FaultKind.TIMEOUT_IDLE:
            await asyncio.sleep(target.patience.idle_s)
        return UpstreamFault(kind, "fire drill", status=fault.status, answered=is_late)


class DrillJournal:
    """Writes the record of a request as that of a drill."""

    def __init__(self, journal: Journal, drill: Drill) -> None:
        self._journal = journal
        self._drill = drill

    async def write(self, record: Record) -> None:
        """See bookkeeping.Journal."""
        played = {
            "provider": self._drill.provider,
            "fault": self._drill.fault,
            "after_words": self._drill.after_words,
        }
        await self._journal.write(replace(record, kind=PLAYED, detail=record.detail | {"drill": played}))


@dataclass(frozen=True)
class DrillChoice:
    """A model on which drills can be played. providers: of its targets, in their order.

    most_nano: what the real call can cost. longest_s: how long all targets together may keep silent.
    """

    model: str
    providers: tuple[str, ...]
    most_nano: NanoEuro
    longest_s: float
