"""Scenarios as people handle them: ask for one, see how far it is, read its result. Blocking: call from a thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from leitstand.configuration.current import Configuration
from leitstand.core.clock import Clock, from_us
from leitstand.core.errors import InvalidRequest, NotFound, Refusal
from leitstand.core.i18n import Bilingual
from leitstand.core.ids import new_id
from leitstand.jobs.values import Turn
from leitstand.journal.records import Record
from leitstand.reports.repository import Journal
from leitstand.reports.what_if import sums as added
from leitstand.reports.what_if.assemble import assemble
from leitstand.reports.what_if.measure import Measured, measure
from leitstand.reports.what_if.replay import CACHE_US, Replay, World
from leitstand.reports.what_if.repository import ScenarioRow, ScenarioRows, Selection, Traffic
from leitstand.reports.what_if.result import SMALLEST_GROUP, Result, decode, encode
from leitstand.reports.what_if.scenario import Scenario, check
from leitstand.reports.what_if.switch import switch

KEPT = 200
"""Scenarios shown in lists; older ones stay until somebody removes them."""
_BROKEN = Bilingual(
    "Ein unerwarteter Fehler hat die Rechnung beendet; Einzelheiten stehen im Protokoll des Servers.",
    "An unexpected error ended the calculation; the server's log has the details.",
)


@dataclass(frozen=True)
class Told:
    """A scenario with what is known of it. state: waiting, running, done, failed. done, total: days."""

    id: str
    title: str
    scenario: Scenario
    state: str
    done: int
    total: int
    reason: Bilingual | None
    result: Result | None
    created: datetime
    created_by: str
    finished: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether a result is still to come."""
        return self.state in ("waiting", "running")


class Sources(NamedTuple):
    """What scenarios read. world: rules and prices in force, with the scenario's own."""

    rows: ScenarioRows
    traffic: Traffic
    journal: Journal
    configuration: Callable[[], Configuration]
    world: Callable[[Scenario], World]


class Scenarios:
    """All of an installation."""

    def __init__(self, sources: Sources, clock: Clock, write: Callable[[Record], None]) -> None:
        """write: to the journal."""
        self.rows = sources.rows
        self._sources = sources
        self._clock = clock
        self._write = write

    def usual_period(self) -> tuple[date, date]:
        """The last thirty whole days."""
        yesterday = self._clock.now().astimezone(self._zone()).date() - timedelta(days=1)
        return yesterday - timedelta(days=29), yesterday

    def ask(self, scenario: Scenario, person: str) -> str:
        """Put a scenario into the queue; returns its id. Raises InvalidRequest for unknown names."""
        check(scenario, self._sources.configuration())
        now_us = self._clock.time_us()
        scenario_id = new_id("wif", now_us)
        row = ScenarioRow(
            scenario_id, scenario.title or _usual_title(scenario),
            scenario.model_dump_json(exclude_defaults=True), "waiting", 0, len(scenario.period.days), "", "",
            now_us, person,
        )  # fmt: skip
        self.rows.add(row)
        told = scenario.model_dump(mode="json", exclude_defaults=True)
        told.pop("title", None)
        self._note("reports.what_if.asked", person, scenario=scenario_id, **told)
        return scenario_id

    def list(self, most: int = KEPT) -> Sequence[Told]:
        """Newest first."""
        return [_told(row) for row in self.rows.list(most)]

    def get(self, scenario_id: str) -> Told:
        """Raises NotFound."""
        return _told(self._row(scenario_id))

    def remove(self, scenario_id: str, person: str) -> None:
        """With its result; raises NotFound."""
        if not self.rows.remove(scenario_id):
            raise _no_scenario(scenario_id)
        self._note("reports.what_if.removed", person, scenario=scenario_id)

    # ------------------------------------------------------------ the work

    def work(self, turn: Turn) -> Bilingual:
        """Replay all that waits, one after the other, a day per step."""
        number = 0
        while scenario_id := turn.step(f"next-{number}", self._next):
            self._work_one(turn, scenario_id)
            number += 1
        return Bilingual(f"{number} Szenarien nachgerechnet.", f"{number} scenarios replayed.")

    def _next(self) -> str:
        """The oldest without a result; "" for none."""
        row = self.rows.waiting()
        return row.id if row else ""

    def _work_one(self, turn: Turn, scenario_id: str) -> None:
        row = self.rows.get(scenario_id)
        if row is None:
            return  # removed meanwhile
        self.rows.change(row.id, state="running")
        try:
            result = self._replayed(row, Scenario.model_validate_json(row.scenario), turn)
        except Refusal as refusal:
            self._failed(row, Bilingual(refusal.de, refusal.en))
        except Exception:
            self._failed(row, _BROKEN)
            raise
        else:
            self._finish(row, state="done", result=encode(result))

    def _replayed(self, row: ScenarioRow, scenario: Scenario, turn: Turn) -> Result:
        measured = turn.step(f"{row.id}-measure", self._measure, row.scenario)
        total, days = added.Sums(), scenario.period.days
        for number, day in enumerate(days):
            built = turn.step(f"{row.id}-{day}", self._day, row.scenario, measured, day.isoformat())
            total.add(added.read(built))
            turn.progress(number + 1, len(days))
            self.rows.change(row.id, done=number + 1)
        known = msgspec.convert(measured, Measured)
        return assemble(scenario, known, total, switch(scenario, self._sources.configuration()))

    def _measure(self, document: str) -> Any:
        scenario = Scenario.model_validate_json(document)
        book = self._sources.world(scenario).book
        wanted = self._selection(scenario, scenario.period.begin, scenario.period.end)
        found = measure(self._sources.traffic, self._sources.journal, book, scenario, wanted)
        is_narrow = scenario.use_cases or scenario.departments or scenario.models
        if is_narrow and 0 < found.people[""] < SMALLEST_GROUP:
            raise InvalidRequest(
                f"Hinter dieser Auswahl stehen weniger als {SMALLEST_GROUP} Personen. Wählen Sie einen längeren Zeitraum "
                "oder mehr Anwendungsfälle.",
                f"Fewer than {SMALLEST_GROUP} persons stand behind this selection. Choose a longer period or more use cases.",
            )
        return msgspec.json.decode(msgspec.json.encode(found))

    def _day(self, document: str, measured: Any, day: str) -> Any:
        scenario, known = Scenario.model_validate_json(document), msgspec.convert(measured, Measured)
        wanted = self._selection(scenario, date.fromisoformat(day), date.fromisoformat(day))
        replay = Replay(self._sources.world(scenario), scenario, known.ratios(), known.shares)
        if any(scenario.cache.values()) or scenario.replace:
            replay.remember(self._sources.traffic.digests(wanted.begin_us - CACHE_US, wanted.begin_us))
        for call in self._sources.traffic.calls(wanted._replace(models=())):
            replay.take(call)
        return added.plain(replay.sums)

    def _selection(self, scenario: Scenario, first: date, last: date) -> Selection:
        zone = self._zone()
        begin, end = (
            int(datetime.combine(day, time(0), zone).timestamp() * 1_000_000)
            for day in (first, last + timedelta(days=1))
        )
        return Selection(begin, end, scenario.use_cases, scenario.departments, scenario.models)

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._sources.configuration().organisation.timezone)

    def _failed(self, row: ScenarioRow, reason: Bilingual) -> None:
        self._finish(row, state="failed", reason=msgspec.json.encode(reason).decode())

    def _finish(self, row: ScenarioRow, **values: str) -> None:
        self.rows.change(row.id, finished_us=self._clock.time_us(), **values)

    def _row(self, scenario_id: str) -> ScenarioRow:
        row = self.rows.get(scenario_id)
        if row is None:
            raise _no_scenario(scenario_id)
        return row

    def _note(self, kind: str, person: str, **detail: object) -> None:
        now_us = self._clock.time_us()
        self._write(Record(id=new_id("evt", now_us), kind=kind, time_us=now_us, user=person, detail=detail))


def _told(row: ScenarioRow) -> Told:
    return Told(
        row.id, row.title, Scenario.model_validate_json(row.scenario), row.state, row.done, row.total,
        msgspec.json.decode(row.reason, type=Bilingual) if row.reason else None, decode(row.result),
        from_us(row.created_us), row.created_by, None if row.finished_us is None else from_us(row.finished_us),
    )  # fmt: skip


def _usual_title(scenario: Scenario) -> str:
    """What is different, in names and signs that need no translation."""
    parts = [f"{old} → {new}" for old, new in scenario.replace.items()]
    parts += [f"cache {name} {'+' if on else '−'}" for name, on in scenario.cache.items()]
    parts += [f"semantic {name} {'+' if on else '−'}" for name, on in scenario.semantic_cache.items()]
    parts += [f"{name} ≤ {tokens}" for name, tokens in scenario.max_output_tokens.items()]
    parts += [f"{price.provider}/{price.model} €" for price in scenario.prices]
    parts += [f"{provider} × {factor}" for provider, factor in scenario.price_factors.items()]
    parts += [f"€ {scenario.prices_on}"] if scenario.prices_on else []
    parts += [f"{currency} {rate}" for currency, rate in scenario.exchange_rates.items()]
    return (", ".join(parts) or "=")[:200]


def _no_scenario(scenario_id: str) -> NotFound:
    return NotFound(f"Ein Szenario „{scenario_id}“ gibt es nicht.", f"There is no scenario '{scenario_id}'.")
