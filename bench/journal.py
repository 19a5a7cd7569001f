"""What the journal costs: spool (CPU per record in the gateway), writer and verification (rows per second).

python bench/journal.py [--dir DIR] [--records N] [--rounds R]

Spool: `--tasks` tasks await `write` in turn, as that many connections do; CPU is this process's, with the
cost of the same tasks awaiting an empty turn of the loop subtracted. `--dir` chooses the disk. Prints the
median and the spread over the rounds.
"""

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from leitstand.journal.chain import Signer
from leitstand.journal.records import INTERACTION, Record
from leitstand.journal.spool import Spool, Sync
from leitstand.journal.verify import verify
from leitstand.journal.writer import Writer
from leitstand.store.engine import open_engine
from leitstand.store.schema import metadata

CASES: tuple[tuple[Sync, int], ...] = (
    ("background", 1), ("background", 16), ("background", 64), ("always", 64),
)  # fmt: skip


def record(number: int) -> Record:
    """A typical interaction."""
    return Record(
        id=f"req_{number:026d}", kind=INTERACTION, time_us=1_790_000_000_000_000 + number, user="anna",
        department="vertrieb", use_case="angebote", key_id="key_01h2xcejqtf2nbrexx3vqjhp41", model="standard",
        provider="openai-eu", provider_model="gpt-4o-mini", region="eu", data_class="internal", outcome="ok",
        input_tokens=812, output_tokens=230, cost_nano=415_000, latency_us=812_345, first_token_us=120_500,
        cache="miss", pseudonymised=3, detail={"tier": "small", "attempts": [{"provider": "openai-eu", "ms": 81}]},
    )  # fmt: skip


async def in_tasks(count: int, tasks: int, act: Callable[[int], Awaitable[None]]) -> float:
    """CPU seconds of this process while `tasks` tasks call `act` `count` times in all."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await act(number)

    begin = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(work())
    return time.process_time() - begin


def spool_cost_us(folder: Path, sync: Sync, count: int, tasks: int) -> float:
    """Microseconds of CPU that one `await spool.write(record)` adds."""
    records = [record(number) for number in range(count)]

    async def measure() -> float:
        spool = Spool(folder, sync=sync)
        idle = await in_tasks(count, tasks, lambda _: asyncio.sleep(0))
        busy = await in_tasks(count, tasks, lambda number: spool.write(records[number]))
        spool.close()
        return (busy - idle) / count * 1e6

    return uvloop.run(measure())


def chain_rates(data: Path, count: int) -> tuple[float, float, float]:
    """Rows per second of the writer, its CPU microseconds per row, rows per second of `verify`."""
    engine = open_engine(data)
    metadata.create_all(engine)
    spool = Spool(data / "spool")
    for number in range(count):
        spool.write_now(record(number))
    spool.close()
    with Writer(engine, data / "spool", Signer.load(data)) as writer:
        begin, cpu = time.perf_counter(), time.process_time()
        assert writer.drain() == count
        took, cpu = time.perf_counter() - begin, time.process_time() - cpu
    engine.dispose()
    begin = time.perf_counter()
    assert verify(data).intact
    return count / took, cpu / count * 1e6, count / (time.perf_counter() - begin)


def show(name: str, unit: str, values: list[float]) -> None:
    """One line: median and spread."""
    print(f"{name:46} {statistics.median(values):10.1f} {unit:10} {min(values):10.1f} … {max(values):.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {os.cpu_count()} cores")
    rounds = range(args.rounds)
    with tempfile.TemporaryDirectory(dir=args.dir) as name:
        folder = Path(name)
        for sync, tasks in CASES:
            costs = [
                spool_cost_us(folder / f"{sync}-{tasks}-{turn}", sync, args.records, tasks) for turn in rounds
            ]
            show(f"spool, {sync}, {tasks} tasks", "us CPU", costs)
        rates = [chain_rates(folder / f"data-{turn}", args.records) for turn in rounds]
        show("writer", "rows/s", [rate[0] for rate in rates])
        show("writer", "us CPU", [rate[1] for rate in rates])
        show("verify", "rows/s", [rate[2] for rate in rates])


if __name__ == "__main__":
    main()
