"""What the ledger costs a request: microseconds per hold and settlement.

    python bench/ledger.py [ROUNDS]

Prints the counters alone with 1 and 5 counters, then a whole ledger entry (admission, hold, settlement, learning)
with 5 limits; each with one process and with two on the same file. Median and 99th percentile of single rounds.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from pathlib import Path

from leitstand.accounting.counters import Hold, Part, counter
from leitstand.accounting.counters.shared import SharedCounters
from leitstand.accounting.ledger import Ledger
from leitstand.accounting.limits import LimitRule, Subject
from leitstand.accounting.prices import Price, Tariff
from leitstand.accounting.sizing import Need
from leitstand.core.clock import Clock
from leitstand.core.conversation import Usage

FAR = 4_000_000_000
MUCH = 10**15
PRICE = Price(
    Tariff(Decimal("0.144385408"), Decimal("0.07"), Decimal("0.144385408"), Decimal("0.577541630")),
    "override",
)
FACTS = b'[["anna","vertrieb","angebote","key_1","standard"],1700000000000000,100,50,44000]'
RULES = (
    LimitRule("company", "eur_per_month", Decimal(4000)),
    LimitRule("department:vertrieb", "eur_per_month", Decimal(4000)),
    LimitRule("use_case:angebote", "eur_per_month", Decimal(4000)),
    LimitRule("user:*", "tokens_per_day", Decimal(10**12)),
    LimitRule("key:*", "eur_per_day", Decimal(4000)),
)


def counters_only(path: Path, width: int, rounds: int) -> list[float]:
    """Seconds of each hold + settle on `width` counters."""
    counters = SharedCounters(path)
    parts = [Part(counter(f"scope {number}", FAR), 100, MUCH, 100, 50) for number in range(width)]
    amounts = [10] * width

    def once() -> None:
        hold = counters.hold(parts, [], "req_01h0000000000000000000000", FACTS, 0.0)
        assert isinstance(hold, Hold)
        counters.settle(hold, amounts)

    timed = _time(once, rounds)
    counters.close()
    return timed


def whole_entry(path: Path, _width: int, rounds: int) -> list[float]:
    """Seconds of each `open` + `settle` through the ledger with five limits."""
    return asyncio.run(_whole_entry(path, rounds))


async def _whole_entry(path: Path, rounds: int) -> list[float]:
    counters = SharedCounters(path)
    ledger = Ledger(counters, Clock(), RULES)
    subject = Subject("anna", "vertrieb", "angebote", "key_1", "standard")
    need, usage = Need(120, 500, 4096, PRICE), Usage(100, 50)
    timed = []
    for _ in range(rounds):
        begin = time.perf_counter()
        async with ledger.open(subject, need, "req_01h0000000000000000000000") as entry:
            entry.settle(usage, PRICE)
        timed.append(time.perf_counter() - begin)
    counters.close()
    return timed


def _time(once: Callable[[], None], rounds: int) -> list[float]:
    timed = []
    for _ in range(rounds):
        begin = time.perf_counter()
        once()
        timed.append(time.perf_counter() - begin)
    return timed


CASES: tuple[tuple[str, Callable[[Path, int, int], list[float]], int], ...] = (
    ("hold+settle, 1 counter", counters_only, 1),
    ("hold+settle, 5 counters", counters_only, 5),
    ("ledger entry, 5 limits", whole_entry, 5),
)


def _body(case: int, path: Path, rounds: int, start: Barrier, out: Path) -> None:
    _, run, width = CASES[case]
    run(path, width, rounds // 10)
    start.wait(30)
    timed = sorted(run(path, width, rounds))
    out.write_text(f"{timed[len(timed) // 2] * 1e6} {timed[int(len(timed) * 0.99)] * 1e6}")


def main() -> None:
    """Run all cases and print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    spawn = multiprocessing.get_context("spawn")
    print(f"{'case':28}{'processes':>10}{'p50 µs':>10}{'p99 µs':>10}")
    for case, (name, _, _) in enumerate(CASES):
        for processes in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                path, start = Path(folder) / "counters.bin", spawn.Barrier(processes)
                outs = [Path(folder) / f"out{number}" for number in range(processes)]
                workers = [spawn.Process(target=_body, args=(case, path, rounds, start, out)) for out in outs]
                for worker in workers:
                    worker.start()
                for worker in workers:
                    worker.join(120)
                p50, p99 = (
                    max(values)
                    for values in zip(*(map(float, o.read_text().split()) for o in outs), strict=True)
                )
            print(f"{name:28}{processes:>10}{p50:>10.1f}{p99:>10.1f}")


if __name__ == "__main__":
    main()
