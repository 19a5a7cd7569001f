"""Scale: a second process, ten million old records, pages over three million; and what follows for large companies.

    make bench-scale
    python bench/scale.py [--requests 3000] [--rows 10000000] [--page-rows 3000000]

Method. Generator, simulator and gateway share this machine's cores, so requests per second say more about the generator
than about the gateway. What counts is the CPU time that the kernel booked to the gateway's processes (user and system,
/proc/PID/stat) per request: a core has one second of it per second. The gain of a second process is therefore
2 x CPU per request with one / CPU per request with two; locks that are waited for by spinning, and work that each process
does for itself, lower it. What it cannot show is waiting without CPU; the measured rate of both stands beside it. The
generator is one process with kept connections and bodies built beforehand.

Old records: the same requests against an empty data folder and one whose journal was filled, in turns. Pages: each query
of the pages on a journal spread over 7 and over 90 days; CPU seconds of the thread.
"""

import argparse
import asyncio
import contextlib
import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from page import begin, write

from gateway import Client, body
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from spine.peers.test_peers_growth import _JOURNAL, DAY_US, slowest_figures
from spine.proof.world import configuration
from support.house import House, Running
from support.simulator import Simulator, start_simulator

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 16
TEXT = "Fasse zusammen, was bei der Inbetriebnahme eines Förderbands zu beachten ist. Vorgang {n}."
PER_PERSON_A_DAY, WORKDAYS, PEAK_SHARE, BURST, LOAD = 20, 220, 0.15, 3, 0.6
"""For the projection: requests, days a year, share of a day in its busiest hour, peak within it, load of a core."""


@dataclass(frozen=True)
class Rate:
    """CPU of the gateway per request, and requests per second while generator and simulator had their share."""

    cpu_us: float
    per_s: float


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_s(pids: list[int]) -> float:
    """Seconds that the kernel has booked to processes."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS_PER_S


async def load(port: int, key: str, requests: int, mark: str) -> None:
    """So many plain requests over kept connections."""
    bodies = [body(TEXT, f"{mark}{number}", "nur-openai", False) for number in range(requests)]

    async def worker() -> None:
        client = Client(port, "/v1/chat/completions", {"authorization": f"Bearer {key}"})
        while bodies:
            await client.ask(bodies.pop())
        client.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(worker())


def measure(server: Running, key: str, requests: int, mark: str) -> Rate:
    """One round, the writer's work for it included."""
    pids = family(server.process.pid)
    before, began = cpu_s(pids), time.monotonic()
    asyncio.run(load(server.port, key, requests, mark))
    took_s = time.monotonic() - began
    time.sleep(0.5)  # the writer moves the last records
    return Rate((cpu_s(pids) - before) / requests * 1e6, requests / took_s)


def middle(rates: list[Rate]) -> Rate:
    """Medians."""
    return Rate(
        statistics.median(each.cpu_us for each in rates), statistics.median(each.per_s for each in rates)
    )


@contextlib.contextmanager
def served(simulator: Simulator, rows: int, *options: str) -> Iterator[tuple[Running, str]]:
    """A server on a data folder whose journal was filled, and a key."""
    with House(configuration(simulator)) as house:
        if rows:
            fill(house.data, rows, 365)
        key = house.key("person-00")
        yield house.serve(*options), key


def fill(data: Path, rows: int, days: int) -> None:
    """Old records, spread evenly. They are not chained: only their number matters here."""
    engine = open_engine(data)
    migrate(engine)
    engine.dispose()
    with contextlib.closing(sqlite3.connect(data / "leitstand.sqlite")) as database, database:
        database.execute("PRAGMA synchronous=OFF")
        database.execute("DELETE FROM journal")
        database.execute("DELETE FROM journal_checkpoint")
        now = time.time_ns() // 1000 - DAY_US
        database.execute(_JOURNAL, {"rows": rows, "now": now, "span": days * DAY_US})


def compare(
    simulator: Simulator, requests: int, rounds: int, *ways: tuple[int, tuple[str, ...]]
) -> list[Rate]:
    """Ways (rows, options of `serve`) measured in turns; the first round warms up and does not count."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(served(simulator, rows, *options)) for rows, options in ways]
        found: list[list[Rate]] = [[] for _ in ways]
        for turn in range(rounds + 1):
            for number, (server, key) in enumerate(servers):
                rate = measure(server, key, requests, f"{turn}-{number}-")
                if turn:
                    found[number].append(rate)
        return [middle(rates) for rates in found]


def pages(rows: int) -> dict[str, dict[int, float]]:
    """Milliseconds of each query of the pages, by days over which the journal is spread."""
    found: dict[str, dict[int, float]] = {}
    for days in (7, 90):
        with TemporaryDirectory() as folder:
            for name, seconds in slowest_figures(Path(folder), rows, days).items():
                found.setdefault(name, {})[days] = seconds * 1000
    return found


def projection(cpu_us: float, row_bytes: float) -> list[str]:
    """What the slopes mean for companies of two sizes."""
    rows = []
    for people in (1_000, 100_000):
        day = people * PER_PERSON_A_DAY
        peak = day * PEAK_SHARE / 3600 * BURST
        cores = peak * cpu_us / 1e6 / LOAD
        year = day * WORKDAYS
        rows.append(
            f"| {people:,} | {day:,} | {peak:,.1f} | {cores:.2f} | {year / 1e6:,.1f} Mio. | {year * row_bytes / 1e9:,.0f} GB |"
        )
    return [
        f"Annahmen: {PER_PERSON_A_DAY} Anfragen je Person und Arbeitstag, {WORKDAYS} Arbeitstage, {PEAK_SHARE:.0%} des Tages in der stärksten",
        f"Stunde, darin Spitzen vom {BURST}-Fachen, Kerne zu {LOAD:.0%} ausgelastet. Ohne Namenserkennung mit Modell: die kostet",
        "zusätzlich, siehe docs/namenserkennung.md.",
        "",
        "| Personen | Anfragen am Tag | Spitze je s | Kerne | Datensätze im Jahr | Journal im Jahr |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def row_size(rows: int) -> float:
    """Bytes that a record takes in the database, with its indexes."""
    with TemporaryDirectory() as folder:
        fill(Path(folder), rows, 30)
        return (Path(folder) / "leitstand.sqlite").stat().st_size / rows


def page(options: argparse.Namespace, say: Callable[[str], None] = print) -> str:
    """Measure everything; the document."""
    with start_simulator() as simulator:
        say("one process and two …")
        one, two = compare(simulator, options.requests, options.rounds, (0, ()), (0, ("--workers", "2")))
        say(f"{options.rows:,} old records …")
        empty, full = compare(simulator, options.requests, options.rounds, (0, ()), (options.rows, ()))
    say(f"pages over {options.page_rows:,} …")
    figures = pages(options.page_rows)
    gain = 2 * one.cpu_us / two.cpu_us
    lines = begin("Wachstum: Prozesse, alte Datensätze, Seiten", f"make bench-scale ROWS={options.rows}")
    lines += [
        "Last, Simulator und Gateway teilen sich diese Kerne. Gemessen wird deshalb die Rechenzeit des Gateways je Anfrage",
        "(vom Kernel gebucht, Schreiben des Journals eingeschlossen); der Gewinn des zweiten Prozesses ist 2 × die mit einem ÷",
        "die mit zweien. Warten ohne Rechenzeit zeigt das nicht; die Anfragen je Sekunde auf diesen geteilten Kernen stehen daneben.",
        "",
        "| | Rechenzeit je Anfrage | Anfragen/s hier | |",
        "|---|---|---|---|",
        f"| 1 Prozess | {one.cpu_us:.0f} µs | {one.per_s:.0f} | |",
        f"| 2 Prozesse | {two.cpu_us:.0f} µs | {two.per_s:.0f} | Durchsatz × {gain:.2f} (Ziel ≥ 1,7) |",
        f"| leeres Journal | {empty.cpu_us:.0f} µs | {empty.per_s:.0f} | |",
        f"| {options.rows:,} Datensätze | {full.cpu_us:.0f} µs | {full.per_s:.0f} | × {full.cpu_us / empty.cpu_us:.2f} (Ziel ≤ 1,1) |",
        "",
        f"## Abfragen der Seiten über {options.page_rows:,} Anfragen",
        "",
        "| Abfrage | über 7 Tage verteilt | über 90 Tage verteilt | Ziel |",
        "|---|---|---|---|",
        *(f"| {name} | {took[7]:.0f} ms | {took[90]:.0f} ms | < 500 ms |" for name, took in figures.items()),
        "",
        "## Hochgerechnet",
        "",
        *projection(full.cpu_us, row_size(50_000)),
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def main() -> None:
    """Read the options, measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--page-rows", type=int, default=3_000_000)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    write("scale.md", page(options), print_only=options.no_write)


if __name__ == "__main__":
    main()
