"""Runs in steps, on both databases: once per slot, past a kill, a stop, a cancellation and an absent database."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from job_floor import DONE, ZONE, Floor, counting, floor, job, wait_for

from leitstand.core.i18n import Bilingual
from leitstand.jobs.engine import MOST_TRIES
from leitstand.jobs.runs import Run
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.turn import DurableTurn
from leitstand.jobs.values import Turn
from leitstand.store.engine import DatabaseAway
from support.databases import PostgreSQL

NOON = datetime(2026, 3, 2, 12, 30, tzinfo=ZONE)
SLOT = Run("count/2026-03-02T12:00+01:00", "count", int(NOON.replace(minute=0).timestamp() * 1e6), "waiting")


@contextmanager
def workers(data: Path, notes: Path, number: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes that work on `counting`, at half past twelve."""
    command = [
        sys.executable,
        str(Path(__file__).parent / "job_floor.py"),
        str(data),
        str(notes),
        NOON.isoformat(),
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    started = [subprocess.Popen(command, env=environment) for _ in range(number)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def known_job(data: Path, notes: Path) -> Floor:
    """The installation knew its job before the slot, so that the slot counts."""
    opened = Floor(data, [counting(notes)])
    opened.rows.since("count", "hourly 00:00:00 1", SLOT.due_us - 1)
    return opened


@pytest.mark.usefixtures("database")
def test_a_slot_runs_once_with_three_processes_and_past_a_kill(tmp_path: Path) -> None:
    """kill -9 amid the third step: another process goes on with it, and does not repeat the first two."""
    data = tmp_path / "data"
    here = known_job(data, tmp_path)
    hold, notes = tmp_path / "hold", tmp_path / "steps.txt"
    hold.touch()
    with workers(data, tmp_path, 3) as processes:
        began = here.wait(SLOT, "running")
        wait_for(lambda: notes.exists() and "step-2" in notes.read_text())
        seat = {worker.seat: worker.place for worker in here.rows.workers()}
        assert began.seat in seat
        wait_for(lambda: len(here.rows.workers()) == 3)
        for process in processes:
            process.send_signal(signal.SIGSTOP)  # who has it? all are frozen, one after the other is killed
        for process in processes:
            process.kill()
            process.wait()
    hold.unlink()
    with workers(data, tmp_path, 1):
        done = here.wait(SLOT, "done")
    assert done.result == Bilingual("Summe 10.", "Sum 10.")
    assert notes.read_text().split() == ["step-0", "step-1", "step-2", "step-2", "step-3", "step-4"]
    assert [step.name for step in here.rows.steps(SLOT.id)] == [f"step-{number}" for number in range(5)]
    assert [run.id for run in here.rows.newest("count", 9)] == [SLOT.id]
    here.database.dispose()


@pytest.mark.usefixtures("database")
def test_a_living_worker_takes_over_from_a_dead_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    here = known_job(data, tmp_path)
    hold, notes = tmp_path / "hold", tmp_path / "steps.txt"
    hold.touch()
    with workers(data, tmp_path, 1) as first:
        here.wait(SLOT, "running")
        wait_for(lambda: notes.exists() and "step-2" in notes.read_text())
        with workers(data, tmp_path, 1):
            wait_for(lambda: len(here.rows.workers()) == 2)
            hold.unlink()
            first[0].kill()
            killed_s = time.monotonic()
            assert here.wait(SLOT, "done").seat == ""
            assert time.monotonic() - killed_s < 25  # 8 s until it counts as dead; generous for busy machines
    here.database.dispose()


@pytest.mark.usefixtures("database")
def test_stopped_between_two_steps_a_run_goes_on_later(tmp_path: Path) -> None:
    reached, worked = threading.Event(), list[str]()

    def work(turn: Turn) -> Bilingual:
        assert isinstance(turn, DurableTurn)

        def note(name: str) -> str:
            worked.append(name)
            if name == "first" and not reached.is_set():
                reached.set()
                turn.stop.wait(20)
            return name

        for name in ("first", "second"):
            turn.step(name, note, name)
        return DONE

    with floor(tmp_path / "data", job("two", work)) as opened:
        run = opened.board.request("two", "anna")
        assert reached.wait(30)
        opened.end()
        assert opened.wait(run, "running").tries == 0
        assert worked == ["first"]
        opened.begin()
        assert opened.wait(run, "done").result == DONE
        assert worked == ["first", "second"]
        assert [(each.run.state, each.run.requested_by) for each in opened.ended] == [("done", "anna")]


@pytest.mark.usefixtures("database")
def test_what_fails_is_told_and_not_tried_again(tmp_path: Path) -> None:
    tries = list[str]()

    def break_down() -> None:
        tries.append("")
        raise OSError("no such disk")

    def give(turn: Turn) -> Bilingual:
        turn.step("look", lambda: [1, "two"])
        turn.step("write", break_down)
        return DONE

    def catch(turn: Turn) -> Bilingual:
        try:
            turn.step("write", break_down)
        except OSError:
            return Bilingual("Ohne Platte.", "Without the disk.")
        return DONE

    with floor(tmp_path / "data", job("gives", give), job("catches", catch)) as here:
        failed = here.wait(here.board.request("gives", "anna"), "failed")
        assert failed.result.en == "OSError: no such disk"
        assert [step.fault for step in here.rows.steps(failed.id)] == ["", "OSError: no such disk"]
        assert here.wait(here.board.request("catches", "anna"), "done").result.en == "Without the disk."
        assert len(tries) == 2
        tally = here.board.job("gives").tally
        assert (tally.done, tally.failed, tally.succeeded_us) == (0, 1, None)
        assert here.board.job("catches").tally.succeeded_us


def test_a_person_ends_a_run_and_one_that_waits(tmp_path: Path) -> None:
    going = threading.Event()

    def work(turn: Turn) -> Bilingual:
        for number in range(10_000):
            turn.step(f"{number}", time.sleep, 0.02)
            turn.progress(number, 10_000)
            going.set()
        return DONE

    here = Floor(tmp_path / "data", [job("long", work)])
    waiting = here.board.request("long", "anna")
    assert here.board.cancel(waiting.id, "ben").state == "cancelled"
    here.begin()
    run = here.board.request("long", "anna")
    assert going.wait(30)
    here.board.cancel(run.id, "ben")
    ended = here.wait(run, "cancelled")
    assert ended.result.en == "Cancelled by ben."
    assert here.told.count(("jobs.run.cancelled", "ben")) == 2
    here.end()
    here.database.dispose()


def test_one_run_of_a_job_at_a_time_and_jobs_side_by_side(tmp_path: Path) -> None:
    inside, most = list[str](), list[int]()
    lock = threading.Lock()

    def hold(name: str) -> None:
        with lock:
            inside.append(name)
            most.append(len([each for each in inside if each == name]))
        time.sleep(0.3)
        with lock:
            inside.remove(name)

    def work(turn: Turn) -> Bilingual:
        turn.step("hold", hold, turn.options["name"])
        return DONE

    with floor(tmp_path / "data", job("one", work), job("other", work)) as here:
        runs = [
            Run(f"{name}/{number}", name, number, "waiting", "anna", {"name": name})
            for name in ("one", "other")
            for number in range(2)
        ]
        for run in runs:
            here.rows.request(run)
        for run in runs:
            here.wait(run, "done")
        assert max(most) == 1


def test_only_the_newest_missed_slot_is_made_up_for_and_none_of_before_the_start(tmp_path: Path) -> None:
    def work(turn: Turn) -> Bilingual:
        return Bilingual(turn.due.isoformat(), turn.due.isoformat())

    here = Floor(tmp_path / "data", [job("daily", work, Schedule("daily"))])
    here.now = NOON
    here.rows.since("daily", "daily 00:00:00 1", int(NOON.timestamp() * 1_000_000))
    here.begin()
    time.sleep(0.4)  # several rounds
    assert here.rows.newest("daily", 9) == []
    here.end()
    here.now = NOON.replace(day=6)
    here.begin()
    slot = Run("daily/2026-03-06T00:00+01:00", "daily", 0, "waiting")
    assert here.wait(slot, "done").result.de == "2026-03-06T00:00:00+01:00"
    assert len(here.rows.newest("daily", 9)) == 1
    here.end()
    here.database.dispose()


def test_a_changed_schedule_makes_up_for_nothing(tmp_path: Path) -> None:
    schedules = [Schedule("daily")]
    sample = job("daily", lambda _turn: DONE)
    moving = type(sample)(sample.name, sample.title, sample.about, lambda: schedules[-1], sample.work)
    here = Floor(tmp_path / "data", [moving])
    here.now = NOON
    here.engine.tick()
    schedules.append(Schedule("daily", NOON.time().replace(hour=11)))
    here.engine.tick()
    assert here.rows.newest("daily", 9) == []
    here.engine.run(_set(), 0)
    here.database.dispose()


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_slots_that_pass_while_one_waits_are_one_run(tmp_path: Path) -> None:
    """As under a fast clock: the newest replaces those that wait."""
    here = Floor(tmp_path / "data", [job("hourly", lambda _turn: DONE, Schedule("hourly"))])
    here.rows.since("hourly", "hourly 00:00:00 1", 0)
    for hour in (9, 10, 11):
        slot = NOON.replace(hour=hour, minute=0)
        run = Run(f"hourly/{hour}", "hourly", int(slot.timestamp() * 1_000_000), "waiting")
        here.rows.request(run)
        here.rows.drop_older(run)
    assert [run.id for run in here.rows.unfinished()] == ["hourly/11"]
    here.database.dispose()


def test_after_a_restore_what_was_under_way_is_not_repeated(tmp_path: Path) -> None:
    """The database knows of a run in hand, but the engine's own file is a new one."""
    here = Floor(tmp_path / "data", [job("once", lambda _turn: DONE)])
    run = here.board.request("once", "anna")
    here.rows.begin(run.id, "jobs-0", 1)
    here.begin()
    assert "backed up" in here.wait(run, "failed").result.en
    here.end()
    here.database.dispose()


def test_a_run_that_kills_its_processes_is_given_up(tmp_path: Path) -> None:
    here = Floor(tmp_path / "data", [job("deadly", lambda _turn: DONE)])
    run = here.board.request("deadly", "anna")
    for _ in range(MOST_TRIES):
        here.rows.begin(run.id, "jobs-0", 1)
    with here.database.begin() as connection:
        connection.exec_driver_sql("UPDATE job_run SET state = 'waiting'")
    here.begin()
    assert "Given up" in here.wait(run, "failed").result.en
    here.end()
    here.database.dispose()


def test_a_database_that_goes_away_lays_a_run_aside_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reached, gone, worked = threading.Event(), threading.Event(), list[str]()

    def note(name: str) -> str:
        worked.append(name)
        if name == "b" and not gone.is_set():
            reached.set()
            gone.wait(30)
        return name

    def work(turn: Turn) -> Bilingual:
        return Bilingual("".join(turn.step(name, note, name) for name in "abc"), "")

    with PostgreSQL(careful=True) as server:
        monkeypatch.setenv("LEITSTAND_DATABASE", server.new_database())
        with floor(tmp_path / "data", job("letters", work)) as here:
            run = here.board.request("letters", "anna")
            assert reached.wait(30)
            server.kill()
            gone.set()
            wait_for(lambda: "jobs" in caplog.text)
            time.sleep(2)  # rounds in which nothing more is told
            told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
            assert len(told) == 1, told
            server.start()
            wait_for(lambda: _answers(here))
            assert here.wait(run, "done").result.de == "abc"
            assert worked.count("a") == 1
            assert worked.count("c") == 1


def _answers(here: Floor) -> bool:
    try:
        here.rows.unfinished()
    except DatabaseAway:
        return False
    return True
