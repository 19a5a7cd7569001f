"""Calls that fail and are billed: booked exactly, and never more is let through than the limits allow."""

from decimal import Decimal

import pytest

from accounting.accounting_cases import price
from leitstand.accounting.counters.memory import MemoryCounters
from leitstand.accounting.ledger import Entry, Ledger
from leitstand.accounting.limits import LimitRule, Subject
from leitstand.accounting.sizing import Need
from leitstand.core.clock import Clock
from leitstand.core.conversation import Usage

ANNA = Subject("anna", "vertrieb", "allgemein", "key_1", "standard")
USED = Usage(100, 40)


def ledger(limit: int = 1000) -> Ledger:
    return Ledger(MemoryCounters(), Clock(), [LimitRule("company", "tokens_per_day", Decimal(limit))])


def need(output: int = 100) -> Need:
    return Need(100, output, 100, price(), input_least=100)


def state(book: Ledger, limit: int = 1000) -> tuple[int, int]:
    """(spent, held)"""
    usage = book.usage_of(LimitRule("company", "tokens_per_day", Decimal(limit)), ANNA)
    assert usage is not None
    return usage.spent, usage.held


async def test_a_loss_makes_the_hold_larger_and_is_booked_with_the_answer() -> None:
    book = ledger()
    async with book.open(ANNA, need(), "r1", 0) as entry:
        assert state(book) == (0, 200)
        entry.lose(USED, price())
        assert state(book) == (0, 340)
        entry.settle(USED, price())
    assert state(book) == (280, 0)


async def test_a_loss_is_booked_even_when_nobody_answers() -> None:
    book = ledger()
    async with book.open(ANNA, need(), "r1", 0) as entry:
        entry.lose(USED, price())
        entry.lose(USED, price())
    assert state(book) == (280, 0)


async def test_each_loss_costs_what_its_own_target_asks() -> None:
    book = ledger()
    async with book.open(ANNA, need(), "r1", 0) as entry:
        dear = entry.lose(USED, price("10", "10"))
        cheap = entry.settle(USED, price("1", "1"))
    assert dear == 10 * cheap


async def test_where_the_limit_has_no_room_the_next_call_makes_do_with_the_rest() -> None:
    book = ledger(250)
    async with book.open(ANNA, need(), "r1", 0) as entry:
        entry.lose(Usage(20, 10), price())
        assert state(book, 250) == (0, 230)  # 30 more are held
        entry.lose(Usage(20, 10), price())
        assert state(book, 250) == (0, 230)  # 20 are left: the loss comes out of the hold
        assert entry.cap_at(price()) == 70
        entry.settle(Usage(100, 70), price())
    assert state(book, 250) == (230, 0)


async def test_when_the_rest_is_too_little_nobody_may_be_asked() -> None:
    book = ledger(210)
    async with book.open(ANNA, need(), "r1", 0) as entry:
        entry.lose(Usage(100, 50), price())
        assert entry.cap_at(price()) == 0
    assert state(book, 210) == (150, 0)


async def test_a_second_call_at_the_same_time_holds_as_much_again() -> None:
    book = ledger()
    async with book.open(ANNA, need(), "r1", 0) as entry:
        assert entry.double()
        assert state(book) == (0, 400)
        entry.lose(USED, price())
        assert state(book) == (0, 400), "what was reserved covers the loss"
        entry.settle(USED, price())
    assert state(book) == (280, 0)


async def test_what_was_reserved_for_a_second_call_and_not_used_is_given_back() -> None:
    book = ledger()
    async with book.open(ANNA, need(), "r1", 0) as entry:
        assert entry.double()
        entry.settle(USED, price())
    assert state(book) == (140, 0)


async def test_there_is_no_second_call_where_the_limit_has_no_room() -> None:
    book = ledger(399)
    async with book.open(ANNA, need(), "r1", 0) as entry:
        assert not entry.double()
        assert state(book, 399) == (0, 200)


async def test_spent_and_held_never_pass_the_limit_under_losses() -> None:
    book = ledger(2000)
    async with book.open(ANNA, need(), "r0", 0) as first:
        first.settle(Usage(100, 10), price())  # now it is known how large such calls are
    entries: list[Entry] = []
    openings = [book.open(ANNA, need(), f"r{number}", 0) for number in range(5)]
    for opening in openings:
        entries.append(await opening.__aenter__())
        entries[-1].double()
    for entry in entries:
        entry.lose(Usage(100, 30), price())
        assert sum(state(book, 2000)) <= 2000
    for entry, opening in zip(entries, openings, strict=True):
        cap = entry.cap_at(price())
        if cap:
            entry.settle(Usage(100, min(cap, 100)), price())
        await opening.__aexit__(None, None, None)
        assert sum(state(book, 2000)) <= 2000
    assert state(book, 2000)[1] == 0


@pytest.mark.parametrize("after", ["settle", "refund"])
async def test_an_entry_with_losses_closes_exactly_once(after: str) -> None:
    book = ledger()
    async with book.open(ANNA, need(), "r1", 0) as entry:
        entry.lose(USED, price())
        entry.settle(USED, price())
        with pytest.raises(RuntimeError, match="exactly once"):
            entry.settle(USED, price()) if after == "settle" else entry.refund()
    assert state(book) == (280, 0)
