"""The decision on one request: rights, data class, residency, contracts, capabilities.

It fails closed: a target is a candidate only when every rule says yes, and each one left out carries its
reason, so that "why not provider X?" has an answer. Fallbacks come from the same list and nowhere else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from leitstand.accounting.estimate import estimate
from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import Media, Prompt
from leitstand.core.errors import (
    ContextTooLong,
    InvalidRequest,
    ModelNotFound,
    NoTargetByPolicy,
    NotPermitted,
    Refusal,
)
from leitstand.identity.callers import Caller
from leitstand.policy.media import Readable, holds_unread, why
from leitstand.policy.rulebook import Offer, PolicyRow, Route, Rulebook, UseCase
from leitstand.policy.tiers import Judge, Tiering, always_complex, order, wish
from leitstand.policy.wording import CLASS_DE as CLASS_DE
from leitstand.policy.wording import known, whom
from leitstand.privacy.pictures.values import Why
from leitstand.providers.base import Target


def _nobody_reads(_medium: Media) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Ask:
    """What policy must know of a request.

    found: the class that the detectors' findings imply. assigned: the model was set by a limit that
    downgrades, so the lists of allowed models do not apply to it. is_readable: whether what a medium says is known, so
    that it can be masked. unread: why images are not.
    """

    caller: Caller
    prompt: Prompt
    use_case: str | None
    stated: DataClass | None
    found: DataClass
    assigned: bool = False
    is_readable: Readable = _nobody_reads
    unread: frozenset[Why] = frozenset()


class Protection(Enum):
    """What a target may see: placeholders; or the text as it is, being in the house or by the policy table."""

    MASKED = auto()
    HOUSE = auto()
    RELEASED = auto()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that may be asked, and what it may see."""

    offer: Offer
    protection: Protection

    @property
    def target(self) -> Target:
        return self.offer.target


@dataclass(frozen=True, slots=True)
class Dropped:
    """A target that may not be asked, and why."""

    target: Target
    reason: str  # stable word for records: region, contract, capability, media, vectors, context
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be sent, and where. Only this file makes it.

    route: the one that answers; of a model with tiers that of the tier taken, as `tiering` tells.
    candidates: never empty, but for a count of tokens that no target can make (the gateway estimates it).
    """

    caller: Caller
    use_case: UseCase
    data_class: DataClass
    route: Route
    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]
    tiering: Tiering | None = None

    @property
    def tier(self) -> str:
        """The tier that answers, as written in headers; empty where the model has none."""
        return self.tiering.taken.value if self.tiering else ""


Lacks = Callable[[Target, Prompt], str | None]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A request with all that decides on it. A decision on it is `admit`'s; policy/explain.py tells it.

    asked: the route of the model that was asked for.
    """

    use_case: UseCase
    data_class: DataClass
    asked: Route
    found: "Sorted"


@dataclass(frozen=True, slots=True)
class Sorted:
    """A route with its targets sorted into candidates and dropped ones."""

    route: Route
    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]
    tiering: Tiering | None = None


def admit(rules: Rulebook, ask: Ask, today: date, lacks: Lacks, judge: Judge = always_complex) -> Admitted:
    """Decide on a request.

    lacks: names the feature of a prompt that a target cannot serve, or None. judge: tells how demanding a
    prompt is; asked only for a model with tiers.
    Raises NotPermitted, ModelNotFound, InvalidRequest or NoTargetByPolicy.
    """
    weighed = weigh(rules, ask, today, lacks, judge)
    if (refusal := refusal_of(rules, ask, weighed)) is not None:
        raise refusal
    found = weighed.found
    return Admitted(
        ask.caller, weighed.use_case, weighed.data_class, found.route, found.candidates, found.dropped,
        found.tiering,
    )  # fmt: skip


def weigh(rules: Rulebook, ask: Ask, today: date, lacks: Lacks, judge: Judge = always_complex) -> Weighed:
    """All that decides on a request, before anything is decided.

    Raises NotPermitted, ModelNotFound or InvalidRequest.
    """
    use_case = use_case_of(rules, ask.caller, ask.use_case)
    route = _route(rules, ask, use_case)
    data_class = max(use_case.data_class, ask.found, ask.stated or DataClass.PUBLIC)

    def sort_out(chosen: Route) -> Sorted:
        return _sort_out(rules.policy[data_class], chosen, ask, use_case, data_class, today, lacks)

    found = _take_tier(rules, route, use_case, ask, judge, sort_out) if route.tiers else sort_out(route)
    return Weighed(use_case, data_class, route, found)


def refusal_of(rules: Rulebook, ask: Ask, weighed: Weighed) -> Refusal | None:
    """Why a request is refused for want of a target; None: it is admitted."""
    found = weighed.found
    if found.candidates or _is_counted_here(ask.prompt, found.dropped):
        return None
    return _nothing_left(rules, weighed.asked, weighed.data_class, found.dropped)


def _take_tier(
    rules: Rulebook,
    asked: Route,
    use_case: UseCase,
    ask: Ask,
    judge: Judge,
    sort_out: Callable[[Route], Sorted],
) -> Sorted:
    """The route of the first tier that has a candidate; the targets dropped on the way there stay named."""
    wanted, why = wish(use_case, ask.prompt, judge)
    ranked = order(asked.tiers, wanted, use_case.max_tier)
    by_tier = {tier: sort_out(rules.routes[name]) for tier, name in asked.tiers.items()}
    open_tiers = [tier for tier in ranked if by_tier[tier].candidates]
    tried = ranked[: ranked.index(open_tiers[0]) + 1] if open_tiers else ranked
    dropped = tuple(dict.fromkeys(drop for tier in tried for drop in by_tier[tier].dropped))
    if not open_tiers:
        return Sorted(asked, (), dropped)
    taken = by_tier[open_tiers[0]]
    largest = max((tier for tier in by_tier if by_tier[tier].candidates), key=lambda tier: tier.rank)
    tiering = Tiering(
        wanted, why, open_tiers[0], taken.route.name, tuple(tried[:-1]), by_tier[largest].candidates[0].target
    )
    return Sorted(taken.route, taken.candidates, dropped, tiering)


def _sort_out(
    row: PolicyRow,
    route: Route,
    ask: Ask,
    use_case: UseCase,
    data_class: DataClass,
    today: date,
    lacks: Lacks,
) -> Sorted:
    prompt = ask.prompt
    has_media = any(holds_unread(message, ask.is_readable) for message in prompt.messages)
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    for offer in route.offers:
        shown = protection(offer, row, use_case)
        verdict = (
            objection(offer, row, data_class, today)
            or _media(offer, data_class, has_media and shown is Protection.MASKED, ask)
            or _capability(offer, lacks(offer.target, prompt))
            or _vectors(offer, route, prompt)
            or _context(offer, prompt)
        )
        if verdict is None:
            candidates.append(Candidate(offer, shown))
        else:
            dropped.append(verdict)
    return Sorted(route, tuple(candidates), tuple(dropped))


def use_case_of(rules: Rulebook, caller: Caller, wish: str | None) -> UseCase:
    """The use case of a request: the one it names, else the only one of its key, else the general one.

    Raises InvalidRequest or NotPermitted.
    """
    allowed = caller.use_cases
    name = wish or (next(iter(allowed)) if len(allowed) == 1 else None)
    if name is None and not allowed:
        return rules.general()
    if name is None:
        raise InvalidRequest(
            f"Dieser Schlüssel gilt für mehrere Anwendungsfälle ({', '.join(sorted(allowed))}). Nennen Sie einen im Kopf „x-leitstand-use-case“.",
            f"This key covers several use cases ({', '.join(sorted(allowed))}). Name one in the header 'x-leitstand-use-case'.",
            detail={"param": "x-leitstand-use-case"},
        )
    if allowed and name not in allowed:
        raise NotPermitted(
            f"Dieser Schlüssel gilt nicht für den Anwendungsfall „{name}“, nur für {', '.join(sorted(allowed))}.{whom(rules, 'de')}",
            f"This key is not valid for the use case '{name}', only for {', '.join(sorted(allowed))}.{whom(rules, 'en')}",
        )
    use_case = rules.use_cases.get(name)
    if use_case is None and name == rules.general().name:
        return rules.general()
    if use_case is None:
        raise InvalidRequest(
            f"Den Anwendungsfall „{name}“ gibt es nicht.{known(rules.use_cases, 'de')}",
            f"There is no use case '{name}'.{known(rules.use_cases, 'en')}",
            detail={"param": "x-leitstand-use-case"},
        )
    return use_case


def _route(rules: Rulebook, ask: Ask, use_case: UseCase) -> Route:
    name = ask.prompt.model
    route = rules.routes.get(name)
    if route is None:
        raise ModelNotFound(
            f"Das Modell „{name}“ wird nicht angeboten.{known(rules.routes, 'de')}",
            f"The model '{name}' is not offered.{known(rules.routes, 'en')}",
            detail={"param": "model"},
        )
    if ask.assigned:
        return route
    if use_case.models and name not in use_case.models:
        raise NotPermitted(
            f"Im Anwendungsfall „{use_case.name}“ ist das Modell „{name}“ nicht vorgesehen, nur {', '.join(sorted(use_case.models))}.{whom(rules, 'de')}",
            f"The use case '{use_case.name}' does not include the model '{name}', only {', '.join(sorted(use_case.models))}.{whom(rules, 'en')}",
        )
    if ask.caller.models and name not in ask.caller.models:
        raise NotPermitted(
            f"Dieser Schlüssel gilt nicht für das Modell „{name}“, nur für {', '.join(sorted(ask.caller.models))}.{whom(rules, 'de')}",
            f"This key is not valid for the model '{name}', only for {', '.join(sorted(ask.caller.models))}.{whom(rules, 'en')}",
        )
    return route


def objection(offer: Offer, row: PolicyRow, data_class: DataClass, today: date) -> Dropped | None:
    """Why data of a class may not go to a target at all: its place, or its contract; None: it may."""
    return _residency(offer, row, data_class) or _contract(offer, row, data_class, today)


def _residency(offer: Offer, row: PolicyRow, data_class: DataClass) -> Dropped | None:
    target = offer.target
    if target.region in row.regions:
        return None
    return Dropped(
        target,
        "region",
        f"Region {target.region} ist für Daten der Klasse „{CLASS_DE[data_class]}“ nicht erlaubt",
        f"region {target.region} is not allowed for {data_class.word} data",
    )


def _contract(offer: Offer, row: PolicyRow, data_class: DataClass, today: date) -> Dropped | None:
    target = offer.target
    if target.region is Region.LOCAL or not row.dpa:
        return None
    if offer.contract is not None and offer.contract.is_valid(today):
        return None
    return Dropped(
        target,
        "contract",
        f"kein gültiger Auftragsverarbeitungsvertrag, nötig ab Klasse „{CLASS_DE[data_class]}“",
        f"no valid data-processing agreement, needed for {data_class.word} data",
    )


def protection(offer: Offer, row: PolicyRow, use_case: UseCase) -> Protection:
    """What a target may see of a request that it may get."""
    if use_case.always_pseudonymise:
        return Protection.MASKED
    if offer.target.region is Region.LOCAL:
        return Protection.HOUSE
    return Protection.MASKED if row.pseudonymise else Protection.RELEASED


def _media(offer: Offer, data_class: DataClass, masked_media: bool, ask: Ask) -> Dropped | None:
    if not masked_media or data_class < DataClass.PERSONAL:
        return None
    return Dropped(offer.target, "media", *why(ask.unread))


def _capability(offer: Offer, missing: str | None) -> Dropped | None:
    if missing is None:
        return None
    return Dropped(offer.target, "capability", f"kann nicht: {missing}", f"does not support: {missing}")


def _vectors(offer: Offer, route: Route, prompt: Prompt) -> Dropped | None:
    """Vectors of different models cannot be compared, so no other model stands in for the first one."""
    first = route.offers[0].target.model
    if prompt.dialect != "embeddings" or offer.target.model == first:
        return None
    return Dropped(
        offer.target,
        "vectors",
        f"Vektoren von „{offer.target.model}“ passen nicht zu denen von „{first}“, dem ersten Ziel",
        f"vectors of '{offer.target.model}' do not fit those of '{first}', the first target",
    )


def _is_counted_here(prompt: Prompt, dropped: Sequence[Dropped]) -> bool:
    """Whether the gateway estimates tokens itself: a target may be asked, and only cannot count."""
    return prompt.dialect == "count_tokens" and any(drop.reason == "capability" for drop in dropped)


def _context(offer: Offer, prompt: Prompt) -> Dropped | None:
    """A prompt that is certainly longer than what the target is configured to take; asked last, it counts bytes."""
    most = offer.context_tokens
    if most is None or estimate(prompt).least <= most:
        return None
    shown = f"{most:,}"
    return Dropped(
        offer.target,
        "context",
        f"fasst höchstens {shown.replace(',', '.')} Token",
        f"takes {shown} tokens at most",
    )


def _too_long(route: Route, dropped: Sequence[Dropped]) -> Refusal:
    short = [drop.target for drop in dropped if drop.reason == "context"]
    largest = max(
        (offer for offer in route.offers if offer.target in short), key=lambda o: o.context_tokens or 0
    )
    name, most = largest.target.model, f"{largest.context_tokens or 0:,}"
    return ContextTooLong(
        f"Die Anfrage ist für jedes erlaubte Ziel des Modells „{route.name}“ zu lang; am meisten fasst {name}: {most.replace(',', '.')} Token. Kürzen Sie sie oder wählen Sie ein größeres Modell.",
        f"The request is too long for every allowed target of the model '{route.name}'; the largest is {name} with {most} tokens. Shorten it or choose a larger model.",
        detail={"param": "messages"},
    )


def _nothing_left(
    rules: Rulebook, route: Route, data_class: DataClass, dropped: Sequence[Dropped]
) -> Refusal:
    if any(drop.reason == "context" for drop in dropped):
        return _too_long(route, dropped)
    de = "; ".join(f"{drop.target.provider}: {drop.de}" for drop in dropped)
    en = "; ".join(f"{drop.target.provider}: {drop.en}" for drop in dropped)
    if dropped and all(drop.reason in ("capability", "vectors") for drop in dropped):
        return InvalidRequest(
            f"Kein Ziel des Modells „{route.name}“ kann diese Anfrage bedienen: {de}.",
            f"No target of the model '{route.name}' can serve this request: {en}.",
        )
    return NoTargetByPolicy(
        f"Für Daten der Klasse „{CLASS_DE[data_class]}“ erlaubt die Richtlinie beim Modell „{route.name}“ kein Ziel ({de}). Nehmen Sie ein lokales Modell oder lassen Sie die Angaben weg.{whom(rules, 'de')}",
        f"For {data_class.word} data the policy allows no target of the model '{route.name}' ({en}). Use a local model or leave the data out.{whom(rules, 'en')}",
        detail={"data_class": data_class.word, "dropped": {d.target.provider: d.reason for d in dropped}},
    )
