"""How demanding a task is: the three tiers between which a model like `auto` chooses."""

from enum import StrEnum


class Tier(StrEnum):
    """In rising order; the order of definition counts, not that of the letters."""

    SIMPLE = "simple"
    STANDARD = "standard"
    COMPLEX = "complex"

    @property
    def rank(self) -> int:
        """0 for the cheapest tier, 2 for the most expensive one."""
        return _RANKS[self]


_RANKS = {tier: place for place, tier in enumerate(Tier)}
