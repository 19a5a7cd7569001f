"""A gateway whose provider is a script, with the real ledger, rules and bookkeeping around it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from leitstand.accounting.admission import Grant
from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.ledger import Ledger
from leitstand.accounting.limits import LimitRule
from leitstand.accounting.losses import Losses
from leitstand.accounting.pricebook import PriceBook, PriceRow
from leitstand.accounting.prices import Price
from leitstand.core.classes import Region
from leitstand.core.clock import Clock
from leitstand.core.conversation import (
    Frame,
    Masked,
    Message,
    Prompt,
    Stopped,
    StopReason,
    Text,
    TextDelta,
    Usage,
    Used,
)
from leitstand.core.events import Events
from leitstand.core.money import NanoEuro
from leitstand.gateway.bookkeeping import Answered, Book
from leitstand.gateway.cache import ResponseCache
from leitstand.gateway.health import Health
from leitstand.gateway.hotpath import Credentials, Gateway, Rules
from leitstand.gateway.routing import Router
from leitstand.gateway.tally import plus
from leitstand.gateway.values import Attempt, Head, Piece, Request, Tail, Trace
from leitstand.identity.callers import KeyRing, Person, StoredKey, digest
from leitstand.journal.records import Record
from leitstand.policy.admit import Candidate, Protection
from leitstand.policy.rulebook import Offer, Route, Rulebook
from leitstand.privacy.scan import Scanner
from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind, UpstreamFault

TODAY = date(2026, 11, 23)
PEPPER = b"p" * 32
KEY = "lst_annas"
SCANNER = Scanner()

PREAMBLE = Frame((), raw=b"{}")
HELLO = Frame((TextDelta("Guten Tag"),))
MORE = Frame((TextDelta(", gern."),))
END = Frame((Stopped(StopReason.END), Used(Usage(40, 20))))

Step = Frame | BaseException | asyncio.Event


def fault(kind: FaultKind, **more: Any) -> UpstreamFault:
    return UpstreamFault(kind, "says the provider.", **more)


def target(provider: str) -> Target:
    """A model in the house, so that policy and contracts have no say in tests of something else."""
    return Target(provider, "openai", "m", Region.LOCAL)


def candidate(provider: str, weight: float = 1.0) -> Candidate:
    return Candidate(Offer(target(provider), weight=weight), Protection.HOUSE)


@dataclass
class ScriptedDoor:
    """Plays one list of steps per call: frames are yielded, errors raised, events waited for.

    scripts: by provider, one list per call; a provider without a script left fails the test.
    happened: shared with the other fakes, to see what came before what.
    """

    scripts: dict[str, list[list[Step]]]
    happened: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    again: list[bool] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)

    async def send(
        self, masked: Masked, target: Target, *, again: bool = False
    ) -> AsyncGenerator[Frame, None]:
        """As providers/door.py: Door.send."""
        self.asked.append(target.provider)
        self.again.append(again)
        self.prompts.append(masked.prompt)
        try:
            for step in self.scripts[target.provider].pop(0):
                if isinstance(step, Frame):
                    yield step
                elif isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    raise step
        finally:
            self.happened.append("provider closed")


class WatchedLedger(Ledger):
    """The real ledger, telling when it settles or refunds."""

    def __init__(self, happened: list[str], rules: list[LimitRule]) -> None:
        super().__init__(MemoryCounters(), Clock(), rules)
        self._happened = happened

    def book(self, grant: Grant, usage: Usage, price: Price, losses: Losses) -> NanoEuro:
        self._happened.append("settled")
        return super().book(grant, usage, price, losses)

    def give_back(self, grant: Grant, losses: Losses) -> None:
        self._happened.append("settled" if losses else "refunded")
        super().give_back(grant, losses)


@dataclass
class ListedJournal:
    """Keeps records in a list, as gateway/bookkeeping.py: Journal."""

    happened: list[str]
    records: list[Record] = field(default_factory=list)

    async def write(self, record: Record) -> None:
        self.happened.append("journalled")
        self.records.append(record)


class Stage:
    """A gateway with two models: `standard` (targets p1, p2) and `klein` (target p3), both cached if wanted."""

    def __init__(
        self, scripts: dict[str, list[list[Step]]], limits: list[LimitRule] | None = None, cache: bool = False
    ) -> None:
        self.happened: list[str] = []
        self.door = ScriptedDoor(scripts, self.happened)
        self.journal = ListedJournal(self.happened)
        self.health = Health()
        self.cache = ResponseCache()
        self.said: list[Answered] = []
        clock, events = Clock(), Events()
        events.subscribe(Answered, self.said.append)
        rows = [PriceRow(f"p{number}", "m", Decimal(1), Decimal(2)) for number in (1, 2, 3)]
        routes = {
            "standard": Route("standard", (Offer(target("p1")), Offer(target("p2"))), cache=cache),
            "klein": Route("klein", (Offer(target("p3")),), cache=cache),
        }
        self.ring = KeyRing(
            {digest(KEY, PEPPER): StoredKey("key_1", "anna")},
            {"anna": Person("anna", department="vertrieb")},
            PEPPER,
        )
        self.rules = Rules(self.ring, Rulebook(routes), PriceBook(clock, rows), SCANNER, limit_wait_s=0.0)
        self.gateway = Gateway(
            self.rules,
            WatchedLedger(self.happened, limits or []),
            self.cache,
            Router(self.door, self.health, lambda _target: Decimal(1)),
            lambda _target, _prompt: None,
            lambda request: Book(request, clock, self.journal, events),
        )

    def ask(self, request: Request, key: str = KEY) -> AsyncGenerator[Head | Piece | Tail, None]:
        return self.gateway.answer(request, Credentials(key, "127.0.0.1"), TODAY)

    async def play(self, request: Request, key: str = KEY) -> list[Head | Piece | Tail]:
        """The whole answer."""
        return [item async for item in self.ask(request, key)]

    @property
    def record(self) -> Record:
        """The one record; a second or a missing one fails the test."""
        (record,) = self.journal.records
        assert [event.record for event in self.said] == [record]
        return record


def request(
    text: str = "Wie lang ist eine Elle?", model: str = "standard", number: int = 1,
    is_gone: Callable[[], bool] = lambda: False, **more: Any,
) -> Request:  # fmt: skip
    prompt = Prompt("chat", model, (Message("user", (Text(text),)),), stream=True, max_tokens=50)
    return Request(f"req_{number}", prompt, 1_790_000_000_000_000, is_gone=is_gone, **more)


def text_of(items: list[Head | Piece | Tail]) -> str:
    """What the client reads."""
    return "".join(
        chunk.text
        for item in items
        if isinstance(item, Piece)
        for chunk in item.frame.chunks
        if isinstance(chunk, TextDelta)
    )


@dataclass
class PlainErrand:
    """A request as the router sees it, without a ledger.

    has_room: whether a second call at the same time is affordable. broke_after: losses that are, None for any.
    """

    candidates: tuple[Candidate, ...]
    route: Route = field(default_factory=lambda: Route("standard", ()))
    prompt: Prompt = field(default_factory=lambda: Prompt("chat", "standard", ()))
    trace: Trace = field(default_factory=Trace)
    input_tokens: int = 10
    input_least: int = 5
    has_room: bool = True
    broke_after: int | None = None
    lost: list[Attempt] = field(default_factory=list)
    doubled: int = 0

    def affordable(self) -> list[Candidate]:
        return list(self.candidates)

    def fits(self, _candidate: Candidate) -> bool:
        return self.broke_after is None or len(self.lost) <= self.broke_after

    def protect(self, _candidate: Candidate) -> Masked:
        return Masked(self.prompt)

    def lose(self, attempt: Attempt) -> None:
        self.lost.append(attempt)
        self.trace.lost = plus(self.trace.lost, attempt.tally.usage(complete=False))

    def double(self) -> bool:
        self.doubled += self.has_room
        return self.has_room
