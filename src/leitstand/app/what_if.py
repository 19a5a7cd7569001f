"""What-if joined with the house: rules, prices of every day, and what model tests say of a replacement."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from leitstand.accounting.pricebook import PriceBook
from leitstand.accounting.pricelists.book import ImportedPrices
from leitstand.accounting.pricelists.repository import PriceRows
from leitstand.accounting.prices import Price, Tier
from leitstand.answers.quality import Quality
from leitstand.answers.regression import Regression, SetSummary, TrialSummary
from leitstand.app import rules as compose
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import ExchangeRate
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest
from leitstand.jobs.board import JobBoard
from leitstand.journal.records import Record
from leitstand.policy.rulebook import Rulebook
from leitstand.reports.repository import Journal
from leitstand.reports.what_if.replay import World
from leitstand.reports.what_if.repository import ScenarioRows, Traffic
from leitstand.reports.what_if.scenario import EVERY, Scenario
from leitstand.reports.what_if.scenarios import Scenarios, Sources, Told

JOB = "what-if"
_DIGITS, _UNIT_DIGITS = Decimal("1e-9"), Decimal("1e-15")
_TRIALS = 200  # the newest that are looked through for a fitting one
Result = TypeVar("Result")


def open_scenarios(
    engine: Engine,
    clock: Clock,
    configuration: Callable[[], Configuration],
    book: Callable[[], Rulebook],
    write: Callable[[Record], None],
) -> Scenarios:
    """The scenarios of an installation. configuration, book: those in force. write: to the journal."""
    imports = ImportedPrices(lambda: engine)

    def world(scenario: Scenario) -> World:
        known = PriceRows(engine)
        zone = ZoneInfo(configuration().organisation.timezone)
        prices = DayPrices(configuration(), imports, scenario)
        snapshots = known.snapshots(known.first_used())
        return World(book(), prices.of, snapshots, zone, clock.now().astimezone(zone).date())

    sources = Sources(ScenarioRows(engine), Traffic(engine), Journal(engine), configuration, world)
    return Scenarios(sources, clock, write)


class _Noon(Clock):
    """A clock that stands still at noon of a day, so that a price book answers for that day."""

    def __init__(self, day: date, zone: ZoneInfo) -> None:
        super().__init__()
        self._at = datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC).timestamp()

    def time(self) -> float:
        return self._at


@dataclass
class DayPrices:
    """The price books of any day: as the configuration has it, and as a scenario would."""

    configuration: Configuration
    imports: ImportedPrices
    scenario: Scenario
    _books: dict[tuple[date, bool], PriceBook] = field(default_factory=dict)
    _prices: dict[tuple[date, str, str, bool], Price | None] = field(default_factory=dict)

    def of(self, day: date, provider: str, model: str, changed: bool) -> Price | None:
        """None for a provider that is not configured any more. changed: as the scenario has it."""
        key = (day, provider, model, changed)
        if key not in self._prices:
            self._prices[key] = self._find(day, provider, model, changed)
        return self._prices[key]

    def _find(self, day: date, provider: str, model: str, changed: bool) -> Price | None:
        known = self.configuration.providers.get(provider)
        if known is None:
            return None
        book = self._book((self.scenario.prices_on or day) if changed else day, changed)
        price = book.price(provider, known.kind.value, known.place, model)
        factors = self.scenario.price_factors
        factor = factors.get(provider, factors.get(EVERY)) if changed else None
        return price if factor is None else _times(price, factor)

    def _book(self, day: date, changed: bool) -> PriceBook:
        if (day, changed) not in self._books:
            configuration = self._changed(day) if changed else self.configuration
            zone = ZoneInfo(configuration.organisation.timezone)
            imported = self.imports.now(configuration)
            self._books[day, changed] = compose.price_book(configuration, _Noon(day, zone), imported)
        return self._books[day, changed]

    def _changed(self, day: date) -> Configuration:
        """The configuration with the scenario's prices and rates in the place of its own."""
        own = {(price.provider, price.model) for price in self.scenario.prices}
        stored = self.configuration.prices.items()
        prices = {name: price for name, price in stored if (price.provider, price.model) not in own}
        rates = {rate.key: rate for rate in (*self.configuration.exchange_rates.values(), *self._rates(day))}
        added = {price.key: price for price in self.scenario.prices}
        return replace(self.configuration, prices={**prices, **added}, exchange_rates=rates)

    def _rates(self, day: date) -> list[ExchangeRate]:
        return [
            ExchangeRate(currency=currency, date=day, per_euro=per_euro)
            for currency, per_euro in self.scenario.exchange_rates.items()
        ]


def _times(price: Price, factor: Decimal) -> Price:
    return replace(
        price,
        tariff=price.tariff.times(factor, _DIGITS),
        tiers=tuple(Tier(tier.above, tier.tariff.times(factor, _DIGITS)) for tier in price.tiers),
        units=price.units.times(factor, _UNIT_DIGITS),
    )


@dataclass(frozen=True)
class DirectTurn:
    """A run without an engine: each step is worked at once, and a second try begins anew."""

    due: datetime
    options: dict[str, str] = field(default_factory=dict)

    def step(self, _name: str, work: Callable[..., Result], *args: object) -> Result:
        return work(*args)

    def progress(self, done: int, total: int) -> None:
        """The scenario's own row shows it."""


class WhatIfDesk:
    """What pages and programs do with scenarios. Blocking: call it in a thread."""

    def __init__(
        self, scenarios: Scenarios, regression: Callable[[], Regression], start: Callable[[str], None]
    ) -> None:
        """start: has what waits replayed, in the name of a person; harmless while that is being done."""
        self.scenarios = scenarios
        self._regression = regression
        self._start = start

    def ask(self, scenario: Scenario, person: str) -> str:
        """Put it into the queue; returns its id."""
        made = self.scenarios.ask(scenario, person)
        self._start(person)
        return made

    def get(self, scenario_id: str) -> Told:
        """Raises NotFound. One that still waits is started again: it may have come while the last run ended."""
        told = self.scenarios.get(scenario_id)
        if told.state == "waiting":
            self._start(told.created_by)
        return told

    def quality(self, told: Told) -> tuple[Quality, ...]:
        """For each replaced model what model tests say, and which sets could tell more."""
        regression = self._regression()
        sets, trials = regression.list(), regression.trials(limit=_TRIALS)
        return tuple(
            _quality(regression, sets, trials, old, new) for old, new in told.scenario.replace.items()
        )


def _quality(
    regression: Regression, sets: Sequence[SetSummary], trials: Sequence[TrialSummary], old: str, new: str
) -> Quality:
    fitting = [trial for trial in trials if (trial.baseline, trial.candidate) == (old, new)]
    done = next((trial for trial in fitting if trial.state == "done"), None)
    return Quality(
        old,
        new,
        next((trial for trial in fitting if trial.is_open), None),
        regression.report(done.id) if done else None,
        tuple(sets),
    )


def starting(board: Callable[[], JobBoard]) -> Callable[[str], None]:
    """How waiting scenarios are replayed: by the job, which takes all of them, so one run at a time is enough."""

    def start(person: str) -> None:
        with suppress(InvalidRequest):  # it runs or waits already
            board().request(JOB, person)

    return start
