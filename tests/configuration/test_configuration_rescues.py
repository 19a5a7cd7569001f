"""What a model's owner may wish for broken and slow answers, from the file to the rules."""

from typing import Any

import pytest
from pydantic import ValidationError

from leitstand.app.rules import rulebook
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import Model, Provider

TWO = [{"provider": "p", "model": "a", "context_tokens": 8000}, {"provider": "p", "model": "b"}]


def model(**wishes: Any) -> Model:
    return Model.model_validate({"name": "standard", "targets": TWO, **wishes})


def test_the_wishes_reach_the_rules() -> None:
    provider = Provider.model_validate({"name": "p", "kind": "extractive"})
    wished = model(continuation=True, hedge_after=2.5)
    route = rulebook(Configuration(providers={"p": provider}, models={"standard": wished}), {}).routes[
        "standard"
    ]
    assert (route.buffered, route.continuation, route.hedge_after_s) == (False, True, 2.5)
    assert [offer.context_tokens for offer in route.offers] == [8000, None]


def test_nothing_of_it_happens_without_a_wish() -> None:
    plain = model()
    assert (plain.buffered, plain.continuation, plain.hedge_after) == (False, False, None)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"buffered": True, "continuation": True}, "exclude each other"),
        ({"hedge_after": 2, "targets": TWO[:1]}, "second target"),
        ({"hedge_after": 0}, "greater than 0"),
        ({"targets": [{"provider": "p", "model": "a", "context_tokens": 0}]}, "greater than or equal to 1"),
    ],
)
def test_a_wish_without_effect_is_refused(wishes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        model(**wishes)
