"""Leeway: what people add to a limit for a while. It ends by itself, because it names the time that it is for.

An extension raises one limit until its period ends. Grace lets one user, key or use case pass every limit by an
amount up to a day; what is used so counts like everything else, and is marked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from leitstand.core.money import nano


@dataclass(frozen=True, slots=True)
class Extension:
    """More for one limit in one period.

    scope: whose, with a name and never `*`. period: label as in `periods.Period`, e.g. `2026-11`.
    amount: EUR or tokens, as the measure says.
    """

    scope: str
    measure: str
    period: str
    amount: Decimal

    @property
    def units(self) -> int:
        """The amount in what is counted: nano-euro or tokens."""
        return nano(self.amount) if self.measure.startswith("eur") else int(self.amount)


@dataclass(frozen=True, slots=True)
class Grace:
    """How far one user, key or use case may pass every limit. until: the last day (ISO), included."""

    scope: str
    until: str
    eur: Decimal = Decimal(0)
    tokens: int = 0

    def units(self, in_money: bool) -> int:
        """The amount in what a limit counts."""
        return nano(self.eur) if in_money else self.tokens


@dataclass(frozen=True)
class Leeway:
    """All of it; immutable, replaced as a whole with the rules."""

    extensions: tuple[Extension, ...] = ()
    graces: tuple[Grace, ...] = ()
    _by_place: Mapping[tuple[str, str, str], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places: dict[tuple[str, str, str], int] = {}
        for each in self.extensions:
            place = (each.scope, each.measure, each.period)
            places[place] = places.get(place, 0) + each.units
        object.__setattr__(self, "_by_place", places)

    def extension(self, scope: str, measure: str, period: str) -> int:
        """What was added to a limit in a period, in its units."""
        return self._by_place.get((scope, measure, period), 0)

    def grace(self, name_in: Callable[[str], str], today: str) -> Grace:
        """How far a subject may pass its limits today: the largest amounts of all that hold for it.

        name_in: the subject's name under a kind of scope, e.g. `Subject.name_in`. today: ISO day.
        """
        found = [
            each
            for each in self.graces
            if today <= each.until and name_in(each.scope.partition(":")[0]) == each.scope.partition(":")[2]
        ]
        if not found:
            return _NONE
        return Grace(
            found[0].scope,
            max(each.until for each in found),
            max(each.eur for each in found),
            max(each.tokens for each in found),
        )


_NONE = Grace("", "")
