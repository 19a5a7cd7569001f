"""A small company's journal for what-if: real prices, booked as the gateway books, on a real database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, insert

from leitstand.accounting.pricelists.repository import PriceRows
from leitstand.accounting.prices import Price, cost
from leitstand.app import rules as compose
from leitstand.app.what_if import DirectTurn, _Noon, open_scenarios
from leitstand.configuration import models as m
from leitstand.configuration.current import Configuration
from leitstand.core.classes import DataClass
from leitstand.core.clock import Clock
from leitstand.core.conversation import Usage
from leitstand.journal.records import Record
from leitstand.reports.what_if.repository import ScenarioRow
from leitstand.reports.what_if.result import Result
from leitstand.reports.what_if.scenario import Scenario, read
from leitstand.reports.what_if.scenarios import Scenarios
from leitstand.store.schema import journal

DAY = date(2026, 3, 2)
NOON_US = int(datetime(2026, 3, 2, 11, tzinfo=UTC).timestamp() * 1_000_000)
HOUR_US = 3_600_000_000
PERIOD = {"begin": "2026-03-02", "end": "2026-03-02"}
_DPA = m.DPA(signed=date(2020, 1, 1), expires=date(2099, 1, 1))


def configuration() -> Configuration:
    """A dear model, a cheap one, one without a contract, one in the house, and `auto` between two."""

    def provider(name: str, kind: str, region: str, *, dpa: bool = True) -> m.Provider:
        return m.Provider.model_validate(
            {
                "name": name,
                "kind": kind,
                "region": region,
                "dpa": _DPA if dpa else None,
                "base_url": "http://127.0.0.1:9",
            }
        )

    def model(name: str, *targets: tuple[str, str], **more: Any) -> m.Model:
        listed = [{"provider": provider, "model": id_} for provider, id_ in targets]
        return m.Model.model_validate({"name": name, "targets": listed, **more})

    providers = (
        provider("openai-eu", "openai", "eu"),
        provider("anthropic-eu", "anthropic", "eu"),
        provider("offen-us", "openai_compatible", "us", dpa=False),
    )
    models = (
        model("gross", ("openai-eu", "gpt-4o")),
        model("klein", ("openai-eu", "gpt-4o-mini")),
        model("claude", ("anthropic-eu", "claude-sonnet-4-5")),
        model("fern", ("offen-us", "qwen")),
        model("gemerkt", ("openai-eu", "gpt-4o"), cache=True),
        m.Model.model_validate({"name": "auto", "tiers": {"simple": "klein", "complex": "gross"}}),
    )
    prices = (
        m.Price(provider="anthropic-eu", model="claude-sonnet-4-5", input=Decimal(3), cached_input=Decimal("0.3"),
                output=Decimal(15), currency="USD"),
        m.Price(provider="offen-us", model="qwen", input=Decimal(1), output=Decimal(2), currency="EUR"),
    )  # fmt: skip
    return Configuration(
        providers={each.name: each for each in providers},
        models={each.name: each for each in models},
        use_cases={
            "angebote": m.UseCase(name="angebote", department="vertrieb", data_class=DataClass.CONFIDENTIAL),
            "werbung": m.UseCase(name="werbung", department="marketing", data_class=DataClass.PUBLIC),
        },
        prices={each.key: each for each in prices},
    )


@dataclass
class Company:
    """An installation's journal and scenarios. written: audit events."""

    engine: Engine
    configuration: Configuration = field(default_factory=configuration)
    written: list[Record] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock(1.0, datetime(2026, 3, 10, 9, tzinfo=UTC))
        self.scenarios: Scenarios = open_scenarios(
            self.engine, self.clock, lambda: self.configuration,
            lambda: compose.rulebook(self.configuration, {}), self.written.append,
        )  # fmt: skip
        book = compose.price_book(self.configuration, _Noon(DAY, self.zone))
        self._prices = book

    @property
    def zone(self) -> Any:
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.configuration.organisation.timezone)

    def price(self, model: str) -> Price:
        """Of a public model's first target on DAY."""
        target = self.configuration.models[model].targets[0]
        provider = self.configuration.providers[target.provider]
        return self._prices.price(provider.name, provider.kind.value, provider.place, target.model)

    def call(
        self, model: str, usage: Usage | None = None, *, use_case: str = "angebote", person: int = 0,
        time_us: int = NOON_US, keep: bool = True, **more: Any,
    ) -> int:  # fmt: skip
        """One record as the gateway writes it; returns what it booked. keep: its price can be looked up."""
        usage = usage or Usage(1000, 200)
        target = self.configuration.models[model].targets[0]
        price = self.price(model)
        detail = {"dialect": "chat", "price": price.snapshot, **more.pop("detail", {})}
        if usage.cache_write_tokens:
            detail["cache_write_tokens"] = usage.cache_write_tokens
        if usage.units:
            detail["units"] = {usage.unit: usage.units}
        number = len(self.rows) + 1
        row = {
            "seq": number, "id": f"req_{number}", "kind": "interaction", "time_us": time_us,
            "user": f"p{person or number % 7}", "department": "vertrieb", "use_case": use_case, "key_id": "",
            "model": model, "provider": target.provider, "provider_model": target.model, "region": "eu",
            "data_class": "confidential", "outcome": "ok", "code": "", "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens, "cached_tokens": usage.cached_tokens, "reasoning_tokens": 0,
            "cost_nano": cost(usage, price), "saved_nano": 0, "latency_us": 2_000_000, "first_token_us": 500_000,
            "cache": "off", "pseudonymised": 0, "fallback": 0, "estimated": False, "unpriced": False, "hash": "x",
        }  # fmt: skip
        row |= more
        row["detail"] = json.dumps(detail, separators=(",", ":"))
        self.rows.append(row)
        if keep:
            PriceRows(self.engine).keep([price], time_us)
        return int(row["cost_nano"])

    def store(self) -> None:
        """Into the journal."""
        with self.engine.begin() as connection:
            connection.execute(insert(journal), self.rows)

    def replay(self, **scenario: Any) -> Result:
        """The result of a scenario on DAY."""
        return self.result_of(read({"period": PERIOD, **scenario}))

    def result_of(self, scenario: Scenario) -> Result:
        """Asked and worked as a job does."""
        scenario_id = self.scenarios.ask(scenario, "petra")
        self.scenarios.work(DirectTurn(self.clock.now()))
        told = self.scenarios.get(scenario_id)
        assert told.state == "done", told.reason
        assert told.result is not None
        return told.result


def booked(rows: Sequence[ScenarioRow | dict[str, Any]]) -> int:
    """The sum of what records cost."""
    return sum(int(row["cost_nano"]) for row in rows if isinstance(row, dict))
