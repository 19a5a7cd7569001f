"""SQL of regression sets and trials; texts come and go sealed. Blocking: call from a thread."""

from dataclasses import asdict, dataclass

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from leitstand.prompts.regression.votes import Vote
from leitstand.store.schema import regression_set, trial, trial_answer, trial_vote

UNFINISHED = ("waiting", "running")


@dataclass(frozen=True)
class SetRow:
    """A row of `regression_set`."""

    name: str
    nightly: bool
    body: bytes
    accepted: str
    changed_us: int
    changed_by: str


@dataclass(frozen=True)
class TrialRow:
    """A row of `trial`."""

    id: str
    set_name: str
    night: str
    candidate: str
    baseline: str
    repetitions: int
    state: str
    decision: str
    reason: str
    most_nano: int
    body: bytes
    created_us: int
    created_by: str
    finished_us: int | None = None


@dataclass(frozen=True)
class AnswerRow:
    """A row of `trial_answer`."""

    trial: str
    model: str
    case: str
    repetition: int
    request_id: str
    answered: bool
    passed: bool
    cost_nano: int
    latency_us: int
    output_tokens: int
    body: bytes
    created_us: int


class RegressionRows:
    """Sets, trials and answers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sets(self) -> list[SetRow]:
        """All sets by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(regression_set).order_by(regression_set.c.name))
            return [SetRow(**row._asdict()) for row in rows]

    def set(self, name: str) -> SetRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(regression_set).where(regression_set.c.name == name)).first()
        return None if row is None else SetRow(**row._asdict())

    def put_set(self, row: SetRow) -> None:
        """Add or replace; what counts as accepted stays, for its trials carry their own questions."""
        changed = {key: value for key, value in asdict(row).items() if key not in ("name", "accepted")}
        with self._engine.begin() as connection:
            renewed = connection.execute(
                update(regression_set).where(regression_set.c.name == row.name).values(**changed)
            )
            if renewed.rowcount == 0:
                connection.execute(insert(regression_set).values(**asdict(row)))

    def accept(self, name: str, accepted: str) -> None:
        """Which trials count as good, as JSON."""
        with self._engine.begin() as connection:
            connection.execute(
                update(regression_set).where(regression_set.c.name == name).values(accepted=accepted)
            )

    def remove_set(self, name: str) -> bool:
        """The set with its trials and their answers; False when there is none."""
        trials = select(trial.c.id).where(trial.c.set_name == name)
        with self._engine.begin() as connection:
            connection.execute(delete(trial_answer).where(trial_answer.c.trial.in_(trials)))
            connection.execute(delete(trial_vote).where(trial_vote.c.trial.in_(trials)))
            connection.execute(delete(trial).where(trial.c.set_name == name))
            return (
                connection.execute(delete(regression_set).where(regression_set.c.name == name)).rowcount > 0
            )

    def add_trial(self, row: TrialRow) -> bool:
        """False when this night's trial of the set and model is there already."""
        with self._engine.begin() as connection:
            if (
                row.night
                and connection.execute(
                    select(trial.c.id).where(
                        trial.c.set_name == row.set_name,
                        trial.c.night == row.night,
                        trial.c.candidate == row.candidate,
                    )
                ).first()
            ):
                return False
            connection.execute(insert(trial).values(**asdict(row)))
        return True

    def trial(self, trial_id: str) -> TrialRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(trial).where(trial.c.id == trial_id)).first()
        return None if row is None else TrialRow(**row._asdict())

    def trials(self, set_name: str | None = None, limit: int = 100) -> list[TrialRow]:
        """Newest first."""
        query = select(trial).order_by(trial.c.created_us.desc(), trial.c.id.desc()).limit(limit)
        if set_name is not None:
            query = query.where(trial.c.set_name == set_name)
        with self._engine.connect() as connection:
            return [TrialRow(**row._asdict()) for row in connection.execute(query)]

    def next_unfinished(self) -> TrialRow | None:
        """The oldest trial that is to be run, a broken-off one included."""
        query = (
            select(trial)
            .where(trial.c.state.in_(UNFINISHED))
            .order_by(trial.c.created_us, trial.c.id)
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else TrialRow(**row._asdict())

    def set_state(
        self, trial_id: str, state: str, reason: str = "", finished_us: int | None = None, decision: str = ""
    ) -> bool:
        """Move an unfinished trial on; False when it is finished already (it was cancelled meanwhile)."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(trial)
                .where(trial.c.id == trial_id, trial.c.state.in_(UNFINISHED))
                .values(state=state, reason=reason, finished_us=finished_us, decision=decision)
            )
        return changed.rowcount > 0

    def add_answer(self, row: AnswerRow) -> bool:
        """False when it is there already."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(trial_answer).values(**asdict(row)))
        except IntegrityError:
            return False
        return True

    def answers(self, trial_id: str) -> list[AnswerRow]:
        """By case and repetition."""
        query = (
            select(trial_answer)
            .where(trial_answer.c.trial == trial_id)
            .order_by(trial_answer.c.case, trial_answer.c.model, trial_answer.c.repetition)
        )
        with self._engine.connect() as connection:
            return [AnswerRow(**row._asdict()) for row in connection.execute(query)]

    def counts(self, trial_ids: list[str]) -> dict[str, int]:
        """How many answers each trial has."""
        query = (
            select(trial_answer.c.trial, func.count())
            .where(trial_answer.c.trial.in_(trial_ids))
            .group_by(trial_answer.c.trial)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


class VoteRows:
    """Blind verdicts on the answers of trials. Blocking: call from a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, trial_id: str, vote: Vote, created_us: int) -> None:
        """A person's verdict on a pair; a second one takes the place of the first."""
        place = (
            trial_vote.c.trial == trial_id, trial_vote.c.case == vote.case,
            trial_vote.c.repetition == vote.repetition, trial_vote.c.judge == vote.judge,
        )  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(delete(trial_vote).where(*place))
            connection.execute(
                insert(trial_vote).values(trial=trial_id, created_us=created_us, **asdict(vote))
            )

    def of(self, trial_id: str) -> list[Vote]:
        """All verdicts on a trial."""
        query = (
            select(trial_vote.c.case, trial_vote.c.repetition, trial_vote.c.judge, trial_vote.c.verdict)
            .where(trial_vote.c.trial == trial_id)
            .order_by(trial_vote.c.case, trial_vote.c.repetition, trial_vote.c.judge)
        )
        with self._engine.connect() as connection:
            return [Vote(*row) for row in connection.execute(query)]
