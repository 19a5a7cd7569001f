"""Booked records keep the price of their day: each comes out of the price that it names, to the nano-euro."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing_cases import Books, open_books

from leitstand.accounting.pricelists.keeper import SnapshotKeeper
from leitstand.accounting.pricelists.snapshots import BookedRecord, booked, decode, encode, prove
from leitstand.accounting.prices import Price, Tariff, Tier, UnitPrices, cost
from leitstand.core.conversation import Usage

DIGITS = st.decimals(Decimal("0.000000001"), Decimal(500), places=9)
TARIFFS = st.builds(Tariff, DIGITS, DIGITS, DIGITS, DIGITS)
PRICES = st.builds(
    Price, TARIFFS, st.just("genai-prices 1"), st.lists(st.builds(Tier, st.integers(1, 10**6), TARIFFS), max_size=2),
    st.just("USD"), DIGITS, st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.just(Decimal("1.10")),
    st.builds(UnitPrices, st.none() | DIGITS, st.none() | DIGITS),
)  # fmt: skip
COUNT = st.integers(0, 3_000_000)


@given(PRICES, COUNT, COUNT, COUNT)
def test_a_record_costs_the_same_at_its_kept_price(
    price: Price, fresh: int, cached: int, output: int
) -> None:
    usage = Usage(fresh + cached, output, cached)
    kept = decode(encode(price))
    assert kept.snapshot == price.snapshot
    record = BookedRecord(
        "req",
        "ok",
        usage.input_tokens,
        output,
        cached,
        cost(usage, price),
        f'{{"price": "{price.snapshot}"}}',
    )
    assert prove(record, {price.snapshot: kept}).verdict == "proven"


@pytest.fixture
def books(tmp_path: Path, database: str) -> Iterator[Books]:
    with open_books(tmp_path) as found:
        yield found


def test_records_are_proven_after_prices_have_changed_and_a_changed_record_is_found(books: Books) -> None:
    prices = books.prices()
    old = prices.book().price("openai-eu", "openai", prices.table().prices[0].place.region, "gpt-4o-mini")
    dear = replace(old, tariff=old.tariff.times(Decimal(3), Decimal("1e-9")))
    prices.rows.keep([old, dear, old], books.clock.time_us())
    usages = Usage(1234, 567, 89), Usage(3210, 76, 0, cache_write_tokens=55)
    books.book(
        "req_one", input_tokens=1234, output_tokens=567, cached_tokens=89, cost_nano=cost(usages[0], old),
        detail={"price": old.snapshot},
    )  # fmt: skip
    books.book(
        "req_two", input_tokens=4444, output_tokens=643, cached_tokens=89,
        cost_nano=cost(usages[0], old) + cost(usages[1], dear),
        detail={"price": dear.snapshot, "booked": [
            booked(usages[0], old, cost(usages[0], old)), booked(usages[1], dear, cost(usages[1], dear)),
        ]},
    )  # fmt: skip
    books.book("req_lost", outcome="lost", input_tokens=5, cost_nano=7)
    books.apply("prices: [{provider: openai-eu, model: gpt-4o-mini, input: 99, output: 99}]")
    found = prices.prove()
    assert (found.records, found.proven, found.unknown, found.differs) == (3, 2, 1, ())
    books.alter("req_two", cost_nano=cost(usages[0], old) + cost(usages[1], dear) + 1)
    (differs,) = prices.prove().differs
    assert (differs.id, differs.cost_nano - (differs.recomputed_nano or 0)) == ("req_two", 1)


def test_a_price_whose_figures_were_changed_proves_nothing(books: Books) -> None:
    from sqlalchemy import update

    from leitstand.store.schema import price_snapshot

    prices = books.prices()
    price = prices.book().price("openai-eu", "openai", prices.table().prices[0].place.region, "gpt-4o-mini")
    prices.rows.keep([price], 1)
    assert prices.rows.snapshots([price.snapshot]) == {price.snapshot: price}
    forged = encode(replace(price, rate=Decimal(2)))
    with books.engine.begin() as connection:
        connection.execute(update(price_snapshot).values(body=forged))
    assert prices.rows.snapshots([price.snapshot]) == {}


def test_the_keeper_stores_each_price_once_and_waits_for_the_database() -> None:
    from sqlalchemy.exc import OperationalError

    kept: list[str] = []
    away = True

    def keep(prices: list[Price]) -> None:
        if away:
            raise OperationalError("insert", None, Exception("away"))
        kept.extend(price.snapshot for price in prices)

    keeper = SnapshotKeeper(keep)
    prices = [Price(Tariff(*[Decimal(number)] * 4), "x") for number in (1, 2)]
    for price in (*prices, prices[0]):
        keeper.note(price)
    keeper.flush()
    assert kept == []
    away = False
    stop = threading.Event()
    thread = threading.Thread(target=keeper.run, args=(stop, 0.01))
    thread.start()
    stop.set()
    thread.join(5)
    for price in prices:
        keeper.note(price)
    keeper.flush()
    assert kept == [price.snapshot for price in prices]
