"""Before the replay: what is measured of the models concerned, as values that JSON holds."""

from collections.abc import Mapping

import msgspec

from leitstand.policy.rulebook import Rulebook
from leitstand.reports.repository import Journal
from leitstand.reports.what_if.replay import Factors
from leitstand.reports.what_if.repository import Pair, Selection, Traffic
from leitstand.reports.what_if.result import TokenFactor
from leitstand.reports.what_if.scenario import Scenario
from leitstand.reports.what_if.tokens import Ratio, by_place, ratio


class Measured(msgspec.Struct, frozen=True):
    """factors: per replacement. shares: of the tiers among judged requests, by use case. people: behind them."""

    factors: tuple[TokenFactor, ...]
    shares: dict[str, dict[str, float]]
    people: dict[str, int]

    def ratios(self) -> Factors:
        """As the replay reads them."""
        return {
            (each.use_case, each.before, each.after): Ratio(each.input, each.output, each.source, each.calls)
            for each in self.factors
        }


def measure(
    traffic: Traffic, journal: Journal, book: Rulebook, scenario: Scenario, wanted: Selection
) -> Measured:
    """Blocking; a few grouped queries over the period."""
    people = traffic.people(wanted)
    if not scenario.replace:
        return Measured((), {}, people)
    moments = traffic.moments(wanted._replace(models=()))
    places = by_place(moments)
    factors: dict[tuple[str, str, str], TokenFactor] = {}
    for old, new in scenario.replace.items():
        pairs = _pairs(traffic, book, old, new)
        befores = {model for _, model in places}
        for target in _targets(book, new):
            for use_case in {case for case, _ in places}:
                for before in befores:
                    if (use_case, before) not in places:
                        continue
                    fits = pairs if before in _targets(book, old) else []
                    found = ratio(before, target, use_case, fits, places)
                    factors[use_case, before, target] = TokenFactor(
                        use_case, before, target, found.input, found.output, found.source, found.calls
                    )
    return Measured(tuple(factors.values()), _shares(journal, wanted), people)


def _targets(book: Rulebook, model: str) -> list[str]:
    """The providers' models behind a public one."""
    route = book.routes.get(model)
    return sorted({offer.target.model for offer in route.offers}) if route else []


def _pairs(traffic: Traffic, book: Rulebook, old: str, new: str) -> list[Pair]:
    """Only where one provider's model stands behind the new name: else nobody knows which one answered."""
    return traffic.pairs(old, new) if len(_targets(book, new)) == 1 else []


def _shares(journal: Journal, wanted: Selection) -> dict[str, dict[str, float]]:
    counts: dict[str, dict[str, int]] = {}
    for row in journal.tiered(wanted.begin_us, wanted.end_us):
        judged = msgspec.json.decode(row.detail)["tier"].get("judged")
        for place in ("", row.use_case) if judged else ():
            mine = counts.setdefault(place, {})
            mine[judged] = mine.get(judged, 0) + 1
    return {place: _of_one(mine) for place, mine in counts.items()}


def _of_one(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {word: number / total for word, number in counts.items()}
