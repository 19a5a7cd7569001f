"""What a scenario comes to. Stored as JSON; money in nano-euro."""

from typing import Literal

import msgspec

from leitstand.core.i18n import Bilingual

SMALLEST_GROUP = 5
"""Figures of fewer persons are shown as part of a larger group only (PRODUCT 4.6)."""


Source = Literal["same", "paired", "traffic", "assumed"]


class Range(msgspec.Struct, frozen=True):
    """An estimate with the interval that it is expected in."""

    low: float
    value: float
    high: float

    def plus(self, other: "Range") -> "Range":
        """Both together, as if their errors went the same way: the interval is rather too wide."""
        return Range(self.low + other.low, self.value + other.value, self.high + other.high)

    def times(self, factor: float) -> "Range":
        """By a factor that is not negative."""
        return Range(self.low * factor, self.value * factor, self.high * factor)


NOTHING = Range(0.0, 0.0, 0.0)


class UseCaseCost(msgspec.Struct, frozen=True):
    """name: empty for all use cases with fewer than SMALLEST_GROUP persons together. moved: answered otherwise."""

    name: str
    requests: int
    moved: int
    before_nano: int
    after_nano: Range


class TokenFactor(msgspec.Struct, frozen=True):
    """How the tokens of one replacement were found; see tokens.Ratio."""

    use_case: str
    before: str
    after: str
    input: Range
    output: Range
    source: Source
    calls: int


class Pace(msgspec.Struct, frozen=True):
    """Measured times of a model's answers in seconds. first_s: until the first content of streams; None: too few."""

    answers: int
    p50_s: float | None
    p95_s: float | None
    first_p50_s: float | None = None
    first_p95_s: float | None = None
    token_ms: float | None = None


class SpeedRow(msgspec.Struct, frozen=True):
    """before, after: public names; elsewhere: the new model was measured in other use cases only."""

    use_case: str
    before: str
    after: str
    old: Pace
    new: Pace
    elsewhere: bool


class CacheEffect(msgspec.Struct, frozen=True):
    """hits_lost: answered from a cache that would be off. hits_won: repeats that a cache would have answered.

    unknown: requests without a digest of their question, so whether they repeat one is not known.
    since_us: from when on digests are recorded in this traffic; None: nowhere.
    """

    hits_lost: int = 0
    hits_won: int = 0
    unknown: int = 0
    since_us: int | None = None


class Control(msgspec.Struct, frozen=True):
    """The unchanged calculation against what was booked.

    exact: equal to the nano-euro. The others: usage was an estimate and differs; the price is not known any more;
    neither of these and still different. difference_nano: of all that differ, calculated minus booked.
    """

    exact: int = 0
    estimated: int = 0
    unknown_price: int = 0
    differing: int = 0
    difference_nano: int = 0


class Result(msgspec.Struct, frozen=True):
    """Everything. stays: why calls stay with their model, by reason. cut: answers that the cap would shorten.

    unpriced: requests whose new model has no known price. notes: what is not known. switch: YAML of the change.
    """

    requests: int
    moved: int
    before_nano: int
    after_nano: Range
    use_cases: tuple[UseCaseCost, ...]
    stays: dict[str, int]
    cut: int
    unpriced: int
    factors: tuple[TokenFactor, ...]
    speed: tuple[SpeedRow, ...]
    cache: CacheEffect
    control: Control
    notes: tuple[Bilingual, ...]
    switch: str

    @property
    def saving(self) -> Range:
        """Share of the cost that is saved; negative where it would cost more. low: at the highest cost."""
        if not self.before_nano:
            return NOTHING
        now = self.after_nano.times(1 / self.before_nano)
        return Range(1 - now.high, 1 - now.value, 1 - now.low)


def encode(result: Result) -> str:
    """As stored."""
    return msgspec.json.encode(result).decode()


def decode(text: str) -> Result | None:
    """None while there is none."""
    return msgspec.json.decode(text, type=Result) if text else None
