"""`worker`: the house without its gateway's port, for background work."""

import asyncio
import signal
import sys
from argparse import Namespace
from datetime import datetime
from pathlib import Path

from leitstand.app.house import House
from leitstand.core.clock import Clock
from leitstand.jobs.seats import ALL


def work(args: Namespace, data: Path) -> int:
    """Work until SIGTERM or SIGINT; runs in hand are laid aside between two steps."""
    start = datetime.fromisoformat(args.clock_start) if args.clock_start else None
    house = House(data, Clock(args.clock, start), seats=ALL)
    asyncio.run(_work(house))
    return 0


async def _work(house: House) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await house.start()
    sys.stderr.write("Leitstand: worker\n")
    try:
        await told.wait()
    finally:
        await house.stop()
