"""Where a request would go under another model: the targets that policy leaves open, with their shares."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from leitstand.accounting.prices import Price
from leitstand.core.classes import DataClass
from leitstand.core.tiers import Tier
from leitstand.policy.admit import objection
from leitstand.policy.rulebook import Offer, Route, Rulebook, UseCase
from leitstand.policy.tiers import order
from leitstand.reports.what_if.traffic import Call, Facts

PriceOf = Callable[[date, str, str, bool], Price | None]
"""Day, provider, provider's model, whether as the scenario has it: the price, None where it is not known any more."""


class Way(NamedTuple):
    """One target and the share of such requests that it gets."""

    share: float
    offer: Offer


class Choice(NamedTuple):
    """One model that may answer. share: how likely, where the tier of a request is not known."""

    share: float
    ways: tuple[Way, ...]


class Offers:
    """The routes of a scenario. shares: of the tiers among judged requests, by use case; `` for all together."""

    def __init__(
        self, book: Rulebook, price: PriceOf, today: date, shares: Mapping[str, Mapping[str, float]]
    ) -> None:
        self._book = book
        self._price = price
        self._today = today
        self._shares = shares

    def choices(self, model: str, call: Call, facts: Facts, day: date) -> tuple[Choice, ...]:
        """By rising tier, one for a model without tiers; empty where no target may have the request."""
        route = self._book.routes[model]
        if not route.tiers:
            ways = self._ways(route, call, day)
            return (Choice(1.0, ways),) if ways else ()
        by_tier = {tier: self._ways(self._book.routes[name], call, day) for tier, name in route.tiers.items()}
        open_tiers = {tier: ways for tier, ways in by_tier.items() if ways}
        if not open_tiers:
            return ()
        likely: dict[Tier, float] = {}
        for wanted, share in self._wanted(call, facts).items():
            taken = next(
                tier for tier in order(route.tiers, wanted, self._case(call).max_tier) if tier in open_tiers
            )
            likely[taken] = likely.get(taken, 0.0) + share
        return tuple(Choice(likely[tier], open_tiers[tier]) for tier in Tier if tier in likely)

    def _wanted(self, call: Call, facts: Facts) -> dict[Tier, float]:
        """Pinned by the use case, judged when it was asked, or as the requests that were judged."""
        pinned = self._case(call).tier
        if pinned is not None:
            return {pinned: 1.0}
        if facts.tier.judged:
            return {Tier(facts.tier.judged): 1.0}
        shares = (
            self._shares.get(call.use_case) or self._shares.get("") or dict.fromkeys(map(str, Tier), 1 / 3)
        )
        return {Tier(word): share for word, share in shares.items()}

    def _case(self, call: Call) -> UseCase:
        return self._book.use_cases.get(call.use_case) or self._book.general()

    def _ways(self, route: Route, call: Call, day: date) -> tuple[Way, ...]:
        data_class = DataClass.parse(call.data_class or DataClass.INTERNAL.word)
        row = self._book.policy[data_class]
        may = [
            offer
            for offer in route.offers
            if objection(offer, row, data_class, self._today) is None
            and (offer.context_tokens is None or call.input_tokens <= offer.context_tokens)
        ]
        if not may:
            return ()
        if route.strategy == "weighted":
            total = sum(offer.weight for offer in may)
            return tuple(Way(offer.weight / total, offer) for offer in may)
        if route.strategy == "cheapest":
            return (Way(1.0, min(may, key=lambda offer: self._list_price(offer, day))),)
        return (Way(1.0, may[0]),)

    def _list_price(self, offer: Offer, day: date) -> Decimal:
        price = self._price(day, offer.target.provider, offer.target.model, True)
        return price.input + price.output if price else Decimal("Infinity")
