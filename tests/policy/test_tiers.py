"""The tier of a request: judged, pinned or capped, and the way round a tier without a permitted target."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import Message, Prompt, Text
from leitstand.core.errors import NoTargetByPolicy, NotPermitted
from leitstand.core.tiers import Tier
from leitstand.identity.callers import Caller, Person
from leitstand.policy.admit import Admitted, Ask, admit
from leitstand.policy.rulebook import Contract, Offer, Route, Rulebook, UseCase
from leitstand.policy.tiers import order
from leitstand.providers.base import Target

S, M, L = Tier.SIMPLE, Tier.STANDARD, Tier.COMPLEX
TODAY = date(2026, 11, 23)
VALID = Contract(date(2026, 1, 15), date(2028, 1, 15))


def model(name: str, region: Region = Region.EU) -> Route:
    return Route(name, (Offer(Target(f"p-{name}", "openai", f"m-{name}", region), VALID),))


def book(use_case: UseCase | None = None, **regions: Region) -> Rulebook:
    routes = {name: model(name, regions.get(name, Region.EU)) for name in ("klein", "mittel", "gross")}
    tiers = {S: "klein", M: "mittel", L: "gross"}
    offers = tuple(offer for route in routes.values() for offer in route.offers)
    routes["auto"] = Route("auto", offers, tiers=tiers)
    return Rulebook(routes=routes, use_cases={use_case.name: use_case} if use_case else {})


def decide(rules: Rulebook, judged: Tier, data_class: DataClass | None = None, **more: Any) -> Admitted:
    prompt = Prompt("chat", "auto", (Message("user", (Text("Hallo"),)),))
    case = next(iter(rules.use_cases), None)
    ask = Ask(Caller(Person("anna"), **more), prompt, case, data_class, DataClass.PUBLIC)
    return admit(rules, ask, TODAY, lambda _target, _prompt: None, lambda _prompt: judged)


@pytest.mark.parametrize(("judged", "name"), [(S, "klein"), (M, "mittel"), (L, "gross")])
def test_the_judged_tier_answers(judged: Tier, name: str) -> None:
    admitted = decide(book(), judged)
    assert (admitted.route.name, admitted.tier) == (name, judged)
    assert admitted.tiering is not None
    assert (admitted.tiering.why, admitted.tiering.largest.provider) == ("judged", "p-gross")


def test_a_pin_is_obeyed_without_a_judgement() -> None:
    def never(_prompt: Prompt) -> Tier:
        raise AssertionError("asked for a judgement")

    rules = book(UseCase("werbung", tier=S))
    prompt = Prompt("chat", "auto", (Message("user", (Text("Hallo"),)),))
    ask = Ask(Caller(Person("anna")), prompt, "werbung", None, DataClass.PUBLIC)
    admitted = admit(rules, ask, TODAY, lambda _target, _prompt: None, never)
    assert admitted.tiering is not None
    assert (admitted.route.name, admitted.tiering.why) == ("klein", "pinned")


@pytest.mark.parametrize(
    ("judged", "name", "why"), [(L, "mittel", "capped"), (M, "mittel", "judged"), (S, "klein", "judged")]
)
def test_a_cap_holds_and_only_from_above(judged: Tier, name: str, why: str) -> None:
    admitted = decide(book(UseCase("werbung", max_tier=M)), judged)
    assert admitted.tiering is not None
    assert (admitted.route.name, admitted.tiering.why) == (name, why)


def test_where_policy_closes_a_tier_the_next_larger_answers_and_the_reason_stays() -> None:
    admitted = decide(book(klein=Region.US), S, DataClass.CONFIDENTIAL)
    assert admitted.route.name == "mittel"
    assert admitted.tiering is not None
    assert admitted.tiering.passed == (S,)
    assert [(drop.target.provider, drop.reason) for drop in admitted.dropped] == [("p-klein", "region")]


def test_with_no_larger_one_left_the_next_smaller_answers() -> None:
    admitted = decide(book(gross=Region.US, mittel=Region.US), L, DataClass.CONFIDENTIAL)
    assert admitted.route.name == "klein"
    assert admitted.tiering is not None
    assert admitted.tiering.passed == (L, M)
    assert admitted.tiering.largest.provider == "p-klein", "what was forbidden saves nothing"


def test_nothing_goes_above_the_cap_even_where_policy_closes_all_below() -> None:
    rules = book(UseCase("werbung", max_tier=S, data_class=DataClass.CONFIDENTIAL), klein=Region.US)
    with pytest.raises(NoTargetByPolicy):
        decide(rules, L)


def test_special_data_goes_to_no_tier_outside_the_house() -> None:
    with pytest.raises(NoTargetByPolicy):
        decide(book(), L, DataClass.SPECIAL)
    assert decide(book(klein=Region.LOCAL), L, DataClass.SPECIAL).route.name == "klein"


def test_who_may_ask_for_auto_may_be_answered_by_its_tiers_and_nobody_else() -> None:
    assert decide(book(), L, models=frozenset({"auto"})).route.name == "gross"
    with pytest.raises(NotPermitted):
        decide(book(), L, models=frozenset({"gross"}))


@pytest.mark.parametrize(
    ("named", "wanted", "most", "tried"),
    [
        ([S, M, L], S, None, [S, M, L]), ([S, M, L], M, None, [M, L, S]), ([S, M, L], L, None, [L, M, S]),
        ([S, L], M, None, [L, S]), ([S, M], L, None, [M, S]), ([M], S, None, [M]),
        ([S, M, L], L, M, [M, S]), ([M, L], S, S, [M]),
    ],
)  # fmt: skip
def test_the_order_of_trying(named: list[Tier], wanted: Tier, most: Tier | None, tried: list[Tier]) -> None:
    assert order({tier: tier.value for tier in named}, wanted, most) == tried


def test_without_a_judge_nothing_is_answered_by_too_small_a_model() -> None:
    prompt = Prompt("chat", "auto", (Message("user", (Text("Hallo"),)),))
    lacks: Callable[[Target, Prompt], str | None] = lambda _target, _prompt: None  # noqa: E731 - the shape of the port
    admitted = admit(book(), Ask(Caller(Person("anna")), prompt, None, None, DataClass.PUBLIC), TODAY, lacks)
    assert admitted.route.name == "gross"
