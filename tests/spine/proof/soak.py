"""A soak: mixed load for as long as one likes, while memory, open files and threads of the server are watched.

Twelve clients ask in every dialect, plain and streamed, with names to be masked, from the cache, for vectors, for models
that do not exist, and leave one call in eight. The slope of the memory is a regression over the second half, when caches
are warm: MB per 10,000 requests.
"""

import asyncio
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spine.proof.calling import CONVERSATIONS, Leaving, Wish, call
from spine.proof.world import MODELS, PROVIDERS, Key, World

CLIENTS = 12
_NAMES = ("Gerlach", "Petersen", "Yilmaz", "Schuster", "Öztürk", "Brandt")
_FAULTS = (
    "server_error",
    "rate_limit",
    "cut_stream",
    "malformed_chunk",
    "error_in_stream",
    "empty_body",
    "refused_connection",
)


@dataclass(frozen=True)
class Sample:
    """The server at one moment. at_s: since the begin; requests: asked so far."""

    at_s: float
    requests: int
    rss_mb: float
    files: int
    threads: int


def sample(pid: int, began: float, requests: int) -> Sample:
    """What the kernel says of a process."""
    rows = dict(
        row.split(":", 1) for row in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in row
    )
    rss_mb, threads = int(rows["VmRSS"].split()[0]) / 1024, int(rows["Threads"])
    return Sample(time.monotonic() - began, requests, rss_mb, len(os.listdir(f"/proc/{pid}/fd")), threads)


def draw(dice: random.Random, key: Key) -> Wish:
    """One call of the mix."""
    leave: Leaving = dice.choice(("before the answer", "in the answer")) if dice.random() < 0.125 else ""
    if dice.random() < 0.1:
        model, dialect = "vektoren", "embeddings"
    else:
        model, dialect = dice.choice((*MODELS, "gemerkt", "gemerkt", "unbekannt")), dice.choice(CONVERSATIONS)
    marker = "".join(dice.choice("abcdefghij") for _ in range(9)) if dice.random() < 0.8 else "immergleich"
    greeting = f"Guten Tag Frau {dice.choice(_NAMES)}, " if dice.random() < 0.5 else ""
    words = dice.choice((10, 30, 60))
    stream = dialect != "embeddings" and dice.random() < 0.5
    return Wish(marker, key, "", model, dialect, stream, words, 80, leave, dice.uniform(0, 0.05), greeting)


def run(world: World, lasts_s: float, every_s: float = 1.0) -> list[Sample]:
    """Load for so long; what was seen of the first server."""
    keys, dice, began, count = world.keys(CLIENTS), random.Random(1), time.monotonic(), 0
    pid, port, samples = world.servers[0].process.pid, world.servers[0].port, []
    for provider in PROVIDERS:
        world.simulator.configure(provider, first_token_ms=5, chunk_tokens=4, keep=10)
        gap = {"fault": "none", "times": 200}
        world.simulator.faults(
            provider, *(line for _ in range(500) for fault in _FAULTS for line in (gap, {"fault": fault}))
        )

    async def converse(key: Key) -> None:
        nonlocal count
        while time.monotonic() - began < lasts_s:
            await call(port, draw(dice, key))
            count += 1

    async def watch() -> None:
        while time.monotonic() - began < lasts_s:
            samples.append(sample(pid, began, count))
            await asyncio.sleep(every_s)

    async def everybody() -> None:
        await asyncio.gather(watch(), *(converse(key) for key in keys))

    asyncio.run(everybody())
    return samples


def late(samples: list[Sample]) -> list[Sample]:
    """The second half, by requests."""
    return [each for each in samples if each.requests >= samples[-1].requests / 2]


def slope_mb(samples: list[Sample]) -> float:
    """MB per 10,000 requests over the second half, by least squares."""
    half = late(samples)
    fit = np.polyfit([each.requests for each in half], [each.rss_mb for each in half], 1)
    return float(fit[0]) * 10_000
