"""The decision on single tasks: vectors of one model only, and counts that the gateway makes itself."""

from datetime import date

import pytest

from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import Dialect, Message, Prompt, Text
from leitstand.core.errors import InvalidRequest, NoTargetByPolicy
from leitstand.identity.callers import Caller, Person
from leitstand.policy.admit import Admitted, Ask, admit
from leitstand.policy.rulebook import Contract, Offer, Route, Rulebook
from leitstand.providers.base import Target

TODAY = date(2026, 11, 23)


CONTRACT = Contract(date(2026, 1, 15), date(2028, 1, 15))


def offer(provider: str, model: str, region: Region = Region.LOCAL) -> Offer:
    return Offer(Target(provider, "openai", model, region), CONTRACT)


def decide(
    dialect: Dialect, *offers: Offer, cannot: tuple[str, ...] = (), stated: DataClass = DataClass.INTERNAL
) -> Admitted:
    """cannot: providers that do not serve the task."""
    prompt = Prompt(dialect, "m", (Message("user", (Text("Hallo"),)),))
    ask = Ask(Caller(Person("anna")), prompt, None, stated, DataClass.PUBLIC)
    book = Rulebook(routes={"m": Route("m", offers)})
    return admit(book, ask, TODAY, lambda target, _: dialect if target.provider in cannot else None)


def providers(admitted: Admitted) -> list[str]:
    return [candidate.target.provider for candidate in admitted.candidates]


def reasons(admitted: Admitted) -> dict[str, str]:
    return {drop.target.provider: drop.reason for drop in admitted.dropped}


OFFERS = (offer("a", "klein"), offer("b", "gross"), offer("c", "klein"))


def test_vectors_come_from_the_model_of_the_first_target_only() -> None:
    admitted = decide("embeddings", *OFFERS)
    assert providers(admitted) == ["a", "c"]
    assert reasons(admitted) == {"b": "vectors"}


def test_the_first_target_sets_the_model_even_where_it_may_not_be_asked() -> None:
    far = offer("us", "gross", Region.US)
    admitted = decide("embeddings", far, *OFFERS)
    assert providers(admitted) == ["us", "b"]
    admitted = decide("embeddings", far, *OFFERS, stated=DataClass.PERSONAL)
    assert providers(admitted) == ["b"]
    assert reasons(admitted) == {"us": "region", "a": "vectors", "c": "vectors"}


def test_other_tasks_fall_back_to_any_model() -> None:
    assert providers(decide("rerank", *OFFERS)) == ["a", "b", "c"]


def test_embeddings_that_nobody_can_serve_are_the_clients_fault() -> None:
    with pytest.raises(InvalidRequest) as caught:
        decide("embeddings", *OFFERS, cannot=("a", "c"))
    assert "passen nicht" in caught.value.de


def test_a_count_goes_to_those_who_can_count() -> None:
    assert providers(decide("count_tokens", *OFFERS, cannot=("a",))) == ["b", "c"]


def test_a_count_that_no_target_can_make_is_left_to_the_gateway() -> None:
    assert providers(decide("count_tokens", *OFFERS, cannot=("a", "b", "c"))) == []
    far = offer("us", "gross", Region.US)
    admitted = decide("count_tokens", far, offer("a", "klein"), cannot=("a",), stated=DataClass.SPECIAL)
    assert (providers(admitted), reasons(admitted)) == ([], {"us": "region", "a": "capability"})


def test_a_count_of_what_may_go_nowhere_is_refused() -> None:
    with pytest.raises(NoTargetByPolicy):
        decide("count_tokens", offer("us", "gross", Region.US), cannot=("us",), stated=DataClass.SPECIAL)
