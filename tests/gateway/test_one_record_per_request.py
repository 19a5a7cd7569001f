"""Whatever happens to a request, the journal gets exactly one record, and money is settled or given back once."""

import asyncio
from contextlib import aclosing
from decimal import Decimal

import pytest

from gateway.gateway_kit import END, HELLO, KEY, MORE, Stage, fault, request, text_of
from leitstand.accounting.limits import LimitRule
from leitstand.core.errors import (
    BudgetExhausted,
    InvalidKey,
    InvalidRequest,
    ModelNotFound,
    NotCached,
    Refusal,
    UpstreamFailed,
)
from leitstand.gateway.bookkeeping import ClientLeft
from leitstand.gateway.hotpath import Credentials
from leitstand.gateway.values import Head, Piece, Tail
from leitstand.providers.faults import FaultKind

K = FaultKind


async def test_an_answer_is_settled_journalled_and_then_done() -> None:
    stage = Stage({"p1": [[HELLO, MORE, END]]})
    items = await stage.play(request())
    assert text_of(items) == "Guten Tag, gern."
    assert [type(item) for item in items] == [Head, Piece, Piece, Piece, Tail]
    assert stage.happened == ["provider closed", "settled", "journalled"]
    record = stage.record
    assert (record.outcome, record.code, record.provider, record.key_id) == ("ok", "", "p1", "key_1")
    assert (record.input_tokens, record.output_tokens, record.estimated) == (40, 20, False)
    assert record.cost_nano == 80_000  # 40 × 1 + 20 × 2 EUR per million tokens
    assert items[-1] == Tail(record.cost_nano)  # type: ignore[arg-type]  # it is nano-euro
    assert 0 < record.first_token_us <= record.latency_us


async def test_a_fallback_is_in_the_record_with_every_attempt() -> None:
    stage = Stage({"p1": [[fault(K.AUTH, status=401)]], "p2": [[HELLO, END]]})
    head = (await stage.play(request()))[0]
    assert isinstance(head, Head)
    assert (head.provider, head.fallback) == ("p2", 1)
    record = stage.record
    assert (record.provider, record.fallback) == ("p2", 1)
    attempts = record.detail["attempts"]
    assert [(each["provider"], each["fault"], each["status"]) for each in attempts] == [
        ("p1", "auth", 401),
        ("p2", "", None),
    ]


@pytest.mark.parametrize(
    ("case", "more", "key", "error", "code"),
    [
        ("no such key", {}, "lst_wrong", InvalidKey, "invalid_key"),
        ("no such model", {"model": "nie"}, KEY, ModelNotFound, "model_not_found"),
        ("no such use case", {"use_case": "nie"}, KEY, InvalidRequest, "invalid_request"),
    ],
)
async def test_a_refusal_is_one_record_and_asks_no_provider(
    case: str, more: dict[str, str], key: str, error: type[Refusal], code: str
) -> None:
    stage = Stage({})
    with pytest.raises(error):
        await stage.play(request(**more), key)  # type: ignore[arg-type]  # test shorthand
    assert (stage.record.outcome, stage.record.code) == ("refused", code), case
    assert stage.record.user == ("" if error is InvalidKey else "anna")
    assert stage.door.asked == []


async def test_a_used_up_budget_is_one_record_and_holds_nothing() -> None:
    stage = Stage({}, [LimitRule("company", "eur_per_day", Decimal(0))])
    with pytest.raises(BudgetExhausted):
        await stage.play(request())
    assert (stage.record.outcome, stage.record.code) == ("refused", "budget_exhausted")
    assert stage.happened == ["journalled"]


async def test_a_failure_of_all_providers_costs_nothing() -> None:
    stage = Stage({"p1": [[fault(K.AUTH)]], "p2": [[fault(K.AUTH)]]})
    with pytest.raises(UpstreamFailed):
        await stage.play(request())
    record = stage.record
    assert (record.outcome, record.code, record.cost_nano, record.provider) == (
        "failed",
        "upstream_failed",
        0,
        "",
    )
    assert stage.happened[-2:] == ["refunded", "journalled"]


async def test_a_broken_stream_is_booked_for_what_came() -> None:
    stage = Stage({"p1": [[HELLO, fault(K.CUT)]]})
    items: list[Head | Piece | Tail] = []

    async def read() -> None:
        async for item in stage.ask(request()):
            items.append(item)

    with pytest.raises(UpstreamFailed, match="incomplete"):
        await read()
    assert text_of(items) == "Guten Tag"
    record = stage.record
    assert (record.outcome, record.code, record.estimated) == ("failed", "upstream_failed", True)
    assert record.output_tokens > 0
    assert record.cost_nano > 0
    assert stage.happened == ["provider closed", "settled", "journalled"]


async def test_a_client_that_hangs_up_closes_the_provider_first_settles_second_and_journals_last() -> None:
    stage = Stage({"p1": [[HELLO, MORE, asyncio.Event()]]})
    async with aclosing(stage.ask(request())) as answer:
        assert isinstance(await anext(answer), Head)
        assert isinstance(await anext(answer), Piece)
    assert stage.happened == ["provider closed", "settled", "journalled"]
    record = stage.record
    assert (record.outcome, record.estimated, record.provider) == ("left", True, "p1")
    assert record.output_tokens > 0


async def test_a_cancelled_request_is_settled_and_journalled() -> None:
    stage, first = Stage({"p1": [[HELLO, asyncio.Event()]]}), asyncio.Event()

    async def read() -> None:
        async for _ in stage.ask(request()):
            first.set()

    reading = asyncio.create_task(read(), name="reading")
    await asyncio.wait_for(first.wait(), 5)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert stage.record.outcome == "left"
    assert stage.happened == ["provider closed", "settled", "journalled"]


async def test_a_request_cancelled_before_the_first_content_is_given_back() -> None:
    stage = Stage({"p1": [[asyncio.Event()]]})

    async def read() -> None:
        async for _ in stage.ask(request()):
            raise AssertionError("nothing should come")

    reading = asyncio.create_task(read(), name="reading")
    async with asyncio.timeout(5):
        while not stage.door.asked:
            await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (stage.record.outcome, stage.record.cost_nano) == ("left", 0)
    assert stage.happened == ["provider closed", "refunded", "journalled"]


async def test_a_client_that_left_before_its_turn_asks_no_provider() -> None:
    stage = Stage({})
    with pytest.raises(ClientLeft):
        await stage.play(request(is_gone=lambda: True))
    assert stage.record.outcome == "left"
    assert stage.happened == ["refunded", "journalled"]


async def test_a_fault_of_ours_is_one_record_and_no_provider_is_blamed() -> None:
    stage = Stage({"p1": [[HELLO, RuntimeError("ours")]]})
    with pytest.raises(RuntimeError):
        await stage.play(request())
    assert (stage.record.outcome, stage.record.code) == ("failed", "internal_error")
    assert stage.happened == ["provider closed", "settled", "journalled"]
    assert "ours" not in str(stage.record)


async def test_a_request_that_could_not_be_read_is_one_record_with_its_sender() -> None:
    stage = Stage({})
    refusal = InvalidRequest("Unlesbar.", "Unreadable.")
    await stage.gateway.refused(request(), Credentials(KEY, ""), refusal)
    record = stage.record
    assert (record.outcome, record.code, record.user) == ("refused", "invalid_request", "anna")


async def test_a_stored_answer_costs_nothing_and_books_what_it_saved() -> None:
    stage = Stage({"p1": [[HELLO, MORE, END]]}, cache=True)
    first = await stage.play(request())
    again = await stage.play(request(number=2))
    assert text_of(again) == text_of(first)
    miss, hit = stage.journal.records
    assert (miss.outcome, miss.cache) == ("ok", "miss")
    assert (hit.outcome, hit.cache, hit.cost_nano, hit.saved_nano) == ("cached", "hit", 0, miss.cost_nano)
    assert hit.provider == "p1"
    assert stage.door.asked == ["p1"]


async def test_a_cut_answer_is_not_stored() -> None:
    stage = Stage({"p1": [[HELLO, fault(K.CUT)], [HELLO, END]]}, cache=True)
    with pytest.raises(UpstreamFailed):
        await stage.play(request())
    await stage.play(request(number=2))
    assert stage.door.asked == ["p1", "p1"]


async def test_only_the_cache_was_asked_and_it_is_empty() -> None:
    stage = Stage({}, cache=True)
    with pytest.raises(NotCached):
        await stage.play(request(cache="only"))
    assert (stage.record.outcome, stage.record.code) == ("refused", "not_cached")
    assert stage.happened == ["journalled"]


async def test_new_rules_empty_the_cache() -> None:
    from dataclasses import replace

    from leitstand.policy.rulebook import Rulebook

    stage = Stage({"p1": [[HELLO, END]]}, cache=True)
    await stage.play(request())
    stage.gateway.renew(replace(stage.rules, limit_wait_s=1.0))
    assert stage.cache.size_bytes > 0
    stage.gateway.renew(replace(stage.rules, book=Rulebook()))
    assert stage.cache.size_bytes == 0


# ------------------------------------------------------------ downgrade


def used_up(model: str, to: str) -> LimitRule:
    return LimitRule(f"model:{model}", "eur_per_day", Decimal(0), f"downgrade:{to}")


async def test_a_used_up_limit_sends_the_request_to_the_cheaper_model() -> None:
    stage = Stage({"p3": [[HELLO, END]]}, [used_up("standard", "klein")])
    items = await stage.play(request())
    assert text_of(items) == "Guten Tag"
    record = stage.record
    assert (record.outcome, record.provider, record.model) == ("ok", "p3", "standard")
    assert record.detail["downgraded_to"] == ["klein"]


async def test_limits_that_send_a_request_in_a_circle_refuse_it() -> None:
    stage = Stage({}, [used_up("standard", "klein"), used_up("klein", "standard")])
    with pytest.raises(BudgetExhausted) as refused:
        await asyncio.wait_for(stage.play(request()), 5)
    assert refused.value.retry_after_s is not None
    assert refused.value.retry_after_s >= 1
    record = stage.record
    assert (record.outcome, record.code) == ("refused", "budget_exhausted")
    assert record.detail["downgraded_to"] == ["klein"]
    assert stage.door.asked == []


async def test_a_limit_does_not_bind_calls_of_the_model_that_it_names() -> None:
    soft = LimitRule("company", "eur_per_day", Decimal(0), "downgrade:klein")
    stage = Stage({"p3": [[HELLO, END], [HELLO, END]]}, [soft])
    await stage.play(request())
    await stage.play(request(model="klein", number=2))
    assert [record.detail.get("downgraded_to") for record in stage.journal.records] == [["klein"], None]
