"""Why a month cost more or less than the one before: five factors whose effects add up to the difference exactly.

Cost is, summed over models: requests × share not answered from a cache × share of the model × tokens per request × price
per token. Each factor's effect is its mean contribution over all orders in which the five can be exchanged (Shapley's
value), so no order is preferred and nothing is left over. A model that one month did not use takes its tokens and price
from the other, so it counts as mix alone. A price per token also holds the ratio of input to output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import factorial

from leitstand.reports.review.values import FACTORS, Effect, Factor

_SCALE = 10**6  # parts of a nano-euro in which sums are kept

Model = tuple[str, str]


@dataclass(frozen=True)
class Used:
    """What a model (or tool) was used for in a month. requests: not from a cache."""

    requests: int
    tokens: int
    cost_nano: int


@dataclass(frozen=True)
class MonthUse:
    """cached: requests answered from a cache. models: by provider and model."""

    cached: int
    models: Mapping[Model, Used]

    @property
    def paid(self) -> int:
        return sum(used.requests for used in self.models.values())

    @property
    def cost_nano(self) -> int:
        return sum(used.cost_nano for used in self.models.values())


def decompose(before: MonthUse, after: MonthUse) -> tuple[Effect, ...]:
    """The effect of each factor in nano-euro; their sum is the difference of the two costs."""
    costs = {
        frozenset(some): _cost(before, after, frozenset(some))
        for size in range(len(FACTORS) + 1)
        for some in combinations(FACTORS, size)
    }
    costs[frozenset()] = before.cost_nano * _SCALE
    costs[frozenset(FACTORS)] = after.cost_nano * _SCALE
    shares = {factor: _shapley(factor, costs) / _SCALE for factor in FACTORS}
    return _rounded(shares, after.cost_nano - before.cost_nano)


def _shapley(factor: Factor, costs: Mapping[frozenset[Factor], int]) -> Fraction:
    n, total = len(FACTORS), Fraction(0)
    for some, cost in costs.items():
        if factor not in some:
            weight = Fraction(factorial(len(some)) * factorial(n - len(some) - 1), factorial(n))
            total += weight * (costs[some | {factor}] - cost)
    return total


def _cost(before: MonthUse, after: MonthUse, new: frozenset[Factor]) -> int:
    """The cost in which the factors in `new` are those of `after`, in parts of a nano-euro."""
    volume, cache, mix = (after if factor in new else before for factor in ("volume", "cache", "mix"))
    requests = volume.cached + volume.paid
    asked = cache.cached + cache.paid
    if not asked or not mix.paid:
        return 0
    paid, total = Fraction(requests * cache.paid, asked), 0
    for model, used in mix.models.items():
        tokens, price = _unit(before, after, model, "size" in new, "price" in new)
        total += int(paid * Fraction(used.requests, mix.paid) * tokens * price * _SCALE)
    return total


def _unit(
    before: MonthUse, after: MonthUse, model: Model, new_size: bool, new_price: bool
) -> tuple[Fraction, Fraction]:
    """(tokens per request, nano-euro per token) of a model; what is used without tokens is paid per request."""
    found = (month.models.get(model) for month in (before, after))
    known = [used for used in found if used is not None and used.requests]
    if not known:
        return Fraction(0), Fraction(0)
    sized, priced = (known[-1 if new else 0] for new in (new_size, new_price))
    if not all(used.tokens for used in known):
        return Fraction(1), Fraction(priced.cost_nano, priced.requests)
    return Fraction(sized.tokens, sized.requests), Fraction(priced.cost_nano, priced.tokens)


def _rounded(shares: Mapping[Factor, Fraction], total: int) -> tuple[Effect, ...]:
    """Whole nano-euro whose sum is `total`: what rounding leaves goes to the largest remainders."""
    floors = {factor: share.__floor__() for factor, share in shares.items()}
    missing = total - sum(floors.values())
    order = sorted(shares, key=lambda factor: floors[factor] - shares[factor])
    for factor in order[:missing]:
        floors[factor] += 1
    return tuple(Effect(factor, floors[factor]) for factor in FACTORS)
