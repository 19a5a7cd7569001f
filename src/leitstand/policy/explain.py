"""Tell a decision: every target with the reason why it may be asked or not.

The decision is `admit.weigh`'s, the code that requests go through. This file only puts it into words, and adds the
targets that the model does not lead to, so that "why not provider X?" has an answer for every X.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from leitstand.core.classes import DataClass, Region
from leitstand.core.errors import InvalidRequest, ModelNotFound, NotPermitted, Refusal
from leitstand.core.i18n import Bilingual
from leitstand.policy.admit import (
    CLASS_DE,
    Ask,
    Candidate,
    Dropped,
    Lacks,
    Protection,
    Weighed,
    objection,
    protection,
    refusal_of,
    weigh,
)
from leitstand.policy.rulebook import Offer, Rulebook
from leitstand.policy.tiers import Judge, Tiering, always_complex
from leitstand.providers.base import Target


@dataclass(frozen=True, slots=True)
class ClassSource:
    """One of the things that the data class follows from. name: use_case, stated or found."""

    name: str
    data_class: DataClass
    decides: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target. reason: the stable word of admit.Dropped; `allowed`; `route` where the model does not lead to it.

    protection: what it would see; None where it is not asked. place: in which order it would be asked, from 1; 0: not.
    """

    target: Target
    reason: str
    why: Bilingual
    protection: Protection | None = None
    place: int = 0

    @property
    def allowed(self) -> bool:
        """Whether it may be asked."""
        return self.reason == "allowed"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision in words. data_class: None where the request is refused before a class is known.

    refusal: what the client would get; None: it is admitted.
    """

    model: str
    use_case: str
    data_class: DataClass | None
    sources: tuple[ClassSource, ...]
    verdicts: tuple[Verdict, ...]
    refusal: Refusal | None
    tiering: Tiering | None = None


def explain(
    rules: Rulebook, ask: Ask, today: date, lacks: Lacks, judge: Judge = always_complex
) -> Explanation:
    """The decision on a request, as `admit` would make it now, with its reasons."""
    try:
        weighed = weigh(rules, ask, today, lacks, judge)
    except (NotPermitted, ModelNotFound, InvalidRequest) as refusal:
        return Explanation(ask.prompt.model, ask.use_case or "", None, (), (), refusal)
    verdicts = (*_of_route(rules, weighed), *_of_others(rules, weighed, today))
    return Explanation(
        ask.prompt.model, weighed.use_case.name, weighed.data_class, class_sources(ask, weighed), verdicts,
        refusal_of(rules, ask, weighed), weighed.found.tiering,
    )  # fmt: skip


def class_sources(ask: Ask, weighed: Weighed) -> tuple[ClassSource, ...]:
    """What the data class follows from: the use case, what the caller stated, what was found."""
    finds = ask.found if ask.found is not DataClass.PUBLIC else None  # nothing was found
    found = [("use_case", weighed.use_case.data_class), ("stated", ask.stated), ("found", finds)]
    return tuple(
        ClassSource(name, each, each is weighed.data_class) for name, each in found if each is not None
    )


def _of_route(rules: Rulebook, weighed: Weighed) -> Iterator[Verdict]:
    for place, candidate in enumerate(weighed.found.candidates, 1):
        yield Verdict(candidate.target, "allowed", _allowed(candidate, weighed.data_class, rules), candidate.protection, place)  # fmt: skip
    for dropped in weighed.found.dropped:
        yield Verdict(dropped.target, dropped.reason, Bilingual(dropped.de, dropped.en))


def _allowed(candidate: Candidate, data_class: DataClass, rules: Rulebook) -> Bilingual:
    de, en = _REGIONS[candidate.target.region]
    said = Bilingual(
        f"{de}, für Daten der Klasse „{CLASS_DE[data_class]}“ erlaubt",
        f"{en}, allowed for {data_class.word} data",
    )
    if candidate.target.region is Region.LOCAL:
        return said
    contract = rules.policy[data_class].dpa
    return Bilingual(
        said.de
        + ("; der Auftragsverarbeitungsvertrag gilt" if contract else "; ein Vertrag ist nicht nötig"),
        said.en + ("; the data-processing agreement is valid" if contract else "; no agreement is needed"),
    )


def _of_others(rules: Rulebook, weighed: Weighed, today: date) -> Iterator[Verdict]:
    """Targets of other models, once each: the model does not lead there, whatever the policy says."""
    told = {candidate.target for candidate in weighed.found.candidates}
    told |= {dropped.target for dropped in weighed.found.dropped}
    row, data_class = rules.policy[weighed.data_class], weighed.data_class
    for route in rules.routes.values():
        for offer in route.offers:
            if offer.target in told:
                continue
            told.add(offer.target)
            against = objection(offer, row, data_class, today)
            shown = None if against else protection(offer, row, weighed.use_case)
            yield Verdict(offer.target, "route", _elsewhere(weighed, offer, against), shown)


def _elsewhere(weighed: Weighed, offer: Offer, against: Dropped | None) -> Bilingual:
    name = weighed.asked.name
    de, en = f"das Modell „{name}“ führt nicht dorthin", f"the model '{name}' does not lead there"
    if weighed.found.tiering is not None and any(
        each.target == offer.target for each in weighed.asked.offers
    ):
        taken = weighed.found.tiering.taken.value
        de, en = f"gewählt ist die Stufe „{taken}“", f"the tier '{taken}' was chosen"
    if against is None:
        return Bilingual(f"{de}; die Richtlinie ließe es zu", f"{en}; the policy would allow it")
    return Bilingual(f"{de}; außerdem: {against.de}", f"{en}; besides: {against.en}")


_REGIONS = {
    Region.EU: ("in der EU", "in the EU"),
    Region.US: ("in den USA", "in the USA"),
    Region.OTHER: ("außerhalb der EU", "outside the EU"),
    Region.LOCAL: ("im Haus", "inside the house"),
}
