"""Reading what a process left behind, whole or not."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_kit import record

from leitstand.journal.segments import (
    BadLine,
    Segment,
    Taken,
    decode_line,
    encode_line,
    remove_drafts,
    scan,
    segments,
    take,
)

LINES = [encode_line(record(number)) for number in range(3)]
WHOLE = b"".join(LINES)


def read(data: bytes, *, growing: bool = False) -> Taken:
    return scan(data, 0, growing=growing, last=True, limit=1000)


def test_a_line_gives_back_its_record():
    unusual = record(1, user="Zeile\nzwei\0 \u2028 😀", detail={"deep": {"x": [None, 1.25, "\n"]}})
    line = encode_line(unusual)
    assert decode_line(line[:-1]) == unusual
    assert line.count(b"\n") == 1
    assert b"\0" not in line


@settings(deadline=None)
@given(st.integers(0, len(WHOLE)))
def test_a_file_cut_anywhere_gives_its_whole_lines_and_reports_the_rest_as_torn(cut):
    taken = read(WHOLE[:cut] + bytes(100))
    whole = WHOLE[:cut].count(b"\n")
    assert [r.id for r in taken.records] == [f"req_{number:06d}" for number in range(whole)]
    rest = WHOLE[:cut].rpartition(b"\n")[2]
    assert [fault.raw for fault in taken.faults] == ([rest] if rest else [])
    assert all(fault.torn for fault in taken.faults)
    assert taken.finished


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_a_record_and_never_dropped_in_silence(position, change):
    changed = bytearray(WHOLE)
    changed[position] ^= change
    taken = read(bytes(changed))
    originals = [record(number) for number in range(3)]
    assert all(found in originals for found in taken.records)
    assert len(taken.records) < 3
    assert taken.faults


def test_a_growing_file_is_read_up_to_what_is_there_and_nothing_is_a_fault():
    for cut in range(len(LINES[0]), len(WHOLE)):
        taken = read(WHOLE[:cut] + bytes(50), growing=True)
        assert not taken.faults
        assert not taken.finished
        assert taken.offset == WHOLE[:cut].rfind(b"\n") + 1


def test_a_page_that_is_not_there_yet_in_a_growing_file_is_waited_for():
    partly = LINES[0] + bytes(20) + LINES[1][20:] + LINES[2]
    taken = read(partly, growing=True)
    assert (len(taken.records), taken.faults, taken.offset) == (1, [], len(LINES[0]))


def test_a_hole_in_a_finished_file_is_corruption_and_the_lines_behind_it_are_read():
    taken = read(LINES[0] + bytes(512) + LINES[2])
    assert [r.id for r in taken.records] == ["req_000000", "req_000002"]
    assert [fault.torn for fault in taken.faults] == [False]


def test_a_wrong_line_in_the_middle_is_corruption_also_while_the_file_grows():
    wrong = LINES[1].replace(b"angebote", b"Angebote")
    for growing in (True, False):
        taken = read(LINES[0] + wrong + LINES[2], growing=growing)
        assert [fault.raw for fault in taken.faults] == [wrong[:-1]]
        assert not taken.faults[0].torn
        assert len(taken.records) == 2


def test_a_number_that_no_column_can_hold_is_not_read():
    with pytest.raises(BadLine, match="not a record"):
        decode_line(encode_line(record(1, input_tokens=2**63))[:-1])


def test_the_owner_holds_a_segment_as_growing_until_it_closes_it(tmp_path: Path):
    segment = Segment.create(tmp_path, 1 << 16)
    segment.write(WHOLE)
    assert not take(segment.path, 0, 100).finished
    assert segment.path.stat().st_size == 1 << 16
    segment.close()
    assert take(segment.path, 0, 100).finished
    assert segment.path.stat().st_size == len(WHOLE)


def test_a_line_longer_than_the_reading_step_is_read(tmp_path: Path):
    huge = record(1, detail={"x": "y" * 700_000})
    segment = Segment.create(tmp_path, 1 << 20)
    segment.write(encode_line(huge) + LINES[2])
    assert take(segment.path, 0, 100).records == [huge, record(2)]
    segment.close()


def test_a_limit_is_kept_and_reading_goes_on_behind_it(tmp_path: Path):
    segment = Segment.create(tmp_path, 1 << 16)
    segment.write(WHOLE)
    segment.close()
    first = take(segment.path, 0, 2)
    assert (len(first.records), first.finished) == (2, False)
    second = take(segment.path, first.offset, 2)
    assert (len(second.records), second.finished) == (1, True)


def test_drafts_of_dead_processes_are_removed_and_fresh_ones_are_left(tmp_path: Path):
    import os

    old, fresh = tmp_path / "1-1-1.new", tmp_path / "1-1-2.new"
    old.touch()
    fresh.touch()
    os.utime(old, (0, 0))
    remove_drafts(tmp_path)
    assert not old.exists()
    assert fresh.exists()
    assert segments(tmp_path) == []
