"""Price lists and exchange rates from files: compared first, taken on purpose, kept as versions."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pricing_cases import DAY_US, Books, open_books

from leitstand.accounting.pricelists.ecb import read_rates
from leitstand.accounting.pricelists.read import OwnFile, read_prices
from leitstand.core.classes import Region
from leitstand.core.errors import InvalidRequest, NotFound

HISTORY = b"Date,USD,JPY,BGN,\n2026-11-23,1.1601,180.12,N/A,\n2026-11-20,1.1500,179.90,N/A,\n2020-01-02,1.1193,121.75,1.9558,\n"


def genai(input_mtok: float, output_mtok: float, model: str = "gpt-4o-mini") -> bytes:
    """The data set's own format, with one provider."""
    return json.dumps(
        [
            {
                "id": "openai", "name": "OpenAI", "api_pattern": "https://api.openai.com",
                "models": [
                    {
                        "id": model, "match": {"starts_with": model},
                        "prices": {"input_mtok": input_mtok, "cache_read_mtok": input_mtok / 2, "output_mtok": output_mtok},
                    }
                ],
            }
        ]
    ).encode()  # fmt: skip


@pytest.fixture
def books(tmp_path: Path, database: str) -> Iterator[Books]:
    with open_books(tmp_path) as found:
        yield found


def test_a_list_is_compared_with_real_usage_before_it_is_taken(books: Books) -> None:
    books.book("req_1", input_tokens=1_000_000, output_tokens=500_000, cost_nano=1)
    books.book("req_old", input_tokens=9_000_000, cost_nano=1, time_us=books.clock.time_us() - 31 * DAY_US)
    prices = books.prices()
    before = prices.book().price("openai-eu", "openai", Region.EU, "gpt-4o-mini")
    version = prices.propose(genai(0.30, 1.20), "neu.json", "petra")
    (standard, unknown) = version.difference.changes
    assert (standard.direction, standard.tokens) == ("rises", 1_500_000)
    # twice the price: 0.15 + 0.30 USD more at 1.0389 USD per euro
    assert standard.effect_nano == pytest.approx(0.45e9 / 1.0389, rel=1e-6)
    assert (unknown.direction, unknown.before) == ("same", None)
    assert version.difference.changed == 1
    assert version.difference.gone > 1000
    assert prices.book().price("openai-eu", "openai", Region.EU, "gpt-4o-mini") == before
    assert books.records == []

    taken = prices.take(version.id, "petra")
    after = prices.book().price("openai-eu", "openai", Region.EU, "gpt-4o-mini")
    assert after.source == "neu.json"
    assert after.output == pytest.approx(2 * before.output, rel=Decimal("1e-6"))
    assert taken.taken_by == "petra"
    assert [record.kind for record in books.records] == ["accounting.price_list.taken"]


def test_an_older_list_can_be_taken_again(books: Books) -> None:
    prices = books.prices()
    first, second = (prices.propose(genai(cost, 1), f"{cost}.json", "petra") for cost in (1, 2))
    for number in (first.id, second.id, first.id):
        books.clock.now_s += 60
        prices.take(number, "petra")
    assert prices.book().source == "1.json"
    assert [each.source for each in prices.rows.versions(9)] == ["2.json", "1.json"]


def test_own_prices_become_configuration_and_begin_on_their_day(books: Books) -> None:
    prices = books.prices()
    file = "provider;model;input;cached_input;output;currency;valid_from\nopenai-eu;gpt-4o-mini;0,10;0,05;0,40;EUR;2026-12-01\n"
    version = prices.propose(file.encode(), "vertrag.csv", "petra")
    assert version.difference.changes[0].direction == "falls"
    prices.take(version.id, "petra")
    assert [price.valid_from for price in books.configuration.prices.values()] == [date(2026, 12, 1)]
    assert {record.kind for record in books.records} >= {
        "accounting.price_list.taken", "configuration.price.created",
    }  # fmt: skip
    book = prices.book()
    assert book.price("openai-eu", "openai", Region.EU, "gpt-4o-mini").source != "override"
    books.clock.now_s = (
        (date(2026, 12, 1) - date(1970, 1, 1)).days * 86_400 - 3600 + 1
    )  # a second after midnight in Berlin
    own = book.price("openai-eu", "openai", Region.EU, "gpt-4o-mini")
    assert (own.source, own.input) == ("override", Decimal("0.10"))


def test_own_prices_with_one_fault_change_nothing(books: Books) -> None:
    prices = books.prices()
    rows = [
        {"provider": name, "model": "m", "input": 1, "output": 2} for name in ("openai-eu", "gibt-es-nicht")
    ]
    version = prices.propose(json.dumps({"prices": rows}).encode(), "eigen.yaml", "petra")
    with pytest.raises(InvalidRequest, match="gibt-es-nicht"):
        prices.take(version.id, "petra")
    assert books.configuration.prices == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("provider,model,input,output\na,b,1,x\n", "Line 2, field 'output'"),
        ("provider,model,preis\na,b,1\n", "there is no column 'preis'"),
        ("prices:\n  - {provider: a, model: b, input: -1, output: 2}\n", "Price 1, field 'input'"),
        ("prices: [", "is no price list"),
        ('[{"id": "x"}]', "is no price list"),
        ("", "is no price list"),
        ("\x89PNG", "Line 1"),
    ],
)  # fmt: skip
def test_a_wrong_file_says_where(text: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read_prices(text.encode(), "datei")


def test_yaml_and_csv_say_the_same() -> None:
    yaml = read_prices(b"- {provider: a, model: b, input: 1.5, output: 6, currency: USD}\n", "a.yaml")
    csv = read_prices(b"provider;model;input;output;currency\na;b;1,5;6;USD\n", "a.csv")
    assert isinstance(yaml, OwnFile)
    assert yaml == csv


def test_an_import_that_is_none_cannot_be_taken(books: Books) -> None:
    with pytest.raises(NotFound):
        books.prices().take("prl_nichts", "petra")


# ---------------------------------------------------------------- exchange rates


def test_the_history_of_the_ecb_gives_the_newest_rate_not_after_the_day(books: Books) -> None:
    prices = books.prices()
    assert prices.table().rates[0].is_old
    version = prices.import_rates(HISTORY, "eurofxref-hist.csv", "petra")
    assert version.entries == 4
    (rate,) = prices.table().rates
    assert (rate.rate.per_euro, rate.rate.day, rate.age_days, rate.is_old) == (
        Decimal("1.1601"), date(2026, 11, 23), 0, False,
    )  # fmt: skip
    assert rate.rate.source == "eurofxref-hist.csv"
    assert prices.book().rates.on("USD", date(2026, 11, 22)).per_euro == Decimal("1.1500")
    assert [record.kind for record in books.records] == ["accounting.exchange_rates.imported"]
    prices.import_rates(HISTORY.replace(b"1.1601", b"1.1700"), "neu.csv", "petra")
    assert prices.table().rates[0].rate.per_euro == Decimal("1.1700")


def test_the_daily_file_is_read_zipped_too() -> None:
    daily = b"Date, USD, JPY, \n23 November 2026, 1.1601, 180.12, \n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("eurofxref.csv", daily)
    assert read_rates(packed.getvalue(), "x") == read_rates(daily, "x")
    assert read_rates(daily, "x")[0].day == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"Datum;USD\n", "no rate file of the ECB"),
        (b"Date,USD\n2026-13-01,1.1\n", "Line 2: '2026-13-01' is no day"),
        (b"Date,USD\n2026-11-01,viel\n", "Line 2: 'viel' is no rate of USD"),
        (b"Date,USD\n", "holds no rate"),
        (b"PK\x03\x04kaputt", "no readable CSV"),
    ],
)
def test_a_wrong_rate_file_says_where(data: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read_rates(data, "x")
