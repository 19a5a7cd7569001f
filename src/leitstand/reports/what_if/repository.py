"""SQL of what-if: the traffic of a period in batches, what was measured of it, and the stored scenarios."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Engine, Select, delete, func, insert, select, update
from sqlalchemy.sql import ColumnElement

from leitstand.journal.records import INTERACTION
from leitstand.reports.what_if.traffic import Call
from leitstand.store.schema import journal, trial, trial_answer, what_if

j = journal.c
_BATCH = 2000
UNFINISHED = ("waiting", "running")


class Selection(NamedTuple):
    """Which requests: of [begin, end), and of these use cases, departments and asked models; empty: all."""

    begin_us: int
    end_us: int
    use_cases: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class Moments(NamedTuple):
    """Sums over the calls that one model answered in one use case."""

    use_case: str
    provider_model: str
    calls: int
    input: int
    input_squares: int
    output: int
    output_squares: int


class Pair(NamedTuple):
    """Tokens of the same question at two models."""

    input_before: int
    input_after: int
    output_before: int
    output_after: int


class Traffic:
    """Reads the journal. Blocking: use it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def calls(self, wanted: Selection) -> Iterator[Call]:
        """In the order of arrival, a batch at a time: any number of records takes the same memory."""
        query = select(*(j[name] for name in Call._fields)).where(*_where(wanted)).order_by(j.time_us, j.seq)
        with self._engine.connect().execution_options(yield_per=_BATCH) as connection:
            for row in connection.execute(query):
                yield Call(*row)

    def people(self, wanted: Selection) -> dict[str, int]:
        """How many persons stand behind the requests of each use case; `` (empty) for all together."""
        counted = func.count(j.user.distinct())
        with self._engine.connect() as connection:
            by_case = connection.execute(
                select(j.use_case, counted).where(*_where(wanted)).group_by(j.use_case)
            )
            found = {use_case: int(number) for use_case, number in by_case}
            total = connection.execute(select(counted).where(*_where(wanted))).scalar_one()
        return {**found, "": int(total)}

    def moments(self, wanted: Selection) -> list[Moments]:
        """Of answered calls with the provider's own count of tokens, by use case and provider's model."""
        query: Select[Any] = (
            select(
                j.use_case, j.provider_model, func.count(), func.sum(j.input_tokens),
                func.sum(j.input_tokens * j.input_tokens), func.sum(j.output_tokens),
                func.sum(j.output_tokens * j.output_tokens),
            )
            .where(*_where(wanted), j.outcome == "ok", j.estimated.is_(False), j.output_tokens > 0)
            .group_by(j.use_case, j.provider_model)
        )  # fmt: skip
        with self._engine.connect() as connection:
            return [Moments(a, b, *(int(n) for n in sums)) for a, b, *sums in connection.execute(query)]

    def pairs(self, before: str, after: str, most: int = 5000) -> list[Pair]:
        """The newest answers of trials in which both public models were asked the same question."""
        old, new = trial_answer.alias(), trial_answer.alias()
        was, now = journal.alias(), journal.alias()
        query = (
            select(was.c.input_tokens, now.c.input_tokens, was.c.output_tokens, now.c.output_tokens)
            .select_from(trial)
            .join(old, (old.c.trial == trial.c.id) & (old.c.model == before))
            .join(
                new,
                (new.c.trial == trial.c.id)
                & (new.c.model == after)
                & (new.c.case == old.c.case)
                & (new.c.repetition == old.c.repetition),
            )
            .join(was, was.c.id == old.c.request_id)
            .join(now, now.c.id == new.c.request_id)
            .where(was.c.estimated.is_(False), now.c.estimated.is_(False), was.c.outcome == "ok")
            .where(now.c.outcome == "ok", was.c.input_tokens > 0, was.c.output_tokens > 0)
            .order_by(trial.c.created_us.desc())
            .limit(most)
        )
        with self._engine.connect() as connection:
            return [Pair(*(int(n) for n in row)) for row in connection.execute(query)]

    def digests(self, begin_us: int, end_us: int) -> Iterator[Call]:
        """The calls of a stretch that carry a digest of their question, oldest first."""
        query = (
            select(*(j[name] for name in Call._fields))
            .where(*_where(Selection(begin_us, end_us)), j.detail.contains('"same":'))
            .order_by(j.time_us, j.seq)
        )
        with self._engine.connect().execution_options(yield_per=_BATCH) as connection:
            for row in connection.execute(query):
                yield Call(*row)


def _where(wanted: Selection) -> list[ColumnElement[bool]]:
    found = [j.kind == INTERACTION, j.time_us >= wanted.begin_us, j.time_us < wanted.end_us]
    chosen = ((j.use_case, wanted.use_cases), (j.department, wanted.departments), (j.model, wanted.models))
    return found + [column.in_(names) for column, names in chosen if names]


@dataclass(frozen=True)
class ScenarioRow:
    """A row of `what_if`."""

    id: str
    title: str
    scenario: str
    state: str
    done: int
    total: int
    reason: str
    result: str
    created_us: int
    created_by: str
    finished_us: int | None = None


class ScenarioRows:
    """The stored scenarios. Blocking: use it in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, row: ScenarioRow) -> None:
        """A new one."""
        with self._engine.begin() as connection:
            connection.execute(insert(what_if).values(**asdict(row)))

    def get(self, scenario_id: str) -> ScenarioRow | None:
        """None where there is none of that id."""
        with self._engine.connect() as connection:
            row = connection.execute(select(what_if).where(what_if.c.id == scenario_id)).first()
        return None if row is None else ScenarioRow(**row._asdict())

    def list(self, most: int) -> Sequence[ScenarioRow]:
        """Newest first."""
        query = select(what_if).order_by(what_if.c.created_us.desc(), what_if.c.id.desc()).limit(most)
        with self._engine.connect() as connection:
            return [ScenarioRow(**row._asdict()) for row in connection.execute(query)]

    def waiting(self) -> ScenarioRow | None:
        """The oldest that has no result yet, a broken-off one included."""
        query = select(what_if).where(what_if.c.state.in_(UNFINISHED)).order_by(what_if.c.created_us).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else ScenarioRow(**row._asdict())

    def change(self, scenario_id: str, **values: object) -> bool:
        """Set columns; False when it was removed meanwhile."""
        with self._engine.begin() as connection:
            changed = connection.execute(update(what_if).where(what_if.c.id == scenario_id).values(**values))
        return changed.rowcount > 0

    def remove(self, scenario_id: str) -> bool:
        """False when there is none."""
        with self._engine.begin() as connection:
            return connection.execute(delete(what_if).where(what_if.c.id == scenario_id)).rowcount > 0
