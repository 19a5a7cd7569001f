"""The ledger: money and tokens are reserved before a call and made final after it, exactly once.

async with ledger.open(subject, need, request_id) as entry:     admission.py decides, turns.py queues
    … send, with entry.cap_at(price) as the candidate's cap …
    entry.lose(usage, price)                                    for each call that failed and is billed
    entry.settle(usage, price)                                  or leave: refunded
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from leitstand.accounting.admission import Admission, Call, Grant
from leitstand.accounting.counters import Counter, Counters, Hold, Reading
from leitstand.accounting.history import History
from leitstand.accounting.leeway import Leeway
from leitstand.accounting.limits import NO_LEEWAY, Limit, LimitRule, Subject, address, resolve
from leitstand.accounting.losses import Losses
from leitstand.accounting.lost import LostCall, lost_call
from leitstand.accounting.periods import Calendar, Period
from leitstand.accounting.prices import Price, cost
from leitstand.accounting.sizing import Need, Sizing
from leitstand.accounting.turns import Place, Turns
from leitstand.accounting.wording import Contact
from leitstand.core.clock import Clock
from leitstand.core.conversation import Usage
from leitstand.core.errors import Overloaded
from leitstand.core.money import NanoEuro

_SWEEP_EVERY = 256  # openings
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LimitUsage:
    """The state of a limit for pages. spent, held, limit: in nano-euro or tokens, as the rule counts."""

    scope: str
    spent: int
    held: int
    limit: int
    period: Period


class Entry:
    """A call in the ledger. Made by `Ledger.open`; leaving that context without `settle` refunds it.

    output_cap: output tokens per choice that the call may produce: the client's cap, a smaller one where a
    limit shortens the call, or None when no cap is needed.
    """

    def __init__(self, ledger: "Ledger", grant: Grant) -> None:
        self.output_cap = grant.output_cap
        self._ledger = ledger
        self._grant = grant
        self._losses = Losses(len(grant.limits))
        self._is_open = True

    @property
    def is_open(self) -> bool:
        """Whether neither `settle` nor `refund` was called yet."""
        return self._is_open

    def cap_at(self, price: Price) -> int | None:
        """`output_cap` for a candidate of that price: the amount held buys fewer tokens of a dearer one.

        0, while more than 0 was asked: the candidate is too dear for what is left; ask another one.
        """
        lost = any(self._losses.uncovered)
        if self.output_cap is None and not lost:
            return None
        grant = self._grant
        asked = grant.sizing.need.asked_output if self.output_cap is None else self.output_cap
        rows = zip(grant.limits, grant.hold.parts, self._losses.uncovered, strict=True)
        caps = [
            grant.sizing.cap(limit.in_money, part.amount - gone, price, fresh=grant.fresh)
            for limit, part, gone in rows
            if limit.in_money or lost
        ]
        return min([asked, *caps])

    @property
    def usual_output(self) -> int:
        """Output tokens to be expected of the call; all that is asked while its model is unknown."""
        return self._grant.sizing.usual_output

    @property
    def beyond(self) -> tuple[str, ...]:
        """The scopes whose limits are passed by grace; the call's own hold counts as used."""
        graced = [limit for limit in self._grant.limits if limit.grace]
        readings = self._ledger.read(graced) if graced else []
        return tuple(
            limit.scope
            for limit, reading in zip(graced, readings, strict=True)
            if reading.spent + reading.held > limit.units - limit.grace
        )

    def double(self) -> bool:
        """Hold the same once more, for a second call at the same time; False where the limits have no room."""
        grant = self._grant
        hold = self._ledger.hold_more(grant, [part.amount for part in grant.hold.parts])
        if hold is not None:
            self._losses.reserve(hold)
        return hold is not None

    def lose(self, usage: Usage, price: Price) -> NanoEuro:
        """Count a call that brought no answer and is billed all the same; returns its cost.

        What is held grows by it where every limit has room, so that as much as before is left for the next
        call; else the next one is capped at what remains (`cap_at`).
        """
        amounts = self._ledger.amounts(self._grant, usage, price)
        hold = self._losses.take_spare() or self._ledger.hold_more(self._grant, amounts)
        self._losses.add(amounts, hold)
        return cost(usage, price)

    def settle(self, usage: Usage, price: Price) -> NanoEuro:
        """Book what the call used, also where it is more than was held; returns the cost, without losses.

        Raises RuntimeError if the entry is settled or refunded already.
        """
        self._close()
        return self._ledger.book(self._grant, usage, price, self._losses)

    def refund(self) -> None:
        """Give everything back but losses: nothing was answered. Raises RuntimeError as `settle` does."""
        self._close()
        self._ledger.give_back(self._grant, self._losses)

    def _close(self) -> None:
        if not self._is_open:
            raise RuntimeError("an entry is settled or refunded exactly once")
        self._is_open = False


class Opening:
    """Admission on the way in; on the way out a refund, unless settled. Between them nothing can leak."""

    __slots__ = ("_call", "_entry", "_ledger", "_wait_s")

    def __init__(self, ledger: "Ledger", call: Call, wait_s: float) -> None:
        self._ledger = ledger
        self._call = call
        self._wait_s = wait_s
        self._entry: Entry | None = None

    async def __aenter__(self) -> Entry:
        # No await between the hold and this return: a cancellation comes before the one or after the other.
        self._entry = Entry(self._ledger, await self._ledger.admit(self._call, self._wait_s))
        return self._entry

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._entry is not None and self._entry.is_open:
            self._entry.refund()


class Ledger:
    """Admits calls within all limits; one per process and event loop, all over the same counters."""

    def __init__(
        self,
        counters: Counters,
        clock: Clock,
        rules: Iterable[LimitRule] = (),
        timezone: str = "Europe/Berlin",
        history: History | None = None,
        contact: Contact | None = None,
        leeway: Leeway = NO_LEEWAY,
    ) -> None:
        """contact: whom refusals name. history: what is known of the models, empty by default."""
        self.history = history or History()
        self._counters = counters
        self._clock = clock
        self._calendar = Calendar(timezone)
        self._admission = Admission(counters, clock, self._calendar, self.history, contact or Contact())
        self._turns = Turns()
        self.blind = False
        """True while nobody knows what was spent: what a budget limits is refused, everything else goes on."""
        self._opened = 0
        self.replace(rules, leeway)

    def replace(
        self, rules: Iterable[LimitRule], leeway: Leeway = NO_LEEWAY, contact: Contact | None = None
    ) -> None:
        """New rules from now on; open entries settle where they were held. contact: None: the same as before."""
        self._admission.use(rules, leeway, contact)

    def open(self, subject: Subject, need: Need, request_id: str, wait_s: float = 30.0) -> Opening:
        """Reserve the worst case of a call, or what is left of it: `async with ledger.open(…) as entry`.

        wait_s: how long (real time) to wait for running calls to give back what they hold.
        Raises BudgetExhausted, RateLimited or Downgrade on entry.
        Invariant: spent + held <= every limit, but for a settlement that is larger than its hold.
        """
        return Opening(self, Call(subject, need, request_id), wait_s)

    async def admit(self, call: Call, wait_s: float) -> Grant:
        """The way into an entry; see `open`."""
        self._sweep_sometimes()
        if self.blind and self._admission.bound(call.subject).amounts:
            raise Overloaded(
                "Was von den Budgets schon verbraucht ist, lässt sich ohne die Datenbank nicht feststellen. Bitte "
                "versuchen Sie es in einigen Minuten erneut.",
                "What is used up of the budgets cannot be told without the database. Please try again in some minutes.",
                retry_after_s=30,
            )
        queue = self._queue_ahead(call.subject)
        if queue is None:
            outcome = self._admission.attempt(call, final=wait_s <= 0)
            if isinstance(outcome, Grant):
                return outcome
            queue = outcome.counter
        return await self._wait_and_admit(call, queue, asyncio.get_running_loop().time() + wait_s)

    async def _wait_and_admit(self, call: Call, queue: Counter, deadline: float) -> Grant:
        loop = asyncio.get_running_loop()
        place = self._turns.join(queue)
        try:
            while True:
                await self._turns.pause(place, deadline)
                outcome = self._admission.attempt(call, final=loop.time() >= deadline)
                if isinstance(outcome, Grant):
                    return outcome
                place = self._move(place, outcome.counter)
        finally:
            self._turns.leave(place)

    def _queue_ahead(self, subject: Subject) -> Counter | None:
        if not self._turns:
            return None
        return self._turns.busy(limit.counter for limit in self._admission.bound(subject).amounts)

    def _move(self, place: Place, counter: Counter) -> Place:
        """To the queue of the counter that is short now."""
        if place.counter == counter:
            return place
        moved = self._turns.join(counter)
        self._turns.leave(place)
        return moved

    def _sweep_sometimes(self) -> None:
        self._opened += 1
        if self._opened % _SWEEP_EVERY == 0:
            self._counters.sweep(self._clock.time())

    def amounts(self, grant: Grant, usage: Usage, price: Price) -> list[int]:
        """What a usage means for each limit of a grant, as that limit counts."""
        amount, tokens = cost(usage, price), usage.input_tokens + usage.output_tokens
        return [amount if limit.in_money else tokens for limit in grant.limits]

    def read(self, limits: Sequence[Limit]) -> list[Reading]:
        """The state of the counters of these limits."""
        return self._counters.read([limit.counter for limit in limits])

    def hold_more(self, grant: Grant, amounts: Sequence[int]) -> Hold | None:
        """Reserve amounts beside a grant, for the same call; None where a limit has no room for them."""
        return self._admission.more(grant, amounts)

    def book(self, grant: Grant, usage: Usage, price: Price, losses: Losses) -> NanoEuro:
        """The way out of an entry that was used; see `Entry.settle`."""
        amount = cost(usage, price)
        self._settle(grant, self.amounts(grant, usage, price), losses)
        self._learn(grant, usage, amount)
        return amount

    def _settle(self, grant: Grant, amounts: Sequence[int], losses: Losses) -> None:
        own = [used + lost for used, lost in zip(amounts, losses.uncovered, strict=True)]
        for hold, spent in [*losses.booking(), (grant.hold, own)]:
            if not self._counters.settle(hold, spent):
                _log.warning("a call outlived its lease and stays booked at its estimate")
        self._turns.news(limit.counter for limit in grant.limits)

    def _learn(self, grant: Grant, usage: Usage, amount: NanoEuro) -> None:
        sizing: Sizing = grant.sizing
        plain = cost(Usage(usage.input_tokens, usage.output_tokens), sizing.need.low_price)
        share = min(amount / plain, 1.0) if plain else 1.0
        cap = grant.output_cap
        shortened = cap is not None and cap != sizing.need.output_cap
        cut = shortened and usage.output_tokens >= (cap or 0)
        sizing.history.learn(sizing.need.input_tokens, usage, share=share, cut=cut)

    def give_back(self, grant: Grant, losses: Losses) -> None:
        """The way out of an entry that was not used; see `Entry.refund`."""
        self._settle(grant, [0] * len(grant.limits), losses)

    def usage_of(self, rule: LimitRule, subject: Subject) -> LimitUsage | None:
        """The state of a rule for a subject; None if it does not bind it or limits requests a minute."""
        scope = resolve(rule, subject)
        if not scope or rule.is_pace:
            return None
        period = self._calendar.period(rule.span, self._clock.time())
        (reading,) = self._counters.read([address(scope, rule, period)])
        return LimitUsage(scope, reading.spent, reading.held, rule.units, period)

    def recover(self) -> list[LostCall]:
        """Find calls of dead processes, booked at their usual size; journal them, then `forget` them."""
        return [lost_call(hold) for hold in self._counters.recover()]

    def forget(self, lost: Iterable[LostCall]) -> None:
        """These lost calls are in the journal."""
        self._counters.forget([call.hold for call in lost])
