"""`kill -9` at any moment: what was acknowledged is in the journal exactly once, and the chain is whole."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from journal_kit import House, record

from leitstand.journal.segments import segments

CHILD = Path(__file__).with_name("killed_child.py")


@contextmanager
def child(
    work: str, data: Path, first: int = 0, sync: str = "background"
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, CHILD, work, data, str(first), sync], stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def kill_after(process: subprocess.Popen[bytes], lines: int, pause_s: float) -> list[str]:
    """Wait for so many lines and a moment more, kill, and return all lines that were printed whole."""
    assert process.stdout is not None
    read = [process.stdout.readline() for _ in range(lines)]
    timer = threading.Timer(pause_s, process.send_signal, [signal.SIGKILL])
    timer.start()
    read += process.stdout.readlines()
    timer.join(20)
    return [line.decode().strip() for line in read if line.endswith(b"\n")]


@pytest.mark.parametrize("sync", ["background", "always"])
def test_everything_acknowledged_before_a_kill_is_in_the_journal_once(house: House, sync: str):
    chance = random.Random(7)
    acknowledged: list[str] = []
    for turn in range(3):
        with child("spool", house.data, first=turn * 100_000, sync=sync) as process:
            acknowledged += kill_after(process, 20, chance.uniform(0, 0.05))
        with house.writer() as writer:
            writer.drain()
    stored = house.column("id")
    assert len(acknowledged) >= 60
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert segments(house.spool) == []
    assert house.verify().intact


def test_records_written_while_the_writer_is_killed_again_and_again_are_chained_once(house: House):
    chance = random.Random(11)
    for _ in range(6):
        house.spool_up(record(number) for number in range(1000))  # the same ids each time
        house.spool_up(record(number) for number in range(1000, 1500))
    for turn in range(4):
        with child("writer", house.data) as process:
            kill_after(process, 1, chance.uniform(0, 0.02))
        first = 1500 + turn * 100  # some are new, so that the next writer has something to tell of
        house.spool_up([record(number) for number in range(first - 300, first + 100)])
    with house.writer() as writer:
        writer.drain()
    assert sorted(map(str, house.column("id"))) == [f"req_{number:06d}" for number in range(1900)]
    assert segments(house.spool) == []
    verdict = house.verify()
    assert verdict.intact, verdict.problems


def test_another_writer_takes_over_from_a_killed_one_while_records_arrive(house: House):
    stop = threading.Event()
    with child("writer", house.data) as leader, child("spool", house.data) as source:
        assert leader.stdout is not None
        leader.stdout.readline()  # it leads and has committed a batch
        follower = house.writer()
        assert follower.drain() == 0
        leader.kill()
        leader.wait(20)
        thread = threading.Thread(target=follower.run, args=(stop,))
        thread.start()
        acknowledged = kill_after(source, 200, 0.1)
    stop.set()
    thread.join(20)
    with house.writer() as writer:
        writer.drain()
    stored = house.column("id")
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert house.verify().intact
