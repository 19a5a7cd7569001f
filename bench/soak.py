"""Soak: does the server grow? Memory, open files and threads under mixed load.

    make bench-soak MINUTES=30
    python bench/soak.py [--minutes 30]

What is asked is written in tests/spine/proof/soak.py. Prints a table, writes docs/benchmarks/soak.md, and ends with 1
where memory grows by 1 MB or more per 10,000 requests, or open files and threads do.
"""

import argparse

from page import begin, write

from spine.proof.soak import CLIENTS, Sample, late, run, slope_mb
from spine.proof.world import folder

LIMIT_MB = 1.0
SPARE = 6  # connections of the pool, and files that are open for a moment


def is_flat(counts: list[int]) -> bool:
    """Whether the last third is no higher than the third before it, but for what comes and goes."""
    third = max(1, len(counts) // 3)
    return max(counts[-third:]) <= max(counts[-2 * third : -third] or counts) + SPARE


def page(samples: list[Sample], command: str) -> str:
    """The document."""
    half = late(samples)
    slope, rate = slope_mb(samples), samples[-1].requests / samples[-1].at_s
    lines = begin("Dauerlauf: wächst der Server?", command)
    lines += [
        f"{CLIENTS} Clients, {samples[-1].at_s / 60:.1f} Minuten, {samples[-1].requests:,} Anfragen ({rate:.0f}/s): Chat, Messages,",
        "Responses, Vektoren, ganz und im Strom, mit Namen zum Maskieren, aus dem Speicher, mit Fehlern der Anbieter, ein Achtel",
        "bricht ab.",
        "",
        "| | Wert | Grenze |",
        "|---|---|---|",
        f"| Speicher je 10.000 Anfragen (Regression über die zweite Hälfte) | {slope:+.2f} MB | < {LIMIT_MB:.0f} MB |",
        f"| Dateien, zweite Hälfte | {min(each.files for each in half)} bis {max(each.files for each in half)} | flach |",
        f"| Threads, zweite Hälfte | {min(each.threads for each in half)} bis {max(each.threads for each in half)} | flach |",
        "",
        "| Minute | Anfragen | Speicher (MB) | Dateien | Threads |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    step = max(1, len(samples) // 15)
    lines += [
        f"| {each.at_s / 60:.1f} | {each.requests:,} | {each.rss_mb:.1f} | {each.files} | {each.threads} |"
        for each in [*samples[::step], samples[-1]]
    ]
    return "\n".join([*lines, ""])


def main() -> int:
    """Read the options, soak, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    with folder(1) as world:
        samples = run(world, options.minutes * 60)
    write(
        "soak.md", page(samples, f"make bench-soak MINUTES={options.minutes:g}"), print_only=options.no_write
    )
    half = late(samples)
    flat = is_flat([each.files for each in half]) and is_flat([each.threads for each in half])
    return 0 if slope_mb(samples) < LIMIT_MB and flat else 1


if __name__ == "__main__":
    raise SystemExit(main())
