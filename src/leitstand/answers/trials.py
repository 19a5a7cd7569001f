"""Runs trials: the questions of a set, asked through the real gateway in the name of whoever planned them.

    queue ─▶ one trial ─▶ (repetition, case, model) ─▶ gateway ─▶ checks ─▶ stored ─▶ … ─▶ done
    each night ─▶ one run per nightly set and accepted model ─▶ drift? ─▶ journal and event

Of all processes one runs trials: whoever leads in them (store/lead.py). Answers are
stored as they come, so another process goes on where a killed one stopped; only calls in flight are paid twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

import msgspec

from leitstand.answers.asking import Asker, Said
from leitstand.answers.regression import AnswerBody, Regression, prompt_of
from leitstand.core.clock import Clock
from leitstand.core.errors import BudgetExhausted, NotPermitted, Overloaded, Refusal
from leitstand.core.events import Events
from leitstand.core.i18n import Bilingual
from leitstand.core.money import ZERO, NanoEuro
from leitstand.core.money import plain as euro_text
from leitstand.gateway.hotpath import Gateway
from leitstand.identity.callers import Caller, Person
from leitstand.journal.records import Record
from leitstand.prompts.regression.checks import Asked, passes
from leitstand.prompts.regression.drift import Drift
from leitstand.prompts.regression.repository import AnswerRow, TrialRow
from leitstand.prompts.regression.sets import Case
from leitstand.store.lead import Lead

NIGHT = time(2, 30)  # local time from which the nightly runs are due
NIGHT_REPETITIONS = 2
_AT_ONCE = 2
_POLL_S = 2.0
_MOST_FAILURES = 3
_BROKEN = Bilingual(
    "Ein unerwarteter Fehler hat den Vergleich beendet; Einzelheiten stehen im Protokoll des Servers.",
    "An unexpected error ended the trial; the server's log has the details.",
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drifted:
    """Event: a model in use answers a set differently than when it was accepted."""

    set_name: str
    model: str
    trial: str
    drift: Drift


class _Step(NamedTuple):
    repetition: int
    case: Case
    model: str
    use_case: str


class _Stop(Exception):
    """The trial ends early. reason: what people read."""

    def __init__(self, reason: Bilingual) -> None:
        super().__init__(reason.en)
        self.reason = reason


class TrialRunner:
    """The one that asks. `start` and `stop` on the event loop; `nudge` when a trial was planned here."""

    def __init__(
        self,
        regression: Regression,
        gateway: Gateway,
        people: Callable[[], Mapping[str, Person]],
        clock: Clock,
        local_now: Callable[[], datetime],
        lead: Lead,
        write: Callable[[Record], Awaitable[None]],
        events: Events,
    ) -> None:
        """people: by name. local_now: application time in the organisation's zone. write: to the journal."""
        self._regression = regression
        self._gateway = gateway
        self._asker = Asker(gateway, clock, lambda: local_now().date(), "trial")
        self._people = people
        self._clock = clock
        self._local_now = local_now
        self._lead = lead
        self._write = write
        self._events = events
        self._failures: dict[str, int] = {}  # unexpected ones, by trial
        self._wake = asyncio.Event()
        self._planned: date | None = None  # the last day whose nightly runs are in the queue
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to look for trials."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(), name="trials")

    async def stop(self) -> None:
        """Break off; the next process goes on."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._lead.leave()

    def nudge(self) -> None:
        """A trial was planned; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        while True:
            try:
                if await asyncio.to_thread(self._lead.is_mine) and await self._work():
                    continue
            except Overloaded:
                pass  # the database is away, as its watcher has logged; the next round tries again
            except Exception:  # noqa: BLE001 - a border: the next round tries again
                _log.exception("a trial could not go on")
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _POLL_S)

    async def _work(self) -> bool:
        """Run the next trial; False when there is none."""
        await self._plan_night()
        row = await asyncio.to_thread(self._regression.rows.next_unfinished)
        if row is None:
            return False
        try:
            await self._trial(row)
        except _Stop as stop:
            await self._finish(row, "stopped", stop.reason)
        except Exception:
            self._failures[row.id] = self._failures.get(row.id, 0) + 1
            if self._failures[row.id] < _MOST_FAILURES:
                raise  # the next round goes on where this one stopped
            await self._finish(row, "stopped", _BROKEN)
        return True

    # ------------------------------------------------------------ one trial

    async def _trial(self, row: TrialRow) -> None:
        if not await asyncio.to_thread(self._regression.rows.set_state, row.id, "running"):
            return
        steps, spent = await asyncio.to_thread(self._left, row)
        caller = self._caller(row)
        queue = iter(steps)

        async def lane() -> None:
            nonlocal spent
            for step in queue:
                if spent >= row.most_nano:
                    raise _Stop(_too_dear(row))
                if await asyncio.to_thread(self._is_cancelled, row):
                    return
                spent = NanoEuro(spent + await self._ask(row, step, caller))

        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(_AT_ONCE):
                    lanes.create_task(lane())
        except* _Stop as stops:
            stop = stops.exceptions[0]
            assert isinstance(stop, _Stop)
            raise stop from None
        if row.night:
            await self._finish(row, "done", decision=await self._judge_night(row))
        else:
            report = await asyncio.to_thread(self._regression.report, row.id)
            await self._finish(row, "done", decision=report.comparison.decision if report.comparison else "")

    def _left(self, row: TrialRow) -> tuple[list[_Step], NanoEuro]:
        """What is still to be asked, models taking turns; and what was spent before."""
        known = self._regression.rows.answers(row.id)
        there = {(answer.repetition, answer.case, answer.model) for answer in known}
        models = (row.candidate, row.baseline) if row.baseline else (row.candidate,)
        made = self._regression.set_of(row)
        steps = [
            _Step(repetition, case, model, made.use_case)
            for repetition in range(row.repetitions)
            for case in made.cases
            for model in models
            if (repetition, case.id, model) not in there
        ]
        return steps, NanoEuro(sum(answer.cost_nano for answer in known))

    def _caller(self, row: TrialRow) -> Caller:
        person = self._people().get(row.created_by)
        if person is None or not person.active:
            raise _Stop(
                Bilingual(
                    f"{row.created_by} ist nicht mehr aktiv; planen Sie den Vergleich unter Ihrem Namen neu.",
                    f"{row.created_by} is not active any more; plan the trial anew under your name.",
                )
            )
        return Caller(person)

    def _is_cancelled(self, row: TrialRow) -> bool:
        known = self._regression.rows.trial(row.id)
        return known is None or known.state != "running"

    async def _ask(self, row: TrialRow, step: _Step, caller: Caller) -> NanoEuro:
        """Ask, judge and keep the answer; returns its cost. Raises _Stop when no other would fare better."""
        prompt, error = prompt_of(step.case, step.model), None
        said = Said("", "", ZERO, 0, self._clock.time_us(), 0)
        try:
            said = await self._asker.ask(prompt, step.use_case, caller)
        except (BudgetExhausted, NotPermitted) as refusal:
            raise _Stop(Bilingual(refusal.de, refusal.en)) from refusal
        except Refusal as refusal:
            error = Bilingual(refusal.de, refusal.en)
        asked = Asked(step.case.prompt, step.case.reference)
        failed = await asyncio.to_thread(_failed, step.case, said.text, asked)
        answer = AnswerRow(
            row.id, step.model, step.case.id, step.repetition, said.request_id, error is None,
            error is None and not failed, said.cost_nano, said.latency_us, said.tokens, b"", said.time_us,
        )  # fmt: skip
        await asyncio.to_thread(self._regression.store, answer, AnswerBody(said.text, failed, error))
        return said.cost_nano

    async def _finish(
        self, row: TrialRow, state: str, reason: Bilingual | None = None, decision: str = ""
    ) -> None:
        told = msgspec.json.encode(reason).decode() if reason else ""
        await asyncio.to_thread(
            self._regression.rows.set_state, row.id, state, told, self._clock.time_us(), decision
        )

    # ------------------------------------------------------------ nights

    async def _plan_night(self) -> None:
        """From half past two on: one run per nightly set and accepted model, once a day."""
        now = self._local_now()
        if self._planned == now.date() or now.time() < NIGHT:
            return
        night = now.date().isoformat()
        for known in await asyncio.to_thread(self._regression.list):
            for model in known.accepted if known.nightly else ():
                if model in self._gateway.rules.book.routes:
                    await asyncio.to_thread(
                        self._regression.start_night, known.name, model, night, NIGHT_REPETITIONS
                    )
        self._planned = now.date()

    async def _judge_night(self, row: TrialRow) -> str:
        """The decision on a night; a drift is told before it is kept, for a second telling does no harm."""
        found = await asyncio.to_thread(self._regression.drift_of, row)
        if found is None or not found.drifted:
            return "same" if found else ""
        record = Record(
            id=f"evt_{row.id}",  # the same in a second attempt: the journal keeps one
            kind="regression.drift.found",
            time_us=self._clock.time_us(),
            user="system",
            model=row.candidate,
            detail={
                "set": row.set_name, "trial": row.id, "passed": round(found.passed, 4),
                "before": round(found.before, 4), "agreement": round(found.agreement, 4),
            },
        )  # fmt: skip
        await self._write(record)
        self._events.say(Drifted(row.set_name, row.candidate, row.id, found))
        return "drifted"


def _failed(case: Case, text: str, asked: Asked) -> tuple[str, ...]:
    return tuple(check.kind for check in case.checks if not passes(check, text, asked))


def _too_dear(row: TrialRow) -> Bilingual:
    amount = euro_text(row.most_nano)
    return Bilingual(
        f"Die Kostengrenze von {amount.replace('.', ',')} EUR ist erreicht.",
        f"The cost bound of {amount} EUR is reached.",
    )
