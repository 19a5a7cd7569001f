"""Shared pieces of the accounting tests: a clock that stands, prices, needs, and processes that spend."""

import asyncio
import os
import random
import signal
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from leitstand.accounting.counters import Counter, Hold, Part, counter
from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.ledger import Ledger
from leitstand.accounting.limits import LimitRule, Subject
from leitstand.accounting.prices import Price, Tariff
from leitstand.accounting.sizing import Need
from leitstand.core.clock import Clock
from leitstand.core.conversation import Usage
from leitstand.core.errors import BudgetExhausted

FAR = 4_000_000_000
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC).timestamp()


class StandingClock(Clock):
    """Application time that moves only when told."""

    def __init__(self, now_s: float = NOON) -> None:
        super().__init__()
        self.now_s = now_s

    def time(self) -> float:
        return self.now_s


def price(input_: str = "1", output: str = "2") -> Price:
    """EUR per million tokens, cached input at a tenth."""
    return Price(Tariff(Decimal(input_), Decimal(input_) / 10, Decimal(input_), Decimal(output)), "override")


def part(name: str, amount: int, limit: int, margin: int | None = None) -> Part:
    return Part(counter(name, FAR), amount, limit, amount if margin is None else margin, amount)


def need(input_tokens: int = 100, cap: int | None = 50, **more: object) -> Need:
    return Need(input_tokens, cap, 4096, price(), **more)  # type: ignore[arg-type]  # test shorthand


SCOPES = ("company", "department:vertrieb", "department:einkauf", "user:anna", "user:ben", "user:cem")
LIMIT = 40_000


def address(scope: str) -> Counter:
    return counter(f"{scope}|tokens", FAR)


def spend_by_hand(path: Path, seed: int, calls: int) -> int:
    """Hold, then settle, refund or forget-and-die are chosen at random; returns what was settled on company."""
    counters = SharedCounters(path)
    draw = random.Random(seed)
    held: list[Hold] = []
    settled = 0
    for number in range(calls):
        amount = draw.randint(1, 60)
        scopes = ["company", *draw.sample(SCOPES[1:], draw.randint(0, 4))]
        parts = [Part(address(scope), amount, LIMIT, amount, amount) for scope in scopes]
        taken = counters.hold(parts, [], f"req_{seed}_{number}", b"{}", NOON)
        if isinstance(taken, Hold):
            held.append(taken)
        if held and draw.random() < 0.7:
            hold = held.pop(draw.randrange(len(held)))
            if draw.random() < 0.3:
                assert counters.refund(hold)
            else:
                used = draw.randint(0, hold.parts[0].amount)
                assert counters.settle(hold, [used] * len(hold.parts))
                settled += used
    for hold in held:
        assert counters.refund(hold)
    counters.close()
    return settled


def report_spending(path: Path, seed: int, calls: int, out: Path) -> None:
    """The body of a spending process."""
    out.write_text(str(spend_by_hand(path, seed, calls)))


def spend_until_killed(path: Path, seed: int, ready: Path) -> None:
    """Spends without end; the test kills it somewhere in between."""
    ready.touch()
    while True:
        seed += 1
        counters = SharedCounters(path)
        draw = random.Random(seed)
        for number in range(50):
            names = [address(scope) for scope in draw.sample(SCOPES, 3)]
            taken = counters.hold(
                [Part(name, 7, 10**12, 7, 5) for name in names], [], f"r{number}", b"f", NOON
            )
            assert isinstance(taken, Hold)
            if draw.random() < 0.8:
                counters.settle(taken, [3, 3, 3])
        counters.close()


def hold_and_die(path: Path) -> None:
    """Holds twice, settles once, and is gone without a farewell."""
    counters = SharedCounters(path)
    first = counters.hold([part("company", 100, 1000)], [], "req_settled", b"{}", NOON)
    counters.hold([part("company", 30, 1000), part("user:anna", 30, 1000)], [], "req_lost", b'{"u":1}', NOON)
    assert isinstance(first, Hold)
    counters.settle(first, [80])
    os.kill(os.getpid(), signal.SIGKILL)


def spend_through_ledger(path: Path, seed: int, calls: int, out: Path) -> None:
    """Many tasks of one process spend through a ledger; some are cancelled, some fail, some are settled."""
    out.write_text(str(asyncio.run(_spend_through_ledger(path, seed, calls))))


LEDGER_RULES = (
    LimitRule("company", "tokens_per_day", Decimal(30_000)),
    LimitRule("user:*", "tokens_per_day", Decimal(14_000)),
    LimitRule("department:vertrieb", "tokens_per_month", Decimal(18_000)),
)


async def _spend_through_ledger(path: Path, seed: int, calls: int) -> int:
    counters = SharedCounters(path)
    ledger = Ledger(counters, StandingClock(), LEDGER_RULES)
    draw = random.Random(seed)
    settled = 0

    async def one(number: int) -> None:
        nonlocal settled
        user = draw.choice(["anna", "ben", "cem"])
        subject = Subject(user, draw.choice(["vertrieb", "einkauf"]), model="standard")
        try:
            async with ledger.open(subject, need(20, 30), f"req_{seed}_{number}", wait_s=0.3) as entry:
                await asyncio.sleep(draw.random() * 0.002)
                if draw.random() < 0.2:
                    return
                output = min(draw.randint(0, 30), entry.output_cap or 0)
                entry.settle(Usage(20, output), price())
                settled += 20 + output
        except BudgetExhausted:
            return

    gate = asyncio.Semaphore(25)

    async def guarded(number: int) -> None:
        async with gate:
            task = asyncio.ensure_future(one(number))
            if draw.random() < 0.1:
                await asyncio.sleep(draw.random() * 0.001)
                task.cancel()
            await asyncio.wait([task])

    deadline = time.monotonic() + 60
    for start in range(0, calls, 50):
        assert time.monotonic() < deadline
        await asyncio.gather(*(guarded(start + number) for number in range(50)))
    counters.close()
    return settled
