"""Agent runs: the steps and the money of all calls that share a run id, counted across processes.

A step is one model call or one tool call. It is counted before it begins, so a run never takes more steps than
it may. Money is counted when a call has ended: the call during which the limit is passed is the last one.
"""

from dataclasses import dataclass

from leitstand.accounting.counters import Counter, Counters, Hold, Part, counter
from leitstand.accounting.periods import Calendar
from leitstand.core.clock import Clock
from leitstand.core.errors import RunLimited
from leitstand.core.money import NANO_PER_EURO, NanoEuro


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What one run may use on a calendar day. max_nano: None for no limit on money."""

    max_steps: int = 50
    max_nano: NanoEuro | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run. owner: whose it is (a key's id, or a person), so that equal ids of two owners are two runs."""

    owner: str
    id: str


class Runs:
    """Counts runs on the counters that limits use."""

    def __init__(self, counters: Counters, clock: Clock, timezone: str = "Europe/Berlin") -> None:
        self._counters = counters
        self._clock = clock
        self._calendar = Calendar(timezone)

    def step(self, run: Run, limits: RunLimits, request_id: str) -> None:
        """Count a step that is about to begin; raises RunLimited where there is none left, or no money."""
        steps, money = self._counters_of(run)
        if limits.max_nano is not None:
            (spent,) = self._counters.read([money])
            if spent.spent >= limits.max_nano:
                raise _out_of_money(run, limits.max_nano)
        part = Part(steps, 1, limits.max_steps, 1, 1)
        taken = self._counters.hold([part], (), request_id, b"", self._clock.time())
        if not isinstance(taken, Hold):
            raise _out_of_steps(run, limits.max_steps)
        self._counters.settle(taken, [1])

    def book(self, run: Run, cost_nano: int) -> None:
        """Count what a call of the run has cost."""
        if cost_nano <= 0:
            return
        _, money = self._counters_of(run)
        nothing = Part(money, 0, 0, 0, 0)
        taken = self._counters.hold([nothing], (), "", b"", self._clock.time())
        if isinstance(taken, Hold):  # a part of 0 always fits
            self._counters.settle(taken, [cost_nano])

    def _counters_of(self, run: Run) -> tuple[Counter, Counter]:
        day = self._calendar.period("day", self._clock.time())
        name = f"run|{run.owner}|{run.id}|{day.label}"
        return counter(f"{name}|steps", int(day.ends_s)), counter(f"{name}|eur", int(day.ends_s))


def _out_of_steps(run: Run, most: int) -> RunLimited:
    return RunLimited(
        f"Der Lauf „{run.id}“ hat seine {most} Schritte gemacht. Prüfen Sie, ob der Agent sich im Kreis dreht; "
        "ein neuer Lauf beginnt mit einer neuen Kennung im Kopf „x-leitstand-run“.",
        f"The run '{run.id}' has made its {most} steps. Check whether the agent goes round in circles; a new run "
        "begins with a new id in the header 'x-leitstand-run'.",
        detail={"run": run.id, "measure": "steps", "limit": most},
    )


def _out_of_money(run: Run, most_nano: NanoEuro) -> RunLimited:
    euro = f"{most_nano / NANO_PER_EURO:.2f}"
    return RunLimited(
        f"Der Lauf „{run.id}“ hat seine {euro.replace('.', ',')} EUR verbraucht. Ein neuer Lauf beginnt mit einer "
        "neuen Kennung im Kopf „x-leitstand-run“.",
        f"The run '{run.id}' has used its EUR {euro}. A new run begins with a new id in the header "
        "'x-leitstand-run'.",
        detail={"run": run.id, "measure": "eur", "limit": most_nano / NANO_PER_EURO},
    )
