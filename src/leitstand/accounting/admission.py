"""One attempt to reserve a call: held, to be tried again later, or refused.

attempt ─ fits at its worst ──────────────────────▸ grant
        ├ spent alone leaves too little ──────────▸ BudgetExhausted or Downgrade
        ├ unproven, near a limit, others run ─────▸ wait: one at a time
        ├ others hold what it needs ──────────────▸ wait
        └ what is left is enough, only shorter ───▸ grant with a smaller cap
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leitstand.accounting.counters import Counters, Hold, Pace, Part, Short, TooFast
from leitstand.accounting.history import History
from leitstand.accounting.leeway import Leeway
from leitstand.accounting.limits import Bound, Limit, LimitRule, Rulebook, Subject
from leitstand.accounting.lost import facts_of
from leitstand.accounting.periods import Calendar
from leitstand.accounting.rooms import COLD_WORST_CASES, Room, offer_of, share_of, shortened_cap
from leitstand.accounting.sizing import Need, Sizing
from leitstand.accounting.wording import Contact, exhausted, reserved, too_fast
from leitstand.core.clock import Clock

_RACES = 4


class Downgrade(Exception):
    """The limit is reached and names the public model that takes over: ask again with that one."""

    def __init__(self, model: str, limit: Limit) -> None:
        super().__init__(f"{limit.scope} {limit.rule.measure} is reached: downgrade to {model}")
        self.model = model
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what."""

    subject: Subject
    need: Need
    request_id: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A call may go. limits: those of the hold's parts, in order; output_cap: see `Entry`.

    fresh: the call was shortened to a budget of which nothing was spent yet; see `Sizing.floor`.
    """

    hold: Hold
    limits: Sequence[Limit]
    sizing: Sizing
    output_cap: int | None
    call: Call
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """A call cut to what is left: amounts to hold, and the rest as in `Grant`."""

    amounts: Sequence[int]
    output_cap: int | None
    fresh: bool = False


class Admission:
    """Attempts calls against the counters; keeps nothing between attempts."""

    def __init__(
        self, counters: Counters, clock: Clock, calendar: Calendar, history: History, contact: Contact
    ) -> None:
        self._counters = counters
        self._clock = clock
        self._calendar = calendar
        self._history = history
        self._contact = contact
        self.rulebook = Rulebook((), calendar)

    def use(self, rules: Iterable[LimitRule], leeway: Leeway, contact: Contact | None = None) -> None:
        """These rules from now on. contact: whom refusals name; None: the same as before."""
        self.rulebook = Rulebook(rules, self._calendar, leeway)
        self._contact = contact or self._contact

    def bound(self, subject: Subject) -> Bound:
        """The limits of a subject at this moment."""
        return self.rulebook.limits(subject, self._clock.time())

    def attempt(self, call: Call, *, final: bool) -> Grant | Limit:
        """Reserve a call, or name the limit on which running calls hold what it needs.

        final: do not wait any more; take what is left if it is enough at all.
        Raises BudgetExhausted, RateLimited, Downgrade.
        """
        bound = self.bound(call.subject)
        sizing = Sizing(call.need, self._history.of(call.subject.model))
        worst = [sizing.worst(limit.in_money) for limit in bound.amounts]
        fitted = Fitted(worst, call.need.output_cap)
        for _ in range(_RACES):
            taken = self._take(call, bound, sizing, worst, fitted.amounts)
            if isinstance(taken, Hold):
                return _grant(taken, bound, sizing, fitted, call)
            rooms = [Room(*row) for row in zip(bound.amounts, taken.readings, worst, strict=True)]
            outcome = self._fit(rooms, sizing, final)
            if isinstance(outcome, Limit):
                return outcome
            fitted = outcome
        return bound.amounts[0]

    def more(self, grant: Grant, amounts: Sequence[int]) -> Hold | None:
        """Reserve amounts beside a grant, one per limit of it; None where one does not fit.

        If the process dies it is found as a lost call of its own. It is no further request, so no pace counts it.
        """
        now_s = self._clock.time()
        parts = [
            Part(
                limit.counter, amount, limit.units, amount, grant.sizing.likely(limit.in_money, amount)
            )
            for limit, amount in zip(grant.limits, amounts, strict=True)
        ]  # fmt: skip
        facts = facts_of(grant.call.subject, grant.sizing, int(now_s * 1_000_000))
        taken = self._counters.hold(parts, (), f"{grant.call.request_id}+", facts, now_s)
        return taken if isinstance(taken, Hold) else None

    def _take(
        self, call: Call, bound: Bound, sizing: Sizing, worst: Sequence[int], amounts: Sequence[int]
    ) -> Hold | Short:
        now_s = self._clock.time()
        cold = 1 if sizing.proven else COLD_WORST_CASES
        parts = [
            Part(
                limit.counter,
                amount,
                limit.units,
                max(amount, cold * most),
                sizing.likely(limit.in_money, amount),
            )
            for limit, amount, most in zip(bound.amounts, amounts, worst, strict=True)
        ]
        paces = [Pace(limit.counter, limit.units) for limit in bound.paces]
        facts = facts_of(call.subject, sizing, int(now_s * 1_000_000))
        taken = self._counters.hold(parts, paces, call.request_id, facts, now_s)
        if isinstance(taken, TooFast):
            limit = bound.paces[taken.index]
            _follow(limit)
            raise too_fast(limit, taken.wait_s, self._contact)
        return taken

    def _fit(self, rooms: Sequence[Room], sizing: Sizing, final: bool) -> Fitted | Limit:
        """What of the call fits what is left, or the limit to wait for."""
        for room in rooms:
            if room.is_spent(sizing):
                raise self._refusal(room)
        offers = []
        for room in rooms:
            offer = offer_of(room, sizing, final)
            if offer is None:
                return self._wait(room, final)
            offers.append(offer)
        short = [room for room in rooms if room.is_short]
        if not short:
            return Fitted([room.worst for room in rooms], sizing.need.output_cap)
        cap = shortened_cap(rooms, offers, sizing)
        if cap < min(sizing.need.asked_output, 1):
            return self._wait(min(short, key=lambda room: room.leeway), final)
        shares = [share_of(room, offer, cap, sizing) for room, offer in zip(rooms, offers, strict=True)]
        return Fitted(shares, cap, all(room.is_fresh for room in short))

    def _wait(self, room: Room, final: bool) -> Limit:
        if not room.reading.held:
            raise self._refusal(room)
        if final:
            raise reserved(room.limit, room.reading, self._contact)
        return room.limit

    def _refusal(self, room: Room) -> Exception:
        _follow(room.limit)
        zone = self._calendar.zone
        return exhausted(room.limit, room.reading, self._clock.time(), zone, self._contact)


def _grant(hold: Hold, bound: Bound, sizing: Sizing, fitted: Fitted, call: Call) -> Grant:
    cap = fitted.output_cap
    if cap is None and hold.tight:
        cap = sizing.need.default_output_cap  # what is held must bind where it could be passed
    return Grant(hold, bound.amounts, sizing, cap, call, fitted.fresh)


def _follow(limit: Limit) -> None:
    """Raise Downgrade if the limit says so."""
    if limit.rule.downgrade_to:
        raise Downgrade(limit.rule.downgrade_to, limit)
