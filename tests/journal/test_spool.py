"""What a process may rely on when it writes a record."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest
from journal_kit import record

from leitstand.journal.segments import segments, take
from leitstand.journal.spool import Spool, SpoolUnavailable, Sync


def ids(folder: Path) -> list[str]:
    return [found.id for path in segments(folder) for found in take(path, 0, 10**6).records]


@pytest.fixture(params=["background", "always"])
def sync(request: pytest.FixtureRequest) -> Sync:
    return request.param  # type: ignore[no-any-return]  # pytest types parameters as Any


async def until(condition, timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_record_can_be_read_as_soon_as_write_returns(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync=sync)
    for number in range(5):
        await spool.write(record(number))
        assert ids(tmp_path)[-1] == f"req_{number:06d}"
    spool.close()


async def test_records_of_one_turn_of_the_loop_are_written_together_and_in_order(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync=sync)
    async with asyncio.TaskGroup() as group:
        for number in range(300):
            group.create_task(spool.write(record(number)))
    assert ids(tmp_path) == [f"req_{number:06d}" for number in range(300)]
    spool.close()


async def test_always_means_that_write_waits_for_the_disk_and_background_that_it_does_not(
    tmp_path: Path, sync: Sync
):
    spool = Spool(tmp_path, sync=sync)
    with spool._sync_turn:  # the disk is busy
        writing = asyncio.create_task(spool.write(record(1)))
        await asyncio.wait([writing], timeout=0.2)
        assert writing.done() == (sync == "background")
    async with asyncio.timeout(10):
        await writing
    spool.close()


async def test_append_does_not_touch_the_disk_and_commit_does(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync=sync)
    spool.append(record(1))
    assert ids(tmp_path) == []
    await spool.commit()
    assert ids(tmp_path) == ["req_000001"]
    spool.close()


async def test_commit_without_anything_to_write_returns_at_once(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync=sync)
    await spool.commit()
    spool.close()
    assert segments(tmp_path) == []


async def test_one_who_gives_up_waiting_does_not_disturb_the_others(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync=sync)
    leaving = asyncio.create_task(spool.write(record(1)))
    staying = asyncio.create_task(spool.write(record(2)))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert leaving.cancelled()
    assert ids(tmp_path) == ["req_000001", "req_000002"]
    spool.close()


async def test_a_full_segment_is_followed_by_another_and_nothing_is_lost(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync=sync, segment_bytes=4096)
    for number in range(60):
        await spool.write(record(number))
    spool.close()
    assert len(segments(tmp_path)) > 5
    assert ids(tmp_path) == [f"req_{number:06d}" for number in range(60)]


async def test_a_batch_larger_than_a_segment_gets_a_segment_of_its_size(tmp_path: Path):
    spool = Spool(tmp_path, segment_bytes=4096)
    await spool.write(record(1, detail={"x": "y" * 50_000}))
    spool.close()
    assert ids(tmp_path) == ["req_000001"]


def test_write_now_needs_no_loop_and_threads_may_share_the_spool(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync=sync, segment_bytes=8192)

    def work(first: int) -> None:
        for number in range(first, first + 50):
            spool.write_now(record(number))

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    spool.close()
    assert len(ids(tmp_path)) == len(set(ids(tmp_path))) == 200


async def test_while_the_disk_fails_records_wait_in_memory_and_are_written_when_it_works(
    tmp_path: Path, sync: Sync, caplog: pytest.LogCaptureFixture
):
    folder = tmp_path / "spool"
    spool = Spool(folder, sync=sync)
    folder.rmdir()
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            await spool.write(record(number))
        assert spool.degraded
        assert spool.backlog == 3
        folder.mkdir()
        await until(lambda: not spool.degraded)
    assert ids(folder) == ["req_000000", "req_000001", "req_000002"]
    assert len(caplog.records) == 2, "one line when it fails, one when it works again"
    spool.close()


async def test_a_record_is_refused_only_when_the_memory_for_waiting_ones_is_used_up(tmp_path: Path):
    folder = tmp_path / "spool"
    spool = Spool(folder, bound=5)
    folder.rmdir()
    for number in range(5):
        await spool.write(record(number))
    with pytest.raises(SpoolUnavailable, match="5 records"):
        await spool.write(record(6))
    with pytest.raises(SpoolUnavailable):
        spool.write_now(record(7))
    assert spool.backlog == 5
    with pytest.raises(SpoolUnavailable, match="could not be written"):
        spool.close()


async def test_records_that_could_not_be_brought_to_the_disk_are_written_to_another_file(
    tmp_path: Path, sync: Sync
):
    folder, elsewhere = tmp_path / "spool", tmp_path / "elsewhere"
    spool = Spool(folder, sync=sync)
    spool.append(record(1))
    asyncio.get_running_loop().call_soon(folder.rename, elsewhere)  # between the write and the sync
    await spool.commit()
    await until(lambda: spool.degraded or folder.exists())
    folder.mkdir(exist_ok=True)
    await until(lambda: not spool.degraded and spool.backlog == 0)
    spool.close()
    assert ids(folder)[-1:] == ["req_000001"] or ids(elsewhere) == ["req_000001"]


async def test_records_go_on_at_full_speed_once_another_thread_found_the_disk_working(tmp_path: Path):
    folder = tmp_path / "spool"
    spool = Spool(folder)
    folder.rmdir()
    await spool.write(record(1))
    folder.mkdir()
    await asyncio.to_thread(spool.write_now, record(2))
    await until(lambda: not spool.degraded)
    spool.append(record(3))
    await asyncio.sleep(0)  # the next turn of the loop, not the next attempt in a second
    await asyncio.sleep(0)
    assert ids(folder) == ["req_000001", "req_000002", "req_000003"]
    spool.close()


async def test_a_full_disk_is_noticed_before_a_record_is_cut(tmp_path: Path):
    """RLIMIT_FSIZE stands in for a full disk: the preallocation fails the same way."""
    import resource

    spool = Spool(tmp_path, segment_bytes=1 << 20)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, before[1]))
    try:
        await spool.write(record(1))
        assert spool.degraded
        assert list(tmp_path.iterdir()) == [], "no file without room is left behind"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    spool.write_now(record(2))
    await until(lambda: not spool.degraded)
    spool.close()
    assert ids(tmp_path) == ["req_000001", "req_000002"]
