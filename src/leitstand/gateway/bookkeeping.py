"""One journal record per request, whatever happens: answered, refused, failed, left by the client."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol

from leitstand.accounting.admission import Downgrade
from leitstand.accounting.pricelists.snapshots import booked
from leitstand.accounting.prices import Price
from leitstand.accounting.runs import Run, Runs
from leitstand.core.clock import Clock
from leitstand.core.conversation import Prompt, Usage
from leitstand.core.errors import BudgetExhausted, Refusal
from leitstand.core.events import Events
from leitstand.core.money import ZERO, NanoEuro
from leitstand.core.tiers import Tier
from leitstand.gateway.cache import CacheKey
from leitstand.gateway.repeats import Repeats
from leitstand.gateway.semantic import Near
from leitstand.gateway.tiers.classify import Judgement, judge
from leitstand.gateway.tiers.recorded import record
from leitstand.gateway.values import Request, Trace
from leitstand.identity.callers import Caller
from leitstand.journal.records import INTERACTION, Record
from leitstand.policy.admit import Admitted, Candidate
from leitstand.privacy.restore import Restorer

_log = logging.getLogger(__name__)


class Journal(Protocol):
    """Where records become durable."""

    async def write(self, record: Record) -> None:
        """Return once the record survives the end of this process."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Event: a request has ended; monitoring and pages listen."""

    record: Record


class ClientLeft(Exception):
    """The client hung up before anything was sent to a provider."""


@dataclass(slots=True)
class Book:
    """Facts of one request as they become known; entered as an `async with` around all its work."""

    request: Request
    clock: Clock
    journal: Journal
    events: Events
    runs: Runs | None = None
    repeats: Repeats | None = None
    caller: Caller | None = None
    admitted: Admitted | None = None
    candidate: Candidate | None = None
    trace: Trace = field(default_factory=Trace)
    entities: dict[str, int] = field(default_factory=dict)
    pseudonymised: int = 0
    restorer: Restorer | None = None  # knows how many placeholders of the answer nobody gave out
    cache: str = "off"
    same: str = ""  # digest of the question, where no cache was looked into
    near: Near | None = None  # what the semantic cache found
    cached_from: tuple[str, str, str] | None = None  # provider, model, region of a stored answer
    usage: Usage = field(default_factory=Usage)
    cost_nano: NanoEuro = ZERO
    saved_nano: NanoEuro = ZERO
    recalled: int = 0  # inputs of an embedding whose vectors were known
    beyond: tuple[str, ...] = ()  # scopes whose limits are passed by grace
    judgement: Judgement | None = None
    full_nano: NanoEuro = ZERO  # what the same usage costs at the largest tier that was open
    unpriced: bool = False
    bookings: list[tuple[Usage, Price, NanoEuro]] = field(
        default_factory=list
    )  # one per attempt that cost money
    citations: list[dict[str, Any]] = field(default_factory=list)
    downgraded_to: list[str] = field(default_factory=list)
    complete: bool = False
    refusal: Refusal | None = None  # why nothing, or not everything, was answered
    started: float = 0.0
    first_token: float = 0.0

    def downgrade(self, limit: Downgrade) -> str:
        """Note that a used-up limit sends the request to a cheaper model; returns that model.

        Raises BudgetExhausted when the limits send it round in a circle.
        """
        if limit.model in self.downgraded_to or limit.model == self.request.prompt.model:
            raise BudgetExhausted(
                f"Das Budget für „{limit.limit.scope}“ ist verbraucht, und die günstigeren Modelle sind es auch.",
                f"The budget of '{limit.limit.scope}' is used up, and so are those of the cheaper models.",
                retry_after_s=max(1.0, limit.limit.period.ends_s - self.clock.time()),
            )
        self.downgraded_to.append(limit.model)
        return limit.model

    def step(self) -> None:
        """Count the request as a step of its agent run, once; raises RunLimited."""
        caller, admitted, run = self.caller, self.admitted, self.request.run
        if run and self.runs and caller and admitted and not self.downgraded_to:
            self.runs.step(Run(caller.key_id or caller.name, run), admitted.use_case.runs, self.request.id)

    def look_up_by(self, question: CacheKey | None) -> CacheKey | None:
        """The key, where the model has a cache; where not, a digest of the question is noted for what-if."""
        has_cache = self.admitted is not None and self.admitted.route.cache
        self.cache = "miss" if question and has_cache else "off"
        if question and self.repeats and not has_cache:
            self.same = self.repeats.digest(question)
        return question if has_cache else None

    def judge(self, prompt: Prompt) -> Tier:
        """How demanding the prompt is, noted for the record."""
        self.judgement = judge(prompt)
        return self.judgement.tier

    async def __aenter__(self) -> "Book":
        self.started = asyncio.get_running_loop().time()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, Refusal):
            self.refusal = error
        record = self._record(*self._verdict(error or self.refusal))
        await self.journal.write(record)
        self.events.say(Answered(record))
        self._say(record, error or self.refusal)

    @staticmethod
    def _say(record: Record, error: BaseException | None) -> None:
        """One line for each request that brought no answer; what the client wrote is not in it."""
        if isinstance(error, Refusal):
            facts = {"request_id": record.id, "code": error.code, "status": error.status}
            _log.info("request refused", extra=facts)
        elif error is not None and not isinstance(error, GeneratorExit | asyncio.CancelledError):
            _log.info("request ended", extra={"request_id": record.id, "error": type(error).__name__})

    def _verdict(self, error: BaseException | None) -> tuple[str, str]:
        """(outcome, code) of the record."""
        match error:
            case None if self.request.is_gone():
                return "left", ""
            case None:
                return ("cached" if self.cache in ("hit", "semantic") else "ok"), ""
            case Refusal(status=status):
                return ("failed" if status >= 500 else "refused"), error.code
            case GeneratorExit() | asyncio.CancelledError() | ClientLeft():
                return "left", ""
            case _:
                return "failed", "internal_error"

    def _record(self, outcome: str, code: str) -> Record:
        now = asyncio.get_running_loop().time()
        request, admitted, target = self.request, self.admitted, None
        if self.candidate is not None:
            target = self.candidate.target
        provider, model, region = self.cached_from or (
            (target.provider, target.model, target.region.value) if target else ("", "", "")
        )
        person = self.caller.person if self.caller else None
        return Record(
            id=request.id,
            kind=INTERACTION,
            time_us=request.time_us,
            user=person.name if person else "",
            department=person.department if person else "",
            use_case=admitted.use_case.name if admitted else (request.use_case or ""),
            key_id=self.caller.key_id if self.caller else "",
            model=request.prompt.model,
            provider=provider,
            provider_model=model,
            region=region,
            data_class=admitted.data_class.word if admitted else self._class_refused(),
            outcome=outcome,
            code=code,
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            cached_tokens=self.usage.cached_tokens,
            reasoning_tokens=self.usage.reasoning_tokens,
            cost_nano=self.cost_nano,
            saved_nano=self.saved_nano,
            latency_us=self._application_us(now - self.started),
            first_token_us=self._application_us(self.first_token - self.started) if self.first_token else 0,
            cache=self.cache,
            pseudonymised=self.pseudonymised,
            fallback=self.trace.fallback,
            estimated=self.usage.estimated,
            unpriced=self.unpriced,
            detail=self._detail(),
        )

    def _class_refused(self) -> str:
        """The data class for which policy found no target, where that was the reason."""
        return str(self.refusal.detail.get("data_class", "")) if self.refusal else ""

    @staticmethod
    def _application_us(seconds: float) -> int:
        return max(0, round(seconds * 1_000_000))

    def _detail(self) -> dict[str, Any]:
        """Facts without a column; only those that say something, so that records stay small."""
        detail: dict[str, Any] = {"dialect": self.request.prompt.dialect}
        if self.request.prompt.stream:
            detail["stream"] = True
        if self.request.purpose:
            detail["purpose"] = self.request.purpose
        if self.request.run:
            detail["run"] = self.request.run
        if self.entities:
            detail["entities"] = self.entities
        if self.restorer and self.restorer.unknown:
            detail["unknown_placeholders"] = self.restorer.unknown
        if self.downgraded_to:
            detail["downgraded_to"] = self.downgraded_to
        if self.admitted and self.admitted.route.name != self.request.prompt.model:
            detail["answered_as"] = self.admitted.route.name
        tiering = self.admitted.tiering if self.admitted else None
        if tier := record(self.judgement, tiering, self.full_nano):
            detail["tier"] = tier
        if self.bookings:
            detail["price"] = self.bookings[-1][1].snapshot
        if len(self.bookings) > 1:
            detail["booked"] = [booked(*each) for each in self.bookings]
        if self.same:
            detail["same"] = self.same
        if self.recalled:
            detail["recalled"] = self.recalled
        if self.beyond:
            detail["beyond_limits"] = list(self.beyond)
        if self.trace.continued:
            detail["continued"] = self.trace.continued
        if self.cache == "semantic" and self.near:
            detail["similarity"] = round(self.near.similarity, 4)
        if self.citations:
            detail["citations"] = self.citations
        if self.usage.units:
            detail["units"] = {self.usage.unit: self.usage.units}
        if self.usage.cache_write_tokens:
            detail["cache_write_tokens"] = self.usage.cache_write_tokens
        if len(self.trace.attempts) > 1 or any(attempt.fault for attempt in self.trace.attempts):
            detail["attempts"] = [
                {
                    "provider": attempt.provider,
                    "model": attempt.model,
                    "fault": attempt.fault,
                    "status": attempt.status,
                    "ms": round((attempt.ended - attempt.started) * 1000, 1),
                    **({"tokens": _tokens(attempt.lost)} if attempt.lost else {}),
                }
                for attempt in self.trace.attempts
            ]
        if self.admitted and self.admitted.dropped:
            detail["dropped"] = {drop.target.provider: drop.reason for drop in self.admitted.dropped}
        elif self.refusal and "dropped" in self.refusal.detail:
            detail["dropped"] = self.refusal.detail["dropped"]
        if self.admitted and self.admitted.data_class > self.admitted.use_case.data_class:
            stated = self.request.data_class == self.admitted.data_class
            detail["class_by"] = "stated" if stated else "found"
        return detail


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


OpenBook = Callable[[Request], Book]
