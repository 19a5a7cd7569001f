"""The port of model tests for page tests: the real sets and trials over a database in memory."""

from dataclasses import dataclass, field

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from leitstand.answers.regression import AnswerBody, Plan, Regression, Report, SetSummary, TrialSummary
from leitstand.core.clock import Clock
from leitstand.core.money import NanoEuro
from leitstand.core.sealing import Sealer
from leitstand.policy.rulebook import Route, Rulebook
from leitstand.prompts.regression.checks import Asked, passes
from leitstand.prompts.regression.repository import AnswerRow, RegressionRows
from leitstand.prompts.regression.sets import RegressionSet
from leitstand.prompts.regression.verdict import compare
from leitstand.store.schema import metadata
from leitstand.web.ports import Viewer

SET = """
name: angebote
title: Angebote schreiben
use_case: allgemein
nightly: true
cases:
  - id: preis-bleibt
    prompt: 'Formuliere ein Angebot: 12 Förderrollen zu je 84,50 EUR, lieferbar in 3 Wochen.'
    must: true
    checks: [{keeps_numbers: true}, {language: de}]
  - id: hoeflich
    prompt: Grüße eine Kundin am Anfang eines Angebots.
    checks: [{contains_any: [Guten Tag, Sehr geehrte]}, {max_chars: 200}]
"""
_GOOD = {
    "preis-bleibt": "Wir bieten Ihnen gern 12 Förderrollen zu je 84,50 EUR an. Wir liefern in 3 Wochen.",
    "hoeflich": "Sehr geehrte Frau Sommer, vielen Dank für Ihre Anfrage.",
}
_BAD = {**_GOOD, "preis-bleibt": "Wir bieten Ihnen gern Förderrollen an. Der Preis ist auf Anfrage."}


def _regression() -> Regression:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine)
    book = Rulebook(routes={name: Route(name, ()) for name in ("klein", "standard")})
    made = Regression(
        RegressionRows(engine), Sealer(bytes(32)), Clock(), lambda: book,
        lambda _model, usage: NanoEuro(1000 * usage.output_tokens), lambda _record: None,
    )  # fmt: skip
    made.put(SET, "jonas")
    return made


@dataclass
class MemoryModelTests:
    """Trials are planned and stay waiting, until a test answers them by `answer_all`."""

    regression: Regression = field(default_factory=_regression)

    def answer_all(self, trial_id: str, worse: str = "") -> None:
        """Give every answer; the model `worse` fails the first question. Ends the trial with its verdict."""
        row = self.regression.rows.trial(trial_id)
        assert row is not None
        for model in (row.candidate, row.baseline):
            for case in self.regression.set_of(row).cases:
                for repetition in range(row.repetitions):
                    text = (_BAD if model == worse else _GOOD)[case.id]
                    asked = Asked(case.prompt)
                    failed = tuple(check.kind for check in case.checks if not passes(check, text, asked))
                    answer = AnswerRow(
                        trial_id, model, case.id, repetition, "req_1", True, not failed,
                        420_000 if model == "klein" else 1_300_000, 1_400_000, 24, b"", 1,
                    )  # fmt: skip
                    self.regression.store(answer, AnswerBody(text, failed))
        shown = [each for answers in self.regression.answers(row).values() for each in answers]
        ours = [each.judged for each in shown if each.model == row.candidate]
        theirs = [each.judged for each in shown if each.model == row.baseline]
        decision = compare(ours, theirs).decision
        self.regression.rows.set_state(trial_id, "done", "", 2, decision)

    async def sets(self) -> tuple[SetSummary, ...]:
        return self.regression.list()

    async def read(self, name: str) -> tuple[SetSummary, RegressionSet]:
        return self.regression.summary(name), self.regression.get(name)

    async def trials(self, set_name: str | None = None) -> tuple[TrialSummary, ...]:
        return self.regression.trials(set_name)

    async def report(self, trial: str) -> Report:
        return self.regression.report(trial)

    async def models(self) -> tuple[str, ...]:
        return ("klein", "standard")

    async def expected(self, plan: Plan) -> NanoEuro:
        return self.regression.expected_nano(plan)

    async def keep(self, viewer: Viewer, document: str) -> str:
        return self.regression.put(document, viewer.name).name

    async def remove(self, viewer: Viewer, name: str) -> None:
        self.regression.remove(name, viewer.name)

    async def start(self, viewer: Viewer, plan: Plan) -> str:
        return self.regression.start(plan, viewer.name).id

    async def cancel(self, viewer: Viewer, trial: str) -> None:
        self.regression.cancel(trial, viewer.name)

    async def accept(self, viewer: Viewer, trial: str, model: str) -> None:
        self.regression.accept(trial, model, viewer.name)
