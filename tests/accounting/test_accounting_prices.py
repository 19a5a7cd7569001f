"""Prices: own ones first, then the lists, never nothing for the unknown; costs rounded once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from accounting_cases import StandingClock
from hypothesis import given
from hypothesis import strategies as st

from leitstand.accounting.pricebook import RESERVATION, PriceBook, PriceRow
from leitstand.accounting.prices import Price, Tariff, Tier, cost
from leitstand.accounting.rates import Rate, Rates
from leitstand.accounting.uplifts import uplift
from leitstand.core.classes import Region
from leitstand.core.conversation import Usage
from leitstand.core.money import euro, nano

USD = Decimal("1.0389")


@pytest.fixture(scope="module")
def book() -> PriceBook:
    rows = [
        PriceRow(
            "openai-eu", "gpt-4o-mini", Decimal("0.15"), Decimal("0.60"), Decimal("0.075"), currency="USD"
        ),
        PriceRow("eigene", "*", Decimal("0.05"), Decimal("0.10")),
    ]
    return PriceBook(StandingClock(), rows)


def test_an_own_price_wins_and_carries_rate_and_day(book: PriceBook) -> None:
    found = book.price("openai-eu", "openai", Region.EU, "gpt-4o-mini")
    assert (found.source, found.currency, found.rate, found.rate_day) == (
        "override",
        "USD",
        USD,
        date(2024, 12, 31),
    )
    assert found.input == (Decimal("0.15") / USD).quantize(Decimal("1e-9"))
    assert found.uplift == 1
    assert not found.unpriced


def test_a_star_row_prices_all_other_models_of_a_provider(book: PriceBook) -> None:
    assert book.price("eigene", "openai_compatible", Region.LOCAL, "llama").input == Decimal("0.05")


@pytest.mark.parametrize(
    ("kind", "model", "usd_input", "usd_output"),
    [
        ("openai", "gpt-4o-mini", "0.15", "0.6"),
        ("anthropic", "claude-sonnet-4-5", "3", "15"),
        ("gemini", "gemini-2.5-pro", "1.25", "10"),
        ("cohere", "command-r-plus", "2.5", "10"),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3", "16.5"),
        ("openai", "text-embedding-3-small", "0.02", "0"),
    ],
)
def test_list_prices_are_found_for_every_kind(
    book: PriceBook, kind: str, model: str, usd_input: str, usd_output: str
) -> None:
    found = book.price("any", kind, Region.US, model)
    assert found.source.startswith("genai-prices ")
    assert round(found.input * USD, 6) == Decimal(usd_input)
    assert round(found.output * USD, 6) == Decimal(usd_output)


@pytest.mark.parametrize("kind", ["azure_openai", "vertex", "together", "mistral"])
def test_the_other_kinds_know_their_models_too(book: PriceBook, kind: str) -> None:
    model = {
        "azure_openai": "gpt-4o",
        "vertex": "gemini-2.5-flash",
        "together": "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "mistral": "mistral-large-latest",
    }[kind]
    assert not book.price("any", kind, Region.US, model).unpriced


def test_long_prompts_pay_the_dearer_tier(book: PriceBook) -> None:
    found = book.price("a", "anthropic", Region.US, "claude-sonnet-4-5")
    short, long = cost(Usage(200_000, 0), found), cost(Usage(200_001, 0), found)
    assert float(euro(short)) == pytest.approx(0.6 / float(USD))
    assert float(euro(long)) == pytest.approx(1.2 / float(USD), rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "region", "model", "factor"),
    [
        ("openai", Region.EU, "gpt-5.4", "1.1"),
        ("openai", Region.EU, "gpt-5.4-mini-2026-03-17", "1.1"),
        ("openai", Region.EU, "gpt-6-sol", "1.1"),
        ("openai", Region.EU, "gpt-5.3", "1"),
        ("openai", Region.EU, "gpt-5-mini", "1"),
        ("openai", Region.EU, "gpt-5-2025-08-07", "1"),
        ("openai", Region.EU, "gpt-4.1", "1"),
        ("openai", Region.EU, "o3-mini", "1"),
        ("openai", Region.EU, "text-embedding-3-large", "1"),
        ("openai", Region.US, "gpt-5.4", "1"),
        ("azure_openai", Region.EU, "gpt-4o", "1.1"),
        ("vertex", Region.EU, "claude-sonnet-4-5@20250929", "1.1"),
        ("vertex", Region.EU, "claude-opus-4-1@20250805", "1"),
        ("vertex", Region.EU, "claude-sonnet-4@20250514", "1"),
        ("vertex", Region.EU, "gemini-2.5-pro", "1"),
        ("mistral", Region.EU, "mistral-large-latest", "1.10"),
    ],
)
def test_regional_surcharges_follow_the_table(kind: str, region: Region, model: str, factor: str) -> None:
    assert uplift(kind, region, model) == Decimal(factor)


def test_a_surcharge_reaches_the_price_and_its_snapshot(book: PriceBook) -> None:
    here = book.price("p", "openai", Region.EU, "gpt-5.4")
    there = book.price("p", "openai", Region.US, "gpt-5.4")
    assert here.input == pytest.approx(there.input * Decimal("1.1"), abs=Decimal("1e-8"))
    assert here.snapshot != there.snapshot
    assert len(here.snapshot) == 16


def test_local_models_are_free_unless_a_price_is_given(book: PriceBook) -> None:
    found = book.price("ollama", "openai_compatible", Region.LOCAL, "llama3.3")
    assert (found.source, found.unpriced) == ("local", False)
    assert cost(Usage(10**6, 10**6), found) == 0


@pytest.mark.parametrize("model", ["nobody-knows-me", "dall-e-3"])
def test_an_unknown_price_is_marked_and_never_nothing(book: PriceBook, model: str) -> None:
    found = book.price("p", "openai", Region.EU, model)
    assert found.unpriced
    assert found.source == "reservation"
    assert found.tariff == RESERVATION


def test_a_currency_without_a_rate_is_refused_at_once() -> None:
    with pytest.raises(KeyError, match="CHF"):
        PriceBook(StandingClock(), [PriceRow("p", "m", Decimal(1), Decimal(1), currency="CHF")])


def test_the_latest_rate_on_or_before_a_day_counts() -> None:
    rates = Rates(
        [Rate("USD", date(2026, 6, 1), Decimal("1.2")), Rate("USD", date(2026, 9, 1), Decimal("1.1"))]
    )
    assert rates.on("USD", date(2026, 5, 31)).per_euro == USD
    assert rates.on("USD", date(2026, 6, 1)).per_euro == Decimal("1.2")
    assert rates.on("USD", date(2027, 1, 1)).per_euro == Decimal("1.1")
    assert rates.on("USD", date(2020, 1, 1)).per_euro == USD
    assert rates.on("EUR", date(2026, 1, 1)).per_euro == 1


def test_a_price_is_renewed_when_the_day_s_rate_changes() -> None:
    clock = StandingClock(datetime(2026, 5, 31, 12, tzinfo=UTC).timestamp())
    row = PriceRow("p", "m", Decimal(12), Decimal(12), currency="USD")
    book = PriceBook(clock, [row], [Rate("USD", date(2026, 6, 1), Decimal("1.2"))])
    assert book.price("p", "openai", Region.EU, "m").rate == USD
    clock.now_s += 86_400
    assert book.price("p", "openai", Region.EU, "m").input == 10


TIERED = Price(
    Tariff(Decimal(3), Decimal("0.3"), Decimal("3.75"), Decimal(15)),
    "override",
    tiers=(Tier(1000, Tariff(Decimal(6), Decimal("0.6"), Decimal("7.5"), Decimal("22.5"))),),
)
PLAIN = Price(
    Tariff(Decimal("0.144383482"), Decimal("0.07"), Decimal("0.2"), Decimal("0.577533930")), "override"
)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(1000, 100), "0.0045"),
        (Usage(1001, 100), "0.008256"),
        (Usage(1000, 0, cached_tokens=1000), "0.0003"),
        (Usage(1000, 0, cached_tokens=400, cache_write_tokens=600), "0.00237"),
        (Usage(100, 50, reasoning_tokens=50), "0.00105"),
        (Usage(10, 0, cached_tokens=100), "0.00003"),
        (Usage(), "0"),
    ],
)
def test_costs_by_hand(usage: Usage, expected: str) -> None:
    assert cost(usage, TIERED) == nano(expected)


tokens = st.integers(0, 10**7)


@given(tokens, tokens, tokens, tokens)
def test_the_cost_of_two_calls_is_the_cost_of_their_sum_but_for_rounding(
    a: int, b: int, c: int, d: int
) -> None:
    apart = cost(Usage(a, b), PLAIN) + cost(Usage(c, d), PLAIN)
    assert abs(apart - cost(Usage(a + c, b + d), PLAIN)) <= 1


@given(tokens, tokens, st.integers(0, 10**7))
def test_more_tokens_never_cost_less_and_caching_never_more(input_: int, output: int, more: int) -> None:
    assert cost(Usage(input_ + more, output + more), TIERED) >= cost(Usage(input_, output), TIERED)
    assert cost(Usage(input_, output, cached_tokens=input_), TIERED) <= cost(Usage(input_, output), TIERED)
