"""Works through the jobs: one loop per process, which sits on a seat, writes down due slots and has runs done.

    sit ─▶ write down due slots ─▶ hand out what waits ─▶ resume what was left ─▶ heed cancellations ─▶ rest

DBOS is opened when the first run waits and closed when nothing has waited for a while: idle, a process neither loads
it nor asks it. A database that is away counts as a lost seat: everything is laid aside and taken up again.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from leitstand.core.clock import Clock, from_us
from leitstand.core.i18n import Bilingual
from leitstand.jobs.durable import Durable
from leitstand.jobs.repository import JobRows
from leitstand.jobs.runs import Run, RunEnded, RunState, Worker
from leitstand.jobs.seats import Seats
from leitstand.jobs.turn import Cancelled, DurableTurn, Parked, sentences
from leitstand.jobs.values import Job
from leitstand.store.engine import DatabaseAway

TICK_S = 1.0
SEEN_S = 3.0  # how often a worker says that it is alive
ALIVE_S = 8.0  # how long that is believed
_QUIET_S = 30.0  # after the last run DBOS is closed
_STOP_S = 10.0
_OPEN_S = 5.0
MOST_TRIES = 10
"""A run that so many processes did not survive is given up: it may be what kills them."""
_log = logging.getLogger(__name__)


class JobEngine:
    """`run` it in a thread. Several of them, in any number of processes, share the work."""

    def __init__(
        self,
        data: Path,
        jobs: Sequence[Job],
        rows: JobRows,
        seats: Seats,
        clock: Clock,
        local_now: Callable[[], datetime],
        tell: Callable[[RunEnded], None],
        place: str,
    ) -> None:
        """tell: news of each run that ended here; may come twice for one. place: machine and process, for people."""
        self._data = data
        self._jobs: Mapping[str, Job] = {job.name: job for job in jobs}
        self._rows = rows
        self._seats = seats
        self._clock = clock
        self._local_now = local_now
        self._tell = tell
        self._place = place
        self._durable: Durable | None = None
        self._in_hand: dict[str, DurableTurn | None] = {}
        self._handed: set[str] = set()
        self._left: set[str] = set()
        self._schedules: dict[str, tuple[str, int]] = {}
        self._since_us = 0
        self._seen_s = 0.0
        self._seated = False
        self._worked_s = 0.0
        self._opened = threading.Event()
        self._trouble = ""

    # ------------------------------------------------------------ the loop

    def run(self, stop: threading.Event, tick_s: float = TICK_S) -> None:
        """Until `stop` is set; then runs in hand are laid aside between two steps."""
        while not stop.wait(tick_s):
            try:
                self._say(self.tick())
            except DatabaseAway as away:
                self._say(f"jobs wait for the database: {away.en}")
            except Exception as failed:  # noqa: BLE001 - a border: the next round tries again
                self._say(f"jobs cannot go on: {type(failed).__name__}: {failed}")
        self._stand_up()

    def tick(self) -> str:
        """One round. What keeps this process from working that worked before; "" nothing."""
        if not self._seats.sit():
            self._lay_aside()
            return "jobs are laid aside: the seat of this process is lost" if self._seated else ""
        self._seated = True
        self._show()
        self._write_down_slots()
        unfinished = self._rows.unfinished()
        if unfinished:
            self._worked_s = time.monotonic()
            self._hand_out(unfinished)
        elif self._durable is not None and time.monotonic() - self._worked_s > _QUIET_S:
            self._durable.forget_ended()
            self._close()
        return ""

    def _say(self, trouble: str) -> None:
        """One line when trouble begins, whatever it turns into, and one when it is over."""
        if trouble and not self._trouble:
            _log.error("%s", trouble)
        if self._trouble and not trouble:
            _log.warning("jobs go on")
        self._trouble = trouble

    def _show(self) -> None:
        now_us = self._clock.time_us()
        if time.monotonic() - self._seen_s < SEEN_S:
            return
        self._since_us = self._since_us or now_us
        self._rows.show(Worker(self._seats.name, self._place, self._since_us, now_us))
        self._seen_s = time.monotonic()

    # ------------------------------------------------------------ slots

    def _write_down_slots(self) -> None:
        """The newest slot of each job that is due and not written down; older ones that still wait are dropped."""
        now = self._local_now()
        for job in self._jobs.values():
            schedule = job.schedule()
            text = "" if schedule is None else f"{schedule.rhythm} {schedule.at:%H:%M:%S} {schedule.day}"
            known, since_us = self._schedules.get(job.name, (None, 0))
            if known != text:
                since_us = self._rows.since(job.name, text, self._clock.time_us())
            if schedule is not None:
                slot = schedule.latest(now)
                slot_us = int(slot.timestamp() * 1_000_000)
                if slot_us > since_us:
                    run = Run(
                        f"{job.name}/{slot.isoformat(timespec='minutes')}", job.name, slot_us, "waiting"
                    )
                    self._rows.request(run)
                    self._rows.drop_older(run)
                    since_us = slot_us
            self._schedules[job.name] = (text, since_us)

    # ------------------------------------------------------------ handing out

    def _hand_out(self, unfinished: Sequence[Run]) -> None:
        durable = self._open()
        if durable is None:
            return
        fresh = [run for run in unfinished if run.id not in self._handed]
        known = durable.known(run.id for run in fresh)
        for run in fresh:
            if run.state == "waiting":
                durable.enqueue(run.id, run.job)
            elif run.id not in known:
                self._end(run, "failed", _LOST)
            self._handed.add(run.id)
        self._handed &= {run.id for run in unfinished}
        for run in unfinished:
            turn = self._in_hand.get(run.id)
            if turn is not None and run.cancelled_by:
                turn.cancel.set()
        self._resume(durable)

    def _resume(self, durable: Durable) -> None:
        """What nobody has in hand: of dead workers, and of this one, when it was laid aside. Seen twice: no mistake."""
        left = durable.begun([self._seats.name]) - self._in_hand.keys()
        for run_id in left & self._left:
            durable.resume(run_id)
        self._left = left - self._left
        oldest_us = self._clock.time_us() - int(ALIVE_S * self._clock.factor * 1_000_000)
        for worker in self._rows.workers():
            if worker.seen_us > oldest_us or worker.seat == self._seats.name:
                continue
            with self._seats.empty(worker.seat) as empty:
                if empty:
                    for run_id in durable.begun([worker.seat]):
                        durable.resume(run_id)
                    self._rows.leave(worker.seat)

    def _open(self) -> Durable | None:
        if self._durable is None:
            self._durable = Durable.open(self._data, self._seats.name, self._work)
            if self._durable is not None:
                self._opened.set()
            self._handed.clear()
            self._left.clear()
        return self._durable

    def _close(self) -> None:
        self._opened.clear()
        if self._durable is not None:
            durable, self._durable = self._durable, None
            durable.close()

    def _require_open(self) -> None:
        """DBOS hands out its first runs while it opens, and its last while it closes."""
        if not self._opened.wait(_OPEN_S) or self._durable is None:
            raise Parked

    # ------------------------------------------------------------ a run

    def _work(self, run_id: str) -> None:
        """In a thread of DBOS. Only Parked comes out: then the run stays unfinished and is handed out again."""
        self._in_hand[run_id] = None
        try:
            self._require_open()
            run = self._rows.begin(run_id, self._seats.name, self._clock.time_us())
            if run is not None:
                self._end(run, *self._outcome(run))
        except Parked:
            self._park(run_id)
            raise
        except DatabaseAway as away:
            raise Parked from away
        except Exception as failed:
            _log.exception("a run could not be ended and is tried again", extra={"run": run_id})
            raise Parked from failed
        finally:
            self._in_hand.pop(run_id, None)

    def _outcome(self, run: Run) -> tuple[RunState, Bilingual]:
        job = self._jobs.get(run.job)
        if run.cancelled_by:
            return "cancelled", _stopped(run.cancelled_by)
        if job is None:
            return "failed", _UNKNOWN
        if run.tries > MOST_TRIES:
            return "failed", _DEADLY
        assert self._durable is not None
        due = from_us(run.due_us).astimezone(self._local_now().tzinfo)
        turn = DurableTurn(run.id, due, run.options or {}, self._durable, self._rows, self._clock.time_us)
        self._in_hand[run.id] = turn
        self._require_open()
        try:
            return "done", job.work(turn)
        except Cancelled:
            known = self._rows.get(run.id)
            return "cancelled", _stopped(known.cancelled_by if known else "")
        except DatabaseAway as away:
            raise Parked from away
        except Exception as failed:  # noqa: BLE001 - a border: whatever a job raises is its fault
            _log.exception("a job failed", extra={"job": run.job, "run": run.id})
            return "failed", Bilingual(*sentences(failed))

    def _end(self, run: Run, state: RunState, result: Bilingual) -> None:
        """Tell first: a process killed between the two tells twice, under the same id."""
        now_us = self._clock.time_us()
        title = self._jobs[run.job].title if run.job in self._jobs else Bilingual(run.job, run.job)
        self._tell(RunEnded(replace(run, state=state, result=result, ended_us=now_us), title))
        self._rows.end(run.id, state, result, now_us)

    def _park(self, run_id: str) -> None:
        try:
            self._rows.park(run_id)
        except DatabaseAway:
            return  # then this try counts

    # ------------------------------------------------------------ the end

    def _lay_aside(self) -> None:
        """Park what is in hand and close DBOS; nothing when nothing is open."""
        if self._durable is None:
            return
        self._opened.clear()
        deadline = time.monotonic() + _STOP_S
        while self._in_hand and time.monotonic() < deadline:
            for turn in list(self._in_hand.values()):
                if turn is not None:
                    turn.stop.set()
            time.sleep(0.05)
        self._close()

    def _stand_up(self) -> None:
        seat = self._seats.name
        self._lay_aside()
        try:
            if seat:
                self._rows.leave(seat)
        except DatabaseAway:
            pass  # others see that nobody is there
        self._seats.leave()


_LOST = Bilingual(
    "Der Lauf war beim Sichern dieser Installation unterwegs und wird nach dem Zurückspielen nicht wiederholt.",
    "The run was under way when this installation was backed up; after the restore it is not repeated.",
)
_UNKNOWN = Bilingual(
    "Diese Version von Leitstand kennt die Aufgabe nicht.", "This version of Leitstand does not know the job."
)
_DEADLY = Bilingual(
    f"Nach {MOST_TRIES} Abbrüchen des Prozesses aufgegeben. Sehen Sie in dessen Protokoll nach.",
    f"Given up after its process had ended {MOST_TRIES} times. See that process's log.",
)


def _stopped(by: str) -> Bilingual:
    return Bilingual(f"Abgebrochen von {by}.", f"Cancelled by {by}.")
