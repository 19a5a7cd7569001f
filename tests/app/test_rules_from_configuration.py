"""From what is stored to the rules that requests are judged by."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from leitstand.accounting.limits import LimitRule
from leitstand.accounting.rates import shipped_rates
from leitstand.app import rules
from leitstand.configuration import models as m
from leitstand.configuration.checks import SHIPPED_CURRENCIES
from leitstand.configuration.current import Configuration
from leitstand.configuration.file import read
from leitstand.core.classes import DataClass, Region, Role
from leitstand.core.clock import Clock
from leitstand.policy.rulebook import Contract
from leitstand.privacy.wording import scanner_for, wording

NOON = Clock(start=datetime(2026, 11, 23, 11, 0, tzinfo=UTC))
PROVIDER = m.Provider.model_validate(
    {
        "name": "openai-eu", "kind": "openai", "region": "eu", "base_url": "https://api.example/v1",
        "dpa": {"signed": "2026-01-15", "expires": "2028-01-15"}, "timeouts": {"first_token": 7},
        "limits": {"concurrency": 3},
    }
)  # fmt: skip
HOUSE = m.Provider.model_validate({"name": "haus", "kind": "extractive"})
MODEL = m.Model.model_validate(
    {
        "name": "standard", "strategy": "weighted", "cache": True,
        "targets": [{"provider": "openai-eu", "model": "a", "weight": 3}, {"provider": "haus", "model": "b"},
                    {"provider": "weg", "model": "c"}],
    }
)  # fmt: skip


def user(name: str, **fields: object) -> m.User:
    return m.User.model_validate({"name": name, **fields})


def test_people_are_shown_by_name_where_they_have_no_other() -> None:
    stored = {"anna": user("anna", role="admin", active=False), "ben": user("ben", display_name="Ben B.")}
    people = rules.people(Configuration(users=stored))
    assert (people["anna"].display_name, people["anna"].role, people["anna"].active) == (
        "anna",
        Role.ADMIN,
        False,
    )
    assert people["ben"].display_name == "Ben B."


def test_a_model_becomes_a_route_with_secrets_contracts_and_patience() -> None:
    stored = Configuration(providers={"openai-eu": PROVIDER, "haus": HOUSE}, models={"standard": MODEL})
    route = rules.rulebook(stored, {"openai-eu": "sk-secret"}).routes["standard"]
    assert (route.strategy, route.cache) == ("weighted", True)
    first, second = route.offers  # the provider that is gone is left out
    assert first.weight == 3.0
    assert first.contract == Contract(date(2026, 1, 15), date(2028, 1, 15))
    assert (first.target.secret, first.target.region, first.target.patience.first_token_s) == (
        "sk-secret",
        Region.EU,
        7,
    )
    assert first.target.limits.concurrency == 3
    assert "sk-secret" not in repr(route)
    assert (second.target.region, second.contract, second.target.secret) == (Region.LOCAL, None, "")


def test_every_data_class_has_a_policy() -> None:
    assert set(rules.rulebook(Configuration(), {}).policy) == set(DataClass)


def test_refusals_name_at_most_two_administrators_who_are_there() -> None:
    stored = {
        "anna": user("anna"), "alt": user("alt", role="admin", active=False), "petra": user("petra", role="admin"),
        "sina": user("sina", role="super_admin", display_name="Sina S."), "otto": user("otto", role="admin"),
    }  # fmt: skip
    assert rules.rulebook(Configuration(users=stored), {}).contact == "petra, Sina S."


def test_limits_and_budgets_become_rules_one_per_measure() -> None:
    limit = m.Limit.model_validate(
        {"scope": "company", "eur_per_month": "4000", "at_limit": "downgrade:klein"}
    )
    case = m.UseCase.model_validate(
        {"name": "angebote", "budget": {"eur_per_month": "300", "tokens_per_day": 1000}}
    )
    stored = Configuration(limits={limit.key: limit}, use_cases={"angebote": case})
    assert rules.limit_rules(stored) == [
        LimitRule("company", "eur_per_month", Decimal(4000), "downgrade:klein"),
        LimitRule("use_case:angebote", "eur_per_month", Decimal(300)),
        LimitRule("use_case:angebote", "tokens_per_day", Decimal(1000)),
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_own_price_that_is_valid_today_counts(order: int) -> None:
    rows = [
        m.Price.model_validate(
            {"provider": "openai-eu", "model": "a", "input": amount, "output": "2", "valid_from": since}
        )
        for amount, since in (("1", None), ("3", "2026-11-23"), ("9", "2026-11-24"))
    ]
    stored = Configuration(prices={row.key: row for row in rows[::order]})
    price = rules.price_book(stored, NOON).price("openai-eu", "openai", Region.EU, "a")
    assert price.input == 3


def test_terms_of_the_company_stay_readable_and_its_words_are_always_masked() -> None:
    privacy = m.Privacy.model_validate({"always": ["Projekt Eisvogel"], "allow": ["Musterwerk Nord GmbH"]})
    scanner = scanner_for(wording(Configuration(privacy=privacy), date(2026, 11, 23)))
    text = "Projekt Eisvogel bei Musterwerk Nord GmbH"
    found = {text[each.start : each.end] for each in scanner.scan_text(text)}
    assert found == {"Projekt Eisvogel"}


def test_a_price_in_a_currency_without_a_rate_is_refused_with_its_line() -> None:
    text = (
        "providers:\n  - {name: p, kind: openai, region: us}\n"
        "prices:\n  - {provider: p, model: m, input: 1, output: 2, currency: CHF}\n"
    )
    (error,) = read(text).errors
    assert (error.line, error.path) == (4, "prices[0].currency")
    rated = text + "exchange_rates:\n  - {currency: CHF, date: 2026-01-01, per_euro: 0.94}\n"
    assert read(rated).errors == ()


def test_currencies_known_to_validation_are_those_that_accounting_ships() -> None:
    assert {"EUR"} | {rate.currency for rate in shipped_rates()} == SHIPPED_CURRENCIES
