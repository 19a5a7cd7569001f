"""`leitstand audit`, as it is typed."""

import argparse
import json
import threading

import pytest
from journal_kit import START_US, House, record

from leitstand.cli import audit
from leitstand.journal.spool import Spool


def leitstand(*words: object) -> int:
    parser = argparse.ArgumentParser()
    audit.register(parser.add_subparsers())
    args = parser.parse_args(["audit", *map(str, words)])
    return int(args.run(args))


def test_verify_says_intact_with_exit_code_0(house: House, capsys: pytest.CaptureFixture[str]):
    house.fill(3)
    assert leitstand("verify", "--data", house.data) == 0
    assert "unversehrt: 3 Datensätze" in capsys.readouterr().out


def test_verify_names_the_damaged_record_with_exit_code_1(house: House, capsys: pytest.CaptureFixture[str]):
    house.fill(3)
    house.sql("UPDATE journal SET cost_nano = 0 WHERE seq = 2")
    assert leitstand("verify", "--data", house.data) == 1
    assert "record 2, req_000002: the record was changed" in capsys.readouterr().out


def test_verify_of_nothing_has_exit_code_2_and_a_hint(tmp_path, capsys: pytest.CaptureFixture[str]):
    assert leitstand("verify", "--data", tmp_path) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "--data" in printed.err
    assert list(tmp_path.iterdir()) == []


def test_verify_speaks_json(house: House, capsys: pytest.CaptureFixture[str]):
    house.fill(2)
    house.spool_up([record(3)])
    assert leitstand("verify", "--json", "--data", house.data) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["intact"] is True
    assert facts["records"] == 2
    assert facts["spooled"] == {"records": 1, "torn": 0, "corrupt": 0}
    assert facts["head"] == house.column("hash")[-1]


def test_export_holds_what_was_still_in_the_spool_of_a_stopped_server(
    house: House, capfdbinary: pytest.CaptureFixture[bytes]
):
    house.fill(2)
    house.spool_up([record(3)])
    assert leitstand("export", "--data", house.data) == 0
    printed = capfdbinary.readouterr()
    assert [json.loads(line)["seq"] for line in printed.out.splitlines()] == [1, 2, 3]
    assert printed.err == b""


def test_export_waits_for_a_running_server_to_write_its_spool(
    house: House, capfdbinary: pytest.CaptureFixture[bytes]
):
    stop = threading.Event()
    writer = house.writer()
    assert writer.drain() == 0
    spool = Spool(house.spool)
    spool.write_now(record(1))
    thread = threading.Thread(target=writer.run, args=(stop,))
    thread.start()
    assert leitstand("export", "--data", house.data) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 1
    stop.set()
    thread.join(20)
    spool.close()


def test_export_takes_a_period_and_all_events(house: House, capfdbinary: pytest.CaptureFixture[bytes]):
    house.spool_up([record(0), record(1, kind="policy.limit.changed"), record(90_000)])
    since, until = "2026-09-21T14:13:20Z", "2026-09-22"
    assert START_US == 1_790_000_000_000_000, "which is the first of these moments"
    assert leitstand("export", "--data", house.data, "--since", since, "--until", until, "--all") == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 2


def test_export_of_nothing_has_exit_code_2_and_makes_no_folder(tmp_path):
    assert leitstand("export", "--data", tmp_path / "none") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_time_that_is_none_is_refused(house: House, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        leitstand("export", "--since", "gestern")
    assert "2026-11-01T08:00:00Z" in capsys.readouterr().err
