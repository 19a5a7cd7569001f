"""Many calls at once on a small budget: as many reach the model as it pays for, no more and no fewer."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from accounting_cases import LEDGER_RULES, StandingClock, need, price, spend_through_ledger

from leitstand.accounting.counters import Counters
from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.ledger import Ledger
from leitstand.accounting.limits import LimitRule, Measure, Subject
from leitstand.accounting.prices import Price, cost
from leitstand.accounting.sizing import Need
from leitstand.core.conversation import Usage
from leitstand.core.errors import BudgetExhausted
from leitstand.core.money import euro

SPAWN = multiprocessing.get_context("spawn")
ANNA = Subject("anna", "vertrieb", "angebote", "key_1", "standard")


@pytest.fixture(params=["memory", "shared"])
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counters]:
    made: Counters = (
        MemoryCounters() if request.param == "memory" else SharedCounters(tmp_path / "counters.bin")
    )
    yield made
    made.close()


async def race(
    ledger: Ledger, ask: Need, usage: Usage, paid: Price, calls: int = 60, wait_s: float = 10
) -> int:
    """Start all calls at once; returns how many reached the model."""
    reached = 0

    async def one(number: int) -> None:
        nonlocal reached
        try:
            async with ledger.open(ANNA, ask, f"req_{number}", wait_s) as entry:
                reached += 1
                await asyncio.sleep(0.005)
                entry.settle(usage, paid)
        except BudgetExhausted:
            return

    await asyncio.gather(*(one(number) for number in range(calls)))
    return reached


def rule(measure: Measure, amount: Decimal | int) -> LimitRule:
    return LimitRule("user:*", measure, Decimal(amount))


@pytest.mark.parametrize("estimated", [100, 1, 10, 400, 5000], ids=lambda tokens: f"estimate-{tokens}")
@pytest.mark.parametrize("cap", [50, 10, None, 4096], ids=lambda cap: f"cap-{cap}")
async def test_sixty_calls_on_a_token_budget_for_three_reach_the_model_three_times(
    counters: Counters, estimated: int, cap: int | None
) -> None:
    ledger = Ledger(counters, StandingClock(), [rule("tokens_per_day", 330)])
    assert await race(ledger, need(estimated, cap), Usage(100, 10), price()) == 3
    assert ledger.usage_of(rule("tokens_per_day", 330), ANNA).spent == 330  # type: ignore[union-attr]  # binds


@pytest.mark.parametrize("estimated", [1000, 10, 5000])
@pytest.mark.parametrize("usage", [Usage(1000, 37), Usage(1000, 37, cached_tokens=900), Usage(999, 3)])
async def test_sixty_calls_on_a_euro_budget_for_three_reach_the_model_three_times(
    counters: Counters, estimated: int, usage: Usage
) -> None:
    odd = price("0.144385", "0.577534")
    budget = euro(3 * cost(usage, odd))
    ledger = Ledger(counters, StandingClock(), [rule("eur_per_month", budget)])
    ask = Need(estimated, 100, 4096, odd)
    assert await race(ledger, ask, usage, odd) == 3


async def test_a_dear_fallback_does_not_shut_out_the_cheap_candidate() -> None:
    usage, cheap, dear = Usage(100, 20), price("1", "2"), price("20", "80")
    ledger = Ledger(MemoryCounters(), StandingClock(), [rule("eur_per_day", euro(3 * cost(usage, cheap)))])
    assert await race(ledger, Need(120, 60, 4096, dear, cheap), usage, cheap) == 3


async def test_calls_without_an_answer_are_counted_by_their_input(counters: Counters) -> None:
    ledger = Ledger(counters, StandingClock(), [rule("tokens_per_day", 300)])
    assert await race(ledger, need(250, 0), Usage(100, 0), price()) == 3


async def test_a_budget_and_a_half_serves_no_half_call() -> None:
    ledger = Ledger(MemoryCounters(), StandingClock(), [rule("tokens_per_day", 385)])
    assert await race(ledger, need(100, 50), Usage(100, 10), price()) == 3


async def test_proven_calls_run_side_by_side_while_the_budget_is_large() -> None:
    ledger = Ledger(MemoryCounters(), StandingClock(), [rule("tokens_per_day", 100_000)])
    await race(ledger, need(), Usage(100, 10), price(), calls=1)
    begin = time.monotonic()
    assert await race(ledger, need(), Usage(100, 10), price(), calls=200) == 200
    assert time.monotonic() - begin < 1.0


async def test_a_waiting_call_goes_as_soon_as_another_gives_back(counters: Counters) -> None:
    ledger = Ledger(counters, StandingClock(), [rule("tokens_per_day", 150)])
    first = ledger.open(ANNA, need(100, 50), "req_1")
    await first.__aenter__()
    second = asyncio.ensure_future(ledger.open(ANNA, need(100, 50), "req_2", 10).__aenter__())
    await asyncio.sleep(0)
    assert not second.done()
    await first.__aexit__(None, None, None)
    entry = await asyncio.wait_for(second, 5)
    assert entry.output_cap == 50
    entry.refund()


async def test_calls_go_in_the_order_in_which_they_came() -> None:
    ledger = Ledger(MemoryCounters(), StandingClock(), [rule("tokens_per_day", 1000)])
    order: list[int] = []

    async def one(number: int) -> None:
        async with ledger.open(ANNA, need(100, 50), f"req_{number}", 10) as entry:
            order.append(number)
            await asyncio.sleep(0.001)
            entry.refund()

    await asyncio.gather(*(one(number) for number in range(12)))
    assert order == sorted(order)


async def test_a_call_that_waits_in_vain_is_told_that_the_rest_is_reserved() -> None:
    ledger = Ledger(MemoryCounters(), StandingClock(), [rule("tokens_per_day", 150)])
    async with ledger.open(ANNA, need(100, 50), "req_1"):
        with pytest.raises(BudgetExhausted, match="reserved for running requests") as refused:
            await ledger.open(ANNA, need(100, 50), "req_2", 0.05).__aenter__()
    assert refused.value.retry_after_s == 5
    assert refused.value.detail["held"] == 150


async def test_a_cancelled_waiter_leaves_the_queue_and_holds_nothing(counters: Counters) -> None:
    daily = rule("tokens_per_day", 150)
    ledger = Ledger(counters, StandingClock(), [daily])
    async with ledger.open(ANNA, need(100, 50), "req_1"):
        waiters = [
            asyncio.ensure_future(ledger.open(ANNA, need(100, 50), f"w{n}", 10).__aenter__())
            for n in range(3)
        ]
        await asyncio.sleep(0.01)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.wait(waiters)
    usage = ledger.usage_of(daily, ANNA)
    assert usage is not None
    assert (usage.spent, usage.held) == (0, 0)
    async with ledger.open(ANNA, need(100, 50), "req_2", 0):
        pass


async def test_a_call_cancelled_while_it_runs_gives_everything_back(counters: Counters) -> None:
    daily = rule("tokens_per_day", 1000)
    ledger = Ledger(counters, StandingClock(), [daily])
    inside = asyncio.Event()

    async def call() -> None:
        async with ledger.open(ANNA, need(), "req_1"):
            inside.set()
            await asyncio.sleep(30)

    task = asyncio.ensure_future(call())
    await inside.wait()
    task.cancel()
    await asyncio.wait([task])
    usage = ledger.usage_of(daily, ANNA)
    assert usage is not None
    assert (usage.spent, usage.held) == (0, 0)


async def test_ledgers_of_four_processes_hold_all_limits_together(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    observer = SharedCounters(path)
    ledger = Ledger(observer, StandingClock(), LEDGER_RULES)
    outs = [tmp_path / f"out{number}" for number in range(4)]
    workers = [
        SPAWN.Process(target=spend_through_ledger, args=(path, number, 500, out))
        for number, out in enumerate(outs)
    ]
    for worker in workers:
        worker.start()
    subjects = [Subject(user, "vertrieb") for user in ("anna", "ben", "cem")]
    while any(worker.is_alive() for worker in workers):
        for one in LEDGER_RULES:
            for usage in filter(None, (ledger.usage_of(one, subject) for subject in subjects)):
                assert usage.spent + usage.held <= usage.limit
        await asyncio.sleep(0.002)
    assert [worker.exitcode for worker in workers] == [0] * 4
    company = ledger.usage_of(LEDGER_RULES[0], subjects[0])
    users = [ledger.usage_of(LEDGER_RULES[1], subject) for subject in subjects]
    assert company is not None
    assert company.held == 0
    assert company.spent == sum(int(out.read_text()) for out in outs) == sum(u.spent for u in users if u)
    assert company.spent > 0.95 * company.limit
    assert not list(observer._records.all())
    observer.close()
