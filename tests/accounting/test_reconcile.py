"""Invoices against the journal: differences by day and model, with the reason that is likely."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pricing_cases import CONFIGURATION, Books, at, open_books

from leitstand.accounting.invoices.compare import ModelDifference
from leitstand.accounting.invoices.desk import InvoiceDesk, Wish
from leitstand.accounting.invoices.formats import columns_of
from leitstand.accounting.invoices.read import read_invoice, same_model
from leitstand.core.errors import InvalidRequest

OWN = (
    CONFIGURATION
    + """
prices:
  - {provider: openai-eu, model: gpt-4o-mini, input: 1, cached_input: 0.5, output: 2}
  - {provider: openai-eu, model: gpt-4o, input: 10, output: 20}
exchange_rates: [{currency: USD, date: 2026-10-01, per_euro: 1.25}]
"""
)
COLUMNS = "day=Tag,model=Modell,input=Ein,cached=Gemerkt,output=Aus,amount=Betrag"
HEAD = "Tag;Modell;Ein;Gemerkt;Aus;Betrag\n"


@pytest.fixture
def books(tmp_path: Path, database: str) -> Iterator[Books]:
    with open_books(tmp_path, OWN) as found:
        yield found


@contextmanager
def four_euros(folder: Path) -> Iterator[Books]:
    """On SQLite alone, where no SQL is in question; with 2 million tokens in, 1 million out, so 4 euros."""
    with open_books(folder, OWN) as found:
        found.book(
            "req_1", time_us=at("2026-10-05T12:00"), input_tokens=2_000_000, output_tokens=1_000_000, cost_nano=4 * 10**9
        )  # fmt: skip
        yield found


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """For tests that add no record."""
    with four_euros(tmp_path_factory.mktemp("one")) as found:
        yield found


@pytest.fixture
def more(tmp_path: Path) -> Iterator[Books]:
    """For tests that add some."""
    with four_euros(tmp_path) as found:
        yield found


def check(books: Books, rows: str, columns: str = COLUMNS, **wish: object) -> dict[str, ModelDifference]:
    data = (HEAD + rows if columns else rows).encode()
    desk = InvoiceDesk(books.prices())
    found = desk.check(Wish("openai-eu", "rechnung.csv", data, columns=columns_of(columns), **wish), "petra")  # type: ignore[arg-type]  # test shorthand
    assert desk.find(found.id) == found
    return {each.model: each for each in found.comparison.models} | {"": found}  # type: ignore[dict-item]  # the whole


def verdict(found: dict[str, ModelDifference]) -> str:
    return found[""].comparison.verdict  # type: ignore[attr-defined,no-any-return]  # the check itself


def test_an_invoice_that_agrees_is_said_to(books: Books) -> None:
    for number, (moment, tokens) in enumerate((("2026-10-05T12:00", 600_000), ("2026-10-31T23:30", 400_000))):
        books.book(f"req_{number}", time_us=at(moment), input_tokens=tokens, cost_nano=tokens * 1000)
    books.book("req_next", time_us=at("2026-11-01T00:30"), input_tokens=999_999, cost_nano=10**9)
    books.book("req_hit", time_us=at("2026-10-06T00:30"), input_tokens=77, outcome="cached")
    found = check(books, "2026-10-05;gpt-4o-mini;600000;0;0;0,60\n31.10.2026;gpt-4o-mini;400000;0;0;0,40\n")
    assert verdict(found) == "agrees"
    assert found["gpt-4o-mini"].reasons == ()
    assert (found["gpt-4o-mini"].tokens, found["gpt-4o-mini"].nano) == (0, 0)
    (record,) = [each for each in books.records if each.kind == "accounting.invoice.checked"]
    assert (record.detail["verdict"], record.detail["month"]) == ("agrees", "2026-10")
    assert len(record.detail["sha256"]) == 64


def test_local_and_utc_days_part_at_the_end_of_a_month(more: Books) -> None:
    more.book(
        "req_late", time_us=at("2026-10-31T23:30"), input_tokens=500_000, cost_nano=5 * 10**8
    )  # November in Berlin
    rows = "2026-10-05;gpt-4o-mini;2000000;0;1000000;4\n"
    assert verdict(check(more, rows, cut="local")) == "agrees"
    assert check(more, rows, cut="utc")["gpt-4o-mini"].tokens == -500_000


@pytest.mark.parametrize(
    ("row", "reason", "told"),
    [
        ("2026-10-05;gpt-4o-mini;2000000;0;1000000;4,76", "vat", "explained"),
        ("2026-10-05;gpt-4o-mini;2000000;0;1000000;4,40", "uplift", "differs"),
        ("2026-10-05;gpt-4o-mini;2000000;0;1000000;9", "price", "differs"),
        ("2026-10-05;gpt-4o-mini;3000000;0;1500000;6", "other_keys", "differs"),
        ("2026-10-05;gpt-4o-mini;1000000;0;500000;2", "not_billed", "differs"),
        ("2026-10-06;gpt-4o-mini;2000000;0;1000000;4", "day_cut", "agrees"),
    ],
)
def test_each_difference_has_its_likely_reason(one: Books, row: str, reason: str, told: str) -> None:
    found = check(one, row + "\n")
    assert found["gpt-4o-mini"].reasons == (reason,)
    assert verdict(found) == told


def test_price_and_quantity_are_told_apart_and_add_up(one: Books) -> None:
    found = check(one, "2026-10-05;gpt-4o-mini;3000000;0;1500000;9\n")["gpt-4o-mini"]
    assert (found.quantity_nano, found.price_nano, found.nano) == (2 * 10**9, 3 * 10**9, 5 * 10**9)
    assert set(found.reasons) == {"other_keys", "price"}


def test_cached_tokens_that_the_provider_counts_otherwise_are_seen_as_quantity(one: Books) -> None:
    found = check(one, "2026-10-05;gpt-4o-mini;2000000;2000000;1000000;3\n")["gpt-4o-mini"]
    assert (found.quantity_nano, found.price_nano) == (-(10**9), 0)


def test_estimated_records_explain_a_difference_in_tokens(more: Books) -> None:
    more.book("req_2", time_us=at("2026-10-07T12:00"), output_tokens=500_000, cost_nano=10**9, estimated=True)
    found = check(more, "2026-10-05;gpt-4o-mini;2000000;0;1200000;4,4\n")
    assert found["gpt-4o-mini"].reasons == ("estimated",)
    assert verdict(found) == "explained"


def test_a_model_that_nobody_here_asked_is_the_use_of_other_keys(one: Books) -> None:
    found = check(one, "2026-10-05;gpt-4o-mini;2000000;0;1000000;4\n2026-10-05;o3;5;0;5;7\n")
    assert found["o3"].reasons == ("other_keys",)
    assert found["gpt-4o-mini"].agrees


def test_the_same_file_again_takes_the_place_of_its_comparison(books: Books) -> None:
    desk = InvoiceDesk(books.prices())
    wish = Wish("openai-eu", "a.csv", (HEAD + "2026-10-05;m;1;0;1;1\n").encode(), columns=columns_of(COLUMNS))
    desk.check(wish, "petra")
    last = desk.check(wish, "petra")
    assert [each.id for each in desk.checks()] == [last.id]


# ---------------------------------------------------------------- the providers' own exports


OPENAI_USAGE = (
    "start_time,start_time_iso,project_id,model,input_tokens,output_tokens,input_cached_tokens,num_model_requests\n"
    "1759622400,2026-10-05T00:00:00+00:00,proj_1,gpt-4o-mini-2024-07-18,1500000,600000,400000,90\n"
    "1759622400,2026-10-05T00:00:00+00:00,proj_2,gpt-4o-mini-2024-07-18,500000,400000,0,10\n"
)
OPENAI_COSTS = (
    "start_time_iso,amount_value,amount_currency,line_item\n"
    '2026-10-05T00:00:00+00:00,2.5,usd,"gpt-4o-mini-2024-07-18, input"\n'
    '2026-10-05T00:00:00+00:00,2.5,usd,"gpt-4o-mini-2024-07-18, output"\n'
)
ANTHROPIC = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens\n"
    "2026-10-05,claude-sonnet-4-5-20250929,k,w,standard,≤ 200k,100,20,3,7,50\n"
)
AZURE = (
    "Date,MeterName,Quantity,UnitOfMeasure,CostInBillingCurrency,BillingCurrencyCode\n"
    "10/05/2026,gpt 4o mini 0718 Inp Data Zone Tokens,2000,1K,2.00,EUR\n"
    "10/05/2026,gpt 4o mini 0718 Outp Data Zone Tokens,1000,1K,2.00,EUR\n"
)
AWS = (
    "lineItem/UsageStartDate,lineItem/UsageType,lineItem/UsageAmount,pricing/unit,lineItem/UnblendedCost,lineItem/CurrencyCode\n"
    "2026-10-05T00:00:00Z,EUC1-Claude4.5Sonnet-input-tokens,2,1K tokens,0.006,USD\n"
    "2026-10-05T00:00:00Z,EUC1-Claude4.5Sonnet-cache-read-input-token-count,3,1K tokens,0.001,USD\n"
    "2026-10-05T00:00:00Z,EUC1-Claude4.5Sonnet-output-tokens,1,1K tokens,0.015,USD\n"
)


def test_openai_exports_are_compared_in_tokens_and_in_money(one: Books) -> None:
    usage = check(one, OPENAI_USAGE, "")
    assert usage["gpt-4o-mini"].tokens == 0
    assert usage["gpt-4o-mini"].billed_nano is None
    assert verdict(usage) == "agrees"
    costs = check(one, OPENAI_COSTS, "")
    assert costs["gpt-4o-mini"].billed_tokens is None
    assert costs["gpt-4o-mini"].billed_nano == 4 * 10**9  # 5 USD at 1.25
    assert verdict(costs) == "agrees"
    assert "USD 1.25" in costs[""].comparison.rates  # type: ignore[attr-defined]  # the check itself


def test_azure_and_its_words_for_models_and_directions(one: Books) -> None:
    found = check(one, AZURE, "")
    assert (found["gpt-4o-mini"].billed_tokens, found["gpt-4o-mini"].billed_nano) == (3_000_000, 4 * 10**9)
    assert verdict(found) == "agrees"


def test_anthropic_and_aws_exports_are_read() -> None:
    (line,) = read_invoice(ANTHROPIC.encode()).lines
    assert (line.day, line.input, line.cached, line.cache_write, line.output) == (
        date(2026, 10, 5),
        130,
        7,
        23,
        50,
    )
    lines = read_invoice(AWS.encode()).lines
    assert [(each.input, each.cached, each.output) for each in lines] == [
        (2000, 0, 0),
        (3000, 3000, 0),
        (0, 0, 1000),
    ]
    assert {each.amount for each in lines} == {Decimal("0.006"), Decimal("0.001"), Decimal("0.015")}


@pytest.mark.parametrize(
    ("billed", "ours"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt 4o mini 0718 Inp glbl Tokens", "gpt-4o-mini"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("dall-e-3", "dall-e-3"),
    ],
)
def test_billed_names_are_matched_to_ours(billed: str, ours: str) -> None:
    assert same_model(billed, ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5"]) == ours


# ---------------------------------------------------------------- wrong files


@pytest.mark.parametrize(
    ("rows", "columns", "told"),
    [
        ("2026-10-05;m;viel;0;1;1\n", COLUMNS, "Line 2: 'viel' is no number"),
        ("2026-10-05;m;1;0;1;1\n2026-14-05;m;1;0;1;1\n", COLUMNS, "Line 3: '2026-14-05' is no day"),
        ("", COLUMNS, "holds no line"),
        ("a,b\n1,2\n", "", "of no known layout .columns: a, b"),
        ("2026-10-05;m;1;0;1;1\n", "day=Tag,model=Fehlt,output=Aus", "column 'Fehlt' is missing"),
        ("2026-10-05;m;1;0;1;1\n", "day=Tag,model=Modell", "needed are day, model, and output or amount"),
        ("2026-10-05;m;1;0;1;1\n", "day", "Write the columns as"),
    ],
)
def test_a_wrong_file_says_where(one: Books, rows: str, columns: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        check(one, rows, columns)


def test_wrong_wishes_are_refused(one: Books) -> None:
    row = "2026-10-05;gpt-4o-mini;1;0;1;1\n"
    with pytest.raises(InvalidRequest, match="nothing of 2026-09, but: 2026-10"):
        check(one, row, month="2026-09")
    with pytest.raises(InvalidRequest, match="'Oktober' is no month"):
        check(one, row, month="Oktober")
    with pytest.raises(InvalidRequest, match="no exchange rate for CHF"):
        check(one, row, currency="CHF")
    with pytest.raises(InvalidRequest, match="There is no provider 'x'"):
        InvoiceDesk(one.prices()).check(Wish("x", "a.csv", b""), "petra")
