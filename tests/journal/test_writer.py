"""From the spool into the chain: exactly once, by one writer, whatever fails."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from journal_kit import House, record

from leitstand.journal import repository
from leitstand.journal.segments import Segment, encode_line, segments
from leitstand.journal.spool import Spool
from leitstand.journal.writer import BATCH


def dead_segment(house: House, content: bytes) -> Path:
    house.spool.mkdir(exist_ok=True)
    segment = Segment.create(house.spool, 1 << 16)
    segment.write(content)
    segment.close()
    return segment.path


def test_spooled_records_are_chained_with_all_their_columns(house: House):
    house.fill(3)
    assert house.column("seq") == [1, 2, 3]
    assert house.column("user") == ["jürgen"] * 3
    assert house.column("cost_nano") == [415_001, 415_002, 415_003]
    assert house.column("detail")[0] == '{"a":[1,"1",null,true,1.5],"zone":"ä"}'
    assert house.verify().intact


def test_an_empty_journal_is_signed_and_intact(house: House):
    with house.writer() as writer:
        assert writer.drain() == 0
    assert house.verify().intact
    assert house.verify().signed_us is not None


def test_more_than_one_batch_keeps_order_and_chain(house: House):
    house.fill(2 * BATCH + 7)
    assert house.column("id") == [f"req_{number:06d}" for number in range(1, 2 * BATCH + 8)]
    assert house.verify().intact


def test_files_of_ended_processes_go_when_all_of_them_is_in_the_journal(house: House):
    house.fill(5)
    assert segments(house.spool) == []
    assert sqlite3.connect(house.engine.url.database or "").execute(
        "SELECT count(*) FROM journal_spool"
    ).fetchone() == (0,)


def test_the_file_of_a_living_process_is_followed_and_stays(house: House):
    spool = Spool(house.spool)
    with house.writer() as writer:
        for number in range(1, 4):
            spool.write_now(record(number))
            assert writer.drain() == 1
        assert len(segments(house.spool)) == 1
        spool.close()
        assert writer.drain() == 0
    assert segments(house.spool) == []


def test_a_new_writer_goes_on_where_the_last_one_stopped(house: House):
    spool = Spool(house.spool)
    spool.write_now(record(1))
    with house.writer() as writer:
        writer.drain()
    with house.engine.connect() as connection:
        offsets = repository.read_offsets(connection, repository.machine_of(house.engine, house.data))
    assert offsets == {segments(house.spool)[0].name: len(encode_line(record(1)))}
    spool.close()


def test_the_same_id_twice_keeps_the_first(house: House):
    house.spool_up([record(1, user="first"), record(1, user="second"), record(2)])
    house.spool_up([record(2, user="later"), record(3)])
    with house.writer() as writer:
        assert writer.drain() == 3
    assert house.column("user") == ["first", "jürgen", "jürgen"]
    assert house.verify().intact


def test_a_restored_spool_file_brings_nothing_twice(house: House):
    path = dead_segment(house, encode_line(record(1)))
    content = path.read_bytes()
    with house.writer() as writer:
        assert writer.drain() == 1
        path.write_bytes(content)
        assert writer.drain() == 0
    assert house.column("id") == ["req_000001"]


def test_listeners_hear_each_new_record_once_and_one_that_fails_stops_nothing(house: House):
    heard: list[str] = []

    def listen(batch: list) -> None:
        heard.extend(found.id for found in batch)
        raise RuntimeError("a projection failed")

    house.spool_up([record(1), record(1), record(2)])
    with house.writer(on_batch=listen) as writer:
        assert writer.drain() == 2
        house.spool_up([record(2), record(3)])
        assert writer.drain() == 1
    assert heard == ["req_000001", "req_000002", "req_000003"]


def test_a_torn_tail_is_kept_aside_and_told_of(house: House):
    dead_segment(house, encode_line(record(1)) + encode_line(record(2))[:-40])
    with house.writer() as writer:
        writer.drain()
    assert house.column("kind") == ["interaction", "journal.spool.torn"]
    assert len(list((house.spool / "corrupt").iterdir())) == 1
    assert segments(house.spool) == []
    assert house.verify().intact


def test_a_corrupt_line_is_quarantined_told_of_and_does_not_stop_the_others(house: House):
    wrong = encode_line(record(2)).replace(b"vertrieb", b"Vertrieb")
    dead_segment(house, encode_line(record(1)) + wrong + encode_line(record(3)))
    with house.writer() as writer:
        assert writer.drain() == 3
    assert sorted(map(str, house.column("kind"))) == ["interaction", "interaction", "journal.spool.corrupt"]
    assert [kept.read_bytes() for kept in (house.spool / "corrupt").iterdir()] == [wrong[:-1]]
    assert "checksum" in str(house.column("detail"))


def test_only_one_of_two_writers_writes_and_the_other_takes_over(house: House):
    house.spool_up([record(1)])
    first, second = house.writer(), house.writer()
    assert first.drain() == 1
    house.spool_up([record(2)])
    assert second.drain() == 0
    assert not second.leading
    first.close()
    assert second.drain() == 1
    second.close()
    assert house.verify().intact


def test_threads_may_drain_one_writer_together(house: House):
    house.spool_up(record(number) for number in range(300))
    start = threading.Barrier(4)

    def drain() -> int:
        start.wait()
        return writer.drain()

    with house.writer() as writer, ThreadPoolExecutor(4) as threads:
        assert sum(each.result() for each in [threads.submit(drain) for _ in range(4)]) == 300
    assert house.verify().intact


def test_competing_writers_in_threads_leave_one_whole_chain(house: House):
    stop = threading.Event()
    done = threading.Event()
    seen: list[str] = []

    def note(batch: list) -> None:
        seen.extend(found.id for found in batch)
        if len(seen) == 400:
            done.set()

    writers = [house.writer(on_batch=note) for _ in range(3)]
    threads = [threading.Thread(target=writer.run, args=(stop,)) for writer in writers]
    for thread in threads:
        thread.start()
    spools = [Spool(house.spool, segment_bytes=8192) for _ in range(2)]
    for number in range(200):
        spools[0].write_now(record(number))
        spools[1].write_now(record(1000 + number))
        if number == 100:
            next(writer for writer in writers if writer.leading).close()  # as if its process had died
    assert done.wait(20)
    stop.set()
    for thread in threads:
        thread.join(20)
    for spool in spools:
        spool.close()
    assert len(house.column("id")) == 400
    assert house.verify().intact


def test_while_the_database_is_locked_records_stay_in_the_spool(
    house: House, caplog: pytest.LogCaptureFixture
):
    with house.engine.connect() as quick:  # do not wait 15 s for the lock in a test
        quick.exec_driver_sql("PRAGMA busy_timeout=20")
    blocker = sqlite3.connect(house.engine.url.database or "", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    house.spool_up([record(1)])
    moved, stop = threading.Event(), threading.Event()
    writer = house.writer(on_batch=lambda _: moved.set())
    thread = threading.Thread(target=writer.run, args=(stop,))
    thread.start()
    end = time.monotonic() + 20
    while not writer.failing and time.monotonic() < end:
        time.sleep(0.01)
    assert writer.failing
    assert len(segments(house.spool)) == 1
    blocker.execute("ROLLBACK")
    blocker.close()
    writer.nudge()
    assert moved.wait(20)
    stop.set()
    thread.join(20)
    assert house.column("id") == ["req_000001"]
    assert [r.levelname for r in caplog.records if r.name == "leitstand.journal.writer"] == [
        "ERROR",
        "WARNING",
    ]


def test_a_file_that_cannot_be_read_does_not_hold_up_the_others(house: House):
    house.spool.mkdir()
    (house.spool / "0000000000000001-1-1.log").mkdir()  # stands in for a bad sector
    house.spool_up([record(1)])
    with house.writer() as writer:
        assert writer.drain() == 1
        assert writer.drain() == 0


def test_a_number_too_large_for_the_database_does_not_block_what_follows(house: House):
    house.spool_up([record(1), record(2, input_tokens=2**70), record(3)])
    with house.writer() as writer:
        writer.drain()
    assert sorted(map(str, house.column("id")))[1:] == ["req_000001", "req_000003"]
    assert house.column("kind").count("journal.spool.corrupt") == 1


def test_after_a_cut_tail_the_writer_goes_on_behind_the_signed_head_so_that_the_gap_stays(house: House):
    house.fill(10)
    house.sql("DELETE FROM journal WHERE seq > 7")
    house.spool_up([record(11)])
    with house.writer() as writer:
        writer.drain()
    assert house.column("seq") == [1, 2, 3, 4, 5, 6, 7, 11, 12]
    assert house.column("kind")[7] == "journal.chain.broken"
    verdict = house.verify()
    assert verdict.problems[0].seq == 8
    assert "8 to 10 are missing" in verdict.problems[0].what
    assert verdict.problems[1].seq == 11


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM journal_checkpoint",
        "UPDATE journal_checkpoint SET signature = 'AAAA'",
        "UPDATE journal_checkpoint SET seq = 4",
        "UPDATE journal SET hash = 'x' WHERE seq = 5",
        "DELETE FROM journal",
    ],
)
def test_a_change_made_while_the_server_was_stopped_is_not_signed_away_by_the_next_start(
    house: House, change: str
):
    house.fill(5)
    house.sql(change)
    house.spool_up([record(6), record(7)])
    with house.writer() as writer:
        writer.drain()
    assert not house.verify().intact
    assert "journal.chain.broken" in house.column("kind")
