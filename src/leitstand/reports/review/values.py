"""A review as it is stored: plain figures, money in nano-euro. `VERSION` grows when the form changes."""

from dataclasses import dataclass
from typing import Literal

VERSION = 1
LEAST_PEOPLE = 5  # groups of fewer people are never shown

GroupKind = Literal["use_case", "department", "model", "provider"]
GROUP_KINDS: tuple[GroupKind, ...] = ("use_case", "department", "model", "provider")
Factor = Literal["volume", "cache", "mix", "size", "price"]
FACTORS: tuple[Factor, ...] = ("volume", "cache", "mix", "size", "price")
Advice = Literal["lower", "raise", "fits"]


@dataclass(frozen=True)
class Totals:
    """The whole month. requests: all, refused ones too; cached: answered from a cache."""

    requests: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0
    saved_nano: int = 0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Driver:
    """One group. name: "" for requests that name none. before_nano: the month before; None: it was not shown then."""

    name: str
    requests: int
    tokens: int
    cost_nano: int
    before_nano: int | None = None


@dataclass(frozen=True)
class Drivers:
    """All groups of a kind, the dearest first. rest: groups of too few people, merged; None: there are none."""

    kind: GroupKind
    rows: tuple[Driver, ...]
    rest: Driver | None = None


@dataclass(frozen=True)
class Effect:
    """What a factor added to the cost of the month before (less than 0: saved)."""

    factor: Factor
    nano: int


@dataclass(frozen=True)
class Cheaper:
    """Short requests to a model that a cheaper one of the month could have answered, if it answers as well.

    cheaper_nano: the same tokens at what short requests to `to_model` really cost in the month.
    """

    use_case: str
    provider: str
    model: str
    to_provider: str
    to_model: str
    requests: int
    cost_nano: int
    cheaper_nano: int

    @property
    def saving_nano(self) -> int:
        return self.cost_nano - self.cheaper_nano


@dataclass(frozen=True)
class Tiering:
    """What models with tiers did. full_nano: the same at the largest open tier."""

    requests: int
    simple: int
    cost_nano: int
    full_nano: int


@dataclass(frozen=True)
class LimitCheck:
    """One limit in the month, in its own units; `each` limits of persons are counted without names.

    spent: of a month limit; of a day limit the largest day. reached_on: ISO day it was first reached. suggested: in
    units, 0 for none. of, reached: how many a rule for each bound, and how many of them reached it.
    """

    scope: str
    measure: str
    limit: int
    spent: int
    advice: Advice
    suggested: int = 0
    reached_on: str = ""
    reached_days: int = 0
    of: int = 1
    reached: int = 0


@dataclass(frozen=True)
class CacheUse:
    """How caches worked for a use case. off_nano: cost of requests that asked no cache.

    possible_nano: what they would have saved at the hit rate of all others; None: too few to say.
    """

    use_case: str
    looked: int
    hits: int
    saved_nano: int
    off_requests: int
    off_nano: int
    possible_nano: int | None = None


@dataclass(frozen=True)
class Uncertain:
    """Cost that is not certain: without a known price, or with an estimated number of tokens."""

    provider: str
    model: str
    why: Literal["unpriced", "estimated"]
    requests: int
    cost_nano: int


@dataclass(frozen=True)
class Ahead:
    """The next month as it looks. low, high: four of five cases."""

    month: str
    expected_nano: int
    low_nano: int
    high_nano: int


@dataclass(frozen=True)
class Review:
    """The review of `month` (2026-10). begins_us, ends_us: its borders; records: how many the journal still had of it.

    before: None without a month before; then `effects` is empty. They add up to the difference of the two exactly.
    """

    version: int
    month: str
    begins_us: int
    ends_us: int
    totals: Totals
    before: Totals | None
    effects: tuple[Effect, ...]
    drivers: tuple[Drivers, ...]
    cheaper: tuple[Cheaper, ...]
    tiering: Tiering
    limits: tuple[LimitCheck, ...]
    caches: tuple[CacheUse, ...]
    uncertain: tuple[Uncertain, ...]
    ahead: Ahead | None
    records: int

    @property
    def change_nano(self) -> int:
        return self.totals.cost_nano - (self.before.cost_nano if self.before else 0)

    @property
    def is_complete(self) -> bool:
        """Whether the journal still held every record; else tiers, caches and estimates tell of fewer."""
        return self.records >= self.totals.requests
