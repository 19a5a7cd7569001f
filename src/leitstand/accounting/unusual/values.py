"""What detection takes and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["user", "key", "use_case"]
Window = Literal["hour", "day", "off", "week"]
Measure = Literal["cost_nano", "tokens", "requests"]
Rule = Literal["token_use_unusual", "usage_pattern_unusual"]

KINDS: tuple[Kind, ...] = ("user", "key", "use_case")
WINDOWS: tuple[Window, ...] = ("hour", "day", "off", "week")
MEASURES: tuple[Measure, ...] = ("cost_nano", "tokens", "requests")
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


class Amounts(NamedTuple):
    """What somebody used; tokens: input plus output."""

    cost_nano: int = 0
    tokens: int = 0
    requests: int = 0

    def plus(self, other: "Amounts") -> "Amounts":
        """Both together."""
        return Amounts(
            self.cost_nano + other.cost_nano, self.tokens + other.tokens, self.requests + other.requests
        )


NOTHING = Amounts()


class HourUse(NamedTuple):
    """What somebody used in an hour. hour_us: its begin."""

    name: str
    hour_us: int
    amounts: Amounts


@dataclass(frozen=True)
class Now:
    """What somebody used up to a moment.

    hour: in the last 60 minutes. day: since midnight; off: of that outside working hours. week: in the last seven days,
    today included.
    """

    hour: Amounts = NOTHING
    day: Amounts = NOTHING
    off: Amounts = NOTHING
    week: Amounts = NOTHING

    def amount(self, window: Window, measure: Measure) -> int:
        """One of its figures."""
        return int(getattr(getattr(self, window), measure))


@dataclass(frozen=True)
class Least:
    """Below these amounts in a window nothing is unusual."""

    cost_nano: int = 1_000_000_000
    tokens: int = 500_000
    requests: int = 300


@dataclass(frozen=True)
class Demand:
    """How strict detection is.

    false_per_week: false alarms in a week that the whole installation should see at most, by the model.
    """

    false_per_week: float = 2.0
    least: Least = Least()


@dataclass(frozen=True)
class Unusual:
    """A scope outside its pattern. typical: the median of what it uses in such a window; bound: above it is unusual.

    times: amount as a multiple of typical. by_time: its size is usual, but not at this time of the week.
    """

    scope: str
    window: Window
    measure: Measure
    amount: int
    typical: int
    bound: int
    by_time: bool = False

    @property
    def times(self) -> float:
        return self.amount / max(self.typical, 1)

    @property
    def rule(self) -> Rule:
        """The name of the alert rule: what runs away now is critical, a changed pattern is a warning."""
        runs_away = self.window == "hour" and not self.by_time
        return "token_use_unusual" if runs_away else "usage_pattern_unusual"


@dataclass(frozen=True)
class Known:
    """What people said, and what happened before.

    accepted: (scope, window, measure) -> amount that counts as usual. left_out: by scope the spans [from, to) that
    are no part of its pattern.
    """

    accepted: Mapping[tuple[str, Window, Measure], int] = field(default_factory=dict)
    left_out: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
