"""Limits towards providers, waiting and probes in the file: what is accepted, what is refused, what takes effect."""

import pytest
from pydantic import ValidationError

from leitstand.app import rules
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import Model, Probe, Provider, ProviderLimits, Target
from leitstand.providers.base import Limits


def test_everything_that_is_set_reaches_the_target() -> None:
    provider = Provider.model_validate(
        {
            "name": "p",
            "kind": "openai",
            "limits": {"requests_per_minute": 5, "tokens_per_minute": 7, "concurrency": 2, "max_wait": 3},
            "probe": {"every": 15},
        }
    )
    model = Model(name="m", targets=(Target(provider="p", model="x"),))
    book = rules.rulebook(Configuration(providers={"p": provider}, models={"m": model}), {})
    (offer,) = book.routes["m"].offers
    assert offer.target.limits == Limits(5, 7, 2, 3.0)
    assert offer.target.probe_every_s == 15.0


def test_by_default_one_waits_ten_seconds_and_probes_every_thirty() -> None:
    assert (ProviderLimits().max_wait, Probe().every) == (10, 30)


@pytest.mark.parametrize("every", [0, 1, 30, 3600])
def test_probes_may_be_switched_off_or_come_once_a_second_at_most(every: int) -> None:
    assert Probe(every=every).every == every


@pytest.mark.parametrize("every", [0.5, -1, 3601, True])
def test_other_paces_are_refused(every: float) -> None:
    with pytest.raises(ValidationError):
        Probe(every=every)


@pytest.mark.parametrize("limits", [{"max_wait": -1}, {"max_wait": 3601}, {"concurrency": 0}])
def test_limits_that_make_no_sense_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ProviderLimits.model_validate(limits)
