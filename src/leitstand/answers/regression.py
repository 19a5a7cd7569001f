"""Regression sets and trials as people handle them: keep a set, plan a trial, accept a model, read the report.

Blocking (database, decryption): call from a thread. Who runs the trials: `trials.py`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from leitstand.accounting.estimate import estimate
from leitstand.core.clock import Clock, from_us
from leitstand.core.conversation import Message, Prompt, Text, Usage
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.i18n import Bilingual
from leitstand.core.ids import new_id
from leitstand.core.money import NanoEuro
from leitstand.core.sealing import Sealer
from leitstand.journal.records import Record
from leitstand.policy.rulebook import Route, Rulebook
from leitstand.prompts.regression import sets
from leitstand.prompts.regression.drift import Drift, drift
from leitstand.prompts.regression.repository import UNFINISHED, AnswerRow, RegressionRows, SetRow, TrialRow
from leitstand.prompts.regression.sets import Case, RegressionSet
from leitstand.prompts.regression.verdict import Comparison, Judged, compare

MOST_REPETITIONS = 50
_REPORTS_KEPT = 20
ASSUMED_OUTPUT_TOKENS = 400
"""Tokens of an answer, where a trial's cost is told before it begins."""

PriceOf = Callable[[str, Usage], NanoEuro]
"""The cost of a call to a public model name, at its dearest target."""


class AnswerBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an answer's row seals. failed: kinds of the checks that do not hold. error: why none came."""

    text: str = ""
    failed: tuple[str, ...] = ()
    error: Bilingual | None = None


@dataclass(frozen=True)
class SetSummary:
    """One line of the list. accepted: model → trial whose answers count as good."""

    name: str
    label: str
    use_case: str
    cases: int
    nightly: bool
    changed: datetime
    changed_by: str
    accepted: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """A trial as asked for. baseline: the model in use today."""

    set_name: str
    candidate: str
    baseline: str
    repetitions: int = 5
    most_nano: NanoEuro | None = None


@dataclass(frozen=True)
class TrialSummary:
    """One trial. done, total: answers. state: waiting, running, done, stopped, cancelled.

    decision, once done: go, no_go, more_runs; of a night: same, drifted, or empty without a standard.
    """

    id: str
    set_name: str
    night: str
    candidate: str
    baseline: str
    repetitions: int
    state: str
    decision: str
    reason: Bilingual | None
    most_nano: NanoEuro
    created: datetime
    created_by: str
    finished: datetime | None
    done: int
    total: int

    @property
    def is_open(self) -> bool:
        """Whether answers are still to come."""
        return self.state in UNFINISHED


@dataclass(frozen=True)
class ShownAnswer:
    """An answer as the report shows it."""

    model: str
    repetition: int
    judged: Judged
    failed: tuple[str, ...]
    error: Bilingual | None
    request_id: str


@dataclass(frozen=True)
class Report:
    """A trial with everything known of it.

    comparison: None for a nightly run, or while a model has no answer. drift: of a nightly run.
    """

    trial: TrialSummary
    regression_set: RegressionSet
    answers: Mapping[str, tuple[ShownAnswer, ...]]
    comparison: Comparison | None
    drift: Drift | None
    spent_nano: NanoEuro


class Regression:
    """The sets and trials of an installation."""

    def __init__(
        self,
        rows: RegressionRows,
        sealer: Sealer,
        clock: Clock,
        book: Callable[[], Rulebook],
        price_of: PriceOf,
        write: Callable[[Record], None],
    ) -> None:
        """book: the routes and use cases in force. write: to the journal."""
        self.rows = rows
        self._sealer = sealer
        self._clock = clock
        self._book = book
        self._price_of = price_of
        self._write = write
        self._reports: dict[str, Report] = {}  # of ended trials

    # ------------------------------------------------------------ sets

    def list(self) -> tuple[SetSummary, ...]:
        """All sets, by name."""
        return tuple(self._summary(row, self._open_set(row)) for row in self.rows.sets())

    def get(self, name: str) -> RegressionSet:
        """Raises NotFound."""
        return self._open_set(self._row(name))

    def summary(self, name: str) -> SetSummary:
        """Raises NotFound."""
        row = self._row(name)
        return self._summary(row, self._open_set(row))

    def put(self, document: str, person: str) -> RegressionSet:
        """Keep a set, given as YAML or JSON; raises InvalidRequest with all its faults."""
        made = sets.read(document)
        book = self._book()
        if made.use_case and made.use_case not in book.use_cases and made.use_case != book.general().name:
            raise InvalidRequest(
                f"Den Anwendungsfall „{made.use_case}“ gibt es nicht. Es gibt: {', '.join(sorted(book.use_cases)) or 'keinen'}.",
                f"There is no use case '{made.use_case}'. There are: {', '.join(sorted(book.use_cases)) or 'none'}.",
                detail={"param": "use_case"},
            )
        sealed = self._sealer.seal(msgspec.json.encode(made), f"regression-set:{made.name}")
        self.rows.put_set(SetRow(made.name, made.nightly, sealed, "{}", self._clock.time_us(), person))
        self._note("regression.set.changed", person, set=made.name, cases=len(made.cases))
        return made

    def remove(self, name: str, person: str) -> None:
        """The set with its trials; raises NotFound."""
        if not self.rows.remove_set(name):
            raise _no_set(name)
        self._reports.clear()
        self._note("regression.set.removed", person, set=name)

    def _row(self, name: str) -> SetRow:
        row = self.rows.set(name)
        if row is None:
            raise _no_set(name)
        return row

    def _open_set(self, row: SetRow) -> RegressionSet:
        return self._unseal(row.body, f"regression-set:{row.name}")

    def _unseal(self, body: bytes, place: str) -> RegressionSet:
        return msgspec.json.decode(self._sealer.open(body, place), type=RegressionSet)

    @staticmethod
    def _summary(row: SetRow, opened: RegressionSet) -> SetSummary:
        return SetSummary(
            row.name, opened.label, opened.use_case, len(opened.cases), row.nightly, from_us(row.changed_us),
            row.changed_by, json.loads(row.accepted),
        )  # fmt: skip

    # ------------------------------------------------------------ trials

    def expected_nano(self, plan: Plan) -> NanoEuro:
        """What a trial will cost, roughly: estimated questions, answers of the usual length, dearest targets."""
        cases = self.get(plan.set_name).cases
        models = {plan.candidate, plan.baseline}
        once = sum(
            self._price_of(model, Usage(estimate(prompt_of(case, model)).upper, ASSUMED_OUTPUT_TOKENS))
            for case in cases
            for model in models
        )
        return NanoEuro(once * plan.repetitions)

    def start(self, plan: Plan, person: str) -> TrialSummary:
        """Put a trial into the queue. Without a bound of its own it may cost twice what is expected.

        Raises NotFound, or InvalidRequest for models that are not offered or too many repetitions.
        """
        made = self.get(plan.set_name)
        self._route(plan.candidate)
        self._route(plan.baseline)
        if plan.candidate == plan.baseline:
            raise InvalidRequest(
                "Wählen Sie zwei verschiedene Modelle.",
                "Choose two different models.",
                detail={"param": "baseline"},
            )
        if not 1 <= plan.repetitions <= MOST_REPETITIONS:
            raise InvalidRequest(
                f"Möglich sind 1 bis {MOST_REPETITIONS} Wiederholungen.",
                f"Possible are 1 to {MOST_REPETITIONS} repetitions.",
                detail={"param": "repetitions"},
            )
        most = plan.most_nano if plan.most_nano is not None else NanoEuro(2 * self.expected_nano(plan))
        return self._add(made, plan.candidate, plan.baseline, plan.repetitions, most, person)

    def start_night(self, name: str, model: str, night: str, repetitions: int) -> bool:
        """Put a nightly run into the queue; False when it has been there before."""
        row = self._row(name)
        made = self._open_set(row)
        plan = Plan(name, model, model, repetitions)
        most = NanoEuro(2 * self.expected_nano(plan))
        try:
            self._add(made, model, "", repetitions, most, row.changed_by, night)
        except _AlreadyThere:
            return False
        return True

    def _add(
        self, made: RegressionSet, candidate: str, baseline: str, repetitions: int, most_nano: NanoEuro,
        person: str, night: str = "",
    ) -> TrialSummary:  # fmt: skip
        now_us = self._clock.time_us()
        trial_id = new_id("trial", now_us)
        sealed = self._sealer.seal(msgspec.json.encode(made), f"trial:{trial_id}")
        row = TrialRow(
            trial_id, made.name, night, candidate, baseline, repetitions, "waiting", "", "", most_nano, sealed,
            now_us, person,
        )  # fmt: skip
        if not self.rows.add_trial(row):
            raise _AlreadyThere
        self._note("regression.trial.planned", person, set=made.name, trial=trial_id, model=candidate)
        return self._told(row, made, 0)

    def trials(self, set_name: str | None = None, limit: int = 50) -> tuple[TrialSummary, ...]:
        """Newest first."""
        rows = self.rows.trials(set_name, limit)
        counts = self.rows.counts([row.id for row in rows])
        return tuple(self._told(row, self.set_of(row), counts.get(row.id, 0)) for row in rows)

    def cancel(self, trial_id: str, person: str) -> None:
        """End a trial that has not ended; the calls in flight are still paid. Raises NotFound."""
        row = self._trial(trial_id)
        if self.rows.set_state(trial_id, "cancelled", finished_us=self._clock.time_us()):
            self._note("regression.trial.cancelled", person, set=row.set_name, trial=trial_id)

    def accept(self, trial_id: str, model: str, person: str) -> None:
        """The answers that `model` gave in this trial count as good from now on; drift is measured against them.

        Raises NotFound, or InvalidRequest while the trial runs.
        """
        row = self._trial(trial_id)
        if row.state != "done" or model not in (row.candidate, row.baseline):
            raise InvalidRequest(
                f"Nur ein beendeter Vergleich mit dem Modell „{model}“ kann als Maßstab gelten.",
                f"Only a finished trial with the model '{model}' can be the standard.",
            )
        known = self._row(row.set_name)
        accepted = {**json.loads(known.accepted), model: trial_id}
        self.rows.accept(row.set_name, json.dumps(accepted, sort_keys=True))
        self._note("regression.trial.accepted", person, set=row.set_name, trial=trial_id, model=model)

    def report(self, trial_id: str) -> Report:
        """Raises NotFound. Reports of ended trials are kept: comparing long answers takes a second or two."""
        known = self._reports.get(trial_id)
        if known is None:
            known = self._report(self._trial(trial_id))
            if not known.trial.is_open:
                if len(self._reports) >= _REPORTS_KEPT:
                    self._reports.clear()
                self._reports[trial_id] = known
        return known

    def _report(self, row: TrialRow) -> Report:
        made = self.set_of(row)
        answers = self.answers(row)
        judged = {
            model: [each.judged for shown in answers.values() for each in shown if each.model == model]
            for model in (row.candidate, row.baseline)
        }
        is_comparable = bool(row.baseline) and all(
            {each.case for each in judged[row.candidate]} & {each.case for each in judged[model]}
            for model in judged
        )
        comparison = compare(judged[row.candidate], judged[row.baseline]) if is_comparable else None
        count = sum(len(shown) for shown in answers.values())
        spent = NanoEuro(sum(each.judged.cost_nano for shown in answers.values() for each in shown))
        drifted = self.drift_of(row) if row.night else None
        return Report(self._told(row, made, count), made, answers, comparison, drifted, spent)

    def answers(self, row: TrialRow) -> dict[str, tuple[ShownAnswer, ...]]:
        """The answers of a trial by case, in the order of the set."""
        made = self.set_of(row)
        musts = {case.id: case.must for case in made.cases}
        found: dict[str, list[ShownAnswer]] = {case.id: [] for case in made.cases}
        for answer in self.rows.answers(row.id):
            found[answer.case].append(self._shown(answer, musts[answer.case]))
        return {case: tuple(shown) for case, shown in found.items()}

    def drift_of(self, row: TrialRow) -> Drift | None:
        """What a nightly run says; None without answers, or when its model has no accepted ones any more."""
        known = self.rows.set(row.set_name)
        trial_id = json.loads(known.accepted).get(row.candidate) if known else None
        standard = self.rows.trial(trial_id) if trial_id else None
        if standard is None:
            return None
        tonight = [each.judged for shown in self.answers(row).values() for each in shown]
        accepted = [
            each.judged
            for shown in self.answers(standard).values()
            for each in shown
            if each.model == row.candidate
        ]
        if not {each.case for each in tonight} & {each.case for each in accepted}:
            return None
        return drift(tonight, accepted)

    def _shown(self, row: AnswerRow, must: bool) -> ShownAnswer:
        body = msgspec.json.decode(self._sealer.open(row.body, answer_place(row)), type=AnswerBody)
        judged = Judged(
            row.case, must, row.passed, body.text, NanoEuro(row.cost_nano), row.latency_us / 1e6,
            row.output_tokens, row.answered,
        )  # fmt: skip
        return ShownAnswer(row.model, row.repetition, judged, body.failed, body.error, row.request_id)

    def store(self, row: AnswerRow, body: AnswerBody) -> None:
        """Keep an answer; a second one for the same place is dropped."""
        sealed = self._sealer.seal(msgspec.json.encode(body), answer_place(row))
        self.rows.add_answer(replace(row, body=sealed))

    def set_of(self, row: TrialRow) -> RegressionSet:
        """The set as it was when the trial was planned."""
        return self._unseal(row.body, f"trial:{row.id}")

    def _trial(self, trial_id: str) -> TrialRow:
        row = self.rows.trial(trial_id)
        if row is None:
            raise NotFound(f"Einen Vergleich „{trial_id}“ gibt es nicht.", f"There is no trial '{trial_id}'.")
        return row

    def _route(self, model: str) -> Route:
        routes = self._book().routes
        if model not in routes:
            raise InvalidRequest(
                f"Das Modell „{model}“ wird nicht angeboten. Es gibt: {', '.join(sorted(routes))}.",
                f"The model '{model}' is not offered. There are: {', '.join(sorted(routes))}.",
                detail={"param": "model"},
            )
        return routes[model]

    def _note(self, kind: str, person: str, model: str = "", **detail: object) -> None:
        now_us = self._clock.time_us()
        self._write(
            Record(
                id=new_id("evt", now_us), kind=kind, time_us=now_us, user=person, model=model, detail=detail
            )
        )

    @staticmethod
    def _told(row: TrialRow, made: RegressionSet, done: int) -> TrialSummary:
        reason = msgspec.json.decode(row.reason, type=Bilingual) if row.reason else None
        finished = None if row.finished_us is None else from_us(row.finished_us)
        total = len(made.cases) * row.repetitions * (2 if row.baseline else 1)
        return TrialSummary(
            row.id, row.set_name, row.night, row.candidate, row.baseline, row.repetitions, row.state, row.decision, reason,
            NanoEuro(row.most_nano), from_us(row.created_us), row.created_by, finished, done, total,
        )  # fmt: skip


class _AlreadyThere(Exception):
    """This night's run was planned before."""


def prompt_of(case: Case, model: str) -> Prompt:
    """A case as it is asked."""
    system = (Message("system", (Text(case.system),)),) if case.system else ()
    return Prompt("chat", model, (*system, Message("user", (Text(case.prompt),))))


def answer_place(row: AnswerRow) -> str:
    """What an answer is sealed for."""
    return f"trial-answer:{row.trial}:{row.model}:{row.case}:{row.repetition}"


def _no_set(name: str) -> NotFound:
    return NotFound(f"Ein Testset „{name}“ gibt es nicht.", f"There is no regression set '{name}'.")
