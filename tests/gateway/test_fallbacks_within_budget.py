"""Money at every attempt: what failed ones are billed is booked, and no fallback is paid from nowhere."""

from decimal import Decimal

import pytest

from gateway.gateway_kit import END, HELLO, MORE, Stage, Step, fault, request, text_of
from leitstand.accounting.limits import LimitRule
from leitstand.accounting.pricebook import PriceBook, PriceRow
from leitstand.core.clock import Clock
from leitstand.core.conversation import Frame, TextDelta
from leitstand.core.errors import BudgetExhausted, UpstreamFailed
from leitstand.gateway.values import Head, Piece, Tail
from leitstand.providers.faults import FaultKind

K = FaultKind


def limit(tokens: int) -> list[LimitRule]:
    return [LimitRule("company", "tokens_per_day", Decimal(tokens))]


def stage(scripts: dict[str, list[list[Step]]], limits: list[LimitRule], *, buffered: bool = False) -> Stage:
    made = Stage(scripts, limits)
    if buffered:
        route = made.rules.book.routes["standard"]
        object.__setattr__(route, "buffered", True)
    return made


def priced(made: Stage, **output: str) -> Stage:
    """Other prices: EUR per million output tokens by provider."""
    rows = [PriceRow(name, "m", Decimal(0), Decimal(price)) for name, price in output.items()]
    object.__setattr__(made.rules, "prices", PriceBook(Clock(), rows))
    return made


async def test_the_record_sums_what_the_lost_and_the_whole_answer_used() -> None:
    made = stage(
        {"p1": [[HELLO, fault(K.TIMEOUT_IDLE, status=200)]], "p2": [[HELLO, MORE, END]]}, [], buffered=True
    )
    items = await made.play(request())
    assert text_of(items) == "Guten Tag, gern."
    record = made.record
    lost, answered = record.detail["attempts"]
    assert lost["tokens"] > 3
    assert "tokens" not in answered
    assert record.input_tokens + record.output_tokens == 60 + lost["tokens"]
    assert record.estimated
    assert record.fallback == 1
    assert isinstance(items[-1], Tail)
    assert items[-1].cost_nano == record.cost_nano


async def test_each_attempt_is_booked_at_its_own_price() -> None:
    broken: list[Step] = [HELLO, fault(K.TIMEOUT_IDLE, status=200)]
    made = stage({"p1": [broken], "p2": [[HELLO, END]]}, [], buffered=True)
    priced(made, p1="1000", p2="1")
    await made.play(request())
    assert made.record.cost_nano == 3 * 1_000_000 + 20 * 1_000


async def test_a_failed_request_costs_what_its_attempts_are_billed() -> None:
    cut = [HELLO, fault(K.CUT, status=200)]
    made = stage({"p1": [cut, list(cut)], "p2": [[fault(K.AUTH)]]}, [], buffered=True)
    with pytest.raises(UpstreamFailed):
        await made.play(request())
    record = made.record
    assert record.output_tokens == 2 * 3
    assert record.cost_nano > 0
    assert made.happened[-2:] == ["settled", "journalled"]


async def test_when_losses_used_up_the_budget_nobody_else_is_asked() -> None:
    long = Frame((TextDelta("wort " * 60),))
    made = stage(
        {"p1": [[long, fault(K.TIMEOUT_IDLE, status=200)]], "p2": [[HELLO, END]]}, limit(90), buffered=True
    )
    with pytest.raises(BudgetExhausted, match="p1"):
        await made.play(request())
    assert made.door.asked == ["p1"]
    assert made.record.code == "budget_exhausted"


async def test_a_fallback_that_is_dearer_than_what_is_held_is_not_asked() -> None:
    euro = [LimitRule("company", "eur_per_day", Decimal("0.0001"))]
    made = priced(
        stage({"p1": [[fault(K.SERVER)], [fault(K.SERVER)]], "p2": [[HELLO, END]]}, euro), p1="1", p2="100000"
    )
    with pytest.raises(UpstreamFailed, match=r"p1"):
        await made.play(request())
    assert set(made.door.asked) == {"p1"}


async def test_a_fallback_that_costs_more_is_capped_at_what_is_held() -> None:
    euro = [LimitRule("company", "eur_per_day", Decimal("0.0005"))]
    made = priced(stage({"p1": [[fault(K.AUTH)]], "p2": [[HELLO, END]]}, euro), p1="1", p2="20")
    items = await made.play(request())
    assert [item.provider for item in items if isinstance(item, Head)] == ["p2"]
    assert made.door.prompts[1].max_tokens == 25  # of the 50 that were asked for


async def test_an_answer_after_a_loss_is_kept_in_the_cache_at_its_own_cost() -> None:
    made = Stage({"p1": [[fault(K.MALFORMED, status=200)], [HELLO, END]]}, cache=True)
    await made.play(request())
    items = await made.play(request(number=2))
    hit = items[-1]
    assert isinstance(hit, Tail)
    first, second = made.journal.records
    assert (second.cache, second.cost_nano) == ("hit", 0)
    assert hit.saved_nano <= first.cost_nano
    assert any(isinstance(item, Piece) for item in items)
