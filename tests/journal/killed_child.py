"""A process that writes records until it is killed: `killed_child.py spool|writer DATA FIRST SYNC`."""

import asyncio
import os
import sys
import threading
from pathlib import Path


async def write(folder: Path, first: int, sync: str) -> None:
    """Print the id of each record after its write has returned, and never end."""
    from journal_kit import record

    from leitstand.journal.spool import Spool

    spool = Spool(folder, sync="always" if sync == "always" else "background", segment_bytes=64 << 10)
    numbers = iter(range(first, first + 10**6))

    async def serve() -> None:
        for number in numbers:
            await spool.write(record(number))
            os.write(1, f"req_{number:06d}\n".encode())

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(serve())


def drain(data: Path) -> None:
    """Move records in transactions of every size, and never end."""
    from journal_kit import House

    house = House.build(data)
    writer = house.writer(on_batch=lambda batch: os.write(1, f"{len(batch)}\n".encode()))
    writer.run(threading.Event())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    work, data, first, sync = sys.argv[1:]
    if work == "spool":
        asyncio.run(write(Path(data) / "spool", int(first), sync))
    else:
        drain(Path(data))
