"""The calculation: each booked request once more, at the price and model that the scenario gives it.

    call ─ is it answered from a cache? ─ which model? ─ which target may? ─ how many tokens? ─ which price? ─▶ sums
Pure but for the prices, which are handed in. A request that nothing changes is calculated too, which shows how
far the calculation can be trusted (`Sums.exact` and its neighbours).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from leitstand.accounting.pricelists.snapshots import prove
from leitstand.accounting.prices import Price, cost
from leitstand.core.conversation import CONVERSATIONS, Usage
from leitstand.gateway.cache import LIFETIME_S, NEVER_KEPT
from leitstand.policy.rulebook import Offer, Rulebook
from leitstand.reports.what_if.offers import Offers, PriceOf
from leitstand.reports.what_if.result import Range
from leitstand.reports.what_if.scenario import Scenario
from leitstand.reports.what_if.sums import Sums, count
from leitstand.reports.what_if.tokens import Ratio, usual
from leitstand.reports.what_if.traffic import Call, Facts, record_of, usage_of

CACHE_US = int(LIFETIME_S * 1_000_000)


class World(NamedTuple):
    """What is in force. snapshots: the prices that records name. zone: in which days begin.

    today: by which contracts are judged.
    """

    book: Rulebook
    price: PriceOf
    snapshots: Mapping[str, Price]
    zone: ZoneInfo
    today: date


Factors = Mapping[tuple[str, str, str], Ratio]
"""Use case, provider's model before, provider's model after."""


class Replay:
    """One stretch of traffic; take the calls in the order of arrival, then read `sums`."""

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        factors: Factors | None = None,
        tier_shares: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self.sums = Sums()
        self._world = world
        self._snapshots = dict(world.snapshots)
        self._scenario = scenario
        self._factors = factors or {}
        self._offers = Offers(world.book, world.price, world.today, tier_shares or {})
        self._seen: dict[str, int] = {}  # digest of a question → when an answer to it would have been stored

    def remember(self, calls: Iterable[Call]) -> None:
        """What was asked in the cache's lifetime before the stretch: its answers are still stored."""
        for call in calls:
            if (same := call.facts().same) and not self._is_repeat(same, call.time_us):
                self._store(same, call)

    def take(self, call: Call) -> None:
        """Add one request."""
        facts, scenario = call.facts(), self._scenario
        self._time(call, facts)
        if scenario.models and call.model not in scenario.models:
            return
        group = self.sums.group(call.use_case, call.model)
        group.requests += 1
        group.before += call.cost_nano
        model = self._new_model(call, facts)
        if call.is_cached:
            if self._loses_hit(call, facts, model):
                self.sums.hits_lost += 1
                group.lost += call.saved_nano
            return
        after = self._after(call, facts, model)
        group.low += round(after.low)
        group.value += round(after.value)
        group.high += round(after.high)

    # ------------------------------------------------------------ caches

    def _loses_hit(self, call: Call, facts: Facts, model: str | None) -> bool:
        scenario = self._scenario
        if call.cache == "semantic" and scenario.semantic_cache.get(call.use_case) is False:
            return True
        if model is None:
            return scenario.cache.get(_answering(call, facts)) is False
        return not scenario.cache.get(model, self._world.book.routes[model].cache)

    def _wins_hit(self, call: Call, facts: Facts, model: str) -> bool:
        """Whether a cache that was off would have answered; notes what it would have stored."""
        if call.cache != "off" or facts.dialect in NEVER_KEPT or not self._would_keep(model):
            return False
        if not facts.same:
            self.sums.unknown += 1
            return False
        self.sums.since_us = min(call.time_us, self.sums.since_us or call.time_us)
        if self._is_repeat(facts.same, call.time_us):
            self.sums.hits_won += 1
            return True
        self._store(facts.same, call)
        return False

    def _would_keep(self, model: str) -> bool:
        route = self._world.book.routes.get(model)
        return self._scenario.cache.get(model, bool(route and route.cache))

    def _is_repeat(self, same: str, time_us: int) -> bool:
        stored_us = self._seen.get(same)
        return stored_us is not None and time_us - stored_us <= CACHE_US

    def _store(self, same: str, call: Call) -> None:
        if call.outcome == "ok":
            self._seen[same] = call.time_us

    # ------------------------------------------------------------ models and prices

    def _new_model(self, call: Call, facts: Facts) -> str | None:
        """The model that would answer instead; None where nothing is replaced."""
        scenario = self._scenario
        model = scenario.replace.get(call.model) or scenario.replace.get(_answering(call, facts))
        if model is not None and facts.dialect not in CONVERSATIONS:
            self.sums.stay("task")
            return None
        return model

    def _after(self, call: Call, facts: Facts, model: str | None) -> Range:
        usage = usage_of(call, facts)
        day = datetime.fromtimestamp(call.time_us / 1e6, self._world.zone).date()
        if not call.provider:
            if call.cost_nano:
                self.sums.unknown_price += 1  # its process died: nobody knows which target it had asked
            return _exactly(call.cost_nano)
        booked_at = self._recalculated(call, facts, day)
        name = model or _answering(call, facts)
        if self._wins_hit(call, facts, name):
            return _exactly(0)
        cap = self._scenario.cap(name)
        if model is None:
            return _exactly(self._stayed(call, usage, booked_at, cap, day))
        moved = self._moved(call, facts, usage, model, day)
        if moved is None:
            cap = self._scenario.cap(_answering(call, facts))
            return _exactly(self._stayed(call, usage, booked_at, cap, day))
        self._note_move(call, facts, model, moved)
        return moved

    def _recalculated(self, call: Call, facts: Facts, day: date) -> Price | None:
        """The price that the call was booked at, None where it is not known; notes whether its cost comes out again."""
        price = self._snapshots.get(facts.price) or self._rebuilt(call, facts, day)
        again = prove(record_of(call), self._snapshots).recomputed_nano
        if again is None:
            self.sums.unknown_price += 1
        elif again == call.cost_nano:
            self.sums.exact += 1
        else:
            self.sums.difference_nano += again - call.cost_nano
            if call.estimated or facts.recalled:
                self.sums.estimated += 1
            else:
                self.sums.differing += 1
        return price

    def _rebuilt(self, call: Call, facts: Facts, day: date) -> Price | None:
        """For records from before prices were kept: the price of that day, if it gives the record's price id."""
        price = self._world.price(day, call.provider, call.provider_model, False)
        if price is None or price.snapshot != facts.price:
            return None
        self._snapshots[price.snapshot] = price
        return price

    def _stayed(self, call: Call, usage: Usage, booked_at: Price | None, cap: float, day: date) -> int:
        """The cost at the same target. What was booked besides the answer grows and shrinks with it."""
        is_cut = usage.output_tokens > cap
        self.sums.cut += is_cut
        if not is_cut and not self._scenario.changes_prices:
            return call.cost_nano
        price = booked_at
        if self._scenario.changes_prices:
            price = self._world.price(day, call.provider, call.provider_model, True)
        if price is None:
            return call.cost_nano
        shortened = replace(usage, output_tokens=int(cap)) if is_cut else usage
        now = cost(shortened, price)
        was = cost(usage, booked_at) if booked_at else 0
        return now if was in (0, call.cost_nano) else round(call.cost_nano * now / was)

    def _moved(self, call: Call, facts: Facts, usage: Usage, model: str, day: date) -> Range | None:
        """The cost at another model; None where no target may have the request."""
        choices = self._offers.choices(model, call, facts, day)
        if not choices:
            self.sums.stay("policy")
            return None
        found: list[tuple[float, Range]] = []
        for choice in choices:
            ways = [(way.share, self._cost_at(call, usage, way.offer, model, day)) for way in choice.ways]
            found.append((choice.share, _mean(ways)))
        if len(found) == 1:
            return found[0][1]
        low, high = min(each.low for _, each in found), max(each.high for _, each in found)
        return Range(low, _mean(found).value, high)

    def _cost_at(self, call: Call, usage: Usage, offer: Offer, model: str, day: date) -> Range:
        target = offer.target
        price = self._world.price(day, target.provider, target.model, True)
        if price is None:
            self.sums.unpriced += 1
            return _exactly(call.cost_nano)
        self.sums.unpriced += price.unpriced
        count(self.sums.targets, call.use_case, call.provider_model, target.model)
        known = self._factors.get((call.use_case, call.provider_model, target.model))
        ratio = known or usual(call.provider_model, target.model)
        cap = self._scenario.cap(model)
        self.sums.cut += usage.output_tokens * ratio.output.value > cap
        if ratio.source == "same":
            return _exactly(_scaled_cost(usage, 1.0, 1.0, cap, price))
        return Range(
            _scaled_cost(usage, ratio.input.low, ratio.output.low, cap, price),
            _scaled_cost(usage, ratio.input.value, ratio.output.value, cap, price),
            _scaled_cost(usage, ratio.input.high, ratio.output.high, cap, price),
        )

    def _note_move(self, call: Call, facts: Facts, model: str, moved: Range) -> None:
        count(self.sums.ways, call.use_case, _answering(call, facts), model)
        group = self.sums.group(call.use_case, call.model)
        group.moved += 1
        group.asked_before += call.cost_nano
        group.asked_low += round(moved.low)
        group.asked_value += round(moved.value)
        group.asked_high += round(moved.high)

    # ------------------------------------------------------------ speed

    def _time(self, call: Call, facts: Facts) -> None:
        if call.outcome != "ok" or facts.dialect not in CONVERSATIONS:
            return
        for name in {call.model, _answering(call, facts)}:
            self.sums.timing(call.use_case, name).take(call, facts)


def _answering(call: Call, facts: Facts) -> str:
    """The public model that answered, which tiers or a limit may have put in place of the asked one."""
    return facts.answered_as or call.model


def _scaled_cost(usage: Usage, inputs: float, outputs: float, cap: float, price: Price) -> int:
    scaled = replace(
        usage,
        input_tokens=round(usage.input_tokens * inputs),
        cached_tokens=round(usage.cached_tokens * inputs),
        cache_write_tokens=round(usage.cache_write_tokens * inputs),
        output_tokens=int(min(round(usage.output_tokens * outputs), cap)),
    )
    return cost(scaled, price)


@lru_cache(maxsize=4096)
def _exactly(value: int) -> Range:
    return Range(value, value, value)


def _mean(parts: list[tuple[float, Range]]) -> Range:
    if len(parts) == 1:
        return parts[0][1]
    total = sum(share for share, _ in parts)
    return Range(
        *(
            sum(share * getattr(each, name) for share, each in parts) / total
            for name in ("low", "value", "high")
        )
    )
