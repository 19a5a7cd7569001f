"""Several machines write one journal in PostgreSQL: one chain, each record once, whatever dies."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_kit import House, record
from sqlalchemy import select, text

from leitstand.journal.backlog import catch_up
from leitstand.journal.chain import Signer
from leitstand.journal.export import export
from leitstand.journal.records import Record
from leitstand.journal.spool import Spool
from leitstand.journal.writer import Writer
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal, journal_spool
from support.databases import PostgreSQL

KEY = "ein-geheimnis-das-auf-allen-maschinen-gleich-ist"


def machine(data: Path) -> House:
    engine = open_engine(data)
    migrate(engine)
    data.mkdir(exist_ok=True)
    return House(data, engine)


def ids(house: House) -> list[str]:
    with house.engine.connect() as connection:
        return list(connection.execute(select(journal.c.id).order_by(journal.c.seq)).scalars())


@pytest.fixture
def machines(
    tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, House]]:
    """Two machines with a database and a master key in common."""
    monkeypatch.setenv("LEITSTAND_DATABASE", postgresql.new_database())
    monkeypatch.setenv("LEITSTAND_MASTER_KEY", KEY)
    pair = machine(tmp_path / "north"), machine(tmp_path / "south")
    yield pair
    for each in pair:
        each.engine.dispose()


def test_two_machines_write_one_chain(machines: tuple[House, House]) -> None:
    north, south = machines
    spools = [Spool(house.spool, segment_bytes=4096) for house in machines]
    stop = threading.Event()
    writers = [house.writer() for house in machines]
    threads = [threading.Thread(target=writer.run, args=(stop,)) for writer in writers]
    for thread in threads:
        thread.start()
    for number in range(300):
        spools[number % 2].write_now(record(number))
        writers[number % 2].nudge()
    for spool in spools:
        spool.close()
    stop.set()
    for writer, thread in zip(writers, threads, strict=True):
        writer.nudge()
        thread.join(20)
    assert sorted(ids(north)) == [f"req_{number:06d}" for number in range(300)]
    for house in (north, south):
        verdict = house.verify()
        assert (verdict.intact, verdict.rows, verdict.spooled) == (True, 300, 0), verdict.problems


def test_a_machine_leaves_the_places_of_others_alone(machines: tuple[House, House]) -> None:
    north, south = machines
    growing = Spool(north.spool)
    growing.write_now(record(1))
    with north.writer() as writer:
        writer.drain()
    south.fill(1, first=2)
    with south.engine.connect() as connection:
        (place,) = connection.execute(select(journal_spool.c.file)).scalars()
    assert place.startswith((north.data / "machine").read_bytes().hex())
    growing.write_now(record(3))
    with north.writer() as writer:
        assert writer.drain() == 1
    growing.close()
    assert north.verify().intact


def test_an_id_that_two_machines_spooled_is_kept_once(machines: tuple[House, House]) -> None:
    for house in machines:
        house.spool_up([record(7)])
        with house.writer() as writer:
            writer.drain()
    assert ids(machines[0]) == ["req_000007"]


def test_what_a_sqlite_file_would_hold_is_held_too(machines: tuple[House, House]) -> None:
    north, _ = machines
    north.spool_up([record(1, model="gpt\0" + "x" * 500), record(2)])
    with north.writer() as writer:
        assert writer.drain() == 2
    assert north.verify().intact


def test_ids_longer_than_their_column_hold_nobody_up_and_stay_apart(machines: tuple[House, House]) -> None:
    north, _ = machines
    long = [Record(id=f"evt_{'x' * 80}{end}", kind="interaction", time_us=1) for end in "ab"]
    for _ in range(2):
        north.spool_up([*long, record(3)])
        with north.writer() as writer:
            writer.drain()
    assert len(ids(north)) == 3
    assert north.verify().intact


def test_verify_names_a_record_that_was_changed_in_the_database(machines: tuple[House, House]) -> None:
    north, south = machines
    north.fill(5)
    with north.engine.begin() as connection:
        connection.execute(text("UPDATE journal SET cost_nano = 0 WHERE id = 'req_000003'"))
        connection.execute(text("DELETE FROM journal WHERE id = 'req_000005'"))
    Signer.load(south.data)  # as a server does at its start
    verdict = south.verify()
    assert not verdict.intact
    assert {problem.seq for problem in verdict.problems} == {3, 4}


def test_export_reads_the_shared_journal(machines: tuple[House, House]) -> None:
    north, south = machines
    south.spool_up([record(1), record(2)])
    assert catch_up(south.engine, south.data)
    assert len(list(export(north.engine, since_us=None, until_us=None, audit_events=False))) == 2


def test_a_killed_database_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with PostgreSQL(careful=True) as server:
        monkeypatch.setenv("LEITSTAND_DATABASE", server.new_database())
        monkeypatch.setenv("LEITSTAND_MASTER_KEY", KEY)
        house = machine(tmp_path / "data")
        spool, stop = Spool(house.spool), threading.Event()
        writer = Writer(house.engine, house.spool, Signer.load(house.data))
        thread = threading.Thread(target=writer.run, args=(stop,))
        thread.start()
        for number in range(600):
            spool.write_now(record(number))
            writer.nudge()
            if number in (200, 400):
                server.kill()
            if number in (300, 500):
                server.start()
        spool.close()
        stop.set()
        writer.nudge()
        thread.join(30)
        with house.writer() as last:
            last.drain()
        assert sorted(ids(house)) == [f"req_{number:06d}" for number in range(600)]
        assert house.verify().intact
        house.engine.dispose()
    said = [entry.message for entry in caplog.records if "journal" in entry.message]
    assert len([line for line in said if "cannot be written" in line]) <= 2
