"""A what-if scenario: which traffic, and what would be different."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, model_validator

from leitstand.accounting.rates import shipped_rates
from leitstand.configuration import values as v
from leitstand.configuration.current import Configuration
from leitstand.configuration.messages import sentence_of
from leitstand.configuration.models import Price
from leitstand.configuration.sections import Section
from leitstand.core.errors import InvalidRequest

MOST_DAYS = 366
EVERY = "*"
Factor = Annotated[Decimal, Field(gt=0, le=100, max_digits=15)]


class Period(Section):
    """Whole days in the organisation's time zone."""

    begin: v.Day = Field(description="First day.")
    end: v.Day = Field(description="Last day, included.")

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.end < self.begin:
            raise v.refused("Der Zeitraum endet vor seinem Anfang.", "The period ends before it begins.")
        if (self.end - self.begin).days >= MOST_DAYS:
            raise v.refused(
                f"Ein Zeitraum hat höchstens {MOST_DAYS} Tage.", f"A period has at most {MOST_DAYS} days."
            )
        return self

    @property
    def days(self) -> tuple[date, ...]:
        """All of them."""
        return tuple(self.begin + timedelta(days=n) for n in range((self.end - self.begin).days + 1))


class Scenario(Section):
    """Filters choose the traffic; everything below them is what would be different. Nothing given: nothing changes."""

    title: Annotated[str, Field(max_length=200)] = Field(default="", description="Name shown to people.")
    period: Period = Field(description="The days that are replayed.")
    use_cases: v.Names = Field(default=(), description="Only these use cases; empty: all.")
    departments: v.Names = Field(default=(), description="Only these departments; empty: all.")
    models: v.Names = Field(default=(), description="Only requests that asked for these models; empty: all.")
    replace: Mapping[v.Name, v.Name] = Field(
        default={}, description="Model that was asked for, or that answered: model that answers instead."
    )
    cache: Mapping[v.Name, bool] = Field(
        default={}, description="Model: whether identical requests are answered from the cache."
    )
    semantic_cache: Mapping[v.Name, bool] = Field(
        default={}, description="Use case: whether its semantic cache answers; only `false` can be replayed."
    )
    max_output_tokens: Mapping[v.Name, v.PositiveCount] = Field(
        default={}, description="Model, or `*` for all: longest answer in tokens."
    )
    prices: tuple[Price, ...] = Field(default=(), description="Own prices, as in the configuration.")
    price_factors: Mapping[v.Name, Factor] = Field(
        default={}, description="Provider, or `*` for all: factor on all its prices."
    )
    prices_on: v.Day | None = Field(
        default=None,
        description="Take the price list of this day, a future one too; none: each day's own.",
    )
    exchange_rates: Mapping[v.Currency, Factor] = Field(
        default={}, description="Currency: units of it that one euro buys."
    )

    @property
    def changes_prices(self) -> bool:
        """Whether calls that stay where they are may cost something else."""
        return bool(self.prices or self.price_factors or self.prices_on or self.exchange_rates)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is different: then the result must be what was booked."""
        return not (
            self.changes_prices or self.replace or self.cache or self.semantic_cache or self.max_output_tokens
        )

    def cap(self, model: str) -> float:
        """The longest answer of a model in tokens; infinite without a cap."""
        return self.max_output_tokens.get(model, self.max_output_tokens.get(EVERY, math.inf))


def read(document: str | Mapping[str, Any]) -> Scenario:
    """A scenario from YAML or JSON, or their content; raises InvalidRequest that lists every fault."""
    value: Any = document
    if isinstance(document, str):
        try:
            value = yaml.safe_load(document)
        except yaml.YAMLError as cause:
            raise InvalidRequest(
                f"Die Datei ist kein gültiges YAML: {cause}", f"The file is no valid YAML: {cause}"
            ) from cause
    try:
        return Scenario.model_validate(value)
    except ValidationError as cause:
        faults = [
            (".".join(map(str, error["loc"])), *sentence_of(error))
            for error in cause.errors(include_url=False)
        ]
        raise InvalidRequest(
            "Das Szenario ist nicht gültig. " + " ".join(f"{place}: {de}" for place, de, _ in faults),
            "The scenario is not valid. " + " ".join(f"{place}: {en}" for place, _, en in faults),
            detail={"faults": [f"{place}: {en}" for place, _, en in faults]},
        ) from cause


def check(scenario: Scenario, configuration: Configuration) -> None:
    """Raise InvalidRequest for names that nobody knows; a model that is gone may still be replaced."""
    models, use_cases = configuration.models, {*configuration.use_cases, "allgemein"}
    _known(scenario.replace.values(), models, "Modell", "model", "replace")
    _known(scenario.cache, models, "Modell", "model", "cache")
    _known(
        (n for n in scenario.max_output_tokens if n != EVERY), models, "Modell", "model", "max_output_tokens"
    )
    _known(
        (*scenario.use_cases, *scenario.semantic_cache), use_cases, "Anwendungsfall", "use case", "use_cases"
    )
    providers = [n for n in (*scenario.price_factors, *(p.provider for p in scenario.prices)) if n != EVERY]
    _known(providers, configuration.providers, "Anbieter", "provider", "prices")
    currencies = {"EUR", *scenario.exchange_rates, *(rate.currency for rate in shipped_rates())}
    currencies |= {rate.currency for rate in configuration.exchange_rates.values()}
    _known(
        (p.currency for p in scenario.prices),
        currencies,
        "Währung mit Kurs",
        "currency with a rate",
        "prices",
    )
    for old, new in scenario.replace.items():
        if old == new:
            raise InvalidRequest(
                f"„{old}“ würde durch sich selbst ersetzt. Wählen Sie zwei verschiedene Modelle.",
                f"'{old}' would be replaced by itself. Choose two different models.",
                detail={"param": "replace"},
            )
    if any(scenario.semantic_cache.values()):
        raise InvalidRequest(
            "Was ein semantischer Zwischenspeicher beantwortet hätte, steht in keinem Nachweis; nur „aus“ lässt sich nachrechnen.",
            "What a semantic cache would have answered is in no record; only 'off' can be replayed.",
            detail={"param": "semantic_cache"},
        )


def _known(names: Any, known: Any, de: str, en: str, param: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidRequest(
                f"{de} „{name}“ gibt es nicht. Es gibt: {', '.join(sorted(known)[:20]) or 'noch nichts'}.",
                f"There is no {en} '{name}'. There are: {', '.join(sorted(known)[:20]) or 'none yet'}.",
                detail={"param": param},
            )
