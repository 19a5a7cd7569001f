"""How a benchmark's document begins, and where it is kept."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "benchmarks"


def processor() -> str:
    """The processor as the kernel names it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def begin(title: str, command: str) -> list[str]:
    """Title, command, machine and date. The load of the machine is part of it: it was not always idle."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return [
        f"# {title}",
        "",
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} Kerne ({processor()}), Python "
        f"{platform.python_version()}, Last der Maschine am Ende {load}.",
        "",
    ]


def write(name: str, text: str, *, print_only: bool = False) -> None:
    """Print a document, and keep it under docs/benchmarks."""
    print(text)
    if not print_only:
        (FOLDER / name).write_text(text)
