"""Pictures, seconds of sound and searches: priced, held before the call, and never free for want of a price."""

import base64
from decimal import Decimal

import pytest
from accounting_cases import StandingClock

from leitstand.accounting.estimate import units
from leitstand.accounting.history import ModelHistory
from leitstand.accounting.pricebook import PriceBook, PriceRow
from leitstand.accounting.prices import UNIT_RESERVATION, Price, Tariff, UnitPrices, cost, is_unpriced
from leitstand.accounting.sizing import Need, Sizing
from leitstand.core.classes import Region
from leitstand.core.conversation import Media, Message, Prompt, Text, Usage
from leitstand.core.money import nano

USD = Decimal("1.0389")
NOTHING = Tariff(*[Decimal(0)] * 4)
TOKENS = Tariff(*[Decimal(5)] * 3, Decimal(40))


def priced(tariff: Tariff = NOTHING, **units: str) -> Price:
    given = UnitPrices(**{name: Decimal(amount) for name, amount in units.items()})
    return Price(tariff, "override", units=given)


def need(price: Price, prompt: Prompt) -> Need:
    number, unit = units(prompt)
    return Need(0, 0, 0, price, units=number, unit=unit)


def draw(choices: int) -> Prompt:
    return Prompt("images", "m", (Message("user", (Text("Baum"),)),), choices=choices)


def hear(size_bytes: int, media_type: str) -> Prompt:
    sound = Media("audio", media_type, base64.b64encode(bytes(size_bytes)).decode())
    return Prompt("transcriptions", "m", (Message("user", (sound,)),))


@pytest.fixture(scope="module")
def book() -> PriceBook:
    row = PriceRow(
        "studio", "*", Decimal(0), Decimal(0), currency="USD",
        per_image=Decimal("0.04"), per_minute=Decimal("0.006"), per_search=Decimal("0.002"),
    )  # fmt: skip
    return PriceBook(StandingClock(), [row])


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(units=3, unit="image"), "0.12"),
        (Usage(units=90, unit="second"), "0.009"),
        (Usage(units=2, unit="search"), "0.004"),
    ],
)
def test_own_unit_prices_are_converted_and_booked(book: PriceBook, usage: Usage, usd: str) -> None:
    found = book.price("studio", "openai_compatible", Region.EU, "m")
    assert cost(usage, found) == nano(Decimal(usd) / USD)
    assert not is_unpriced(usage, found)


def test_tokens_and_units_are_added_where_both_have_a_price() -> None:
    both = priced(TOKENS, image="0.04")
    assert cost(Usage(1000, 100, units=1, unit="image"), both) == nano("0.049")


def test_units_without_a_price_are_covered_by_billed_tokens() -> None:
    usage = Usage(1000, 100, units=1, unit="image")
    assert cost(usage, priced(TOKENS)) == nano("0.009")
    assert not is_unpriced(usage, priced(TOKENS))


@pytest.mark.parametrize("unit", ["image", "second", "search"])
@pytest.mark.parametrize("tokens", [0, 1000])
def test_units_without_any_price_are_marked_and_never_free(unit: str, tokens: int) -> None:
    usage = Usage(tokens, units=2, unit=unit)
    assert cost(usage, priced()) == nano(2 * (getattr(UNIT_RESERVATION, unit)))
    assert is_unpriced(usage, priced())


def test_the_unknown_model_is_booked_at_the_reservation(book: PriceBook) -> None:
    found = book.price("p", "openai", Region.US, "dall-e-3")
    usage = Usage(units=1, unit="image")
    assert cost(usage, found) == nano("0.5")
    assert is_unpriced(usage, found)


def test_listed_transcription_models_cost_by_the_second(book: PriceBook) -> None:
    found = book.price("p", "openai", Region.US, "whisper-1")
    usage = Usage(units=3600, unit="second")
    assert cost(usage, found) == nano(Decimal("0.36") / USD)
    assert not is_unpriced(usage, found)


def test_units_in_the_house_are_free(book: PriceBook) -> None:
    found = book.price("haus", "openai_compatible", Region.LOCAL, "whisper")
    usage = Usage(units=60, unit="second")
    assert cost(usage, found) == 0
    assert not is_unpriced(usage, found)


def test_unit_prices_have_a_snapshot_of_their_own() -> None:
    assert priced(image="0.04").snapshot != priced(image="0.05").snapshot != priced().snapshot


@pytest.mark.parametrize(
    ("prompt", "price", "euro"),
    [
        (draw(3), priced(image="0.04"), "0.12"),
        (draw(1), priced(), "0.5"),
        (draw(1), priced(TOKENS), "0"),
        (hear(16_000, "audio/wav"), priced(second="0.01"), "0.03"),
        (hear(16_000, "audio/ogg; codecs=opus"), priced(second="0.01"), "0.09"),
    ],
)
def test_what_a_task_may_cost_is_held_before_the_call(prompt: Prompt, price: Price, euro: str) -> None:
    assert Sizing(need(price, prompt), ModelHistory()).worst(in_money=True) == nano(euro)


def test_searches_are_held_by_the_hundred_documents() -> None:
    turns = tuple(Message("user", (Text("a"),)) for _ in range(102))
    assert units(Prompt("rerank", "m", turns)) == (2, "search")
    assert units(Prompt("chat", "m", turns)) == (0, "")


def test_what_is_left_for_the_answer_is_less_by_the_units() -> None:
    price = priced(Tariff(*[Decimal(0)] * 3, Decimal(1)), image="0.04")
    sizing = Sizing(Need(0, 100_000, 0, price, units=1, unit="image"), ModelHistory())
    assert sizing.cap(True, nano("0.05"), price, fresh=True) == 10_000
